// SPDX-License-Identifier: GPL-2.0
/*
 * A GICv2 in userspace, driven by KVM_CAP_ARM_USER_IRQ: as much of the
 * distributor and the CPU interface as timers, a PMU and shared interrupts need.
 *
 * The timers and the PMU are in the kernel. This side learns their levels from
 * run->s.regs.device_irq_level and tells the vCPU by KVM_IRQ_LINE whether there
 * is an interrupt for it. A VMM does, after every return of KVM_RUN:
 *
 *  1. gicv2_take_levels(), whatever the return was: EINTR, too;
 *  2. gicv2_mmio(), if the return was an exit for MMIO.
 *
 * A guest's handler quiets its device and then writes EOIR. Where the device's
 * registers do not trap, that write is the first exit since: if only EINTR were
 * looked at, the line would be high still, and the interrupt come twice.
 *
 * Not here: what the cases do not use, such as edges, SGIs, groups, priority drop
 * apart from deactivation, and the registers by which a guest disables an interrupt,
 * makes it pending or asks what the GIC has. An operating system needs some of those.
 */
#include "user_irq_gicv2.h"

static const struct {
	u64 line;
	int intid;
} device_lines[] = {
	{ KVM_ARM_DEV_EL1_VTIMER, GICV2_INTID_VTIMER },
	{ KVM_ARM_DEV_EL1_PTIMER, GICV2_INTID_PTIMER },
	{ KVM_ARM_DEV_PMU, GICV2_INTID_PMU },
};

static struct gicv2_irq *irq_of(struct gicv2 *gic, int cpu, int intid)
{
	return intid < GICV2_FIRST_SPI ? &gic->cpus[cpu].own[intid] :
					 &gic->spis[intid - GICV2_FIRST_SPI];
}

/* The most urgent interrupt that this CPU has to take now, or none. */
static int next_intid(struct gicv2 *gic, int cpu)
{
	int intid, next = GICV2_SPURIOUS;
	u8 threshold = gic->cpus[cpu].priority_mask;

	for (intid = 0; intid < GICV2_NR_INTIDS; intid++) {
		const struct gicv2_irq *irq = irq_of(gic, cpu, intid);

		if (irq->active && irq->active_on == cpu && irq->priority <= threshold) {
			/* It holds back all that are not more urgent. */
			next = GICV2_SPURIOUS;
			threshold = irq->priority;
		} else if (irq->level && irq->enabled && !irq->active &&
			   irq->priority < threshold &&
			   (intid < GICV2_FIRST_SPI || irq->targets & BIT(cpu))) {
			next = intid;
			threshold = irq->priority;
		}
	}
	return gic->enabled && gic->cpus[cpu].enabled ? next : GICV2_SPURIOUS;
}

/* KVM_IRQ_LINE also gets a vCPU out of the guest or its WFI, so any thread may. */
static void update(struct gicv2 *gic)
{
	int cpu;

	for (cpu = 0; cpu < gic->nr_cpus; cpu++) {
		const bool irq = next_intid(gic, cpu) != GICV2_SPURIOUS;

		if (irq == gic->cpus[cpu].irq)
			continue;
		gic->cpus[cpu].irq = irq;
		kvm_irq_line(gic->vm,
			     KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT |
			     cpu << KVM_ARM_IRQ_VCPU_SHIFT | KVM_ARM_IRQ_CPU_IRQ, irq);
	}
}

/**
 * gicv2_init() - the interrupt controller as after a reset
 * @gic: filled in
 * @vm: a VM without an in-kernel interrupt controller
 * @nr_cpus: how many vCPUs it has; their ids are 0 and up
 */
void gicv2_init(struct gicv2 *gic, struct kvm_vm *vm, int nr_cpus)
{
	*gic = (struct gicv2) { .vm = vm, .nr_cpus = nr_cpus };
	pthread_mutex_init(&gic->lock, NULL);

	virt_map(vm, GICV2_DIST_BASE, GICV2_DIST_BASE, 1);
	virt_map(vm, GICV2_CPU_BASE, GICV2_CPU_BASE, 1);
}

/**
 * gicv2_set_level() - a device of the VMM's own moves its line
 * @gic: the interrupt controller
 * @cpu: whose, for an interrupt that is a CPU's own
 * @intid: the interrupt
 * @high: the line's level now
 */
void gicv2_set_level(struct gicv2 *gic, int cpu, int intid, bool high)
{
	pthread_mutex_lock(&gic->lock);
	irq_of(gic, cpu, intid)->level = high;
	update(gic);
	pthread_mutex_unlock(&gic->lock);
}

/**
 * gicv2_take_levels() - the first thing to do after each return of KVM_RUN
 * @gic: the interrupt controller
 * @vcpu: the vCPU that came back
 * @levels: its run->s.regs.device_irq_level
 */
void gicv2_take_levels(struct gicv2 *gic, struct kvm_vcpu *vcpu, u64 levels)
{
	int i;

	pthread_mutex_lock(&gic->lock);
	for (i = 0; i < (int)ARRAY_SIZE(device_lines); i++)
		irq_of(gic, vcpu->id, device_lines[i].intid)->level = levels & device_lines[i].line;
	update(gic);
	pthread_mutex_unlock(&gic->lock);
}

static u32 acknowledge(struct gicv2 *gic, int cpu)
{
	const int intid = next_intid(gic, cpu);

	if (intid != GICV2_SPURIOUS) {
		irq_of(gic, cpu, intid)->active = true;
		irq_of(gic, cpu, intid)->active_on = cpu;
	}
	return intid;
}

/* One bit for each interrupt: word n is INTIDs 32n up. What is enabled stays so. */
static u32 access_enables(struct gicv2 *gic, int cpu, u32 offset, bool is_write, u32 bits)
{
	const int first = offset / 4 * 32;
	u32 value = 0;
	int i;

	for (i = 0; i < 32 && first < GICV2_NR_INTIDS; i++) {
		struct gicv2_irq *irq = irq_of(gic, cpu, first + i);

		if (is_write && (bits & BIT(i)))
			irq->enabled = true;
		if (irq->enabled)
			value |= BIT(i);
	}
	return value;
}

/* The registers that have one byte for each interrupt: any of 1 to 4 at once. */
static u32 access_bytes(struct gicv2 *gic, int cpu, u32 offset, int len, bool is_write, u32 bytes)
{
	const bool targets = offset >= GICV2_DIST_ITARGETSR;
	const int first = offset % 0x400;
	u32 value = 0;
	int i;

	for (i = 0; i < len && first + i < GICV2_NR_INTIDS; i++) {
		struct gicv2_irq *irq = irq_of(gic, cpu, first + i);
		u8 *byte = targets ? &irq->targets : &irq->priority;

		if (is_write)
			*byte = bytes >> 8 * i;
		/* A CPU's own interrupts have no other target; boot code asks. */
		value |= (targets && first + i < GICV2_FIRST_SPI ? BIT(cpu) : *byte) << 8 * i;
	}
	return value;
}

static u32 access_dist(struct gicv2 *gic, int cpu, u32 offset, int len, bool is_write, u32 value)
{
	switch (offset) {
	case GICV2_DIST_CTLR:
		if (is_write)
			gic->enabled = value & 1;
		return gic->enabled;
	case GICV2_DIST_ISENABLER ... GICV2_DIST_ISENABLER + 0x7f:
		return access_enables(gic, cpu, offset - GICV2_DIST_ISENABLER, is_write, value);
	case GICV2_DIST_IPRIORITYR ... GICV2_DIST_ITARGETSR + 0x3ff:
		return access_bytes(gic, cpu, offset, len, is_write, value);
	}
	return 0;
}

static u32 access_cpu(struct gicv2 *gic, int cpu, u32 offset, bool is_write, u32 value)
{
	struct gicv2_cpu *c = &gic->cpus[cpu];

	switch (offset) {
	case GICV2_CPU_CTLR:
		if (is_write)
			c->enabled = value & 1;
		return c->enabled;
	case GICV2_CPU_PMR:
		if (is_write)
			c->priority_mask = value;
		return c->priority_mask;
	case GICV2_CPU_IAR:
		return is_write ? 0 : acknowledge(gic, cpu);
	case GICV2_CPU_EOIR:
		if (is_write && value < GICV2_NR_INTIDS)
			irq_of(gic, cpu, value)->active = false;
	}
	return 0;
}

/**
 * gicv2_mmio() - the second thing to do, after an exit for MMIO
 * @gic: the interrupt controller
 * @vcpu: the vCPU that came back
 *
 * Return: false if the guest's access was to something else.
 */
bool gicv2_mmio(struct gicv2 *gic, struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	const u64 addr = run->mmio.phys_addr;
	const int len = min_t(int, run->mmio.len, sizeof(u32)), is_write = run->mmio.is_write;
	u32 value = 0;

	if (addr - GICV2_DIST_BASE >= GICV2_FRAME_SIZE && addr - GICV2_CPU_BASE >= GICV2_FRAME_SIZE)
		return false;

	memcpy(&value, run->mmio.data, len);
	pthread_mutex_lock(&gic->lock);
	if (addr >= GICV2_CPU_BASE)
		value = access_cpu(gic, vcpu->id, addr - GICV2_CPU_BASE, is_write, value);
	else
		value = access_dist(gic, vcpu->id, addr - GICV2_DIST_BASE, len, is_write, value);
	update(gic);
	pthread_mutex_unlock(&gic->lock);
	if (!is_write)
		memcpy(run->mmio.data, &value, len);
	return true;
}
