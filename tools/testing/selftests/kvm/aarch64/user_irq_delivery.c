// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that has EL2, and an interrupt that the VMM raises by KVM_IRQ_LINE: it is
 * taken at the level that the guest's HCR_EL2 routes it to.
 *
 * Needs: kvm-arm.mode=nested
 */
#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq_nested.h"

#define ROUNDS			10

/* Of SPSR_EL2: EL1h, with D, A, I and F masked or not */
#define SPSR_EL1		0x5
#define SPSR_MASKED		0x3c0

/* What a vector's number says, as the architecture has them in fours */
#define VECTOR_KIND(_vector)	((_vector) % 4)
#define IRQ			1
#define FIQ			2

/*
 * The guest's: EL2 routes interrupts by HCR, and goes on with BODY, at EL1 or where
 * it is, with interrupts masked or not.
 */
static struct plan {
	u64 hcr;
	bool at_el2;
	bool masked;
	void (*body)(struct user_irq_guest *g);
} plan;

/* The guest's: how many interrupts were taken, by kind and by level */
static u64 taken[3][3];
static struct user_irq_guest *own;
static u8 el1_stack[4096] __aligned(16);

/* The VMM lowers the line that brought an interrupt: it has to know. */
static void take(u64 vector)
{
	const unsigned int level = read_sysreg(currentel) >> 2, kind = VECTOR_KIND(vector);

	__GUEST_ASSERT(kind == IRQ || kind == FIQ, "vector %lu at EL%u",
		       (unsigned long)vector, level);
	WRITE_ONCE(taken[kind][level], taken[kind][level] + 1);
	guest_knock(own);
}

static void guest_unmask(void)
{
	asm volatile("msr daifclr, #3\nisb" : : : "memory");
}

static void guest_goes_on_at_el1(void (*body)(struct user_irq_guest *g), bool masked)
{
	register struct user_irq_guest *g asm("x0") = own;

	asm volatile("msr sp_el1, %1\n"
		     "msr elr_el2, %2\n"
		     "msr spsr_el2, %3\n"
		     "eret"
		     : : "r" (g), "r" (el1_stack + sizeof(el1_stack)), "r" (body),
			 "r" ((u64)(SPSR_EL1 | (masked ? SPSR_MASKED : 0))) : "memory");
	__builtin_unreachable();
}

static void guest_follows_plan(struct user_irq_guest *g)
{
	const struct plan p = plan;

	own = g;
	user_irq_handler = take;
	guest_route(p.hcr);
	if (!p.at_el2)
		guest_goes_on_at_el1(p.body, p.masked);
	if (!p.masked)
		guest_unmask();
	p.body(g);
}

static void waits(struct user_irq_guest *g)
{
	guest_wait(g);
	guest_knocks(g);
}

static void sleeps(struct user_irq_guest *g)
{
	WRITE_ONCE(g->progress, g->progress + 1);
	for (;;) {
		guest_wfi();
		guest_knock(g);
	}
}

static void knocks_then_sleeps(struct user_irq_guest *g)
{
	guest_knock(g);
	sleeps(g);
}

static void knocks_then_unmasks(struct user_irq_guest *g)
{
	guest_knock(g);
	guest_knock(g);
	guest_unmask();
	guest_knocks(g);
}

static void knocks_then_enters_el1(struct user_irq_guest *g)
{
	guest_knock(g);
	guest_knock(g);
	guest_goes_on_at_el1(guest_knocks, false);
}

FIXTURE(irq_line) {
	struct kvm_vcpu *vcpu;
	/* How many were taken, by level */
	u64 *taken;
};

/* The line that KVM_IRQ_LINE moves, and the bits of HCR_EL2 for it. */
FIXTURE_VARIANT(irq_line) {
	bool e2h;
	int line;
	u64 to_el2;
	u64 virtual;
};

FIXTURE_VARIANT_ADD(irq_line, e2h_irq) {
	.e2h = true,
	.line = KVM_ARM_IRQ_CPU_IRQ,
	.to_el2 = HCR_IMO,
	.virtual = HCR_VI,
};

FIXTURE_VARIANT_ADD(irq_line, e2h_fiq) {
	.e2h = true,
	.line = KVM_ARM_IRQ_CPU_FIQ,
	.to_el2 = HCR_FMO,
	.virtual = HCR_VF,
};

FIXTURE_VARIANT_ADD(irq_line, e2h0_irq) {
	.e2h = false,
	.line = KVM_ARM_IRQ_CPU_IRQ,
	.to_el2 = HCR_IMO,
	.virtual = HCR_VI,
};

FIXTURE_VARIANT_ADD(irq_line, e2h0_fiq) {
	.e2h = false,
	.line = KVM_ARM_IRQ_CPU_FIQ,
	.to_el2 = HCR_FMO,
	.virtual = HCR_VF,
};

FIXTURE_SETUP(irq_line)
{
	const char *missing = user_irq_no_el2(variant->e2h);
	u64 (*of_guest)[3];

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_nested_vm(variant->e2h, KVM_ARM_DEV_EL1_VTIMER, 1, guest_follows_plan,
			   &self->vcpu);
	vcpu_set_reg(self->vcpu, KVM_ARM64_SYS_REG(SYS_VBAR_EL1), (u64)user_irq_vectors);
	vcpu_set_reg(self->vcpu, KVM_ARM64_SYS_REG(SYS_VBAR_EL2), (u64)user_irq_vectors);

	of_guest = addr_gva2hva(self->vcpu->vm, (unsigned long)taken);
	self->taken = of_guest[variant->line == KVM_ARM_IRQ_CPU_IRQ ? IRQ : FIQ];
}

FIXTURE_TEARDOWN(irq_line)
{
	kvm_vm_release(self->vcpu->vm);
}

/* A line of a vCPU, that is to rise while the guest is at its body */
struct rise {
	struct kvm_vcpu *vcpu;
	int line;
};

static void raise_line(void *arg)
{
	const struct rise *rise = arg;

	user_irq_set_irq(rise->vcpu, rise->line, true);
}

static struct user_irq_return run_and_raise(struct kvm_vcpu *vcpu, int line,
					    const struct plan *plan, const u64 *taken_at)
{
	struct rise rise = { vcpu, line };
	struct user_irq_return r;

	r = user_irq_run_and(vcpu, plan->body == sleeps, raise_line, &rise);
	/* WFI may end for no reason at all, and the guest have knocked before the line rose. */
	if (r.kind == USER_IRQ_KNOCK && !taken_at[1] && !taken_at[2])
		r = user_irq_run(vcpu);
	return r;
}

/* After a return R: a knock, and what each level has taken by then. */
#define ASSERT_TAKEN(_el1, _el2, _r) do {			\
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, _r);			\
	ASSERT_EQ(_el1, self->taken[1]);			\
	ASSERT_EQ(_el2, self->taken[2]);			\
} while (0)

#define RUN_AND_ASSERT_TAKEN(_el1, _el2)			\
	ASSERT_TAKEN(_el1, _el2, user_irq_run(self->vcpu))

/*
 * An interrupt that HCR_EL2 routes to EL2 is taken there while EL2's own guest
 * runs, and not by that guest: each time that the VMM raises it, and no more once
 * the VMM has lowered it.
 *
 * Clause: delivery
 */
TEST_F(irq_line, routed_to_el2_is_taken_there)
{
	const struct plan p = { .hcr = variant->to_el2, .body = guest_knocks };
	int i;

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	for (i = 0; i < ROUNDS; i++) {
		user_irq_set_irq(self->vcpu, variant->line, true);
		RUN_AND_ASSERT_TAKEN(0, i + 1);
		user_irq_set_irq(self->vcpu, variant->line, false);
		RUN_AND_ASSERT_TAKEN(0, i + 1);
	}
}

/*
 * EL2's guest cannot mask what is EL2's.
 *
 * Clause: delivery
 */
TEST_F(irq_line, routed_to_el2_ignores_the_mask_of_el1)
{
	const struct plan p = { .hcr = variant->to_el2, .masked = true, .body = guest_knocks };

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	RUN_AND_ASSERT_TAKEN(0, 1);
	user_irq_set_irq(self->vcpu, variant->line, false);
	RUN_AND_ASSERT_TAKEN(0, 1);
}

/*
 * It need not wait for an exit of the guest's: a VMM's other thread raises the line
 * while EL2's guest computes, and EL2 takes the interrupt.
 *
 * Clause: delivery
 */
TEST_F(irq_line, routed_to_el2_interrupts_a_guest_that_runs)
{
	const struct plan p = { .hcr = variant->to_el2, .masked = true, .body = waits };

	write_guest_global(self->vcpu->vm, plan, p);
	ASSERT_TAKEN(0, 1, run_and_raise(self->vcpu, variant->line, &p, self->taken));
}

/*
 * Nor for a guest of EL2's that sleeps in WFI.
 *
 * Clause: delivery
 */
TEST_F(irq_line, routed_to_el2_interrupts_a_guest_in_wfi)
{
	const struct plan p = { .hcr = variant->to_el2, .masked = true, .body = sleeps };

	write_guest_global(self->vcpu->vm, plan, p);
	ASSERT_TAKEN(0, 1, run_and_raise(self->vcpu, variant->line, &p, self->taken));
}

/*
 * A line that falls before the guest has run again brings no interrupt.
 *
 * Clause: delivery
 */
TEST_F(irq_line, lowered_in_time_is_not_taken)
{
	const struct plan p = { .hcr = variant->to_el2, .body = guest_knocks };
	int i;

	write_guest_global(self->vcpu->vm, plan, p);
	for (i = 0; i < ROUNDS; i++) {
		RUN_AND_ASSERT_TAKEN(0, 0);
		user_irq_set_irq(self->vcpu, variant->line, true);
		user_irq_set_irq(self->vcpu, variant->line, false);
	}
	RUN_AND_ASSERT_TAKEN(0, 0);
}

/*
 * At EL2 it is EL2's mask that counts.
 *
 * Clause: delivery
 */
TEST_F(irq_line, routed_to_el2_waits_while_el2_masks_it)
{
	const struct plan p = {
		.hcr = variant->to_el2, .at_el2 = true, .masked = true, .body = knocks_then_unmasks,
	};

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	RUN_AND_ASSERT_TAKEN(0, 0);
	RUN_AND_ASSERT_TAKEN(0, 1);
}

/*
 * TGE routes to EL2 whatever IMO and FMO say.
 *
 * Clause: delivery
 */
TEST_F(irq_line, tge_routes_to_el2)
{
	const struct plan p = { .hcr = HCR_TGE, .at_el2 = true, .body = guest_knocks };

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	RUN_AND_ASSERT_TAKEN(0, 1);
	user_irq_set_irq(self->vcpu, variant->line, false);
	RUN_AND_ASSERT_TAKEN(0, 1);
}

/*
 * An EL2 that sleeps in WFI is woken by an interrupt of its own, and takes it.
 *
 * Clause: delivery
 */
TEST_F(irq_line, routed_to_el2_ends_its_wfi)
{
	const struct plan p = { .hcr = variant->to_el2, .at_el2 = true, .body = sleeps };

	write_guest_global(self->vcpu->vm, plan, p);
	ASSERT_TAKEN(0, 1, run_and_raise(self->vcpu, variant->line, &p, self->taken));
}

/*
 * An interrupt that HCR_EL2 leaves to EL1 is taken there, as if there were no EL2.
 *
 * Clause: delivery
 */
TEST_F(irq_line, left_to_el1_is_taken_there)
{
	const struct plan p = { .body = guest_knocks };

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	RUN_AND_ASSERT_TAKEN(1, 0);
	user_irq_set_irq(self->vcpu, variant->line, false);
	RUN_AND_ASSERT_TAKEN(1, 0);
}

/*
 * EL1 masks its own interrupts: then nobody takes them.
 *
 * Clause: delivery
 */
TEST_F(irq_line, left_to_el1_waits_while_el1_masks_it)
{
	const struct plan p = { .masked = true, .body = knocks_then_unmasks };

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	RUN_AND_ASSERT_TAKEN(0, 0);
	RUN_AND_ASSERT_TAKEN(1, 0);
}

/*
 * EL2 does not take what is EL1's, even if it masks nothing: it waits until EL2
 * enters EL1.
 *
 * Clause: delivery
 */
TEST_F(irq_line, left_to_el1_waits_while_el2_runs)
{
	const struct plan p = { .at_el2 = true, .body = knocks_then_enters_el1 };

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	RUN_AND_ASSERT_TAKEN(0, 0);
	RUN_AND_ASSERT_TAKEN(1, 0);
}

/*
 * While it waits for EL1 it ends a WFI of EL2's all the same: an interrupt does,
 * whoever is going to take it.
 *
 * Clause: delivery
 */
TEST_F(irq_line, left_to_el1_ends_a_wfi_of_el2)
{
	const struct plan p = { .at_el2 = true, .body = sleeps };

	write_guest_global(self->vcpu->vm, plan, p);
	ASSERT_TAKEN(0, 0, run_and_raise(self->vcpu, variant->line, &p, self->taken));
	RUN_AND_ASSERT_TAKEN(0, 0);
}

/*
 * Nor does a WFI of EL2's wait that comes after it. A CPU that does not see the
 * interrupt would wait, for the host's next one, so KVM has to see each WFI.
 *
 * Clause: delivery
 */
TEST_F(irq_line, left_to_el1_lets_no_wfi_of_el2_wait)
{
	const struct plan p = { .at_el2 = true, .body = knocks_then_sleeps };
	int i;

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	/* Where an interrupt of the host's is pending, the CPU goes on without a trap. */
	for (i = 0; i < 10 * ROUNDS && user_irq_stat(self->vcpu, "wfi_exit_stat") < ROUNDS; i++)
		RUN_AND_ASSERT_TAKEN(0, 0);
	EXPECT_LE(ROUNDS, user_irq_stat(self->vcpu, "wfi_exit_stat"));
}

/*
 * A virtual interrupt that EL2 raises for its guest by HCR_EL2 is that guest's,
 * and one that the VMM raises meanwhile is EL2's.
 *
 * Clause: delivery
 */
TEST_F(irq_line, of_the_vmm_and_of_el2_do_not_mix)
{
	const struct plan p = { .hcr = variant->to_el2 | variant->virtual, .body = guest_knocks };

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(1, 0);
	user_irq_set_irq(self->vcpu, variant->line, true);
	RUN_AND_ASSERT_TAKEN(1, 1);
	user_irq_set_irq(self->vcpu, variant->line, false);
	RUN_AND_ASSERT_TAKEN(2, 1);
}

/*
 * Such a virtual interrupt takes HCR_EL2's routing to EL2, too: without that
 * there is none.
 *
 * Clause: delivery
 */
TEST_F(irq_line, of_el2_needs_its_routing)
{
	const struct plan p = { .hcr = variant->virtual, .body = guest_knocks };

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	RUN_AND_ASSERT_TAKEN(0, 0);
}

/*
 * Such a virtual interrupt ends a WFI of that guest's, masked as it may be.
 *
 * Clause: delivery
 */
TEST_F(irq_line, of_el2_ends_a_wfi_of_its_guest)
{
	const struct plan p = {
		.hcr = variant->to_el2 | variant->virtual, .masked = true, .body = sleeps,
	};

	write_guest_global(self->vcpu->vm, plan, p);
	RUN_AND_ASSERT_TAKEN(0, 0);
	RUN_AND_ASSERT_TAKEN(0, 0);
}

TEST_HARNESS_MAIN
