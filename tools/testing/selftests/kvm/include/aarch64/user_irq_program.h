/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random programs for the model of KVM_CAP_ARM_USER_IRQ: to make one, to run it
 * on a machine beside the model, and to find the few steps of it that fail.
 */
#ifndef SELFTEST_KVM_USER_IRQ_PROGRAM_H
#define SELFTEST_KVM_USER_IRQ_PROGRAM_H

#include "user_irq_model.h"

#define PROGRAM_MAX_STEPS	2500

/**
 * struct program_machine - what a program runs on: KVM, or a fake in a test
 * @freq: ticks of the counters in a second
 * @start: begin with a new vCPU, as after KVM_ARM_VCPU_INIT
 * @do_host_step: do one of the host's steps
 * @begin_turn: give the guest, which has left by MMIO, its next steps; fills in
 * when that was
 * @run: KVM_RUN once; returns NULL, or why this was no return for the model
 * @stop: the program is over
 * @data: of the machine's own
 */
struct program_machine {
	u64 freq;
	void (*start)(struct program_machine *machine);
	void (*do_host_step)(struct program_machine *machine, const struct model_step *step,
			     struct model_effect *effect);
	void (*begin_turn)(struct program_machine *machine, struct model_turn *turn);
	const char *(*run)(struct program_machine *machine, struct model_turn *turn,
			   struct model_return *r);
	void (*stop)(struct program_machine *machine);
	void *data;
};

/**
 * struct program - a list of steps, and what came of it
 * @steps: the steps
 * @nr: how many
 * @failed_at: the last step that was begun
 * @failure: what was wrong, or ""
 * @compared: how many levels were compared
 * @undecided: how many of them could have come out either way
 */
struct program {
	struct model_step steps[PROGRAM_MAX_STEPS];
	int nr;
	int failed_at;
	char failure[200];
	u64 compared;
	u64 undecided;
};

void program_make(struct program *p, u64 seed, int nr, u64 without);
bool program_fails(struct program *p, struct program_machine *machine);
int program_shrink(struct program *p, struct program_machine *machine, int max_tries);

#endif /* SELFTEST_KVM_USER_IRQ_PROGRAM_H */
