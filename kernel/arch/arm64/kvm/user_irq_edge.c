// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_CAP_ARM_USER_IRQ: devices whose signal is an edge.
 *
 * An edge is over before anybody looks, so nothing can be sampled: it is
 * counted in vcpu->arch.user_irq, and each return to userspace takes one of
 * each device away. Here is the other end, which a device calls. It counts,
 * then sees to it that the vCPU comes to look: out of the guest if it is there,
 * out of its wait if it is blocked.
 *
 * A kick wakes threads, which takes locks that the code below an NMI, or a
 * caller with interrupts off, may hold. So it is left to an irq_work. On
 * PREEMPT_RT, too, that has to be one of the hard interrupt: what runs the
 * others is a thread, on the CPU where the edge was raised, and may have to
 * wait for one of higher priority.
 */

#include <linux/irq_work.h>
#include <linux/kvm_host.h>

#include <kvm/arm_user_irq.h>

static void kvm_user_irq_kick(struct irq_work *work)
{
	kvm_vcpu_kick(container_of(work, struct kvm_vcpu, arch.user_irq.kick));
}

/**
 * kvm_user_irq_raise_edge - raise an edge on a line to a userspace irqchip
 * @vcpu: a vCPU; the caller keeps it from going away
 * @edge: the device
 *
 * Userspace gets one return of KVM_RUN with the line's bit set, before the
 * guest runs on. For a vCPU that is in KVM_RUN that is a return of this call,
 * unless that is on its way out or has earlier edges to tell; otherwise it is
 * one of the next, which may be the vCPU's first. A vCPU that is turned off
 * sleeps on.
 *
 * While KVM_USER_IRQ_EDGE_LIMIT edges of that device wait to be told, more are
 * lost. In a VM with an in-kernel irqchip there is nobody to tell, and this
 * does nothing.
 *
 * Context: any, NMI and hard interrupt included.
 */
void kvm_user_irq_raise_edge(struct kvm_vcpu *vcpu, enum kvm_user_irq_edge edge)
{
	if (irqchip_in_kernel(vcpu->kvm))
		return;

	/*
	 * Counted first: if the work is under way already, it has not kicked yet
	 * or is queued anew, and the vCPU then looks after this.
	 */
	kvm_user_irq_count_edge(&vcpu->arch.user_irq, edge);
	irq_work_queue(&vcpu->arch.user_irq.kick);
}

/**
 * kvm_user_irq_vcpu_init - let edges be raised on a new vCPU
 * @vcpu: the vCPU
 *
 * Context: KVM_CREATE_VCPU, before anybody knows the vCPU.
 */
void kvm_user_irq_vcpu_init(struct kvm_vcpu *vcpu)
{
	vcpu->arch.user_irq.kick = IRQ_WORK_INIT_HARD(kvm_user_irq_kick);
}

/**
 * kvm_user_irq_vcpu_destroy - wait until the last edge's kick is over
 * @vcpu: the vCPU, on which nobody raises an edge any more
 *
 * Context: sleeps.
 */
void kvm_user_irq_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	irq_work_sync(&vcpu->arch.user_irq.kick);
}
