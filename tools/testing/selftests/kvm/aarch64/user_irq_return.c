// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMM can rely on at each return of KVM_RUN, whichever line it is about.
 */
#include <signal.h>
#include <sys/mman.h>

#include <linux/arm-smccc.h>
#include <linux/psci.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

/* Memory of the VM's that is taken from it */
#define LOST_GPA	0x10000000
#define LOST_SLOT	1

#define AN_HOUR_US	(3600ULL * 1000 * 1000)

/* A comparison that time spoils says nothing, so few may. */
#define MAX_UNDECIDED	5

static void guest_lowers_and_knocks(struct user_irq_guest *g)
{
	for (;;) {
		guest_set_level(g->line, true);
		guest_knock(g);
		guest_set_level(g->line, false);
		guest_knock(g);
		guest_knock(g);
	}
}

/*
 * Intervals that come out differently each time, without a random number. Every
 * other one is so long that it is not over in any case, and the guest sees the end
 * of the rest: so no time between a return and a reading can matter.
 */
static void guest_moves_its_line(struct user_irq_guest *g)
{
	const enum arch_timer timer = user_irq_timer(g->line);
	int i;

	for (i = 0; ; i++) {
		if (g->line == KVM_ARM_DEV_PMU) {
			guest_set_level(g->line, i % 3);
		} else {
			g->delay_us = i % 2 ? AN_HOUR_US : i * 37 % 200;
			guest_arm(g);
			do {
				guest_run_on(g, i * 53 % 200);
			} while (i % 2 == 0 && !(timer_get_ctl(timer) & CTL_ISTATUS));
		}
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
FIXTURE_VARIANT_ADD(line, pmu) { .line = KVM_ARM_DEV_PMU };

FIXTURE_SETUP(line)
{
	const char *missing = user_irq_missing(variant->line);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(variant->line, 1, guest_knocks, &self->vcpu);
	self->g = user_irq_guest(self->vcpu);
}

FIXTURE_TEARDOWN(line)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * A new vCPU's lines are low, and the field says so from the first return on,
 * whatever was in it before. Reverting 22601127c0fa would show here: KVM loaded
 * the state of a vgic that is not there.
 *
 * Clause: every-return
 */
TEST_F(line, low_at_first)
{
	struct user_irq_return r;

	*user_irq_field(self->vcpu) = variant->line;
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * A rise is told by one return. The next runs of the guest go on to wherever it
 * leaves of itself, with the bit still set.
 *
 * Clause: once
 */
TEST_F(line, rise_returns_once)
{
	struct user_irq_return r;
	int i, returns;

	user_irq_start_at(self->vcpu, guest_raises);
	returns = user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	EXPECT_GE(1, returns);

	for (i = 0; i < 10; i++) {
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	}
}

/*
 * A guest that leaves its line high for long, for it has interrupts masked or a
 * handler to finish, makes full use of its CPU: KVM_RUN does not come back
 * again and again, nor does the guest leave for the kernel without end.
 *
 * Clause: host
 */
TEST_F(line, high_line_lets_the_guest_run_on)
{
	ASSERT_RUNS_ON(self->vcpu, variant->line, user_irq_set_level, guest_computes);
}

/*
 * A change that no other exit goes with is told as an interrupted KVM_RUN, which
 * every VMM knows to handle: EINTR, and KVM_EXIT_INTR as the exit's reason.
 *
 * Clause: any-exit
 */
TEST_F(line, change_alone_is_an_interrupted_run)
{
	struct user_irq_return r;

	user_irq_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	EXPECT_EQ(-1, r.ret);
	EXPECT_EQ(EINTR, r.err);
	EXPECT_EQ(KVM_EXIT_INTR, r.reason);
	EXPECT_EQ(variant->line, r.levels);
}

/*
 * A change that comes with another exit is told by that exit. The VMM looks at
 * the field on every return, so there is no second one for it.
 *
 * Where the guest lowers its line without a trap, the kernel finds that out at
 * the MMIO exit that follows at once; where it traps, there is a return before.
 *
 * Clause: once
 */
TEST_F(line, change_and_mmio_exit_are_one_return)
{
	int i, returns, with_exit = 0;
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_lowers_and_knocks);
	for (i = 0; i < 10; i++) {
		returns = user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
		EXPECT_GE(1, returns);

		returns = user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
		EXPECT_GE(1, returns);
		with_exit += !returns;

		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
	TH_LOG("told by the MMIO exit itself: %d of 10", with_exit);
}

/*
 * A VMM that sets immediate_exit gets its vCPU's state completed, and the levels
 * as they are at that moment: higher or lower than it knew them.
 *
 * Clause: every-return
 */
TEST_F(line, immediate_exit_returns_current_levels)
{
	struct user_irq_return r;

	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_EQ(USER_IRQ_KNOCK, r.kind);

	user_irq_set_level(self->vcpu, variant->line, true);
	self->vcpu->run->immediate_exit = 1;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

	user_irq_set_level(self->vcpu, variant->line, false);
	self->vcpu->run->immediate_exit = 1;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	EXPECT_EQ(0, self->g->progress);
}

/*
 * A signal that the VMM's thread has pending ends KVM_RUN, and the levels are
 * current then, too. What that return told is not told again.
 *
 * Clause: every-return
 */
TEST_F(line, signal_returns_current_levels)
{
	struct user_irq_return r;
	sigset_t sigusr1;

	sigemptyset(&sigusr1);
	sigaddset(&sigusr1, SIGUSR1);
	user_irq_keep_signal(self->vcpu, SIGUSR1);

	user_irq_set_level(self->vcpu, variant->line, true);
	raise(SIGUSR1);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	EXPECT_EQ(0, self->g->progress);

	ASSERT_EQ(SIGUSR1, sigwaitinfo(&sigusr1, NULL));
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
}

static void guest_lowers_and_turns_off(struct user_irq_guest *g)
{
	struct arm_smccc_res res;

	guest_set_level(g->line, true);
	guest_knock(g);
	guest_set_level(g->line, false);
	smccc_hvc(PSCI_0_2_FN_SYSTEM_OFF, 0, 0, 0, 0, 0, 0, 0, &res);
}

/*
 * The return by which a guest turns its machine off has the levels as any has.
 * Where the guest lowers its line without a trap, it is the first to tell that.
 *
 * Clause: every-return
 */
TEST_F(line, is_current_at_system_off)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_lowers_and_turns_off);
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_OTHER, 0, r);
	EXPECT_EQ(KVM_EXIT_SYSTEM_EVENT, r.reason);
}

static void guest_lowers_and_touches(struct user_irq_guest *g)
{
	guest_set_level(g->line, true);
	guest_knock(g);
	guest_set_level(g->line, false);
	READ_ONCE(*(u64 *)LOST_GPA);
}

/*
 * So has a run that fails. Here the VMM has taken away the memory that the guest
 * touches.
 *
 * Clause: every-return
 */
TEST_F(line, is_current_at_a_run_that_fails)
{
	struct kvm_vm *vm = self->vcpu->vm;
	struct user_irq_return r;

	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, LOST_GPA, LOST_SLOT,
				    vm_calc_num_guest_pages(vm->mode, getpagesize()), 0);
	virt_map(vm, LOST_GPA, LOST_GPA, 1);
	ASSERT_EQ(0, mprotect(addr_gpa2hva(vm, LOST_GPA), getpagesize(), PROT_NONE));

	user_irq_start_at(self->vcpu, guest_lowers_and_touches);
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	user_irq_run_to_knock(self->vcpu, &r);
	EXPECT_EQ(-1, r.ret);
	EXPECT_EQ(EFAULT, r.err);
	EXPECT_EQ(0, r.levels);
}

/*
 * Bits that no version has defined yet are zero on every return. A VMM that is
 * to run on later kernels, too, may look at all 64.
 *
 * Clause: undefined-bits
 */
TEST_F(line, undefined_bits_are_zero)
{
	struct user_irq_return r;

	*user_irq_field(self->vcpu) = ~(u64)USER_IRQ_LINES;
	user_irq_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

	*user_irq_field(self->vcpu) = ~(u64)USER_IRQ_LINES;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
}

/*
 * The kernel knows by itself what it has told. A line that rises is told, though
 * the VMM had written that bit into the field already.
 *
 * Clause: memory
 */
TEST_F(line, scribble_hides_no_change)
{
	struct user_irq_return r;

	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);

	user_irq_set_level(self->vcpu, variant->line, true);
	*user_irq_field(self->vcpu) = variant->line;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	EXPECT_EQ(0, self->g->progress);
}

/*
 * Nor does what the VMM writes make the kernel return. The guest runs on, and
 * the next return has the true levels in all 64 bits.
 *
 * Clause: memory
 */
TEST_F(line, scribble_makes_no_return)
{
	struct user_irq_return r;

	*user_irq_field(self->vcpu) = ~0ULL;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);

	user_irq_set_level(self->vcpu, variant->line, true);
	user_irq_run_to_knock(self->vcpu, &r);
	*user_irq_field(self->vcpu) = 0;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
}

/*
 * The field is no part of what kvm_valid_regs and kvm_dirty_regs select: it is
 * written with neither, with one, and with both.
 *
 * Clause: independent
 */
TEST_F(line, valid_and_dirty_regs_make_no_difference)
{
	static const u64 regs[][2] = { { 0, 0 }, { ~0, 0 }, { 0, ~0 }, { ~0, ~0 } };
	struct user_irq_return r;
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(regs); i++) {
		self->vcpu->run->kvm_valid_regs = regs[i][0];
		self->vcpu->run->kvm_dirty_regs = regs[i][1];

		user_irq_set_level(self->vcpu, variant->line, true);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		user_irq_set_level(self->vcpu, variant->line, false);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
}

/*
 * Nor is it read back as what kvm_dirty_regs selects is: what the VMM left there
 * is neither a line's level nor what was told of it.
 *
 * Clause: independent
 */
TEST_F(line, valid_and_dirty_regs_read_nothing_back)
{
	struct user_irq_return r;

	self->vcpu->run->kvm_valid_regs = ~0ULL;
	self->vcpu->run->kvm_dirty_regs = ~0ULL;
	*user_irq_field(self->vcpu) = variant->line;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);

	user_irq_set_level(self->vcpu, variant->line, true);
	self->vcpu->run->kvm_dirty_regs = ~0ULL;
	*user_irq_field(self->vcpu) = variant->line;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
}

/*
 * A VM that is restored has its lines set by KVM_SET_ONE_REG before it ever
 * runs. A line that is high by that is told before the guest's first
 * instruction.
 *
 * Clause: return-before-run
 */
TEST_F(line, set_one_reg_before_the_first_run)
{
	struct user_irq_return r;

	user_irq_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	EXPECT_EQ((u64)guest_knocks, user_irq_pc(self->vcpu));
}

/*
 * KVM_SET_ONE_REG moves lines later, too. Either direction is told before the
 * guest runs on.
 *
 * Clause: return-before-run
 */
TEST_F(line, set_one_reg_between_runs)
{
	struct user_irq_return r;

	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_EQ(USER_IRQ_KNOCK, r.kind);

	user_irq_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

	user_irq_set_level(self->vcpu, variant->line, false);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	EXPECT_EQ(0, self->g->progress);
}

/*
 * After each return the field agrees with the registers of the device, which the
 * VMM can read by KVM_GET_ONE_REG.
 *
 * Clause: every-return
 */
TEST_F(line, levels_match_the_registers)
{
	const struct user_irq_timer_regs *regs = user_irq_timer_regs(variant->line);
	int i, high = 0, undecided = 0;
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_moves_its_line);
	for (i = 0; i < 100; i++) {
		const u64 before = user_irq_get_reg(self->vcpu, regs->cnt);
		int expected;

		r = user_irq_run(self->vcpu);
		ASSERT_GE(USER_IRQ_KNOCK, r.kind)
			TH_LOG("%s", user_irq_str(r.kind, r.levels));

		expected = user_irq_level(self->vcpu, variant->line);
		/* What was over before that run was so at its end, too. */
		if (expected < 0 && user_irq_get_reg(self->vcpu, regs->cval) <= before)
			expected = 1;
		if (expected < 0 && !r.levels) {
			undecided++;
			continue;
		}
		ASSERT_RETURN(r.kind, expected ? variant->line : 0, r);
		high += !!r.levels;
	}
	EXPECT_LT(0, high);
	EXPECT_GT(100, high);
	EXPECT_GE(MAX_UNDECIDED, undecided);
	TH_LOG("undecided: %d of 100", undecided);
}

FIXTURE(two) {
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(two) {
	u64 first;
	u64 second;
};

FIXTURE_VARIANT_ADD(two, timers) {
	.first = KVM_ARM_DEV_EL1_VTIMER,
	.second = KVM_ARM_DEV_EL1_PTIMER,
};

FIXTURE_VARIANT_ADD(two, vtimer_and_pmu) {
	.first = KVM_ARM_DEV_EL1_VTIMER,
	.second = KVM_ARM_DEV_PMU,
};

FIXTURE_VARIANT_ADD(two, ptimer_and_pmu) {
	.first = KVM_ARM_DEV_EL1_PTIMER,
	.second = KVM_ARM_DEV_PMU,
};

FIXTURE_SETUP(two)
{
	const char *missing = user_irq_missing(variant->first | variant->second);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(variant->first | variant->second, 1, guest_knocks, &self->vcpu);
}

FIXTURE_TEARDOWN(two)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * Two lines that are high at once each have their bit, and each one's changes
 * are told while the other stays high.
 *
 * Clause: notified
 */
TEST_F(two, lines_do_not_hide_each_other)
{
	const struct {
		u64 line;
		bool high;
		u64 levels;
	} steps[] = {
		{ variant->first, true, variant->first },
		{ variant->second, true, variant->first | variant->second },
		{ variant->first, false, variant->second },
		{ variant->first, true, variant->first | variant->second },
		{ variant->second, false, variant->first },
		{ variant->first, false, 0 },
	};
	struct user_irq_return r;
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(steps); i++) {
		user_irq_set_level(self->vcpu, steps[i].line, steps[i].high);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, steps[i].levels, r);
	}
}

/*
 * Changes that come together are told together.
 *
 * Clause: once
 */
TEST_F(two, lines_change_in_one_return)
{
	struct user_irq_return r;

	user_irq_set_level(self->vcpu, variant->first, true);
	user_irq_set_level(self->vcpu, variant->second, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->first | variant->second, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->first | variant->second, r);
}

TEST_HARNESS_MAIN
