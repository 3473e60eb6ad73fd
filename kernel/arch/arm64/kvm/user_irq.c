// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_CAP_ARM_USER_IRQ: tell userspace the output levels of in-kernel devices.
 *
 * A VM without an in-kernel irqchip has its timers and its PMU in the kernel
 * and its interrupt controller in userspace, which must learn what the devices
 * put on their lines. Three questions are answered here, and nowhere else:
 *
 *  - may this vCPU enter the guest, or has a line changed since userspace was
 *    last told?
 *  - what does userspace find in the run page after this return?
 *  - does a changed line end this vCPU's wait for an interrupt?
 *
 * Each answer samples the devices' registers at that moment. No level is kept
 * between two answers, so there is none that some other path has to refresh.
 * The only memory is what userspace was told, in vcpu->arch.user_irq; a timer
 * asks it whether a vCPU that blocks is to be woken for its sake. An edge has
 * no level to sample, so the edges that are yet to be told are counted there.
 */

#include <linux/kvm_host.h>

#include <kvm/arm_user_irq.h>

#define CREATE_TRACE_POINTS
#include "trace_user_irq.h"

/*
 * The vCPU's lines, on its own thread between vcpu_load() and vcpu_put(): no
 * other can reach the registers of the CPU that the vCPU's timers are in.
 */
static u64 kvm_user_irq_sample(struct kvm_vcpu *vcpu)
{
	u64 levels = kvm_timer_lines(vcpu) | kvm_pmu_lines(vcpu);

	return levels & kvm_user_irq_lines(KVM_USER_IRQ_VERSION);
}

/**
 * kvm_user_irq_must_exit - does a line keep the vCPU out of the guest?
 * @vcpu: a vCPU of a VM without an in-kernel irqchip
 *
 * The last look before the guest runs. A line that rises later does so by a
 * host interrupt, which ends the guest's turn and leads back here; for what a
 * guest does to the timers of its own guest, see user-irq.rst. A fall raises
 * none: it waits for the next exit, and so does a rise that follows it sooner.
 *
 * Context: the vCPU's thread, vCPU loaded, interrupts disabled.
 * Return: true if userspace has to be told of a change first.
 */
bool kvm_user_irq_must_exit(struct kvm_vcpu *vcpu)
{
	struct kvm_user_irq *state = &vcpu->arch.user_irq;
	u64 levels = kvm_user_irq_sample(vcpu);

	if (likely(!kvm_user_irq_changed(state, levels)))
		return false;

	levels |= kvm_user_irq_edge_lines(kvm_user_irq_untold_edges(state));
	trace_kvm_user_irq_exit(vcpu->vcpu_id, state->told, levels);
	return true;
}

/**
 * kvm_user_irq_publish - write the lines' levels into the run page
 * @vcpu: a vCPU of a VM without an in-kernel irqchip
 *
 * Called on every return of the run loop, whatever its reason. The field is
 * written whole, so that a bit without a line reads 0 whatever userspace left
 * there, and it is never read. One edge of each device goes with it; the next
 * one of the same device takes the next return.
 *
 * Context: the vCPU's thread, vCPU loaded, preemptible.
 */
void kvm_user_irq_publish(struct kvm_vcpu *vcpu)
{
	struct kvm_user_irq *state = &vcpu->arch.user_irq;
	u64 told = state->told;
	u64 lines = kvm_user_irq_tell(state, kvm_user_irq_sample(vcpu));

	trace_kvm_user_irq_publish(vcpu->vcpu_id, told, lines);
	WRITE_ONCE(vcpu->run->s.regs.device_irq_level, lines);
}

/**
 * kvm_user_irq_wakes - does a line end the vCPU's wait for an interrupt?
 * @vcpu: a vCPU of a VM without an in-kernel irqchip
 *
 * Directed yield asks as well, in the thread of another vCPU, which does not
 * reach the lines. It can take a no: who is to see a change wakes the vCPU's
 * own thread, and that asks again here.
 *
 * Context: any thread. The vCPU's own asks on its way into schedule(), so this
 *          does not sleep.
 * Return: true if there is a level or an edge that userspace was not told;
 *         false in any thread but the vCPU's own.
 */
bool kvm_user_irq_wakes(struct kvm_vcpu *vcpu)
{
	return kvm_get_running_vcpu() == vcpu &&
	       kvm_user_irq_changed(&vcpu->arch.user_irq,
				    kvm_user_irq_sample(vcpu));
}
