// SPDX-License-Identifier: GPL-2.0
/*
 * The lines in depth: every state of the timers and of the PMU that moves them,
 * and every way to get there.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

#include <linux/bits.h>
#include <perf/arm_pmuv3.h>

#define ROUNDS		50
#define OVERFLOWS	20
#define EXITS		1000
#define RANDOM_STATES	2000
#define COUNTER_TRIES	20
/* ID_AA64DFR0_EL1.PMUVer, and from which one on event counters can have 64 bits. */
#define PMU_VERSION(dfr0)	((dfr0) >> 8 & 0xf)
#define PMU_LONG_COUNTERS	6
/* Of PMCR_EL0: how many event counters there are */
#define PMU_COUNTERS(pmcr)	((pmcr) >> 11 & 0x1f)

/* No test takes so long, or counts so far. */
#define LONG_COUNT	BIT(40)
#define LONG_US		(600 * 1000 * 1000L)

/* Where a timer stands, from long ago to never. */
static const struct setting {
	enum { ABSOLUTE, FROM_NOW, TVAL } by;
	s64 value;
} settings[] = {
	{ ABSOLUTE, 0 },
	{ ABSOLUTE, 1 },
	{ ABSOLUTE, -1 },
	{ FROM_NOW, -1000 },
	{ FROM_NOW, LONG_US },
	{ TVAL, -1000 },
	{ TVAL, 0 },
	{ TVAL, INT_MAX },
};

#define ALL_CTL		(CTL_ENABLE | CTL_IMASK)
#define NR_STATES	((ALL_CTL + 1) * (int)ARRAY_SIZE(settings))

static int state_ctl(int state)
{
	return state & ALL_CTL;
}

static const struct setting *state_setting(int state)
{
	return &settings[state / (ALL_CTL + 1)];
}

/* What the guest's timer says of itself after each change. */
static u64 ctl_seen;

static void guest_walks_through_states(struct user_irq_guest *g)
{
	const enum arch_timer timer = user_irq_timer(g->line);
	int state;

	for (state = 0; state < NR_STATES; state++) {
		const struct setting *s = state_setting(state);

		timer_set_ctl(timer, 0);
		if (s->by == TVAL)
			timer_set_tval(timer, s->value);
		else if (s->by == FROM_NOW)
			timer_set_cval(timer, timer_get_cntct(timer) +
				       s->value * (s64)timer_get_cntfrq() / 1000000);
		else
			timer_set_cval(timer, s->value);
		timer_set_ctl(timer, state_ctl(state));
		WRITE_ONCE(ctl_seen, timer_get_ctl(timer));
		guest_knock(g);
	}
}

static void guest_races_timers(struct user_irq_guest *g)
{
	int i, us;

	for (i = 0; ; i++) {
		us = 50 + i * 7 % 30;
		timer_set_ctl(VIRTUAL, 0);
		timer_set_ctl(PHYSICAL, 0);
		timer_set_cval(VIRTUAL, timer_get_cntct(VIRTUAL) + usec_to_cycles(us));
		timer_set_cval(PHYSICAL, timer_get_cntct(PHYSICAL) + usec_to_cycles(70));
		timer_set_ctl(VIRTUAL, CTL_ENABLE);
		timer_set_ctl(PHYSICAL, CTL_ENABLE);
		guest_wait(g);
		timer_set_ctl(VIRTUAL, 0);
		timer_set_ctl(PHYSICAL, 0);
		WRITE_ONCE(g->stop, 0);
		guest_knock(g);
	}
}

FIXTURE(timer) {
	struct kvm_vcpu *vcpus[2];
	struct user_irq_guest *g;
	const struct user_irq_timer_regs *regs;
};

FIXTURE_VARIANT(timer) {
	u64 line;
};

FIXTURE_VARIANT_ADD(timer, vtimer) {
	.line = KVM_ARM_DEV_EL1_VTIMER
};

FIXTURE_VARIANT_ADD(timer, ptimer) {
	.line = KVM_ARM_DEV_EL1_PTIMER
};

FIXTURE_SETUP(timer)
{
	const char *missing = user_irq_missing(variant->line);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(variant->line, 2, guest_knocks, self->vcpus);
	self->g = user_irq_guest(self->vcpus[0]);
	self->g->delay_us = LONG_US;
	self->regs = user_irq_timer_regs(variant->line);
}

FIXTURE_TEARDOWN(timer)
{
	kvm_vm_release(self->vcpus[0]->vm);
}

/* So far on, what a guest has armed has expired. */
static u64 past_long_ticks(void)
{
	return (LONG_US / 1000 + 100) * (u64)timer_get_cntfrq() / 1000;
}

static void set_offset(struct kvm_vm *vm, u64 offset)
{
	struct kvm_arm_counter_offset to = { .counter_offset = offset };

	vm_ioctl(vm, KVM_ARM_SET_COUNTER_OFFSET, &to);
}

static bool fires(u64 ctl)
{
	return (ctl & (CTL_ENABLE | CTL_IMASK | CTL_ISTATUS)) == (CTL_ENABLE | CTL_ISTATUS);
}

/*
 * The line is high if the timer is enabled, not masked, and its time has come;
 * in every other of its states it is low. That holds for a time that was set by
 * CVAL and by TVAL, for the first time there is, and for the last, which is never.
 *
 * Clause: every-return
 */
TEST_F(timer, every_state_set_by_the_guest)
{
	struct user_irq_return r;
	int state, high = 0, enabled = 0, undecided = 0;
	u64 ctl;

	/* The largest CVAL and an offset exceed 64 bits: QEMU 7.2 is lost there. */
	set_offset(self->vcpus[0]->vm, 0);
	user_irq_start_at(self->vcpus[0], guest_walks_through_states);
	for (state = 0; state < NR_STATES; state++) {
		/* The fall from the state before, and the rise to this one */
		EXPECT_GE(2, user_irq_run_to_knock(self->vcpus[0], &r));
		sync_global_from_guest(self->vcpus[0]->vm, ctl_seen);
		ctl = ctl_seen;
		EXPECT_EQ(state_ctl(state), ctl & ALL_CTL);
		/* A guest may be kept off for the two seconds that the largest TVAL is here. */
		if (r.kind == USER_IRQ_KNOCK && r.levels && !fires(ctl) &&
		    user_irq_level(self->vcpus[0], variant->line)) {
			undecided++;
			continue;
		}
		if (!!r.levels != fires(ctl))
			TH_LOG("state %d", state);
		ASSERT_RETURN(USER_IRQ_KNOCK, fires(ctl) ? variant->line : 0, r);
		/* That may be over by then, as above. */
		high += r.levels && state_setting(state)->value != INT_MAX;
		if (ctl & CTL_ENABLE)
			enabled |= BIT((ctl & CTL_IMASK ? 2 : 0) + !!(ctl & CTL_ISTATUS));
	}
	TH_LOG("undecided: %d", undecided);
	/* With CTL at ENABLE: long ago, now, and -1000 either way. */
	EXPECT_EQ(5, high);
	/* IMASK and ISTATUS in all combinations. ISTATUS of a disabled timer is UNKNOWN. */
	EXPECT_EQ(0xf, enabled);
}

/*
 * The same states, set by the VMM: each change of the line is told before the
 * guest runs, and nothing else is.
 *
 * Clause: return-before-run
 */
TEST_F(timer, every_state_set_by_the_vmm)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	u64 levels, told = 0;
	int state, returns, high = 0;

	set_offset(vcpu->vm, 0);
	for (state = 0; state < NR_STATES; state++) {
		const struct setting *s = state_setting(state);

		/* TVAL is no register that a VMM can set. */
		if (s->by == TVAL)
			continue;
		vcpu_set_reg(vcpu, self->regs->cval, s->by == ABSOLUTE ? (u64)s->value :
			     user_irq_get_reg(vcpu, self->regs->cnt) +
			     s->value * timer_get_cntfrq() / 1000000);
		vcpu_set_reg(vcpu, self->regs->ctl, state_ctl(state));

		levels = user_irq_level(vcpu, variant->line) ? variant->line : 0;
		returns = user_irq_run_to_knock(vcpu, &r);
		if (r.levels != levels)
			TH_LOG("state %d", state);
		ASSERT_RETURN(USER_IRQ_KNOCK, levels, r);
		EXPECT_EQ(levels != told, returns);
		told = levels;
		high += !!levels;
	}
	/* With CTL at ENABLE: long ago, twice, and a millisecond ago. */
	EXPECT_EQ(3, high);
}

/*
 * A VM's counters can be set while its timers run, as after a migration. A timer
 * whose time has come by that has its line high before the guest runs on, and
 * low again if the time goes back.
 *
 * Clause: return-before-run
 */
TEST_F(timer, counter_offset_moves_the_line)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	u64 progress, offset;

	user_irq_start_at(vcpu, guest_arms_and_knocks);
	user_irq_run_to_knock(vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	progress = self->g->progress;

	/* The physical counter begins without an offset. Back is not to the tick. */
	offset = user_irq_get_reg(vcpu, KVM_REG_ARM_PTIMER_CNT) -
		 user_irq_get_reg(vcpu, self->regs->cnt);
	set_offset(vcpu->vm, offset - past_long_ticks());
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

	set_offset(vcpu->vm, offset);
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	EXPECT_EQ(progress, self->g->progress);
}

static void guest_arms_by_tval_and_lowers(struct user_irq_guest *g)
{
	const enum arch_timer timer = user_irq_timer(g->line);
	const u64 ticks = usec_to_cycles(g->delay_us);
	u64 before, from;

	for (;;) {
		timer_set_ctl(timer, 0);
		before = timer_get_cntct(timer);
		timer_set_tval(timer, ticks);
		from = timer_get_cval(timer) - ticks;
		__GUEST_ASSERT(before <= from && from <= timer_get_cntct(timer),
			       "TVAL counts from %lu, and was set after %lu",
			       (unsigned long)from, (unsigned long)before);
		timer_set_ctl(timer, CTL_ENABLE);
		guest_wait(g);
		guest_set_level(g->line, false);
		WRITE_ONCE(g->stop, 0);
		guest_knock(g);
	}
}

/*
 * A guest under an offset moves its line as any other does, by CVAL and by TVAL.
 * Where the hardware cannot add the offset, its accesses to the physical timer trap.
 *
 * Clause: notified
 */
TEST_F(timer, guest_under_an_offset_moves_the_line)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	int i;

	self->g->delay_us = 1000;
	set_offset(vcpu->vm, timer_get_cntfrq() / 1000);
	for (i = 0; i < 6; i++) {
		if (i % 3 == 0)
			user_irq_start_at(vcpu, i ? guest_arms_by_tval_and_lowers :
						    guest_arms_and_lowers);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		WRITE_ONCE(self->g->stop, 1);
		user_irq_run_to_knock(vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * A guest that comes from a host that has run for longer has timers whose time
 * was over before this host's counter began. Their lines are high all the same.
 *
 * Clause: every-return
 */
TEST_F(timer, time_before_the_hosts_own_is_over)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	u64 hour = 3600 * (u64)timer_get_cntfrq();

	set_offset(vcpu->vm, -hour);
	vcpu_set_reg(vcpu, self->regs->cval, hour / 2);
	vcpu_set_reg(vcpu, self->regs->ctl, CTL_ENABLE);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, user_irq_run(vcpu));
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, user_irq_run(vcpu));
	EXPECT_EQ(hour / 2, user_irq_get_reg(vcpu, self->regs->cval));
}

/*
 * A counter is one for the whole VM. Whichever vCPU it is set by way of, it moves this
 * one's line.
 *
 * Clause: return-before-run
 */
TEST_F(timer, counter_set_by_any_vcpu_moves_the_line)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	u64 progress, now;
	int by;

	user_irq_start_at(vcpu, guest_arms_and_knocks);
	user_irq_run_to_knock(vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	progress = self->g->progress;

	for (by = 0; by < 2; by++) {
		now = user_irq_get_reg(self->vcpus[by], self->regs->cnt);
		vcpu_set_reg(self->vcpus[by], self->regs->cnt, now + past_long_ticks());
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

		vcpu_set_reg(self->vcpus[by], self->regs->cnt, now);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
	EXPECT_EQ(progress, self->g->progress);
}

/* The CVAL that the guest has armed its timer with */
static u64 cval_armed;

static void guest_arms_and_computes(struct user_irq_guest *g)
{
	guest_arm(g);
	WRITE_ONCE(cval_armed, timer_get_cval(user_irq_timer(g->line)));
	guest_wait(g);
}

static void guest_arms_and_waits(struct user_irq_guest *g)
{
	guest_arm(g);
	WRITE_ONCE(cval_armed, timer_get_cval(user_irq_timer(g->line)));
	/* Where WFI does not trap, any interrupt of the host's ends it. */
	for (;;) {
		WRITE_ONCE(g->progress, g->progress + 1);
		guest_wfi();
	}
}

/* Sets the VM's counter by way of one vCPU while another runs, and has that one come back. */
struct setter {
	struct user_irq_runner runner;
	struct kvm_vcpu *other;
	u64 cnt;
	u64 cval;
};

static void set_counter_and_kick(void *arg)
{
	struct setter *s = arg;

	vcpu_set_reg(s->other, s->cnt, user_irq_get_reg(s->other, s->cnt) + past_long_ticks());
	user_irq_kick(&s->runner);
}

/*
 * The first return may tell the line of before: the timer is in the hardware, by the
 * counter of before, until its guest comes back. Then it is the next that tells.
 *
 * A physical timer in the hardware has its time by the host's counter, so its CVAL
 * moves with the guest's. One that sleeps may have been there still: then once more.
 */
static struct user_irq_return run_while_counter_is_set(struct setter *s, bool sleeps,
						       void *guest_code, bool *ran_on)
{
	struct kvm_vcpu *vcpu = s->runner.vcpu;
	struct user_irq_guest *g = user_irq_guest(vcpu);
	struct user_irq_return r;
	int tries = 0;
	u64 progress;

	do {
		user_irq_start_at(vcpu, guest_code);
		r = user_irq_run_and(vcpu, sleeps, set_counter_and_kick, s);
		sync_global_from_guest(vcpu->vm, cval_armed);
	} while (user_irq_get_reg(vcpu, s->cval) != cval_armed && ++tries < COUNTER_TRIES);

	progress = g->progress;
	if (r.kind == USER_IRQ_INTR && !r.levels)
		r = user_irq_run(vcpu);
	*ran_on = g->progress != progress;
	return r;
}

/*
 * A counter may be set while a vCPU runs, or waits in WFI, which that does not end:
 * the VMM makes the vCPU come back, and is told before the guest runs on.
 *
 * Clause: return-before-run
 */
TEST_F(timer, counter_set_while_the_vcpu_runs_is_told)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct setter s = {
		.runner = { .vcpu = vcpu, .thread = pthread_self() },
		.other = self->vcpus[1],
		.cnt = self->regs->cnt,
		.cval = self->regs->cval,
	};
	const bool sleeps = user_irq_wfi_traps(vcpu);
	struct user_irq_return r;
	bool ran_on;

	signal(SIGUSR1, user_irq_ignore_signal);
	/* No physical timer, which would be in the hardware */
	if (variant->line == KVM_ARM_DEV_EL1_VTIMER) {
		r = run_while_counter_is_set(&s, false, guest_arms_and_computes, &ran_on);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		EXPECT_FALSE(ran_on);
		user_irq_set_level(vcpu, variant->line, false);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	} else if (!sleeps) {
		SKIP(return, "WFI does not trap here: a waiting guest's timer is in the hardware");
	}

	r = run_while_counter_is_set(&s, sleeps, guest_arms_and_waits, &ran_on);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	EXPECT_FALSE(ran_on);
}

FIXTURE(timers) {
	struct kvm_vcpu *vcpu;
};

FIXTURE_SETUP(timers)
{
	const char *missing = user_irq_missing(USER_IRQ_TIMERS);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(USER_IRQ_TIMERS, 1, guest_races_timers, &self->vcpu);
}

FIXTURE_TEARDOWN(timers)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * The largest CVAL never comes, though the guest's counter is behind the host's
 * and that time, in the host's, would be one that is over. The virtual timer's
 * turn would be the same, but QEMU 7.2 hangs at it.
 *
 * Clause: every-return
 */
TEST_F(timers, last_time_of_the_ptimer_never_comes)
{
	struct kvm_vcpu *vcpu = self->vcpu;

	user_irq_start_at(vcpu, guest_knocks);
	set_offset(vcpu->vm, user_irq_get_reg(vcpu, KVM_REG_ARM_PTIMER_CNT) / 2);
	vcpu_set_reg(vcpu, KVM_REG_ARM_PTIMER_CVAL, 0);
	vcpu_set_reg(vcpu, KVM_REG_ARM_PTIMER_CTL, CTL_ENABLE);
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_EL1_PTIMER, user_irq_run(vcpu));

	vcpu_set_reg(vcpu, KVM_REG_ARM_PTIMER_CVAL, ~0ULL);
	ASSERT_RETURN(USER_IRQ_INTR, 0, user_irq_run(vcpu));
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, user_irq_run(vcpu));
	EXPECT_EQ(~0ULL, user_irq_get_reg(vcpu, KVM_REG_ARM_PTIMER_CVAL));
}

/*
 * Two timers that expire within a few microseconds are told by one return or by
 * two. The first to be told does not hide the second.
 *
 * Clause: notified
 */
TEST_F(timers, racing_timers_are_both_told)
{
	struct kvm_vcpu *vcpu = self->vcpu;
	struct user_irq_return r;
	int i, together = 0;
	u64 before;

	for (i = 0; i < ROUNDS; i++) {
		for (before = 0; before != USER_IRQ_TIMERS; before = r.levels) {
			r = user_irq_run(vcpu);
			ASSERT_EQ(USER_IRQ_INTR, r.kind)
				TH_LOG("%s", user_irq_str(r.kind, r.levels));
			ASSERT_NE(before, r.levels);
			ASSERT_EQ(before, before & r.levels);
			ASSERT_EQ(0, r.levels & ~(u64)USER_IRQ_TIMERS);
			together += !before && r.levels == USER_IRQ_TIMERS;
		}
		WRITE_ONCE(user_irq_guest(vcpu)->stop, 1);
		EXPECT_GE(2, user_irq_run_to_knock(vcpu, &r));
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
	TH_LOG("told together: %d of %d", together, ROUNDS);
}

FIXTURE(all) {
	struct kvm_vcpu *vcpus[2];
};

FIXTURE_SETUP(all)
{
	const char *missing = user_irq_missing(USER_IRQ_LINES);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(USER_IRQ_LINES, 2, guest_knocks, self->vcpus);
}

FIXTURE_TEARDOWN(all)
{
	kvm_vm_release(self->vcpus[0]->vm);
}

/* The same numbers in each run, with each bit set in one of four. */
static u32 guest_random_bits(u64 *random)
{
	*random = *random * 6364136223846793005UL + 1442695040888963407UL;
	return *random >> 24 & *random >> 32;
}

/* The sets of three counters, and the pairs that meet: not if each is in one set or in neither */
#define SETS		8
#define MEETING		(SETS * SETS - 3 * 3 * 3)
#define CYCLES		BIT(USER_IRQ_CYCLE_COUNTER)

/*
 * Every combination of overflow, interrupt and PMU of three counters, and back;
 * then states of all the counters, drawn by lot.
 */
static void guest_switches_counters(struct user_irq_guest *g)
{
	static const u32 bits[SETS] = { 0, BIT(0), BIT(1), BIT(0) | BIT(1),
		CYCLES, CYCLES | BIT(0), CYCLES | BIT(1), CYCLES | BIT(0) | BIT(1) };
	u64 pmcr = read_sysreg(pmcr_el0), random = 1;
	int i, j, e;

	write_sysreg(~0U, pmcntenclr_el0);
	for (i = 0; i < SETS; i++) {
		write_sysreg(~0U, pmovsclr_el0);
		write_sysreg(bits[i], pmovsset_el0);
		for (j = 0; j < SETS; j++) {
			write_sysreg(~0U, pmintenclr_el1);
			write_sysreg(bits[j], pmintenset_el1);
			for (e = 0; e < 2; e++) {
				pmcr = (pmcr & ~ARMV8_PMU_PMCR_E) | (e ? ARMV8_PMU_PMCR_E : 0);
				write_sysreg(pmcr, pmcr_el0);
				isb();
				guest_knock(g);
			}
		}
	}
	for (i = 0; i < RANDOM_STATES; i++) {
		write_sysreg(~0U, pmovsclr_el0);
		write_sysreg(guest_random_bits(&random), pmovsset_el0);
		write_sysreg(~0U, pmintenclr_el1);
		write_sysreg(guest_random_bits(&random), pmintenset_el1);
		pmcr = (pmcr & ~ARMV8_PMU_PMCR_E) | (i % 8 ? ARMV8_PMU_PMCR_E : 0);
		write_sysreg(pmcr, pmcr_el0);
		isb();
		guest_knock(g);
	}
	guest_set_level(KVM_ARM_DEV_PMU, false);
	__GUEST_ASSERT(false, "the host should be done");
}

/*
 * Several counters share the line: it is high as long as one of them has
 * overflowed and may interrupt, and the PMU is on.
 *
 * Clause: every-return
 */
TEST_F(all, counters_share_the_line)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	int i, level, high = 0;

	if (PMU_COUNTERS(user_irq_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMCR_EL0))) < 2)
		SKIP(return, "the guest's PMU has less than two event counters");

	user_irq_start_at(vcpu, guest_switches_counters);
	for (i = 0; i < SETS * SETS * 2; i++) {
		user_irq_run_to_knock(vcpu, &r);
		level = user_irq_level(vcpu, KVM_ARM_DEV_PMU);
		ASSERT_RETURN(USER_IRQ_KNOCK, level ? KVM_ARM_DEV_PMU : 0, r);
		high += level;
	}
	EXPECT_EQ(MEETING, high);

	for (i = 0; i < RANDOM_STATES; i++) {
		user_irq_run_to_knock(vcpu, &r);
		level = user_irq_level(vcpu, KVM_ARM_DEV_PMU);
		ASSERT_RETURN(USER_IRQ_KNOCK, level ? KVM_ARM_DEV_PMU : 0, r);
		high += level;
	}
	TH_LOG("high in %d of %d random states", high - MEETING, RANDOM_STATES);
	/* By how many counters there are: from 15 % with two to 77 % with 31. */
	EXPECT_GT(high - MEETING, RANDOM_STATES / 10);
	EXPECT_LT(high - MEETING, RANDOM_STATES * 9 / 10);
}

/* A counter that is told not to count at EL1 stands still, 1000 before the end. */
static void guest_filters_cycles(struct user_irq_guest *g)
{
	guest_count(USER_IRQ_CYCLE_COUNTER, 0, 1000);
	write_sysreg(ARMV8_PMU_EXCLUDE_EL1, pmccfiltr_el0);
	write_sysreg(~0U, pmovsclr_el0);
	write_sysreg(-1000UL, pmccntr_el0);
	isb();
	guest_run_on(g, 2000);
	guest_knock(g);
	write_sysreg(0, pmccfiltr_el0);
	isb();
	guest_wait(g);
}

static void guest_filters_an_event(struct user_irq_guest *g)
{
	guest_count(0, ARMV8_PMUV3_PERFCTR_CPU_CYCLES | ARMV8_PMU_EXCLUDE_EL1, 1000);
	guest_run_on(g, 2000);
	guest_knock(g);
	write_sysreg(ARMV8_PMUV3_PERFCTR_CPU_CYCLES, pmxevtyper_el0);
	isb();
	guest_wait(g);
}

/*
 * What a counter's filter keeps from counting makes no overflow, so no line rises
 * till the filter lets it: of the cycle counter, and of one that counts events.
 *
 * Clause: notified
 */
TEST_F(all, filtered_counter_leaves_the_line_low)
{
	const struct {
		void *guest_code;
		u64 counter;
		u64 count;
	} filtered[] = {
		{ guest_filters_cycles, KVM_ARM64_SYS_REG(SYS_PMCCNTR_EL0), -1000UL },
		{ guest_filters_an_event, KVM_ARM64_SYS_REG(SYS_PMEVCNTRn_EL0(0)), (u32)-1000 },
	};
	const char *missing = user_irq_uncountable();
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	unsigned int i;

	if (missing)
		SKIP(return, "%s", missing);

	for (i = 0; i < ARRAY_SIZE(filtered); i++) {
		user_irq_start_at(vcpu, filtered[i].guest_code);
		user_irq_run_to_knock(vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
		EXPECT_EQ(filtered[i].count, user_irq_get_reg(vcpu, filtered[i].counter));
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, r);
	}
}

static void guest_counts_what_is_denied(struct user_irq_guest *g)
{
	guest_count(0, ARMV8_PMUV3_PERFCTR_CPU_CYCLES, 1000);
	guest_run_on(g, 2000);
	guest_knock(g);
	guest_set_level(g->line, true);
	guest_wait(g);
}

/*
 * Nor does an event that the VMM keeps from the guest, by a filter of its own: the
 * counter stands still. Another event's overflow is told.
 *
 * Clause: notified
 */
TEST_F(all, event_that_the_vmm_denies_leaves_the_line_low)
{
	const struct kvm_pmu_event_filter filter = {
		.base_event = ARMV8_PMUV3_PERFCTR_CPU_CYCLES,
		.nevents = 1,
		.action = KVM_PMU_EVENT_DENY,
	};
	struct kvm_device_attr attr = {
		.group = KVM_ARM_VCPU_PMU_V3_CTRL,
		.attr = KVM_ARM_VCPU_PMU_V3_FILTER,
		.addr = (u64)&filter,
	};
	const char *missing = user_irq_uncountable();
	struct user_irq_return r;
	struct kvm_vcpu *vcpu;

	if (missing)
		SKIP(return, "%s", missing);

	/* The filter comes before the PMU is set up. */
	user_irq_vm_with(BIT(KVM_ARM_VCPU_PMU_V3), 0, 1, guest_counts_what_is_denied, &vcpu);
	vcpu_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr);
	attr.attr = KVM_ARM_VCPU_PMU_V3_INIT;
	vcpu_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr);
	user_irq_guest(vcpu)->line = KVM_ARM_DEV_PMU;

	user_irq_run_to_knock(vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	EXPECT_EQ((u32)-1000, user_irq_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMEVCNTRn_EL0(0))));
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, r);
	kvm_vm_free(vcpu->vm);
}

static void guest_overflows_at_64_bits(struct user_irq_guest *g)
{
	guest_count(USER_IRQ_CYCLE_COUNTER, 0, 1000);
	guest_wait(g);
}

/* The cycle counter overflows at 32 bits or at 64, as PMCR.LC says. */
static void guest_overflows_at_32_bits(struct user_irq_guest *g)
{
	guest_count(USER_IRQ_CYCLE_COUNTER, 0, LONG_COUNT);
	write_sysreg(read_sysreg(pmcr_el0) & ~ARMV8_PMU_PMCR_LC, pmcr_el0);
	isb();
	if (read_sysreg(pmcr_el0) & ARMV8_PMU_PMCR_LC)
		guest_knock(g);
	write_sysreg((u32)-1000, pmccntr_el0);
	isb();
	guest_wait(g);
}

/*
 * The cycle counter can be of 64 bits, and the overflow at these is told.
 *
 * Clause: notified
 */
TEST_F(all, cycle_counter_overflows_at_64_bits)
{
	const char *missing = user_irq_uncountable();
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_start_at(vcpu, guest_overflows_at_64_bits);
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, r);
	EXPECT_EQ(0, (s64)user_irq_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMCCNTR_EL0)) >> 32);
}

/*
 * Or of 32 bits: then it is the overflow at those.
 *
 * Clause: notified
 */
TEST_F(all, cycle_counter_overflows_at_32_bits)
{
	const char *missing = user_irq_uncountable();
	struct user_irq_return r;

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_start_at(self->vcpus[0], guest_overflows_at_32_bits);
	r = user_irq_run(self->vcpus[0]);
	if (r.kind == USER_IRQ_KNOCK && !r.levels)
		SKIP(return, "the guest's cycle counter has 64 bits only");
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, r);
}

/* What a counter counts, of a chain the lower one; set by the host in the guest's copy. */
static u64 counted;

static void guest_overflows_a_long_counter(struct user_irq_guest *g)
{
	write_sysreg(read_sysreg(pmcr_el0) | ARMV8_PMU_PMCR_LP, pmcr_el0);
	isb();
	guest_count(0, counted, 1000);
	while (!(read_sysreg(pmxevcntr_el0) >> 32))
		write_sysreg(BIT(0), pmswinc_el0);
	guest_knock(g);

	write_sysreg(-1000UL, pmxevcntr_el0);
	isb();
	while (!(read_sysreg(pmovsclr_el0) & BIT(0)))
		write_sysreg(BIT(0), pmswinc_el0);
	guest_knock(g);
}

/* Low past the end of 32 bits, high at the end of 64. */
#define ASSERT_LONG_COUNTER_IS_TOLD(_event) do {				\
	struct kvm_vcpu *_vcpu = self->vcpus[0];				\
	struct user_irq_return _back;						\
	u64 _dfr0 = user_irq_get_reg(_vcpu, KVM_ARM64_SYS_REG(SYS_ID_AA64DFR0_EL1));	\
										\
	if (PMU_VERSION(_dfr0) < PMU_LONG_COUNTERS)				\
		SKIP(return, "the guest's PMU has event counters of 32 bits only");	\
	write_guest_global(_vcpu->vm, counted, _event);				\
	user_irq_start_at(_vcpu, guest_overflows_a_long_counter);		\
	_back = user_irq_run(_vcpu);						\
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, _back);				\
	_back = user_irq_run(_vcpu);						\
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, _back);			\
	_back = user_irq_run(_vcpu);						\
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_PMU, _back);			\
} while (0)

/*
 * An event counter of 64 bits, as PMCR.LP makes it, overflows at the end of these:
 * what would be an overflow at 32 is none.
 *
 * Clause: notified
 */
TEST_F(all, event_counter_overflows_at_64_bits)
{
	ASSERT_LONG_COUNTER_IS_TOLD(ARMV8_PMUV3_PERFCTR_SW_INCR);
}

/*
 * So does one that counts by itself.
 *
 * Clause: notified
 */
TEST_F(all, event_counter_that_counts_overflows_at_64_bits)
{
	const char *missing = user_irq_uncountable();

	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_LONG_COUNTER_IS_TOLD(ARMV8_PMUV3_PERFCTR_CPU_CYCLES);
}

/* The overflow comes before the host's next tick ends the wait, or else the alarm. */
#define OVERFLOW_CYCLES		100000
#define ALARM_US		500000
#define WFI_TRIES		50
#define WAITS			3

static void guest_overflows_in_wfi(struct user_irq_guest *g)
{
	guest_arm(g);
	guest_count(USER_IRQ_CYCLE_COUNTER, 0, OVERFLOW_CYCLES);
	guest_wfi();
	guest_knock(g);
}

/*
 * A counter that counts on while the guest waits in WFI ends the wait by its
 * overflow, as a timer does.
 *
 * Clause: notified
 */
TEST_F(all, overflow_in_wfi_is_told)
{
	const char *missing = user_irq_uncountable();
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_guest *g = user_irq_guest(vcpu);
	struct user_irq_return r;
	int tries, told = 0, missed = 0, still = 0;

	if (missing)
		SKIP(return, "%s", missing);
	if (user_irq_wfi_traps(vcpu))
		SKIP(return, "WFI traps here, and no counter of a vCPU that waits counts");

	g->line = KVM_ARM_DEV_EL1_VTIMER;
	g->delay_us = ALARM_US;
	for (tries = 0; tries < WFI_TRIES && told < WAITS; tries++) {
		bool waited, overflowed;

		user_irq_start_at(vcpu, guest_overflows_in_wfi);
		/* The falls since the try before come first. */
		do {
			r = user_irq_run(vcpu);
		} while (r.kind == USER_IRQ_INTR && !r.levels);
		ASSERT_GE(USER_IRQ_KNOCK, r.kind)
			TH_LOG("%s", user_irq_str(r.kind, r.levels));
		waited = r.kind == USER_IRQ_INTR && user_irq_came_from(vcpu, USER_IRQ_INSN_WFI);
		if (waited && r.levels == KVM_ARM_DEV_PMU) {
			told++;
			continue;
		}

		/* Told before the guest was in its WFI, or when that had ended for no reason? */
		overflowed = user_irq_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMOVSSET_EL0)) &
			     BIT(USER_IRQ_CYCLE_COUNTER);
		missed += overflowed && (r.kind == USER_IRQ_KNOCK ||
					 (waited && !(r.levels & KVM_ARM_DEV_PMU)));
		still += !overflowed && waited;
	}
	/*
	 * The counter had overflowed, and the guest waited or ran on: a skip would hide that.
	 * It may do so now and then, with a WFI that ended before.
	 */
	ASSERT_LE(missed, told);
	if (!told)
		SKIP(return, "%s", still ? "the cycle counter stands still while a guest waits in WFI" :
		     "no WFI waits until the cycle counter overflows");
}

/*
 * One that the VMM was told of, and has no interrupt for, lets the vCPU's thread sleep, as a
 * told timer does.
 *
 * Clause: host
 */
TEST_F(all, told_overflow_leaves_a_sleeper_alone)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	long wake_ups;

	user_irq_guest(vcpu)->line = KVM_ARM_DEV_PMU;
	user_irq_start_at(vcpu, guest_raises_and_sleeps);
	user_irq_run_to_knock(vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_PMU, r);

	r = user_irq_run_watched(vcpu, 0, &wake_ups);
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_PMU, r);
	EXPECT_LE(wake_ups, USER_IRQ_MAX_WAKE_UPS);
	EXPECT_GE(USER_IRQ_MAX_WAKE_UPS, user_irq_stat(vcpu, "wfi_exit_stat"));
}

/*
 * Counter 1 counts the overflows of counter 0, two until its own. The interrupt is
 * its alone.
 */
static void guest_overflows_a_chain(struct user_irq_guest *g)
{
	int i;

	guest_count(1, ARMV8_PMUV3_PERFCTR_CHAIN, 2);
	write_sysreg(0, pmselr_el0);
	isb();
	write_sysreg(counted, pmxevtyper_el0);
	write_sysreg(BIT(0), pmcntenset_el0);
	for (i = 0; i < 2; i++) {
		write_sysreg((u32)-1000, pmxevcntr_el0);
		isb();
		while (!(read_sysreg(pmovsclr_el0) & BIT(0)))
			write_sysreg(BIT(0), pmswinc_el0);
		write_sysreg(BIT(0), pmovsclr_el0);
		isb();
		guest_knock(g);
	}
}

/* Low by the first overflow of the lower counter, high by the second. */
#define ASSERT_CHAIN_IS_TOLD(_event) do {					\
	struct kvm_vcpu *_vcpu = self->vcpus[0];				\
	struct user_irq_return _back;						\
										\
	if (PMU_COUNTERS(user_irq_get_reg(_vcpu, KVM_ARM64_SYS_REG(SYS_PMCR_EL0))) < 2)	\
		SKIP(return, "the guest's PMU has fewer than two event counters");	\
	write_guest_global(_vcpu->vm, counted, _event);				\
	user_irq_start_at(_vcpu, guest_overflows_a_chain);			\
	_back = user_irq_run(_vcpu);						\
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, _back);					\
	_back = user_irq_run(_vcpu);						\
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, _back);			\
	user_irq_run_to_knock(_vcpu, &_back);					\
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_PMU, _back);			\
} while (0)

/*
 * Two counters of 32 bits can be one of 64, by the event CHAIN: the line tells the
 * overflow of the upper one.
 *
 * Clause: notified
 */
TEST_F(all, chained_counters_overflow_at_64_bits)
{
	ASSERT_CHAIN_IS_TOLD(ARMV8_PMUV3_PERFCTR_SW_INCR);
}

/*
 * So it does where the lower one counts by itself.
 *
 * Clause: notified
 */
TEST_F(all, chained_counters_that_count_overflow_at_64_bits)
{
	const char *missing = user_irq_uncountable();

	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_CHAIN_IS_TOLD(ARMV8_PMUV3_PERFCTR_CPU_CYCLES);
}

/* The guest's: cycles until its counter overflows */
static u64 cycles_left;

static void guest_overflows_about_its_knock(struct user_irq_guest *g)
{
	for (;;) {
		guest_count(USER_IRQ_CYCLE_COUNTER, 0, READ_ONCE(cycles_left));
		guest_knock(g);
		write_sysreg(BIT(USER_IRQ_CYCLE_COUNTER), pmcntenclr_el0);
		write_sysreg(~0U, pmovsclr_el0);
		isb();
		guest_knock(g);
	}
}

/*
 * A counter may overflow in the last moment before the guest leaves for something else:
 * that return shows it. A host whose interrupt comes a little later may have returned by
 * then: the next KVM_RUN tells it. That is seldom, for the way back is longer.
 *
 * Clause: every-return
 */
TEST_F(all, overflow_about_an_exit_shows_in_that_return)
{
	const char *missing = user_irq_uncountable();
	struct kvm_vcpu *vcpu = self->vcpus[0];
	int i, before_it = 0, with_it = 0, after_it = 0;
	struct user_irq_return r;
	u64 left = 10000;

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_start_at(vcpu, guest_overflows_about_its_knock);
	for (i = 0; i < EXITS; i++) {
		write_guest_global(vcpu->vm, cycles_left, left);
		r = user_irq_run(vcpu);
		if (r.kind == USER_IRQ_INTR) {
			/* Before the guest left: a little later the next time. */
			ASSERT_EQ(KVM_ARM_DEV_PMU, r.levels);
			before_it++;
			left += left / 16 + i % 16;
			user_irq_run_to_knock(vcpu, &r);
			ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_PMU, r);
		} else {
			ASSERT_EQ(USER_IRQ_KNOCK, r.kind);
			with_it += !!r.levels;
			after_it += user_irq_level(vcpu, KVM_ARM_DEV_PMU) != !!r.levels;
			left -= left / 16;
		}
		user_irq_run_to_knock(vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
	EXPECT_LT(0, before_it + with_it + after_it);
	EXPECT_LE(after_it, max(with_it / 4, EXITS / 100));
	if (after_it)
		EXPECT_LT(0, with_it);
	TH_LOG("%d showed it, %d did not", with_it, after_it);
}

static void guest_overflows_for_ever(struct user_irq_guest *g)
{
	for (;;) {
		guest_count(USER_IRQ_CYCLE_COUNTER, 0, 20000);
		guest_wait(g);
		write_sysreg(~0U, pmovsclr_el0);
		isb();
		WRITE_ONCE(g->stop, 0);
		guest_knock(g);
	}
}

struct pinned_thread {
	pthread_t thread;
	struct kvm_vcpu *vcpu;
	int cpu;
	struct user_irq_return last;
	int overflows;
	int mismatches;
};

static void *run_pinned(void *arg)
{
	struct pinned_thread *t = arg;

	if (!user_irq_pin_thread(0, t->cpu))
		return NULL;

	while (t->overflows < OVERFLOWS) {
		t->last = user_irq_run(t->vcpu);
		if (t->last.kind > USER_IRQ_KNOCK)
			break;
		if (user_irq_level(t->vcpu, KVM_ARM_DEV_PMU) != !!t->last.levels)
			t->mismatches++;
		if (t->last.kind == USER_IRQ_INTR && t->last.levels) {
			t->overflows++;
			WRITE_ONCE(user_irq_guest(t->vcpu)->stop, 1);
		}
	}
	return NULL;
}

/*
 * Counters of two vCPUs, on two CPUs, overflow as they like: each vCPU is told of
 * its own, and the registers agree after each return.
 *
 * Clause: every-return
 */
TEST_F(all, pmus_of_two_threads_do_not_mix)
{
	const char *missing = user_irq_uncountable();
	struct pinned_thread threads[2] = {};
	int i;

	if (missing)
		SKIP(return, "%s", missing);
	if (user_irq_cpu(1) < 0)
		SKIP(return, "one CPU: no two vCPUs run at once");

	for (i = 0; i < 2; i++) {
		user_irq_start_at(self->vcpus[i], guest_overflows_for_ever);
		threads[i].vcpu = self->vcpus[i];
		threads[i].cpu = user_irq_cpu(i);
		ASSERT_EQ(0, pthread_create(&threads[i].thread, NULL, run_pinned, &threads[i]));
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i].thread, NULL);
	for (i = 0; i < 2; i++) {
		ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_PMU, threads[i].last);
		EXPECT_EQ(OVERFLOWS, threads[i].overflows);
		EXPECT_EQ(0, threads[i].mismatches);
	}
}

TEST_HARNESS_MAIN
