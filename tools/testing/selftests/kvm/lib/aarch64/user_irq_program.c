// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs for the model of KVM_CAP_ARM_USER_IRQ. See user_irq_program.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "user_irq_program.h"

/* Each EINTR tells a change, and a turn has few. */
#define MAX_RETURNS	100

/* splitmix64: small, and all of its state is the seed. */
static u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static u64 below(u64 *state, u64 n)
{
	return next_random(state) % n;
}

/* How often each step comes: of all these together. */
static const int weights[NR_MODEL_OPS] = {
	[GUEST_CTL] = 8,
	[GUEST_CVAL] = 4,
	[GUEST_CVAL_IN] = 4,
	[GUEST_TVAL] = 4,
	[GUEST_SWINC] = 6,
	[GUEST_EVCNTR] = 4,
	[GUEST_OVSSET] = 3,
	[GUEST_OVSCLR] = 3,
	[GUEST_INTENSET] = 3,
	[GUEST_INTENCLR] = 2,
	[GUEST_CNTENSET] = 3,
	[GUEST_CNTENCLR] = 1,
	[GUEST_PMCR_E] = 4,
	[GUEST_SPIN] = 3,
	[GUEST_WFI] = 2,
	[GUEST_MMIO] = 5,
	[HOST_CTL] = 3,
	[HOST_CVAL] = 1,
	[HOST_CVAL_IN] = 1,
	[HOST_OVS] = 1,
	[HOST_INTEN] = 1,
	[HOST_PMCR_E] = 1,
	[HOST_WAIT] = 1,
	[HOST_SCRIBBLE] = 2,
	[HOST_IMMEDIATE_EXIT] = 2,
	[HOST_SIGNAL] = 1,
	[HOST_VCPU_INIT] = 1,
};

/*
 * Past, to come while somebody looks, or long after all is over. The second is
 * what can be undecided, so it is rare.
 */
static s64 random_time(u64 *state)
{
	switch (below(state, 8)) {
	case 0:
	case 1:
		return -1000;
	case 2:
		return 1 + below(state, 400);
	default:
		return 600 * 1000 * 1000 + below(state, 1000);
	}
}

static s64 random_overflows(u64 *state)
{
	const s64 bits[] = { 0x1, 0x2, 0x80000000, 0x3, MODEL_OVERFLOWS };

	return bits[below(state, 5)];
}

static enum model_op random_op(u64 *state, u64 without)
{
	int i, left, sum = 0;

	for (i = 0; i < NR_MODEL_OPS; i++)
		sum += without & 1UL << i ? 0 : weights[i];
	left = below(state, sum);
	for (i = 0; without & 1UL << i || left >= weights[i]; i++)
		left -= without & 1UL << i ? 0 : weights[i];
	return i;
}

static struct model_step random_step(u64 *state, u64 without)
{
	struct model_step step = { .op = random_op(state, without) };

	switch (step.op) {
	case GUEST_CTL:
	case HOST_CTL:
		step.which = below(state, MODEL_TIMERS);
		step.arg = below(state, 3) ? MODEL_CTL_ENABLE : below(state, 4);
		break;
	case GUEST_CVAL:
	case HOST_CVAL:
		step.which = below(state, MODEL_TIMERS);
		step.arg = below(state, 2);
		break;
	case GUEST_CVAL_IN:
	case HOST_CVAL_IN:
		step.which = below(state, MODEL_TIMERS);
		step.arg = random_time(state);
		break;
	case GUEST_TVAL:
		step.which = below(state, MODEL_TIMERS);
		step.arg = random_time(state);
		/* It has 31 bits and a sign: two seconds at 1 GHz. */
		if (step.arg > 1000 * 1000)
			step.arg = 1000 * 1000;
		break;
	case GUEST_WFI:
		step.which = below(state, MODEL_TIMERS);
		step.arg = 1 + below(state, 200);
		break;
	case GUEST_SPIN:
	case HOST_WAIT:
		step.arg = below(state, 100);
		break;
	case GUEST_SWINC:
		step.arg = 1 + below(state, 3);
		break;
	case GUEST_EVCNTR:
		step.which = below(state, MODEL_COUNTERS);
		step.arg = -(s64)below(state, 3);
		break;
	case HOST_OVS:
	case HOST_INTEN:
		step.arg = below(state, 2) ? random_overflows(state) : 0;
		break;
	case GUEST_CNTENSET:
	case GUEST_CNTENCLR:
		step.arg = 1 + below(state, 3);
		break;
	case GUEST_PMCR_E:
	case HOST_PMCR_E:
		step.arg = !!below(state, 3);
		break;
	case HOST_SCRIBBLE:
		step.arg = below(state, 2) ? (s64)below(state, 1 << MODEL_LINES) :
					     (s64)next_random(state);
		break;
	case GUEST_OVSSET:
	case GUEST_OVSCLR:
	case GUEST_INTENSET:
	case GUEST_INTENCLR:
		step.arg = random_overflows(state);
		break;
	default:
		break;
	}
	return step;
}

/**
 * program_make() - make a random program
 * @p: filled in
 * @seed: the same seed makes the same program
 * @nr: how many steps, at most PROGRAM_MAX_STEPS
 * @without: no step is one of these, a bitmap by enum model_op
 */
void program_make(struct program *p, u64 seed, int nr, u64 without)
{
	memset(p, 0, sizeof(*p));
	for (p->nr = 0; p->nr < nr; p->nr++)
		p->steps[p->nr] = random_step(&seed, without);
}

static const char *run_once(struct program_machine *machine, struct model *m,
			    struct model_turn *turn, struct model_return *r, bool asked)
{
	const char *failure;

	*r = (struct model_return) { .asked = asked };
	failure = machine->run(machine, turn, r);
	return failure ?: model_return(m, turn, r);
}

/* Let the guest do the steps that have come together. */
static const char *run_turn(struct program_machine *machine, struct model *m,
			    struct model_turn *turn)
{
	const char *failure = NULL;
	struct model_return r;
	int i;

	machine->begin_turn(machine, turn);
	for (i = 0; i < MAX_RETURNS && !failure; i++) {
		failure = run_once(machine, m, turn, &r, false);
		if (!failure && !r.interrupted)
			break;
	}
	turn->nr = 0;
	turn->done = 0;
	return failure ?: i == MAX_RETURNS ? "EINTR without end" : NULL;
}

static const char *do_host_step(struct program_machine *machine, struct model *m,
				const struct model_step *step)
{
	const bool asks = step->op == HOST_IMMEDIATE_EXIT || step->op == HOST_SIGNAL;
	struct model_turn no_turn = {};
	struct model_effect effect = {};
	struct model_return r;

	machine->do_host_step(machine, step, &effect);
	if (asks)
		return run_once(machine, m, &no_turn, &r, true);
	return model_do(m, step, &effect);
}

static const char *reset(struct program_machine *machine, struct model *m)
{
	/*
	 * As for any exit, KVM completes the MMIO by the next KVM_RUN. Not by
	 * immediate_exit, which a program may be without.
	 */
	const struct model_step complete = { .op = HOST_SIGNAL };
	const struct model_step init = { .op = HOST_VCPU_INIT };
	struct model_turn no_turn = {};

	return do_host_step(machine, m, &complete) ?:
	       do_host_step(machine, m, &init) ?:
	       run_turn(machine, m, &no_turn);
}

/**
 * program_fails() - run a program on a machine and on the model
 * @p: the program; what came of it is filled in
 * @machine: the machine
 *
 * Return: true if the machine did something that the model does not allow.
 */
bool program_fails(struct program *p, struct program_machine *machine)
{
	struct model m = { .freq = machine->freq };
	struct model_turn turn = {};
	const char *failure = NULL;
	int i;

	machine->start(machine);
	model_reset(&m);
	failure = run_turn(machine, &m, &turn);
	for (i = 0; i < p->nr && !failure; i++) {
		const struct model_step *step = &p->steps[i];
		const bool guests = model_is_guests(step->op);

		p->failed_at = i;
		if (guests && step->op != GUEST_MMIO)
			turn.steps[turn.nr++] = *step;
		/* Nothing for the guest to do: then the host's steps follow each other. */
		if ((!guests && turn.nr) || step->op == GUEST_MMIO || turn.nr == MODEL_MAX_TURN)
			failure = run_turn(machine, &m, &turn);
		if (!failure && !guests)
			failure = step->op == HOST_VCPU_INIT ? reset(machine, &m) :
							       do_host_step(machine, &m, step);
	}
	if (!failure)
		failure = run_turn(machine, &m, &turn);
	snprintf(p->failure, sizeof(p->failure), "%s", failure ?: "");
	machine->stop(machine);

	p->compared = m.compared;
	p->undecided = m.undecided;
	return p->failure[0];
}

static const char *past_number(const char *text)
{
	return text + strspn(text, "0123456789abcdefx");
}

/* The same words; the numbers may differ. */
static bool is_same_kind(const char *a, const char *b)
{
	while (*a && (*a == *b || (isdigit(*a) && isdigit(*b)))) {
		const bool number = isdigit(*a);

		a = number ? past_number(a) : a + 1;
		b = number ? past_number(b) : b + 1;
	}
	return *a == *b;
}

/* Does it still fail, and the same way, without these steps? If so, they are gone. */
static bool can_go(struct program *p, int first, int nr, struct program_machine *machine)
{
	static struct program less;

	less = *p;
	less.nr -= nr;
	memmove(&less.steps[first], &less.steps[first + nr],
		(less.nr - first) * sizeof(less.steps[0]));
	if (!program_fails(&less, machine) || !is_same_kind(less.failure, p->failure))
		return false;

	*p = less;
	if (p->nr > p->failed_at + 1)
		p->nr = p->failed_at + 1;
	return true;
}

/**
 * program_shrink() - find the few steps that make a program fail
 * @p: a program that fails; it becomes one that still does, by the same failure
 * @machine: the machine
 * @max_tries: run no more programs than this
 *
 * By halves, quarters and so on, down to single steps: what can go goes.
 *
 * Return: how many programs were run for it.
 */
int program_shrink(struct program *p, struct program_machine *machine, int max_tries)
{
	int size, first, tries = 0;
	bool gone;

	if (p->nr > p->failed_at + 1)
		p->nr = p->failed_at + 1;

	for (size = p->nr / 2 ?: 1; ; size = size / 2 ?: 1) {
		gone = false;
		for (first = 0; first + size <= p->nr && tries < max_tries; ) {
			tries++;
			if (can_go(p, first, size, machine))
				gone = true;
			else
				first += size;
		}
		/* A single step that went may let an earlier one go. */
		if (tries == max_tries || (size == 1 && !gone))
			return tries;
	}
}
