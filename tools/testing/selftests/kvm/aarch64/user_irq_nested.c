// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that has EL2, in a VM without an in-kernel interrupt controller.
 */
#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq_nested.h"

/* Of HCR_EL2 */
#define HCR_E2H		BIT(34)
#define HCR_RW		BIT(31)
#define HCR_IMO		BIT(4)
#define HCR_FMO		BIT(3)

#define ESR_CLASS(_esr)	((_esr) >> 26 & 0x3f)
#define CLASS_HVC	0x16

static void guest_says_where_it_is(struct user_irq_guest *g)
{
	__GUEST_ASSERT(read_sysreg(currentel) == 2 << 2, "CurrentEL is %#lx",
		       (unsigned long)read_sysreg(currentel));
	guest_knocks(g);
}

static void own_guest_calls(struct user_irq_guest *g)
{
	WRITE_ONCE(g->expired, read_sysreg(currentel));
	for (;;)
		asm volatile("hvc #0" : : : "memory");
}

static void guest_runs_its_own(struct user_irq_guest *g)
{
	u64 vector;

	/* Its own guest is AArch64, and interrupts are taken to EL2. */
	write_sysreg((read_sysreg(hcr_el2) & HCR_E2H) | HCR_RW | HCR_IMO | HCR_FMO, hcr_el2);
	for (;;) {
		vector = guest_run_el1(own_guest_calls, g);
		__GUEST_ASSERT(vector == USER_IRQ_FROM_EL1_SYNC &&
			       ESR_CLASS(read_sysreg(esr_el2)) == CLASS_HVC &&
			       READ_ONCE(g->expired) == 1 << 2,
			       "vector %lu, ESR_EL2 %#lx, CurrentEL there %#lx",
			       (unsigned long)vector, (unsigned long)read_sysreg(esr_el2),
			       (unsigned long)READ_ONCE(g->expired));
		guest_knock(g);
	}
}

FIXTURE(vm) {
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(vm) {
	bool e2h;
};

FIXTURE_VARIANT_ADD(vm, e2h) { .e2h = true };
FIXTURE_VARIANT_ADD(vm, e2h0) { .e2h = false };

FIXTURE_SETUP(vm)
{
	const char *missing = user_irq_missing(0);

	if (!missing)
		missing = user_irq_no_el2(variant->e2h);
	if (missing)
		SKIP(return, "%s", missing);

	user_irq_nested_vm(variant->e2h, KVM_ARM_DEV_EL1_VTIMER, guest_says_where_it_is,
			   &self->vcpu);
}

FIXTURE_TEARDOWN(vm)
{
	kvm_vm_free(self->vcpu->vm);
}

/*
 * A VMM that emulates the interrupt controller may give its guest EL2: KVM_RUN
 * runs it, there.
 *
 * Clause: nested
 */
TEST_F(vm, runs_at_el2)
{
	struct user_irq_return r;
	int i;

	for (i = 0; i < 10; i++) {
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * That guest can run one of its own, with interrupts routed to its EL2.
 *
 * Clause: nested
 */
TEST_F(vm, runs_its_own_guest)
{
	struct user_irq_return r;
	int i;

	user_irq_start_at(self->vcpu, guest_runs_its_own);
	for (i = 0; i < 10; i++) {
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

TEST_HARNESS_MAIN
