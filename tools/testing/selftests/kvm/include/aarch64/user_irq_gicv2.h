/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small GICv2 in userspace, as the worked example of KVM_CAP_ARM_USER_IRQ:
 * what a VMM does with the levels that each return of KVM_RUN tells it. The
 * file of the same name in lib/aarch64 is all of it.
 */
#ifndef SELFTEST_KVM_USER_IRQ_GICV2_H
#define SELFTEST_KVM_USER_IRQ_GICV2_H

#include <pthread.h>

#include "user_irq.h"

/* Where the guest finds it, and what this GIC has of the registers there. */
#define GICV2_DIST_BASE		0x08000000
#define GICV2_CPU_BASE		0x08010000
#define GICV2_FRAME_SIZE	0x1000

#define GICV2_DIST_CTLR		0x000
#define GICV2_DIST_ISENABLER	0x100
#define GICV2_DIST_IPRIORITYR	0x400
#define GICV2_DIST_ITARGETSR	0x800

#define GICV2_CPU_CTLR		0x00
#define GICV2_CPU_PMR		0x04
#define GICV2_CPU_IAR		0x0c
#define GICV2_CPU_EOIR		0x10

/* Interrupts 0 to 31 are each CPU's own; the usual numbers of its devices. */
#define GICV2_INTID_PMU		23
#define GICV2_INTID_VTIMER	27
#define GICV2_INTID_PTIMER	30
#define GICV2_FIRST_SPI		32
#define GICV2_NR_INTIDS		64
#define GICV2_SPURIOUS		1023

/**
 * struct gicv2_irq - one interrupt
 * @level: what its device puts on the line; all are level-sensitive
 * @enabled: the guest wants it
 * @active: the guest has acknowledged it, and is not done with it
 * @priority: the lower, the more urgent
 * @targets: for a shared one, a bit for each CPU that may take it
 * @active_on: the CPU that acknowledged it
 */
struct gicv2_irq {
	bool level;
	bool enabled;
	bool active;
	u8 priority;
	u8 targets;
	u8 active_on;
};

/**
 * struct gicv2 - the interrupt controller of one VM
 * @lock: each vCPU has a thread that gets here
 * @vm: the VM
 * @enabled: GICD_CTLR
 * @nr_cpus: how many of @cpus there are
 * @cpus: for each vCPU, by its id, its CPU interface and its own interrupts
 * @spis: the interrupts that all share
 */
struct gicv2 {
	pthread_mutex_t lock;
	struct kvm_vm *vm;
	bool enabled;
	int nr_cpus;
	struct gicv2_cpu {
		bool enabled;
		u8 priority_mask;
		bool irq;
		struct gicv2_irq own[GICV2_FIRST_SPI];
	} cpus[USER_IRQ_MAX_VCPUS];
	struct gicv2_irq spis[GICV2_NR_INTIDS - GICV2_FIRST_SPI];
};

void gicv2_init(struct gicv2 *gic, struct kvm_vm *vm, int nr_cpus);
void gicv2_set_level(struct gicv2 *gic, int cpu, int intid, bool high);
void gicv2_take_levels(struct gicv2 *gic, struct kvm_vcpu *vcpu, u64 levels);
bool gicv2_mmio(struct gicv2 *gic, struct kvm_vcpu *vcpu);

#endif /* SELFTEST_KVM_USER_IRQ_GICV2_H */
