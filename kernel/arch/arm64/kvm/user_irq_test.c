// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of the state machine behind KVM_CAP_ARM_USER_IRQ.
 *
 * It needs no vCPU and no EL2: the machine is small enough to walk through
 * every pair of states that its lines allow, and every order of what can happen
 * to edges up to a length at which nothing new does.
 */

#include <kunit/test.h>

#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include <kvm/arm_user_irq.h>

/* All lines are low at first, and userspace can take that for granted. */
static void nothing_is_told_at_first(struct kunit *test)
{
	struct kvm_user_irq state = { };

	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state, 0));
}

/* A change is a difference to what was told: up, down, or both at once. */
static void a_change_is_a_difference_to_what_was_told(struct kunit *test)
{
	u64 lines = kvm_user_irq_lines(KVM_USER_IRQ_VERSION);

	for (u64 before = 0; before <= lines; before++) {
		for (u64 now = 0; now <= lines; now++) {
			struct kvm_user_irq state = { };

			kvm_user_irq_tell(&state, before);
			KUNIT_EXPECT_EQ_MSG(test, before != now,
					    kvm_user_irq_changed(&state, now),
					    "from %llx to %llx", before, now);
		}
	}
}

/* What is published is the level, and telling it settles the change. */
static void telling_settles_a_change(struct kunit *test)
{
	u64 lines = kvm_user_irq_lines(KVM_USER_IRQ_VERSION);
	struct kvm_user_irq state = { };

	for (u64 levels = 0; levels <= lines; levels++) {
		KUNIT_EXPECT_EQ(test, levels, kvm_user_irq_tell(&state, levels));
		KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state, levels));
	}
}

/* To ask is not to tell: a change waits until it has been published. */
static void asking_does_not_settle_a_change(struct kunit *test)
{
	struct kvm_user_irq state = { };

	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
}

/* A line that moved and moved back before anybody was told is no change. */
static void a_pulse_of_a_level_is_no_change(struct kunit *test)
{
	struct kvm_user_irq state = { };

	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state, 0));

	kvm_user_irq_tell(&state, KVM_ARM_DEV_EL1_VTIMER);
	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, 0));
	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state,
						      KVM_ARM_DEV_EL1_VTIMER));
}

/* Known to be high is each line that was told high, and no other. */
static void each_line_is_known_by_itself(struct kunit *test)
{
	u64 lines = kvm_user_irq_lines(KVM_USER_IRQ_VERSION);
	struct kvm_user_irq state = { };

	for (u64 told = 0; told <= lines; told++) {
		kvm_user_irq_tell(&state, told);
		for (u64 line = 1; line <= lines; line <<= 1)
			KUNIT_EXPECT_EQ(test, !!(told & line),
					kvm_user_irq_is_told_high(&state, line));
		KUNIT_EXPECT_FALSE(test, kvm_user_irq_is_told_high(&state, 0));
	}
}

/* The ABI: these bits, in these places, and a later version only adds. */
static void a_version_names_its_lines(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, kvm_user_irq_lines(0));
	KUNIT_EXPECT_EQ(test, BIT(0) | BIT(1) | BIT(2), kvm_user_irq_lines(1));
	if (KVM_USER_IRQ_VERSION >= 2)
		KUNIT_EXPECT_EQ(test, GENMASK(4, 0), kvm_user_irq_lines(2));
	KUNIT_EXPECT_EQ(test, BIT(0), KVM_ARM_DEV_EL1_VTIMER);
	KUNIT_EXPECT_EQ(test, BIT(1), KVM_ARM_DEV_EL1_PTIMER);
	KUNIT_EXPECT_EQ(test, BIT(2), KVM_ARM_DEV_PMU);
	KUNIT_EXPECT_EQ(test, BIT(3), KVM_ARM_DEV_EL2_VTIMER);
	KUNIT_EXPECT_EQ(test, BIT(4), KVM_ARM_DEV_EL2_PTIMER);

	for (unsigned int version = 1; version <= KVM_USER_IRQ_VERSION; version++) {
		u64 less = kvm_user_irq_lines(version - 1);
		u64 more = kvm_user_irq_lines(version);

		KUNIT_EXPECT_EQ(test, less, less & more);
	}
	KUNIT_EXPECT_EQ(test, kvm_user_irq_lines(KVM_USER_IRQ_VERSION),
			kvm_user_irq_lines(KVM_USER_IRQ_VERSION + 1));
}

/* An edge is untold until it has been told, whatever the levels do. */
static void an_edge_is_told_once(struct kunit *test)
{
	struct kvm_user_irq state = { };

	kvm_user_irq_count_edge(&state, KVM_USER_IRQ_EDGE_TEST);
	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, 0));
	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
	KUNIT_EXPECT_EQ(test, KVM_USER_IRQ_TEST_LINE | KVM_ARM_DEV_PMU,
			kvm_user_irq_tell(&state, KVM_ARM_DEV_PMU));
	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
	KUNIT_EXPECT_EQ(test, KVM_ARM_DEV_PMU,
			kvm_user_irq_tell(&state, KVM_ARM_DEV_PMU));
}

/* No level line is an edge's, and an edge is never known to be high. */
static void an_edge_is_no_level(struct kunit *test)
{
	u64 all = kvm_user_irq_edge_lines(GENMASK(KVM_USER_IRQ_MAX_EDGES - 1, 0));
	struct kvm_user_irq state = { };

	KUNIT_EXPECT_EQ(test, 0, all & kvm_user_irq_lines(KVM_USER_IRQ_VERSION));
	KUNIT_EXPECT_EQ(test, KVM_USER_IRQ_TEST_LINE, all);
	KUNIT_EXPECT_EQ(test, 0, kvm_user_irq_edge_lines(0));

	kvm_user_irq_count_edge(&state, KVM_USER_IRQ_EDGE_TEST);
	kvm_user_irq_tell(&state, 0);
	KUNIT_EXPECT_FALSE(test, kvm_user_irq_is_told_high(&state, all));
}

enum walk_step {
	RAISE_FIRST,
	RAISE_LAST,
	MOVE_LEVEL,
	TELL,
	NR_STEPS,
};

#define WALK_LENGTH	8

/* What the machine has to be like, in the plainest way to say it. */
struct walk_model {
	u64 told;
	u64 level;
	int first;
	int last;
};

static bool step_is_right(struct kvm_user_irq *state, struct walk_model *model,
			  enum walk_step step)
{
	unsigned long edges = 0;
	bool changed;

	switch (step) {
	case RAISE_FIRST:
		kvm_user_irq_count_edge(state, 0);
		model->first++;
		break;
	case RAISE_LAST:
		kvm_user_irq_count_edge(state, KVM_USER_IRQ_MAX_EDGES - 1);
		model->last++;
		break;
	case MOVE_LEVEL:
		model->level ^= KVM_ARM_DEV_EL1_VTIMER;
		break;
	default:
		if (model->first)
			edges |= BIT(0);
		if (model->last)
			edges |= BIT(KVM_USER_IRQ_MAX_EDGES - 1);
		model->first -= !!model->first;
		model->last -= !!model->last;
		model->told = model->level;
		if (kvm_user_irq_untold_edges(state) != edges ||
		    kvm_user_irq_tell(state, model->level) !=
		    (model->level | kvm_user_irq_edge_lines(edges)))
			return false;
	}

	changed = model->told != model->level || model->first || model->last;
	return kvm_user_irq_changed(state, model->level) == changed &&
	       !!(kvm_user_irq_untold_edges(state) & BIT(0)) == !!model->first;
}

/*
 * Every order of edges of two devices, moves of a level, and returns. Those of
 * the two devices that have the outermost bytes of the count: there a carry or
 * a sign would show.
 */
static void every_order_of_edges_levels_and_returns(struct kunit *test)
{
	const unsigned int orders = 1 << (2 * WALK_LENGTH);

	BUILD_BUG_ON(NR_STEPS != 1 << 2);
	for (unsigned int order = 0; order < orders; order++) {
		struct walk_model model = { };
		struct kvm_user_irq state = { };

		for (int i = 0; i < WALK_LENGTH; i++) {
			if (step_is_right(&state, &model, order >> (2 * i) & 3))
				continue;
			KUNIT_FAIL(test, "order %x, step %d", order, i);
			return;
		}
	}
}

/* Above the limit an edge is not counted, and no other device's count moves. */
static void a_count_stays_at_its_limit(struct kunit *test)
{
	for (int edge = 0; edge < KVM_USER_IRQ_MAX_EDGES; edge++) {
		for (int n = 1; n < KVM_USER_IRQ_EDGE_LIMIT + 3; n++) {
			int told = min(n, KVM_USER_IRQ_EDGE_LIMIT), taken = 0;
			struct kvm_user_irq state = { };
			unsigned long edges;

			for (int i = 0; i < n; i++)
				kvm_user_irq_count_edge(&state, edge);
			while ((edges = kvm_user_irq_take_edges(&state))) {
				if (edges != BIT(edge) || taken++ == told)
					break;
			}
			if (edges || taken != told)
				KUNIT_FAIL(test, "device %d, %d edges: %d told, then %lx",
					   edge, n, taken, edges);
		}
	}
}

/* All devices at their limits, one return after the other. */
static void a_return_takes_one_of_each(struct kunit *test)
{
	struct kvm_user_irq state = { };

	for (int edge = 0; edge < KVM_USER_IRQ_MAX_EDGES; edge++)
		for (int i = 0; i < KVM_USER_IRQ_EDGE_LIMIT - edge; i++)
			kvm_user_irq_count_edge(&state, edge);

	for (int i = 0; i < KVM_USER_IRQ_EDGE_LIMIT; i++) {
		unsigned long edges = kvm_user_irq_take_edges(&state);

		for (int edge = 0; edge < KVM_USER_IRQ_MAX_EDGES; edge++)
			KUNIT_EXPECT_EQ(test, i < KVM_USER_IRQ_EDGE_LIMIT - edge,
					!!(edges & BIT(edge)));
	}
	KUNIT_EXPECT_EQ(test, 0, kvm_user_irq_take_edges(&state));
}

#define RACING_EDGES	20000
#define EDGES_AT_ONCE	50

/* Of two devices, which have the outermost bytes of the count. */
#define RACING_FIRST	0
#define RACING_LAST	(KVM_USER_IRQ_MAX_EDGES - 1)

struct race {
	struct kvm_user_irq state;
	atomic_t untold;
	bool elsewhere;
};

struct raiser {
	struct irq_work work;
	struct race *race;
	int left;
};

static DEFINE_PER_CPU(struct raiser, raisers);

/* Edges of both devices, unless so many wait that one could be lost. */
static void raise_in_hardirq(struct irq_work *work)
{
	struct raiser *raiser = container_of(work, struct raiser, work);
	struct race *race = raiser->race;

	/* A CPU on its way out of idle does not wait for the interrupt. */
	if (!in_hardirq() && !is_idle_task(current))
		WRITE_ONCE(race->elsewhere, true);

	for (int i = 0; i < EDGES_AT_ONCE && raiser->left; i++) {
		if (!atomic_add_unless(&race->untold, 1, KVM_USER_IRQ_EDGE_LIMIT))
			return;
		kvm_user_irq_count_edge(&race->state, RACING_FIRST);
		kvm_user_irq_count_edge(&race->state, RACING_LAST);
		/* Once it is seen that none is left, all can be taken. */
		smp_store_release(&raiser->left, raiser->left - 1);
	}
}

/*
 * A raiser on each CPU, in hard interrupts: on other CPUs at the same time, and
 * on this one between any two instructions of what takes the edges. In the end
 * as many were taken as raised.
 */
static void edges_from_hard_interrupts_add_up(struct kunit *test)
{
	/* Together as many on many CPUs, for each is asked at each turn. */
	const int each = max(RACING_EDGES / num_online_cpus(), EDGES_AT_ONCE);
	int first = 0, last = 0, raised = 0, cpu;
	struct race race = { };
	unsigned long edges;
	bool left;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		*per_cpu_ptr(&raisers, cpu) = (struct raiser) {
			.work = IRQ_WORK_INIT_HARD(raise_in_hardirq),
			.race = &race,
			.left = each,
		};
		raised += each;
	}

	do {
		left = false;
		for_each_online_cpu(cpu) {
			struct raiser *raiser = per_cpu_ptr(&raisers, cpu);

			/* Pairs with the release in raise_in_hardirq() */
			if (!smp_load_acquire(&raiser->left))
				continue;
			left = true;
			irq_work_queue_on(&raiser->work, cpu);
		}

		edges = kvm_user_irq_take_edges(&race.state);
		first += !!(edges & BIT(RACING_FIRST));
		/* This one is raised second, so taken second. */
		if (edges & BIT(RACING_LAST)) {
			last++;
			atomic_dec(&race.untold);
		}
		cond_resched();
	} while (left || edges);

	for_each_online_cpu(cpu)
		irq_work_sync(&per_cpu_ptr(&raisers, cpu)->work);
	cpus_read_unlock();

	KUNIT_EXPECT_EQ(test, raised, first);
	KUNIT_EXPECT_EQ(test, raised, last);
	KUNIT_EXPECT_FALSE(test, race.elsewhere);
	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&race.state, 0));
}

static struct kunit_case kvm_user_irq_test_cases[] = {
	KUNIT_CASE(nothing_is_told_at_first),
	KUNIT_CASE(a_change_is_a_difference_to_what_was_told),
	KUNIT_CASE(telling_settles_a_change),
	KUNIT_CASE(asking_does_not_settle_a_change),
	KUNIT_CASE(a_pulse_of_a_level_is_no_change),
	KUNIT_CASE(each_line_is_known_by_itself),
	KUNIT_CASE(a_version_names_its_lines),
	KUNIT_CASE(an_edge_is_told_once),
	KUNIT_CASE(an_edge_is_no_level),
	KUNIT_CASE(every_order_of_edges_levels_and_returns),
	KUNIT_CASE(a_count_stays_at_its_limit),
	KUNIT_CASE(a_return_takes_one_of_each),
	KUNIT_CASE(edges_from_hard_interrupts_add_up),
	{ }
};

static struct kunit_suite kvm_user_irq_test_suite = {
	.name = "kvm_user_irq",
	.test_cases = kvm_user_irq_test_cases,
};

kunit_test_suite(kvm_user_irq_test_suite);
