// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMM can rely on of a device whose signal is an edge.
 *
 * No device of today raises one, so a test line does, which a kernel with
 * CONFIG_KVM_ARM_USER_IRQ_TEST_LINE has: a number written to a vCPU's file in
 * debugfs raises as many edges.
 *
 * Needs: CONFIG=edge
 */
#include <pthread.h>
#include <sched.h>

#include <linux/bits.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

#define TEST_LINE	BIT_ULL(63)
#define VTIMER		KVM_ARM_DEV_EL1_VTIMER
#define VCPUS		2

/* Edges of one device that can wait to be told, and a number that is above. */
#define LIMIT		255
#define ABOVE_LIMIT	300

/* So many the test line takes at once. */
#define MAX_PULSES	1000

/* So often an edge may come before the guest waits, or the machine is too busy. */
#define MAX_TRIES	100

#define RACING_EDGES	2000

static void guest_waits(struct user_irq_guest *g)
{
	guest_wait(g);
	guest_knocks(g);
}

static void guest_sleeps(struct user_irq_guest *g)
{
	for (;;) {
		WRITE_ONCE(g->progress, g->progress + 1);
		guest_wfi();
	}
}

static int open_pulse(struct kvm_vcpu *vcpu)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/vcpu%u/user_irq_pulse",
		 gettid(), vcpu->vm->fd, vcpu->id);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static int try_to_raise(int pulse, int edges)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", edges);

	return write(pulse, text, len) == len ? 0 : errno;
}

static void raise_edges(int pulse, int edges)
{
	int err = try_to_raise(pulse, edges);

	TEST_ASSERT(!err, "user_irq_pulse: %s", strerror(err));
}

FIXTURE(edge) {
	struct kvm_vcpu *vcpus[VCPUS];
	struct kvm_vcpu *vcpu;
	struct user_irq_guest *g;
	int pulses[VCPUS];
	int pulse;
};

FIXTURE_SETUP(edge)
{
	const char *missing = user_irq_missing(0);
	int i;

	if (missing)
		SKIP(return, "%s", missing);
	if (access("/sys/kernel/debug/kvm", X_OK))
		SKIP(return, "the kernel has no debugfs for KVM: mount it, and run as root");

	user_irq_vm(VTIMER, VCPUS, guest_knocks, self->vcpus);
	for (i = 0; i < VCPUS; i++) {
		self->pulses[i] = open_pulse(self->vcpus[i]);
		if (self->pulses[i] < 0)
			missing = "the kernel has no CONFIG_KVM_ARM_USER_IRQ_TEST_LINE";
	}
	if (missing) {
		/* Without the line there are no edges: red, where a case has to show that. */
		ASSERT_FALSE(user_irq_forced()) {
			TH_LOG("%s", missing);
		}
		SKIP(return, "%s", missing);
	}

	self->vcpu = self->vcpus[0];
	self->pulse = self->pulses[0];
	self->g = user_irq_guest(self->vcpu);
}

FIXTURE_TEARDOWN(edge)
{
	int i;

	for (i = 0; i < VCPUS; i++)
		close(self->pulses[i]);
	kvm_vm_release(self->vcpus[0]->vm);
}

/*
 * An edge before the vCPU's first run is told before the guest's first
 * instruction.
 *
 * Clause: edge
 */
TEST_F(edge, before_the_first_run)
{
	struct user_irq_return r;

	raise_edges(self->pulse, 1);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
	EXPECT_EQ((u64)guest_knocks, user_irq_pc(self->vcpu));

	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * An edge between two runs is told by the next return, before the guest has run
 * on. That return is EINTR.
 *
 * Clause: edge
 */
TEST_F(edge, between_runs)
{
	struct user_irq_return r;

	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);

	raise_edges(self->pulse, 1);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
	EXPECT_EQ(KVM_EXIT_INTR, r.reason);
	EXPECT_EQ(0, self->g->progress);
}

/*
 * That the bit is clear again makes no return: the guest runs on to where it
 * leaves of itself, each time.
 *
 * Clause: edge
 */
TEST_F(edge, falling_back_forces_nothing)
{
	struct user_irq_return r;
	int i;

	for (i = 0; i < 10; i++) {
		raise_edges(self->pulse, 1);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * Edges that came together are told one by one, all before the guest runs on. A
 * VMM takes each return with the bit set for one edge.
 *
 * Clause: edge
 */
TEST_F(edge, as_many_returns_as_edges)
{
	struct user_irq_return r;
	int i, n;

	for (n = 1; n <= 10; n++) {
		raise_edges(self->pulse, n);
		for (i = 0; i < n; i++) {
			r = user_irq_run(self->vcpu);
			ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
		}
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * A return that the VMM asked for by immediate_exit is a return as any: it tells
 * one of the edges, which is not told again.
 *
 * Clause: edge
 */
TEST_F(edge, immediate_exit_tells_one)
{
	struct user_irq_return r;

	raise_edges(self->pulse, 2);
	self->vcpu->run->immediate_exit = 1;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);

	self->vcpu->run->immediate_exit = 1;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * What the VMM writes into the field neither hides an edge nor is one.
 *
 * Clause: memory
 */
TEST_F(edge, scribble_makes_no_difference)
{
	struct user_irq_return r;

	raise_edges(self->pulse, 1);
	*user_irq_field(self->vcpu) = TEST_LINE;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);

	*user_irq_field(self->vcpu) = 0;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	*user_irq_field(self->vcpu) = TEST_LINE;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

static void raise_one_edge(void *pulse)
{
	raise_edges(*(int *)pulse, 1);
}

/*
 * An edge while the guest runs is told at once, although the guest leaves on no
 * account. A tick of the host would end its turn as well, a little later; a CPU that
 * the vCPU has for itself (nohz_full=) has none.
 *
 * Clause: edge
 */
TEST_F(edge, while_the_guest_runs)
{
	struct user_irq_return r;
	bool at_once;
	int i;

	if (user_irq_cpu(1) < 0)
		SKIP(return, "one CPU: nobody raises an edge while a guest runs");

	for (i = 0; i < 2; i++) {
		WRITE_ONCE(self->g->stop, 0);
		user_irq_start_at(self->vcpu, guest_waits);
		r = user_irq_run_alone_and(self->vcpu, i, raise_one_edge, &self->pulse, &at_once);
		ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
		EXPECT_TRUE(at_once);

		WRITE_ONCE(self->g->stop, 1);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * An edge while the guest waits in WFI ends the wait, in as far as the VMM hears
 * of it.
 *
 * Clause: edge
 */
TEST_F(edge, while_the_guest_waits_in_wfi)
{
	struct user_irq_return r;
	int tries = 0, waits = 0;

	user_irq_start_at(self->vcpu, guest_sleeps);
	do {
		r = user_irq_run_and(self->vcpu, true, raise_one_edge, &self->pulse);
		ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
		waits += user_irq_came_from(self->vcpu, USER_IRQ_INSN_WFI);
		/* The rest of a wait is as any other. */
	} while (waits < 2 && ++tries < MAX_TRIES);
	EXPECT_EQ(2, waits);
}

/*
 * A level that changes goes with one of the edges, and is not told again with
 * the next. Nor does it hide an edge, nor an edge its fall.
 *
 * Clause: edge
 */
TEST_F(edge, beside_a_level_change)
{
	struct user_irq_return r;

	user_irq_set_level(self->vcpu, VTIMER, true);
	raise_edges(self->pulse, 2);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE | VTIMER, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE | VTIMER, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, VTIMER, r);

	user_irq_set_level(self->vcpu, VTIMER, false);
	raise_edges(self->pulse, 1);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * A VMM that lets very many edges pile up loses their number, and not that there
 * were some. Edges are counted again as soon as it has been told of one.
 *
 * Clause: edge-limit
 */
TEST_F(edge, above_the_limit_counts_are_lost)
{
	struct user_irq_return r;
	int i;

	/* Nor does the test line take any number at once */
	EXPECT_EQ(ERANGE, try_to_raise(self->pulse, MAX_PULSES + 1));

	raise_edges(self->pulse, ABOVE_LIMIT);
	for (i = 0; i < LIMIT + 1; i++) {
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
		if (i == 0)
			raise_edges(self->pulse, 1);
	}
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * A vCPU's reset takes back no edge that was raised before it.
 *
 * Clause: edge
 */
TEST_F(edge, vcpu_init_loses_none)
{
	struct user_irq_return r;

	raise_edges(self->pulse, 2);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);

	user_irq_reset(self->vcpu, VTIMER, guest_knocks);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
	EXPECT_EQ((u64)guest_knocks, user_irq_pc(self->vcpu));
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * Each vCPU is told the edges of its own devices.
 *
 * Clause: edge
 */
TEST_F(edge, shows_in_its_own_vcpu)
{
	struct user_irq_return r;
	int i, other;

	for (i = 0; i < VCPUS; i++) {
		other = (i + 1) % VCPUS;
		raise_edges(self->pulses[i], 1);
		r = user_irq_run(self->vcpus[other]);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
		r = user_irq_run(self->vcpus[i]);
		ASSERT_RETURN(USER_IRQ_INTR, TEST_LINE, r);
	}
}

#define AT_ONCE		3

struct race {
	int pulse;
	int raised;
	int told;
	bool stop;
	bool over;
};

/* Never so many at once that any is lost. */
static void *raise_many(void *arg)
{
	struct race *race = arg;

	while (race->raised < RACING_EDGES && !READ_ONCE(race->stop)) {
		int n = 1 + race->raised % AT_ONCE;

		while (race->raised + n - READ_ONCE(race->told) > LIMIT && !READ_ONCE(race->stop))
			sched_yield();
		raise_edges(race->pulse, n);
		WRITE_ONCE(race->raised, race->raised + n);
	}
	WRITE_ONCE(race->over, true);
	return NULL;
}

/*
 * With one thread that raises edges and another that runs the vCPU, whose guest
 * leaves for its own reasons all the time, each edge is told once, whatever
 * return it meets.
 *
 * Clause: edge
 */
TEST_F(edge, raised_by_another_thread_all_the_time)
{
	struct race race = { .pulse = self->pulse };
	struct user_irq_return r;
	int raised, other_exits = 0;
	bool over, too_many = false, too_few = false;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, raise_many, &race));
	do {
		over = READ_ONCE(race.over);
		raised = READ_ONCE(race.raised);
		r = user_irq_run(self->vcpu);
		if (r.kind > USER_IRQ_KNOCK || (r.levels && r.levels != TEST_LINE))
			break;
		if (r.levels) {
			WRITE_ONCE(race.told, race.told + 1);
			other_exits += r.kind == USER_IRQ_KNOCK;
			too_many = READ_ONCE(race.raised) + AT_ONCE < race.told;
		} else {
			/* None was left, so all that there were have been told. */
			too_few = raised > race.told;
		}
	} while (!too_many && !too_few && (!over || r.levels));
	/* Not by an assertion above: the thread needs the VM. */
	WRITE_ONCE(race.stop, true);
	pthread_join(thread, NULL);

	ASSERT_GE(USER_IRQ_KNOCK, r.kind)
		TH_LOG("%s", user_irq_str(r.kind, r.levels));
	EXPECT_EQ(0, r.levels);
	EXPECT_FALSE(too_many);
	EXPECT_FALSE(too_few);
	EXPECT_EQ(race.raised, race.told);
	TH_LOG("told by an exit of the guest's own: %d of %d", other_exits, race.told);
}

/*
 * A VM with a vgic has no such line: nobody can raise an edge on it, nothing is
 * written to its field.
 *
 * Clause: vgic
 */
TEST_F(edge, none_with_a_vgic)
{
	const char *missing = user_irq_no_vgic();
	struct user_irq_return r;
	struct kvm_vcpu *vcpu;
	int gic_fd, pulse;

	if (missing)
		SKIP(return, "%s", missing);
	user_irq_vm(VTIMER, 1, guest_knocks, &vcpu);
	pulse = open_pulse(vcpu);
	ASSERT_LE(0, pulse);
	gic_fd = user_irq_add_vgic(vcpu->vm);

	EXPECT_EQ(ENXIO, try_to_raise(pulse, 1));
	*user_irq_field(vcpu) = USER_IRQ_SCRIBBLE;
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, USER_IRQ_SCRIBBLE, r);

	close(pulse);
	close(gic_fd);
	kvm_vm_free(vcpu->vm);
}

TEST_HARNESS_MAIN
