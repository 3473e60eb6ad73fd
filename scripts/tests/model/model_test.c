// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the suite's model and of its search for few steps, on a fake kernel
 * that can be given a fault. They run on any machine and print TAP.
 */
#include <stdio.h>
#include <string.h>

#include "user_irq_program.h"

#define FREQ		1000000
#define PROGRAMS	20

/* One each: what a kernel could get wrong. */
enum fault {
	NO_FAULT,
	STALE_AT_IMMEDIATE_EXIT,
	BELIEVES_THE_RUN_PAGE,
	KEEPS_UNDEFINED_BITS,
	IGNORES_IMASK,
	IGNORES_PMCR_E,
	MISSES_FALLS_OF_THE_PMU,
	SWAPS_THE_TIMERS,
	RUNS_BEFORE_TELLING,
	TELLS_TWICE,
	FORGETS_WHAT_WAS_TOLD_AT_RESET,
	TVAL_IS_UNSIGNED,
	NR_FAULTS,
};

static const char * const fault_names[NR_FAULTS] = {
	[STALE_AT_IMMEDIATE_EXIT] = "stale levels at immediate_exit",
	[BELIEVES_THE_RUN_PAGE] = "a scribble taken for what was told",
	[KEEPS_UNDEFINED_BITS] = "undefined bits left as they were",
	[IGNORES_IMASK] = "IMASK ignored",
	[IGNORES_PMCR_E] = "PMCR.E ignored",
	[MISSES_FALLS_OF_THE_PMU] = "a fall of the PMU's line not noticed",
	[SWAPS_THE_TIMERS] = "the timers' bits swapped",
	[RUNS_BEFORE_TELLING] = "the guest runs before a change is told",
	[TELLS_TWICE] = "a change told twice",
	[FORGETS_WHAT_WAS_TOLD_AT_RESET] = "reset clears what was told",
	[TVAL_IS_UNSIGNED] = "TVAL taken for unsigned",
};

/* The fake has its devices from the model: here they are not under test. */
static struct fake {
	enum fault fault;
	struct model devices;
	struct model_turn turn;
	struct model_effect pending;
	u64 field;
	u64 told;
	u64 now;
	bool has_pending;
	bool asked;
	bool again;
} fake;

/* A busy machine stalls one program of three, whatever its steps are. */
static bool busy;
static int programs;

static u64 fake_levels(void)
{
	const struct model *m = &fake.devices;
	u64 levels = (m->e || fake.fault == IGNORES_PMCR_E) && (m->ovs & m->inten) ? MODEL_PMU : 0;
	int i, bit;

	for (i = 0; i < MODEL_TIMERS; i++) {
		bit = fake.fault == SWAPS_THE_TIMERS ? !i : i;
		if (!(m->timer[i].ctl & MODEL_CTL_ENABLE) || m->timer[i].cval > fake.now)
			continue;
		if (!(m->timer[i].ctl & MODEL_CTL_IMASK) || fake.fault == IGNORES_IMASK)
			levels |= 1 << bit;
	}
	return levels;
}

static void fake_do(const struct model_step *step, struct model_effect *effect)
{
	s64 ticks = step->arg * FREQ / 1000000;

	if (fake.fault == TVAL_IS_UNSIGNED && step->op == GUEST_TVAL)
		ticks = (u32)ticks;
	fake.now++;
	effect->before = fake.now;
	effect->cval = fake.now + ticks;
	effect->after = fake.now;
	fake.now++;
	if (step->op == GUEST_SPIN || step->op == HOST_WAIT)
		fake.now += ticks;
	/* Time enough for the timer; the line has risen when it ends. */
	if (step->op == GUEST_WFI)
		fake.now += ticks + 1;
	model_do(&fake.devices, step, effect);
}

static void fake_start(struct program_machine *machine)
{
	const enum fault fault = fake.fault;

	programs++;
	fake = (struct fake) { .fault = fault, .now = 10000, .devices.freq = FREQ };
}

static void fake_stop(struct program_machine *machine)
{
}

static void fake_host_step(struct program_machine *machine, const struct model_step *step,
			   struct model_effect *effect)
{
	switch (step->op) {
	case HOST_SCRIBBLE:
		fake.field = step->arg;
		break;
	case HOST_IMMEDIATE_EXIT:
	case HOST_SIGNAL:
		fake.asked = true;
		break;
	case HOST_VCPU_INIT:
		if (fake.fault == FORGETS_WHAT_WAS_TOLD_AT_RESET)
			fake.told = 0;
		/* fall through */
	default:
		fake_do(step, effect);
	}
}

static void fake_begin_turn(struct program_machine *machine, struct model_turn *turn)
{
	int i;

	for (i = 0; i < MODEL_TIMERS; i++)
		turn->began[i] = fake.now;
	fake.turn = *turn;
}

static bool fake_must_exit(void)
{
	const u64 told = fake.fault == BELIEVES_THE_RUN_PAGE ? fake.field : fake.told;
	u64 changed = fake_levels() ^ told;

	if (fake.fault == MISSES_FALLS_OF_THE_PMU && (told & MODEL_PMU))
		changed &= ~(u64)MODEL_PMU;
	return changed || (fake.fault == TELLS_TWICE && fake.again);
}

static void fake_publish(struct model_return *r, bool interrupted)
{
	u64 levels = fake_levels();

	fake.again = !fake.again && levels != fake.told;
	if (fake.fault == STALE_AT_IMMEDIATE_EXIT && fake.asked)
		levels = fake.told;
	fake.told = levels;
	if (fake.fault == KEEPS_UNDEFINED_BITS)
		levels |= fake.field & ~(u64)(MODEL_VTIMER | MODEL_PTIMER | MODEL_PMU);
	fake.field = levels;
	fake.asked = false;

	r->interrupted = interrupted;
	r->levels = levels;
	r->done = fake.turn.done;
}

static const char *fake_run(struct program_machine *machine, struct model_turn *turn,
			    struct model_return *r)
{
	bool first = true;
	int i;

	if (busy && programs % 3 == 0)
		return "no return in time, levels 0x1";
	if (r->asked)
		fake.turn = *turn;
	for (i = 0; i < MODEL_TIMERS; i++)
		r->entry[i] = fake.now;
	for (;;) {
		if (fake.asked || (!(first && fake.fault == RUNS_BEFORE_TELLING) && fake_must_exit())) {
			fake_publish(r, true);
			break;
		}
		first = false;
		/* An EINTR came when the step had its effect and was not over. */
		if (fake.has_pending) {
			fake.has_pending = false;
			fake.turn.done++;
			continue;
		}
		if (fake.turn.done == fake.turn.nr) {
			fake_publish(r, false);
			break;
		}
		fake_do(&fake.turn.steps[fake.turn.done], &fake.turn.effects[fake.turn.done]);
		fake.has_pending = true;
	}
	for (i = 0; i < MODEL_TIMERS; i++) {
		r->before[i] = fake.now;
		r->after[i] = fake.now;
	}
	memcpy(turn->effects, fake.turn.effects, sizeof(turn->effects));
	return NULL;
}

static struct program_machine machine = {
	.freq = FREQ,
	.start = fake_start,
	.do_host_step = fake_host_step,
	.begin_turn = fake_begin_turn,
	.run = fake_run,
	.stop = fake_stop,
};

static int nr_tests, nr_failed;

static void check(bool good, const char *what)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++nr_tests, what);
	nr_failed += !good;
}

static void show(const struct program *p)
{
	char text[80];
	int i;

	printf("# %s, after %d steps\n", p->failure, p->nr);
	for (i = 0; i < p->nr; i++) {
		model_print_step(text, sizeof(text), &p->steps[i]);
		printf("#   %s\n", text);
	}
}

static void test_good_kernel_passes(void)
{
	static struct program p;
	u64 seed;

	fake.fault = NO_FAULT;
	for (seed = 0; seed < PROGRAMS; seed++) {
		program_make(&p, seed, PROGRAM_MAX_STEPS, 0);
		if (program_fails(&p, &machine))
			break;
	}
	if (seed < PROGRAMS) {
		program_shrink(&p, &machine, 1000);
		show(&p);
	}
	check(seed == PROGRAMS, "a kernel without a fault agrees with the model");
}

static void test_fault_is_found(enum fault fault)
{
	static struct program p, again;
	char what[100];
	u64 seed;

	fake.fault = fault;
	for (seed = 0; seed < PROGRAMS; seed++) {
		program_make(&p, seed, PROGRAM_MAX_STEPS, 0);
		if (program_fails(&p, &machine))
			break;
	}
	snprintf(what, sizeof(what), "found: %s", fault_names[fault]);
	check(seed < PROGRAMS, what);
	if (seed == PROGRAMS)
		return;

	program_shrink(&p, &machine, 1000);
	show(&p);
	snprintf(what, sizeof(what), "shrunk to 8 steps or less: %s", fault_names[fault]);
	check(p.nr <= 8, what);

	again = p;
	fake.fault = NO_FAULT;
	check(!program_fails(&again, &machine), "and those steps are fine without the fault");
}

static void test_shrinks_to_the_same_failure(void)
{
	static struct program p;
	u64 seed;

	fake.fault = KEEPS_UNDEFINED_BITS;
	for (seed = 0; program_make(&p, seed, PROGRAM_MAX_STEPS, 0), !program_fails(&p, &machine); )
		seed++;
	busy = true;
	program_shrink(&p, &machine, 1000);
	busy = false;
	show(&p);
	check(p.nr <= 8, "shrunk to 8 steps or less on a busy machine");
	check(program_fails(&p, &machine), "and those steps fail without a stall");
}

static void test_leaves_out(void)
{
	const u64 without = 1UL << HOST_SCRIBBLE | 1UL << HOST_IMMEDIATE_EXIT | 1UL << GUEST_CTL;
	u64 left_out = 0, others = 0;
	static struct program p;
	int i;

	program_make(&p, 42, PROGRAM_MAX_STEPS, without);
	for (i = 0; i < p.nr; i++) {
		left_out |= without & 1UL << p.steps[i].op;
		others |= 1UL << p.steps[i].op;
	}
	check(!left_out, "a program has no step that it is to be without");
	check(others == ((1UL << NR_MODEL_OPS) - 1 - without), "and each of the others");
}

static void test_seed_replays(void)
{
	static struct program a, b;

	program_make(&a, 42, PROGRAM_MAX_STEPS, 0);
	program_make(&b, 42, PROGRAM_MAX_STEPS, 0);
	check(!memcmp(a.steps, b.steps, sizeof(a.steps)), "a seed makes the same program again");
	program_make(&b, 43, PROGRAM_MAX_STEPS, 0);
	check(memcmp(a.steps, b.steps, sizeof(a.steps)), "and another seed another one");
}

/* A return by MMIO with no steps left; the counters were at @from and then at @to. */
static const char *returns(struct model *m, u64 levels, u64 from, u64 to)
{
	const struct model_return r = {
		.levels = levels,
		.entry = { from, from },
		.before = { from, from },
		.after = { to, to },
	};
	struct model_turn turn = {};

	m->told = levels;
	return model_return(m, &turn, &r);
}

static void test_timer(void)
{
	u64 ctl;

	for (ctl = 0; ctl < 4; ctl++) {
		struct model m = { .freq = FREQ, .timer[0] = { .ctl = ctl, .cval = 100 } };
		const bool can = ctl == MODEL_CTL_ENABLE;

		check(!returns(&m, 0, 98, 99), "a timer before its time is low");
		check(!!returns(&m, 0, 100, 101) == can, "low is wrong after it only if it can fire");
		check(!!returns(&m, MODEL_VTIMER, 100, 101) == !can, "and high is, if it cannot");
		check(!returns(&m, 0, 99, 100), "low will do while it expires");
		check(!!returns(&m, MODEL_VTIMER, 99, 100) == !can, "and so will high");
		check(m.undecided == (can ? 2 : 0), "that is counted as undecided");
	}
}

/* An EINTR while the guest is at @op, in a turn that began at 10,000; it says @levels. */
static bool is_fine(enum model_op op, s64 us, u64 entry, u64 after, u64 levels)
{
	const struct model_return r = {
		.interrupted = true,
		.asked = true,
		.levels = levels,
		.entry = { entry, entry },
		.before = { entry, entry },
		.after = { after, after },
	};
	struct model m = { .freq = FREQ, .timer[0] = { .ctl = MODEL_CTL_ENABLE, .cval = -1 } };
	struct model_turn turn = {
		.steps[0] = { .op = op, .arg = us },
		.nr = 1,
		.began = { 10000, 10000 },
	};

	return !model_return(&m, &turn, &r);
}

static void test_unfinished_step(void)
{
	static const enum model_op ops[] = { GUEST_CVAL_IN, GUEST_TVAL, GUEST_WFI };
	int i;

	for (i = 0; i < 3; i++) {
		const enum model_op op = ops[i];

		check(is_fine(op, 500, 10000, 10499, 0), "before the time of an unfinished step low will do");
		check(!is_fine(op, 500, 10000, 10499, MODEL_VTIMER), "and high will not");
		check(is_fine(op, 500, 10000, 10500, MODEL_VTIMER), "once it may have come high will");
		check(is_fine(op, 500, 10600, 10700, MODEL_VTIMER), "in a later KVM_RUN, too");
		check(is_fine(op, 500, 10600, 10700, 0), "and low, if it was not done");
		check(is_fine(op, FREQ, 10000, 3 * FREQ, MODEL_VTIMER), "a machine that stalled may be past a second");
		check(is_fine(op, -1000, 10000, 10001, MODEL_VTIMER), "a time that is past is high");
	}
}

static void test_pmu(void)
{
	int i;

	for (i = 0; i < 8; i++) {
		struct model m = { .e = i & 1, .inten = i & 2 ? 0x1 : 0x2, .ovs = i & 4 ? 0x1 : 0 };

		check(!!returns(&m, MODEL_PMU, 0, 0) == (i != 7), "the PMU's line is E & PMINTEN & PMOVS");
		check(!!returns(&m, 0, 0, 0) == (i == 7), "and low if one of them is missing");
	}
}

static void test_counter(void)
{
	const struct model_step increment = { .op = GUEST_SWINC, .arg = 0x3 };
	struct model m = { .cnten = 0x1, .counter = { -2, -2 } };

	model_do(&m, &increment, NULL);
	check(m.counter[0] == (u32)-2, "nothing counts with PMCR.E off");
	m.e = true;
	model_do(&m, &increment, NULL);
	check(m.counter[0] == (u32)-1 && !m.ovs, "one below the top is no overflow");
	model_do(&m, &increment, NULL);
	check(m.counter[0] == 0 && m.ovs == 0x1, "at the top it is");
	check(m.counter[1] == (u32)-2, "a counter that is off stands still");
}

int main(void)
{
	enum fault fault;

	test_timer();
	test_unfinished_step();
	test_pmu();
	test_counter();
	test_seed_replays();
	test_leaves_out();
	test_shrinks_to_the_same_failure();
	test_good_kernel_passes();
	for (fault = NO_FAULT + 1; fault < NR_FAULTS; fault++)
		test_fault_is_found(fault);
	printf("1..%d\n", nr_tests);
	return !!nr_failed;
}
