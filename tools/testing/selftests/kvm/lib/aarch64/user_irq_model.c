// SPDX-License-Identifier: GPL-2.0
/*
 * A model of what KVM_CAP_ARM_USER_IRQ promises. See user_irq_model.h.
 *
 * What it holds against each return:
 *  - no bit but the lines' is set, and each line's is as its registers say;
 *  - a level that had changed before KVM_RUN keeps the guest from running;
 *  - a step of the guest's that traps and changes a level is its last before
 *    a return;
 *  - EINTR that nobody asked for tells a change.
 *
 * Two things are not known exactly, and then either level will do. A timer may
 * expire between two readings of its counter. And when EINTR comes, the guest
 * may be before or after the effect of the step that it is at.
 */
#include <stdarg.h>
#include <stdio.h>

#include "user_irq_model.h"

static const struct {
	const char *name;
	bool has_which;
	bool has_arg;
} ops[NR_MODEL_OPS] = {
	[GUEST_CTL] = { "guest: CTL", true, true },
	[GUEST_CVAL] = { "guest: CVAL", true, true },
	[GUEST_CVAL_IN] = { "guest: CVAL = now + us", true, true },
	[GUEST_TVAL] = { "guest: TVAL = us", true, true },
	[GUEST_SWINC] = { "guest: PMSWINC", false, true },
	[GUEST_EVCNTR] = { "guest: PMEVCNTR", true, true },
	[GUEST_OVSSET] = { "guest: PMOVSSET", false, true },
	[GUEST_OVSCLR] = { "guest: PMOVSCLR", false, true },
	[GUEST_INTENSET] = { "guest: PMINTENSET", false, true },
	[GUEST_INTENCLR] = { "guest: PMINTENCLR", false, true },
	[GUEST_CNTENSET] = { "guest: PMCNTENSET", false, true },
	[GUEST_CNTENCLR] = { "guest: PMCNTENCLR", false, true },
	[GUEST_PMCR_E] = { "guest: PMCR.E", false, true },
	[GUEST_SPIN] = { "guest: runs on, us", false, true },
	[GUEST_WFI] = { "guest: arms and waits in WFI, us", true, true },
	[GUEST_MMIO] = { "guest: leaves by MMIO", false, false },
	[HOST_CTL] = { "host: CTL", true, true },
	[HOST_CVAL] = { "host: CVAL", true, true },
	[HOST_CVAL_IN] = { "host: CVAL = now + us", true, true },
	[HOST_OVS] = { "host: PMOVS", false, true },
	[HOST_INTEN] = { "host: PMINTEN", false, true },
	[HOST_PMCR_E] = { "host: PMCR.E", false, true },
	[HOST_WAIT] = { "host: waits, us", false, true },
	[HOST_SCRIBBLE] = { "host: scribbles on the field", false, true },
	[HOST_IMMEDIATE_EXIT] = { "host: immediate_exit", false, false },
	[HOST_SIGNAL] = { "host: has a signal pending", false, false },
	[HOST_VCPU_INIT] = { "host: KVM_ARM_VCPU_INIT", false, false },
};

/**
 * model_is_guests() - who does a step
 * @op: what the step does
 *
 * Return: true if the guest does.
 */
bool model_is_guests(enum model_op op)
{
	return op < HOST_CTL;
}

/**
 * model_print_step() - a step, for people
 * @buf: where to
 * @size: of @buf
 * @step: the step
 */
void model_print_step(char *buf, int size, const struct model_step *step)
{
	int n = snprintf(buf, size, "%s", ops[step->op].name);

	if (ops[step->op].has_which && n < size)
		n += snprintf(buf + n, size - n, ", %s %d",
			      step->op == GUEST_EVCNTR ? "counter" : "timer", step->which);
	if (ops[step->op].has_arg && n < size)
		snprintf(buf + n, size - n, ", %ld", (long)step->arg);
}

static const char *failed(struct model *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->failure, sizeof(m->failure), format, args);
	va_end(args);
	return m->failure;
}

/**
 * model_reset() - a vCPU as the guest finds it after KVM_ARM_VCPU_INIT
 * @m: the model, whose memory of what the VMM was told stays
 *
 * Reset clears the timers' CTL and PMCR_EL0.E, so all lines are low. What it
 * leaves unknown, a guest that runs programs clears first of all.
 */
void model_reset(struct model *m)
{
	int i;

	for (i = 0; i < MODEL_TIMERS; i++)
		m->timer[i] = (struct model_timer) {};
	for (i = 0; i < MODEL_COUNTERS; i++)
		m->counter[i] = 0;
	m->cnten = 0;
	m->ovs = 0;
	m->inten = 0;
	m->e = false;
}

static void increment(struct model *m, u64 which)
{
	int i;

	for (i = 0; i < MODEL_COUNTERS; i++)
		if (m->e && (m->cnten & which & (1 << i)) && !++m->counter[i])
			m->ovs |= 1 << i;
}

/* The timer is set to expire some time from the moment of the step. */
static const char *set_from_now(struct model *m, const struct model_step *step,
				const struct model_effect *effect)
{
	const u64 now = effect->cval - (s64)m->freq * step->arg / 1000000;

	m->timer[step->which].cval = effect->cval;
	if (now < effect->before || now > effect->after)
		return failed(m, "CVAL counts from %lu, but it was set between %lu and %lu",
			      (unsigned long)now, (unsigned long)effect->before,
			      (unsigned long)effect->after);
	return NULL;
}

/**
 * model_do() - the effect of one step on the devices
 * @m: the model
 * @step: the step
 * @effect: what there is to know of it
 *
 * Return: NULL, or what is wrong with @effect.
 */
const char *model_do(struct model *m, const struct model_step *step,
		     const struct model_effect *effect)
{
	struct model_timer *timer = &m->timer[step->which];

	switch (step->op) {
	case GUEST_CTL:
	case HOST_CTL:
		timer->ctl = step->arg;
		break;
	case GUEST_CVAL:
	case HOST_CVAL:
		timer->cval = step->arg;
		break;
	case GUEST_WFI:
		timer->ctl = MODEL_CTL_ENABLE;
		return set_from_now(m, step, effect);
	case GUEST_CVAL_IN:
	case GUEST_TVAL:
	case HOST_CVAL_IN:
		return set_from_now(m, step, effect);
	case GUEST_SWINC:
		increment(m, step->arg);
		break;
	case GUEST_EVCNTR:
		m->counter[step->which] = step->arg;
		break;
	case GUEST_OVSSET:
		m->ovs |= step->arg;
		break;
	case GUEST_OVSCLR:
		m->ovs &= ~step->arg;
		break;
	case GUEST_INTENSET:
		m->inten |= step->arg;
		break;
	case GUEST_INTENCLR:
		m->inten &= ~step->arg;
		break;
	case GUEST_CNTENSET:
		m->cnten |= step->arg;
		break;
	case GUEST_CNTENCLR:
		m->cnten &= ~step->arg;
		break;
	case GUEST_PMCR_E:
	case HOST_PMCR_E:
		m->e = step->arg;
		break;
	case HOST_OVS:
		m->ovs = step->arg;
		break;
	case HOST_INTEN:
		m->inten = step->arg;
		break;
	case HOST_VCPU_INIT:
		model_reset(m);
		break;
	default:
		break;
	}
	return NULL;
}

static bool pmu_is_high(const struct model *m)
{
	return m->e && (m->ovs & m->inten);
}

/*
 * Which lines are high, and which may be so or not, within a stretch of time; of
 * these, which may rise in it by themselves.
 */
struct view {
	u64 high;
	u64 unknown;
	u64 rising;
};

static struct view view_of(const struct model *m, const u64 *from, const u64 *to)
{
	struct view v = { .high = pmu_is_high(m) ? MODEL_PMU : 0 };
	int i;

	for (i = 0; i < MODEL_TIMERS; i++) {
		if ((m->timer[i].ctl & (MODEL_CTL_ENABLE | MODEL_CTL_IMASK)) != MODEL_CTL_ENABLE)
			continue;
		if (m->timer[i].cval <= from[i])
			v.high |= 1 << i;
		else if (m->timer[i].cval <= to[i])
			v.rising |= 1 << i;
	}
	v.unknown = v.rising;
	return v;
}

/* The same, when the guest may have done the next step of its turn, or part of it. */
static struct view view_of_turn(const struct model *m, const struct model_turn *turn,
				const u64 *from, const u64 *to)
{
	struct view v = view_of(m, from, to), then;
	const struct model_step *step;
	struct model next = *m;
	s64 ticks;

	if (turn->done == turn->nr)
		return v;

	step = &turn->steps[turn->done];
	switch (step->op) {
	case GUEST_CVAL_IN:
	case GUEST_TVAL:
	case GUEST_WFI:
		/* Done at some time of the turn, if at all, so its time is as uncertain. */
		ticks = (s64)m->freq * step->arg / 1000000;
		if (step->op == GUEST_WFI)
			next.timer[step->which].ctl = MODEL_CTL_ENABLE;
		next.timer[step->which].cval = to[step->which] + ticks;
		if (next.timer[step->which].cval > from[step->which] &&
		    turn->began[step->which] + ticks <= to[step->which]) {
			v.unknown |= 1 << step->which;
			v.rising |= 1 << step->which;
			return v;
		}
		break;
	default:
		model_do(&next, step, NULL);
	}
	then = view_of(&next, from, to);
	v.unknown |= then.unknown | (v.high ^ then.high);
	v.rising |= then.rising;
	return v;
}

static const char *do_steps(struct model *m, struct model_turn *turn, int done)
{
	const char *failure;

	while (turn->done < done) {
		failure = model_do(m, &turn->steps[turn->done], &turn->effects[turn->done]);
		if (failure)
			return failure;
		/* All that moves the PMU's line traps, so this is not for the next exit. */
		if (pmu_is_high(m) != !!(m->told & MODEL_PMU))
			return failed(m, "the PMU's line went %s, and the guest ran on",
				      pmu_is_high(m) ? "high" : "low");
		turn->done++;
	}
	return NULL;
}

static const char *compare(struct model *m, const struct view *v, const struct model_return *r)
{
	const u64 changed = (v->high ^ m->told) & ~v->unknown;
	bool must_differ = r->interrupted && !r->asked;
	u64 line, undecided = v->unknown;

	/* A line may fall, which ends the guest's turn, and rise before that is told. */
	if (v->rising & m->told)
		must_differ = false;
	/* If but one line can have changed, it has. */
	if (must_differ && !changed && !(undecided & (undecided - 1)))
		undecided = 0;

	for (line = 1; line < 1 << MODEL_LINES; line <<= 1) {
		m->compared++;
		m->undecided += !!(undecided & line);
	}

	if ((r->levels ^ v->high) & ~v->unknown)
		return failed(m, "levels %#lx, and the registers say %#lx (%#lx undecided)",
			      (unsigned long)r->levels, (unsigned long)v->high,
			      (unsigned long)v->unknown);
	if (must_differ && r->levels == m->told)
		return failed(m, "EINTR for nothing: levels %#lx as before",
			      (unsigned long)r->levels);
	return NULL;
}

/**
 * model_return() - hold a return of KVM_RUN against the model
 * @m: the model, as after the return before and what the host has done since
 * @turn: what the guest is at; @turn->done is brought up to date
 * @r: the return
 *
 * Return: NULL, or what is wrong with it.
 */
const char *model_return(struct model *m, struct model_turn *turn,
			 const struct model_return *r)
{
	const struct view at_entry = view_of_turn(m, turn, r->entry, r->after);
	const u64 changed = (at_entry.high ^ m->told) & ~at_entry.unknown;
	const char *failure;
	struct view v;

	if (changed && (!r->interrupted || r->done != turn->done))
		return failed(m, "levels were %#lx before KVM_RUN, %#lx told, and the guest ran",
			      (unsigned long)at_entry.high, (unsigned long)m->told);
	if (r->asked && (!r->interrupted || r->done != turn->done))
		return failed(m, "KVM_RUN was to come back at once, and the guest ran");

	failure = do_steps(m, turn, r->done);
	if (failure)
		return failure;

	v = view_of_turn(m, turn, r->before, r->after);
	failure = compare(m, &v, r);
	m->told = r->levels;
	return failure;
}
