/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM_CAP_ARM_USER_IRQ: device lines of a VM whose irqchip lives in userspace.
 *
 * The first half is the state machine. It knows nothing of vCPUs and devices,
 * so that KUnit can walk through all of it. The second half is what the run
 * loop calls; see arch/arm64/kvm/user_irq.c.
 */

#ifndef __KVM_ARM_USER_IRQ_H
#define __KVM_ARM_USER_IRQ_H

#include <linux/compiler.h>
#include <linux/kvm.h>
#include <linux/minmax.h>
#include <linux/types.h>

struct kvm_vcpu;

/*
 * A line that is added goes to kvm_user_irq_lines(), under the next number. The
 * kernel has the version whose devices it has.
 */
#define KVM_USER_IRQ_VERSION	1U

/**
 * struct kvm_user_irq - what userspace knows of one vCPU's lines
 * @told: the levels that the last return to userspace published, as a bitmap
 *        of KVM_ARM_DEV_*
 *
 * The vCPU's thread is the only writer, inside KVM_RUN; directed yield reads
 * from other threads and the background timer from its interrupt, hence
 * READ_ONCE() and WRITE_ONCE(). The run page is no place for this: userspace
 * may write there whatever it likes. Nor does a reset of the vCPU change it:
 * that lowers lines, and userspace has to hear of it.
 */
struct kvm_user_irq {
	u64 told;
};

/**
 * kvm_user_irq_lines - the lines that a version of the capability signals
 * @version: what KVM_CHECK_EXTENSION returned
 *
 * Return: a bitmap of KVM_ARM_DEV_*; for a version above the kernel's own, that
 * of the kernel's own; 0 for version 0: there is no capability.
 */
static inline u64 kvm_user_irq_lines(unsigned int version)
{
	u64 lines = 0;

	version = min(version, KVM_USER_IRQ_VERSION);
	if (version >= 1)
		lines |= KVM_ARM_DEV_EL1_VTIMER | KVM_ARM_DEV_EL1_PTIMER |
			 KVM_ARM_DEV_PMU;
	if (version >= 2)
		lines |= KVM_ARM_DEV_EL2_VTIMER | KVM_ARM_DEV_EL2_PTIMER;

	return lines;
}

/**
 * kvm_user_irq_changed - is there something that userspace does not know?
 * @state: what userspace was told
 * @levels: the lines' levels now
 *
 * Context: any thread.
 * Return: true if @levels differ from what was told.
 */
static inline bool kvm_user_irq_changed(const struct kvm_user_irq *state,
					u64 levels)
{
	return READ_ONCE(state->told) != levels;
}

/**
 * kvm_user_irq_is_told_high - does userspace know that a line is high?
 * @state: what userspace was told
 * @line: a bit of KVM_ARM_DEV_*, or 0 for a device without a line
 *
 * Context: any thread, or a hard interrupt.
 * Return: true if that is what it was told.
 */
static inline bool kvm_user_irq_is_told_high(const struct kvm_user_irq *state,
					     u64 line)
{
	return READ_ONCE(state->told) & line;
}

/**
 * kvm_user_irq_tell - note that userspace is being told
 * @state: what userspace was told
 * @levels: the lines' levels now
 *
 * Context: the vCPU's thread, inside KVM_RUN.
 * Return: the value to publish in the run page.
 */
static inline u64 kvm_user_irq_tell(struct kvm_user_irq *state, u64 levels)
{
	WRITE_ONCE(state->told, levels);

	return levels;
}

bool kvm_user_irq_must_exit(struct kvm_vcpu *vcpu);
void kvm_user_irq_publish(struct kvm_vcpu *vcpu);
bool kvm_user_irq_wakes(struct kvm_vcpu *vcpu);

#endif /* __KVM_ARM_USER_IRQ_H */
