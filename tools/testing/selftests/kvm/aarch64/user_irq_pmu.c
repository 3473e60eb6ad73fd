// SPDX-License-Identifier: GPL-2.0
/*
 * The line of the PMU: high while a counter's overflow is recorded, that counter
 * may interrupt, and the PMU is enabled.
 */
#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

#include <linux/bits.h>
#include <perf/arm_pmuv3.h>

/* How the guest lets a counter overflow; set by the host in the guest's copy. */
static int counter;
static u64 event;
static u64 left;

/* What the guest's PMU can count, told to the host. */
static u64 pmceid0;

static void guest_overflows(struct user_irq_guest *g)
{
	pmceid0 = read_sysreg(pmceid0_el0);
	guest_knock(g);

	guest_count(counter, event, left);
	if (event == ARMV8_PMUV3_PERFCTR_SW_INCR) {
		write_sysreg(BIT(counter), pmswinc_el0);
		isb();
	}
	guest_wait(g);
	guest_knock(g);

	write_sysreg(BIT(counter), pmovsclr_el0);
	isb();
	for (;;)
		guest_knock(g);
}

FIXTURE(counter) {
	struct kvm_vcpu *vcpu;
	struct user_irq_guest *g;
};

FIXTURE_VARIANT(counter) {
	int counter;
	u64 event;
	u64 left;
};

FIXTURE_VARIANT_ADD(counter, software_increment) {
	.event = ARMV8_PMUV3_PERFCTR_SW_INCR,
	.left = 1,
};

FIXTURE_VARIANT_ADD(counter, cycle_counter) {
	.counter = USER_IRQ_CYCLE_COUNTER,
	.event = ARMV8_PMUV3_PERFCTR_CPU_CYCLES,
	.left = 100000,
};

FIXTURE_VARIANT_ADD(counter, cycles) {
	.event = ARMV8_PMUV3_PERFCTR_CPU_CYCLES,
	.left = 100000,
};

FIXTURE_VARIANT_ADD(counter, instructions) {
	.event = ARMV8_PMUV3_PERFCTR_INST_RETIRED,
	.left = 100000,
};

FIXTURE_SETUP(counter)
{
	const char *missing = user_irq_missing(KVM_ARM_DEV_PMU);
	struct user_irq_return r;
	struct kvm_vm *vm;

	if (!missing && variant->event != ARMV8_PMUV3_PERFCTR_SW_INCR)
		missing = user_irq_uncountable();
	if (missing)
		SKIP(return, "%s", missing);

	vm = user_irq_vm(KVM_ARM_DEV_PMU, 1, guest_overflows, &self->vcpu);
	self->g = user_irq_guest(self->vcpu);
	write_guest_global(vm, counter, variant->counter);
	write_guest_global(vm, event, variant->event);
	write_guest_global(vm, left, variant->left);

	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	sync_global_from_guest(vm, pmceid0);
	if (!(pmceid0 & BIT(variant->event)))
		SKIP(return, "the guest's PMU does not count event %#lx",
		     (unsigned long)variant->event);
}

FIXTURE_TEARDOWN(counter)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * A counter that overflows while the guest runs brings the vCPU back to the VMM,
 * with the PMU's bit set, and the registers show why.
 *
 * Clause: notified
 */
TEST_F(counter, overflow_is_told)
{
	struct user_irq_return r;

	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, r);
	EXPECT_EQ(1, user_irq_level(self->vcpu, KVM_ARM_DEV_PMU));
}

/*
 * The bit stays as long as the overflow is recorded, and the guest runs on. When
 * the guest's handler has cleared it, the VMM sees the line fall.
 *
 * Clause: every-return
 */
TEST_F(counter, clearing_the_overflow_is_told)
{
	struct user_irq_return r;

	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, r);
	self->g->stop = 1;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_PMU, r);

	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	EXPECT_EQ(0, user_irq_level(self->vcpu, KVM_ARM_DEV_PMU));
}

static void guest_switches_interrupt(struct user_irq_guest *g)
{
	guest_set_level(KVM_ARM_DEV_PMU, true);
	guest_knock(g);
	write_sysreg(BIT(0), pmintenclr_el1);
	isb();
	guest_knock(g);
	write_sysreg(BIT(0), pmintenset_el1);
	isb();
	guest_knock(g);
}

static void guest_switches_pmu(struct user_irq_guest *g)
{
	guest_set_level(KVM_ARM_DEV_PMU, true);
	guest_knock(g);
	write_sysreg(read_sysreg(pmcr_el0) & ~ARMV8_PMU_PMCR_E, pmcr_el0);
	isb();
	guest_knock(g);
	write_sysreg(read_sysreg(pmcr_el0) | ARMV8_PMU_PMCR_E, pmcr_el0);
	isb();
	guest_knock(g);
}

FIXTURE(overflowed) {
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(overflowed) {
	void (*guest_code)(struct user_irq_guest *g);
};

FIXTURE_VARIANT_ADD(overflowed, interrupt) { .guest_code = guest_switches_interrupt };
FIXTURE_VARIANT_ADD(overflowed, pmu) { .guest_code = guest_switches_pmu };

FIXTURE_SETUP(overflowed)
{
	const char *missing = user_irq_missing(KVM_ARM_DEV_PMU);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(KVM_ARM_DEV_PMU, 1, variant->guest_code, &self->vcpu);
}

FIXTURE_TEARDOWN(overflowed)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * An overflow that stays recorded is gated by the counter's interrupt enable and
 * by the PMU's. Off lowers the line, and on raises it again.
 *
 * Clause: notified
 */
TEST_F(overflowed, off_and_on_is_told)
{
	const u64 levels[] = { KVM_ARM_DEV_PMU, 0, KVM_ARM_DEV_PMU };
	struct user_irq_return r;
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(levels); i++) {
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, levels[i], r);
		EXPECT_EQ(!!levels[i], user_irq_level(self->vcpu, KVM_ARM_DEV_PMU));
	}
}

TEST_HARNESS_MAIN
