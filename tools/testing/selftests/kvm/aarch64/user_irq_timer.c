// SPDX-License-Identifier: GPL-2.0
/*
 * The lines of the EL1 timers as time and the guest move them.
 */
#include "arch_timer.h"
#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

extern char user_irq_after_wfi[];

/* noinline: the label must be there once. */
static noinline void guest_wfi(void)
{
	asm volatile("wfi\n"
		     ".global user_irq_after_wfi\n"
		     "user_irq_after_wfi:\n" ::: "memory");
}

static bool guest_timer_expired(struct user_irq_guest *g)
{
	if (g->line == KVM_ARM_DEV_EL1_PTIMER)
		return timer_get_ctl(PHYSICAL) & CTL_ISTATUS;
	return timer_get_ctl(VIRTUAL) & CTL_ISTATUS;
}

static void guest_arms_and_spins(struct user_irq_guest *g)
{
	guest_arm(g);
	guest_wait(g);
}

static void guest_arms_and_sleeps(struct user_irq_guest *g)
{
	for (;;) {
		guest_arm(g);
		do {
			guest_wfi();
		} while (!guest_timer_expired(g));
		guest_knock(g);
	}
}

static void guest_arms_and_knocks(struct user_irq_guest *g)
{
	for (;;) {
		guest_arm(g);
		guest_knock(g);
	}
}

FIXTURE(line) {
	struct kvm_vcpu *vcpu;
	struct user_irq_guest *g;
};

FIXTURE_VARIANT(line) {
	u64 line;
};

FIXTURE_VARIANT_ADD(line, vtimer) { .line = KVM_ARM_DEV_EL1_VTIMER };
FIXTURE_VARIANT_ADD(line, ptimer) { .line = KVM_ARM_DEV_EL1_PTIMER };

FIXTURE_SETUP(line)
{
	const char *missing = user_irq_missing(variant->line);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(variant->line, 1, guest_arms_and_knocks, &self->vcpu);
	self->g = user_irq_guest(self->vcpu);
}

FIXTURE_TEARDOWN(line)
{
	if (self->vcpu)
		kvm_vm_free(self->vcpu->vm);
}

/*
 * A guest that computes and never exits by itself is interrupted in time: the
 * timer's expiry brings the vCPU back to the VMM, with the line's bit set.
 *
 * Clause: notified
 */
TEST_F(line, rises_while_guest_runs)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_arms_and_spins);
	r = user_irq_run(self->vcpu);
	ASSERT_EQ(USER_IRQ_INTR, r.kind)
		TH_LOG("%s", user_irq_str(&r));
	EXPECT_EQ(variant->line, r.levels);
}

/*
 * A guest that waits for an interrupt sleeps inside KVM_RUN. The expiry of its
 * timer wakes it there and brings it back to the VMM, who alone can give it
 * that interrupt.
 *
 * Only a rise after the WFI proves that. Where the guest is late and the line
 * rises before, the VMM drives the guest over its WFI by KVM_IRQ_LINE, as it
 * would with an interrupt controller of its own, and the guest tries again with
 * more time.
 *
 * Clause: notified
 */
TEST_F(line, rises_in_wfi)
{
	const u32 guest_irq = KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT;
	const u64 deadline = user_irq_deadline();
	struct user_irq_return r;
	int undecided = 0;
	u64 pc;

	user_irq_start_at(self->vcpu, guest_arms_and_sleeps);
	for (;;) {
		do {
			r = user_irq_run(self->vcpu);
		} while (r.kind == USER_IRQ_INTR && !r.levels);

		vcpu_get_reg(self->vcpu, ARM64_CORE_REG(regs.pc), &pc);
		if (r.kind == USER_IRQ_INTR && pc == (u64)user_irq_after_wfi)
			break;

		undecided++;
		if (r.kind == USER_IRQ_INTR) {
			kvm_irq_line(self->vcpu->vm, guest_irq, 1);
			user_irq_run_to_knock(self->vcpu, &r);
			kvm_irq_line(self->vcpu->vm, guest_irq, 0);
		}
		ASSERT_EQ(USER_IRQ_KNOCK, r.kind)
			TH_LOG("%s", user_irq_str(&r));
		ASSERT_EQ(variant->line, r.levels);
		ASSERT_FALSE(user_irq_is_past(deadline));
		self->g->delay_us *= 2;
	}
	EXPECT_EQ(variant->line, r.levels);
	TH_LOG("undecided: %d", undecided);
}

/*
 * Time passes while the VMM is busy, too. If the timer expires then, the VMM
 * learns it from KVM_RUN before the guest gets to run on.
 *
 * Clause: return-before-run
 */
TEST_F(line, rises_between_runs)
{
	const u64 deadline = user_irq_deadline();
	struct user_irq_return r;
	int undecided = 0;
	u64 progress;

	for (;;) {
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_EQ(USER_IRQ_KNOCK, r.kind)
			TH_LOG("%s", user_irq_str(&r));
		if (!r.levels)
			break;

		/* It had expired by then: once more, with more time. */
		ASSERT_FALSE(user_irq_is_past(deadline));
		undecided++;
		self->g->delay_us *= 2;
	}

	ASSERT_TRUE(user_irq_wait_expired(self->vcpu, variant->line));
	progress = self->g->progress;
	r = user_irq_run(self->vcpu);
	ASSERT_EQ(USER_IRQ_INTR, r.kind)
		TH_LOG("%s", user_irq_str(&r));
	EXPECT_EQ(variant->line, r.levels);
	EXPECT_EQ(progress, self->g->progress);
	TH_LOG("undecided: %d", undecided);
}

static enum arch_timer raised_and_told(struct user_irq_guest *g)
{
	guest_raise(g->line);
	guest_knock(g);
	return g->line == KVM_ARM_DEV_EL1_PTIMER ? PHYSICAL : VIRTUAL;
}

static void guest_masks(struct user_irq_guest *g)
{
	timer_set_ctl(raised_and_told(g), CTL_ENABLE | CTL_IMASK);
	guest_knock(g);
}

static void guest_disables(struct user_irq_guest *g)
{
	timer_set_ctl(raised_and_told(g), 0);
	guest_knock(g);
}

static void guest_reprograms(struct user_irq_guest *g)
{
	const enum arch_timer timer = raised_and_told(g);

	/* In an hour. QEMU 7.2 hangs on the largest value under an offset. */
	timer_set_cval(timer, timer_get_cntct(timer) + msec_to_cycles(3600 * 1000));
	guest_knock(g);
}

#define EXPECT_HIGH_THEN_LOW(guest_code) do {			\
	struct user_irq_return r;				\
								\
	user_irq_start_at(self->vcpu, guest_code);		\
	user_irq_run_to_knock(self->vcpu, &r);			\
	ASSERT_EQ(USER_IRQ_KNOCK, r.kind)			\
		TH_LOG("%s", user_irq_str(&r));			\
	ASSERT_EQ(variant->line, r.levels);			\
	user_irq_run_to_knock(self->vcpu, &r);			\
	ASSERT_EQ(USER_IRQ_KNOCK, r.kind)			\
		TH_LOG("%s", user_irq_str(&r));			\
	EXPECT_EQ(0, r.levels);					\
} while (0)

/*
 * The guest's handler masks the timer: the VMM sees the line fall, and can take
 * the interrupt back.
 *
 * Clause: every-return
 */
TEST_F(line, falls_when_masked)
{
	EXPECT_HIGH_THEN_LOW(guest_masks);
}

/*
 * The same, when the guest disables the timer.
 *
 * Clause: every-return
 */
TEST_F(line, falls_when_disabled)
{
	EXPECT_HIGH_THEN_LOW(guest_disables);
}

/*
 * The same, when the guest sets a new time that has not come yet.
 *
 * Clause: every-return
 */
TEST_F(line, falls_when_reprogrammed)
{
	EXPECT_HIGH_THEN_LOW(guest_reprograms);
}

TEST_HARNESS_MAIN
