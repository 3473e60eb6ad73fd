/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of what KVM_CAP_ARM_USER_IRQ promises: the two EL1 timers, the
 * overflow state of the PMU, and the field that tells their levels. It knows
 * nothing of KVM, so it is also built and tested on any machine.
 *
 * A program is a list of steps. The guest does some of them, as many as it can
 * before it leaves by MMIO; the host does the others between two calls of
 * KVM_RUN. Whoever runs a program hands each return to the model.
 */
#ifndef SELFTEST_KVM_USER_IRQ_MODEL_H
#define SELFTEST_KVM_USER_IRQ_MODEL_H

#include <stdbool.h>

#include <linux/types.h>

#define MODEL_TIMERS		2
#define MODEL_COUNTERS		2

#define MODEL_VTIMER		0x1
#define MODEL_PTIMER		0x2
#define MODEL_PMU		0x4
#define MODEL_LINES		3

#define MODEL_CTL_ENABLE	0x1
#define MODEL_CTL_IMASK		0x2

/* The overflow bits that programs use: the event counters' and the cycle counter's. */
#define MODEL_OVERFLOWS		0x80000003

/* As many steps as the guest does between two exits of its own. */
#define MODEL_MAX_TURN		16

/**
 * enum model_op - what a step does
 *
 * Of those that guest and host can do, the host's is by KVM_SET_ONE_REG, and
 * its PMU has one that gives a register a value instead of those that set and
 * clear bits. Times are in microseconds from now.
 */
enum model_op {
	/* the guest's: @which is the timer or the counter, @arg the value */
	GUEST_CTL,
	GUEST_CVAL,
	GUEST_CVAL_IN,
	GUEST_TVAL,
	GUEST_SWINC,
	GUEST_EVCNTR,
	GUEST_OVSSET,
	GUEST_OVSCLR,
	GUEST_INTENSET,
	GUEST_INTENCLR,
	GUEST_CNTENSET,
	GUEST_CNTENCLR,
	GUEST_PMCR_E,
	GUEST_SPIN,
	GUEST_WFI,
	GUEST_MMIO,
	/* the host's */
	HOST_CTL,
	HOST_CVAL,
	HOST_CVAL_IN,
	HOST_OVS,
	HOST_INTEN,
	HOST_PMCR_E,
	HOST_WAIT,
	HOST_SCRIBBLE,
	HOST_IMMEDIATE_EXIT,
	HOST_SIGNAL,
	HOST_VCPU_INIT,
	NR_MODEL_OPS,
};

/**
 * struct model_step - one action of the guest or of the host
 * @op: which
 * @which: the timer, 0 virtual and 1 physical, or the event counter
 * @arg: depends on @op
 */
struct model_step {
	enum model_op op;
	int which;
	s64 arg;
};

/**
 * struct model_effect - what is known of a step that sets a timer from now on
 * @before: the timer's counter, read before
 * @cval: the timer's CVAL, read after it was set
 * @after: the timer's counter, read after
 */
struct model_effect {
	u64 before;
	u64 cval;
	u64 after;
};

/**
 * struct model_return - one return of KVM_RUN
 * @interrupted: it was EINTR; if not, the guest left by MMIO
 * @asked: the host had asked for EINTR, by immediate_exit or a signal
 * @levels: the field
 * @done: of the steps of this turn, how many the guest has finished
 * @entry: each timer's counter, read before KVM_RUN
 * @before: the same, the last reading that is certainly older than @levels
 * @after: the same, read after the return
 */
struct model_return {
	bool interrupted;
	bool asked;
	u64 levels;
	int done;
	u64 entry[MODEL_TIMERS];
	u64 before[MODEL_TIMERS];
	u64 after[MODEL_TIMERS];
};

/**
 * struct model - the devices of one vCPU, and what the VMM was told of them
 * @freq: ticks of the counters in a second
 * @timer: the registers of the two timers
 * @counter: the event counters, which count software increments
 * @cnten: which of them count
 * @ovs: recorded overflows
 * @inten: which of them may interrupt
 * @e: PMCR_EL0.E
 * @told: the field at the last return
 * @compared: how many levels were compared
 * @undecided: how many of these could have come out either way
 * @failure: what the kernel did that it should not
 */
struct model {
	u64 freq;
	struct model_timer {
		u64 ctl;
		u64 cval;
	} timer[MODEL_TIMERS];
	u32 counter[MODEL_COUNTERS];
	u64 cnten;
	u64 ovs;
	u64 inten;
	bool e;
	u64 told;
	u64 compared;
	u64 undecided;
	char failure[160];
};

/**
 * struct model_turn - the guest's steps from one exit of its own to the next
 * @steps: the steps
 * @effects: of each, filled in as the guest goes on
 * @nr: how many
 * @done: how many of them the model has done
 * @began: each timer's counter, read before the guest could do the first
 */
struct model_turn {
	struct model_step steps[MODEL_MAX_TURN];
	struct model_effect effects[MODEL_MAX_TURN];
	int nr;
	int done;
	u64 began[MODEL_TIMERS];
};

bool model_is_guests(enum model_op op);
void model_print_step(char *buf, int size, const struct model_step *step);

void model_reset(struct model *m);
const char *model_do(struct model *m, const struct model_step *step,
		     const struct model_effect *effect);
const char *model_return(struct model *m, struct model_turn *turn,
			 const struct model_return *r);

#endif /* SELFTEST_KVM_USER_IRQ_MODEL_H */
