// SPDX-License-Identifier: GPL-2.0
/*
 * A test line to a userspace irqchip: edges on request, by a file in debugfs.
 *
 * No device raises edges so far. This one does, so that what userspace sees of
 * them can be tested: "echo 3 > .../kvm/<pid>-<fd>/vcpu0/user_irq_pulse" raises
 * three on KVM_USER_IRQ_TEST_LINE. No version of the capability has that line.
 */

#include <linux/debugfs.h>
#include <linux/irq_work.h>
#include <linux/kvm_host.h>

#include <kvm/arm_user_irq.h>

/* More than can be counted, and not so many that a CPU is busy with them. */
#define MAX_PULSES	1000

struct pulses {
	struct irq_work work;
	struct kvm_vcpu *vcpu;
	unsigned int n;
};

static void raise_edges(struct irq_work *work)
{
	struct pulses *pulses = container_of(work, struct pulses, work);

	while (pulses->n--)
		kvm_user_irq_raise_edge(pulses->vcpu, KVM_USER_IRQ_EDGE_TEST);
}

/* As a device does: from a hard interrupt. */
static int pulse(void *data, u64 n)
{
	struct pulses pulses = {
		.work = IRQ_WORK_INIT_HARD(raise_edges),
		.vcpu = data,
		.n = n,
	};

	if (irqchip_in_kernel(pulses.vcpu->kvm))
		return -ENXIO;
	if (n > MAX_PULSES)
		return -ERANGE;

	irq_work_queue(&pulses.work);
	irq_work_sync(&pulses.work);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(pulse_fops, NULL, pulse, "%llu\n");

/**
 * kvm_arch_create_vcpu_debugfs - give a vCPU its file
 * @vcpu: the vCPU
 * @debugfs_dentry: its folder, which is gone before the vCPU is
 *
 * Context: sleeps.
 */
void kvm_arch_create_vcpu_debugfs(struct kvm_vcpu *vcpu,
				  struct dentry *debugfs_dentry)
{
	debugfs_create_file_unsafe("user_irq_pulse", 0200, debugfs_dentry, vcpu,
				   &pulse_fops);
}
