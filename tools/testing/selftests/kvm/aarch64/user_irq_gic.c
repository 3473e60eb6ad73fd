// SPDX-License-Identifier: GPL-2.0
/*
 * What the capability is for: a guest with an interrupt controller in userspace
 * takes the interrupts of its timers, its PMU and a device of the VMM's as real
 * exceptions. lib/aarch64/user_irq_gicv2.c is that interrupt controller.
 */
#include <pthread.h>
#include <sched.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"
#include "user_irq_gicv2.h"

#include <linux/bits.h>
#include <perf/arm_pmuv3.h>

#define INTERRUPTS	20

/*
 * A register of a device that the VMM has: what is written there asks for an
 * interrupt, which comes in its own time, or takes it back.
 */
#define DEVICE_BASE	0x08020000
#define DEVICE_INTID	GICV2_FIRST_SPI

/* In the guest, for each vCPU and interrupt: how often it was raised and taken. */
static struct counts {
	u64 raised;
	u64 taken;
} counts[USER_IRQ_MAX_VCPUS][GICV2_NR_INTIDS];

/* What the guest is at; set by the host in the guest's copy. */
static bool sleeps;
static bool rises_again;
static bool drives_device;

/*
 * Times that come out differently, and whose order changes. A guest that is to
 * sleep gets the time to fall asleep, and one timer has more of it: then the last
 * interrupts come alone, and no other line can wake the guest in their place.
 */
static u64 guest_delay_ticks(enum arch_timer timer, u64 n)
{
	u64 us = 20 + n * 67 % 300;

	if (sleeps)
		us += timer == PHYSICAL ? 2000 : 1000;
	return usec_to_cycles(us);
}

static void guest_raise(int intid)
{
	struct counts *c = &counts[guest_get_vcpuid()][intid];
	enum arch_timer timer;

	WRITE_ONCE(c->raised, c->raised + 1);
	switch (intid) {
	case GICV2_INTID_PMU:
		guest_set_level(KVM_ARM_DEV_PMU, true);
		break;
	case DEVICE_INTID:
		writel(1, (void *)DEVICE_BASE);
		break;
	default:
		timer = intid == GICV2_INTID_PTIMER ? PHYSICAL : VIRTUAL;
		timer_set_cval(timer, timer_get_cntct(timer) +
			       guest_delay_ticks(timer, c->raised));
		timer_set_ctl(timer, CTL_ENABLE);
	}
}

/* What a driver's handler does before the end of the interrupt. */
static void guest_quiet(int intid)
{
	switch (intid) {
	case GICV2_INTID_PMU:
		write_sysreg(BIT(0), pmovsclr_el0);
		isb();
		break;
	case DEVICE_INTID:
		writel(0, (void *)DEVICE_BASE);
		break;
	default:
		timer_set_ctl(intid == GICV2_INTID_PTIMER ? PHYSICAL : VIRTUAL, 0);
	}
}

static void guest_irq(struct ex_regs *regs)
{
	const u32 intid = readl((void *)GICV2_CPU_BASE + GICV2_CPU_IAR);
	struct counts *c = &counts[guest_get_vcpuid()][intid % GICV2_NR_INTIDS];

	__GUEST_ASSERT(intid < GICV2_NR_INTIDS, "took an exception for interrupt %u", intid);
	guest_quiet(intid);
	WRITE_ONCE(c->taken, c->taken + 1);
	__GUEST_ASSERT(c->taken == c->raised, "interrupt %u: raised %lu times, taken %lu times",
		       intid, (unsigned long)c->raised, (unsigned long)c->taken);

	if (rises_again && c->raised < INTERRUPTS)
		guest_raise(intid);
	if (drives_device && intid == GICV2_INTID_VTIMER)
		guest_raise(DEVICE_INTID);
	writel(intid, (void *)GICV2_CPU_BASE + GICV2_CPU_EOIR);
}

static void guest_enable(int intid)
{
	writel(BIT(intid % 32), (void *)GICV2_DIST_BASE + GICV2_DIST_ISENABLER + intid / 32 * 4);
}

static void guest_set_up_gic(void)
{
	void *dist = (void *)GICV2_DIST_BASE, *cpu = (void *)GICV2_CPU_BASE;
	int i;

	for (i = 0; i < GICV2_NR_INTIDS; i += 4)
		writel(0x80808080, dist + GICV2_DIST_IPRIORITYR + i);
	for (i = GICV2_FIRST_SPI; i < GICV2_NR_INTIDS; i += 4)
		writel(0x01010101, dist + GICV2_DIST_ITARGETSR + i);
	writel(1, dist + GICV2_DIST_CTLR);
	writel(0xff, cpu + GICV2_CPU_PMR);
	writel(1, cpu + GICV2_CPU_CTLR);
	guest_enable(GICV2_INTID_VTIMER);
	guest_enable(GICV2_INTID_PTIMER);
	guest_enable(GICV2_INTID_PMU);
	guest_enable(DEVICE_INTID);
	local_irq_enable();
}

static void guest_wait_for(struct user_irq_guest *g, const u64 *taken, u64 enough)
{
	const u64 ticks = usec_to_cycles(g->patience_us);
	u64 start = timer_get_cntct(VIRTUAL), before = *taken;
	bool late;

	while (READ_ONCE(*taken) < enough) {
		/* Each has its own time: on a busy machine all together take longer. */
		if (READ_ONCE(*taken) != before) {
			before = *taken;
			start = timer_get_cntct(VIRTUAL);
		}
		if (sleeps) {
			/* Masked, an interrupt ends the WFI, and cannot come before it. */
			local_irq_disable();
			if (READ_ONCE(*taken) < enough)
				guest_wfi();
			local_irq_enable();
		}
		/* First: whatever comes while the guest does not run has come then. */
		late = timer_get_cntct(VIRTUAL) - start >= ticks;
		__GUEST_ASSERT(!late || READ_ONCE(*taken) != before,
			       "waited for interrupt %lu of %lu",
			       (unsigned long)*taken + 1, (unsigned long)enough);
	}
}

/* One interrupt after the other; g->line is the INTID here. */
static void guest_takes_one_by_one(struct user_irq_guest *g)
{
	const struct counts *c = &counts[guest_get_vcpuid()][g->line];
	int i;

	guest_set_up_gic();
	for (i = 1; i <= INTERRUPTS; i++) {
		if (sleeps)
			local_irq_disable();
		guest_raise(drives_device ? GICV2_INTID_VTIMER : g->line);
		guest_wait_for(g, &c->taken, i);
	}
	/* Time for one too many. */
	guest_run_on(g, 300);
	guest_knock(g);
}

static const int guest_intids[] = { GICV2_INTID_VTIMER, GICV2_INTID_PTIMER, GICV2_INTID_PMU };

/* All at once, each raised anew by its own handler. */
static void guest_takes_all(struct user_irq_guest *g)
{
	int i;

	guest_set_up_gic();
	for (i = 0; i < (int)ARRAY_SIZE(guest_intids); i++)
		guest_raise(guest_intids[i]);
	for (i = 0; i < (int)ARRAY_SIZE(guest_intids); i++)
		guest_wait_for(g, &counts[guest_get_vcpuid()][guest_intids[i]].taken, INTERRUPTS);
	guest_run_on(g, 300);
	guest_knock(g);
}

/* The VMM's device: it interrupts at once, or once the vCPU sleeps or should. */
struct device {
	pthread_t thread;
	struct gicv2 *gic;
	pid_t vcpu_thread;
	bool into_sleep;
	bool asked;
	bool over;
};

static void *run_device(void *arg)
{
	struct device *d = arg;

	while (!READ_ONCE(d->over)) {
		if (!READ_ONCE(d->asked)) {
			sched_yield();
			continue;
		}
		WRITE_ONCE(d->asked, false);
		if (d->into_sleep)
			user_irq_wait_asleep(d->vcpu_thread);
		gicv2_set_level(d->gic, 0, DEVICE_INTID, true);
	}
	return NULL;
}

static void write_to_device(struct device *d, u8 value)
{
	if (value)
		WRITE_ONCE(d->asked, true);
	else
		gicv2_set_level(d->gic, 0, DEVICE_INTID, false);
}

/* The main loop of a VMM, until the guest knocks or anything fails. */
static struct user_irq_return run_with_gic(struct gicv2 *gic, struct device *device,
					   struct kvm_vcpu *vcpu)
{
	struct user_irq_return r;

	do {
		r = user_irq_run(vcpu);
		gicv2_take_levels(gic, vcpu, r.levels);
		if (r.kind != USER_IRQ_OTHER || r.ret || r.reason != KVM_EXIT_MMIO)
			continue;
		if (vcpu->run->mmio.phys_addr == DEVICE_BASE)
			write_to_device(device, vcpu->run->mmio.data[0]);
		else if (!gicv2_mmio(gic, vcpu))
			break;
		r.kind = USER_IRQ_INTR;
	} while (r.kind == USER_IRQ_INTR);
	return r;
}

static struct kvm_vm *vm_with_gic(struct gicv2 *gic, int nr_vcpus, void *guest_code,
				  struct kvm_vcpu *vcpus[])
{
	struct kvm_vm *vm = user_irq_vm(user_irq_lines_here(), nr_vcpus, guest_code, vcpus);

	gicv2_init(gic, vm, nr_vcpus);
	virt_map(vm, DEVICE_BASE, DEVICE_BASE, 1);
	vm_install_exception_handler(vm, VECTOR_IRQ_CURRENT, guest_irq);
	return vm;
}

FIXTURE(one) {
	struct gicv2 gic;
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(one) {
	int intid;
};

FIXTURE_VARIANT_ADD(one, vtimer) { .intid = GICV2_INTID_VTIMER };
FIXTURE_VARIANT_ADD(one, ptimer) { .intid = GICV2_INTID_PTIMER };
FIXTURE_VARIANT_ADD(one, pmu) { .intid = GICV2_INTID_PMU };
/* A timer's handler raises this one: a device of the VMM's alone needs no line. */
FIXTURE_VARIANT_ADD(one, device) { .intid = DEVICE_INTID };

FIXTURE_SETUP(one)
{
	const char *missing =
		user_irq_missing(variant->intid == GICV2_INTID_PMU ? KVM_ARM_DEV_PMU : 0);
	struct kvm_vm *vm;

	if (missing)
		SKIP(return, "%s", missing);

	vm = vm_with_gic(&self->gic, 1, guest_takes_one_by_one, &self->vcpu);
	user_irq_guest(self->vcpu)->line = variant->intid;
	write_guest_global(vm, drives_device, variant->intid == DEVICE_INTID);
}

FIXTURE_TEARDOWN(one)
{
	kvm_vm_release(self->vcpu->vm);
}

static void expect_all_taken(struct __test_metadata *_metadata, struct gicv2 *gic,
			     struct kvm_vcpu *vcpu, int intid, bool sleep)
{
	struct device device = { .gic = gic, .vcpu_thread = gettid(), .into_sleep = sleep };
	struct user_irq_return r;

	write_guest_global(vcpu->vm, sleeps, sleep);
	ASSERT_EQ(0, pthread_create(&device.thread, NULL, run_device, &device));
	r = run_with_gic(gic, &device, vcpu);
	WRITE_ONCE(device.over, true);
	pthread_join(device.thread, NULL);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	sync_global_from_guest(vcpu->vm, counts);
	EXPECT_EQ(INTERRUPTS, counts[vcpu->id][intid].taken);
	EXPECT_EQ(INTERRUPTS, counts[vcpu->id][intid].raised);
}

/*
 * A guest that computes takes each interrupt of its device once: none is lost on
 * the way through the VMM, and none comes again after its handler has quieted
 * the device.
 *
 * Clause: notified
 */
TEST_F(one, each_interrupt_is_taken_once)
{
	expect_all_taken(_metadata, &self->gic, self->vcpu, variant->intid, false);
}

/*
 * The same for a guest that has nothing to do between two interrupts, and waits
 * in WFI. A timer's line, and the interrupt of a device of the VMM's, rise before or
 * while it waits. The PMU of a guest that waits counts nothing: that line rises before.
 *
 * Clause: notified
 */
TEST_F(one, each_interrupt_ends_wfi)
{
	expect_all_taken(_metadata, &self->gic, self->vcpu, variant->intid, true);
}

FIXTURE(all) {
	struct gicv2 gic;
	struct kvm_vcpu *vcpus[2];
};

FIXTURE_VARIANT(all) {
	int nr_vcpus;
	bool sleep;
};

FIXTURE_VARIANT_ADD(all, computing) { .nr_vcpus = 1 };
FIXTURE_VARIANT_ADD(all, in_wfi) { .nr_vcpus = 1, .sleep = true };
FIXTURE_VARIANT_ADD(all, two_computing) { .nr_vcpus = 2 };
FIXTURE_VARIANT_ADD(all, two_in_wfi) { .nr_vcpus = 2, .sleep = true };

FIXTURE_SETUP(all)
{
	const char *missing = user_irq_missing(USER_IRQ_LINES);
	struct kvm_vm *vm;

	if (missing)
		SKIP(return, "%s", missing);

	vm = vm_with_gic(&self->gic, variant->nr_vcpus, guest_takes_all, self->vcpus);
	write_guest_global(vm, rises_again, true);
	write_guest_global(vm, sleeps, variant->sleep);
}

FIXTURE_TEARDOWN(all)
{
	kvm_vm_release(self->vcpus[0]->vm);
}

struct vcpu_thread {
	pthread_t thread;
	struct gicv2 *gic;
	struct kvm_vcpu *vcpu;
	struct user_irq_return last;
};

static void *run_vcpu(void *arg)
{
	struct vcpu_thread *t = arg;

	t->last = run_with_gic(t->gic, NULL, t->vcpu);
	return NULL;
}

/*
 * Both timers and the PMU at a time, on each vCPU: interrupts that come together
 * are each taken, and one whose handler arms its device anew is not mixed up with
 * the next.
 *
 * Clause: notified
 */
TEST_F(all, lines_at_once_are_each_taken)
{
	struct vcpu_thread threads[2];
	int i, j;

	for (i = 0; i < variant->nr_vcpus; i++) {
		threads[i] = (struct vcpu_thread) { .gic = &self->gic, .vcpu = self->vcpus[i] };
		ASSERT_EQ(0, pthread_create(&threads[i].thread, NULL, run_vcpu, &threads[i]));
	}
	for (i = 0; i < variant->nr_vcpus; i++)
		pthread_join(threads[i].thread, NULL);

	sync_global_from_guest(self->vcpus[0]->vm, counts);
	for (i = 0; i < variant->nr_vcpus; i++) {
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, threads[i].last);
		for (j = 0; j < (int)ARRAY_SIZE(guest_intids); j++)
			EXPECT_EQ(INTERRUPTS, counts[i][guest_intids[j]].taken);
	}
}

TEST_HARNESS_MAIN
