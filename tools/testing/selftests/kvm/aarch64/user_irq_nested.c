// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that has EL2, in a VM without an in-kernel interrupt controller.
 *
 * Needs: kvm-arm.mode=nested
 */
#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq_nested.h"
#include <linux/bitfield.h>
#include <perf/arm_pmuv3.h>

/* Those of EL2's timers, unless a VMM chooses others */
#define HPTIMER_INTID	26
#define HVTIMER_INTID	28

#define NO_LINE_OF_EL2	"the kernel has no line of EL2's timers in a version that the build's headers know"

/* Of MDCR_EL2: EL2's own counters are enabled */
#define MDCR_HPME	BIT(7)

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
	u64 came_by;

	guest_route(HCR_IMO | HCR_FMO);
	for (;;) {
		came_by = guest_run_el1(own_guest_calls, g);
		__GUEST_ASSERT(came_by == USER_IRQ_FROM_EL1_SYNC &&
			       ESR_CLASS(read_sysreg(esr_el2)) == CLASS_HVC &&
			       READ_ONCE(g->expired) == 1 << 2,
			       "vector %lu, ESR_EL2 %#lx, CurrentEL there %#lx",
			       (unsigned long)came_by, (unsigned long)read_sysreg(esr_el2),
			       (unsigned long)READ_ONCE(g->expired));
		guest_knock(g);
	}
}

/* The registers by which the guest, at EL2, reaches a timer */
enum way {
	BY_V_EL0,
	BY_P_EL0,
	BY_V_EL02,
	BY_P_EL02,
	BY_HV_EL2,
	BY_HP_EL2,
};

static enum way way;

#define CASE_OF(_way, _ctl, _cval)		\
	case _way:				\
		write_sysreg_s(cval, _cval);	\
		write_sysreg_s(ctl, _ctl);	\
		break

static void guest_set_timer(u64 ctl, u64 cval)
{
	switch (way) {
	CASE_OF(BY_V_EL0, SYS_CNTV_CTL_EL0, SYS_CNTV_CVAL_EL0);
	CASE_OF(BY_P_EL0, SYS_CNTP_CTL_EL0, SYS_CNTP_CVAL_EL0);
	CASE_OF(BY_V_EL02, SYS_CNTV_CTL_EL02, SYS_CNTV_CVAL_EL02);
	CASE_OF(BY_P_EL02, SYS_CNTP_CTL_EL02, SYS_CNTP_CVAL_EL02);
	CASE_OF(BY_HV_EL2, SYS_CNTHV_CTL_EL2, SYS_CNTHV_CVAL_EL2);
	CASE_OF(BY_HP_EL2, SYS_CNTHP_CTL_EL2, SYS_CNTHP_CVAL_EL2);
	}
	isb();
}

/* All count the same: there are no offsets. */
static void guest_arms(struct user_irq_guest *g)
{
	guest_set_timer(CTL_ENABLE, timer_get_cntct(PHYSICAL) + usec_to_cycles(g->delay_us));
}

static void guest_raises_and_lowers(struct user_irq_guest *g)
{
	write_sysreg_s(0, SYS_CNTVOFF_EL2);
	for (;;) {
		guest_set_timer(CTL_ENABLE, 0);
		guest_knock(g);
		guest_set_timer(0, 0);
		guest_knock(g);
	}
}

static void guest_raises_then(struct user_irq_guest *g, u64 ctl, u64 cval)
{
	write_sysreg_s(0, SYS_CNTVOFF_EL2);
	guest_set_timer(CTL_ENABLE, 0);
	guest_knock(g);
	guest_set_timer(ctl, cval);
	guest_knocks(g);
}

static void guest_raises_and_stays(struct user_irq_guest *g)
{
	guest_raises_then(g, CTL_ENABLE, 0);
}

static void guest_disables(struct user_irq_guest *g)
{
	guest_raises_then(g, 0, 0);
}

static void guest_masks(struct user_irq_guest *g)
{
	guest_raises_then(g, CTL_ENABLE | CTL_IMASK, 0);
}

/* For in an hour */
static void guest_reprograms(struct user_irq_guest *g)
{
	guest_raises_then(g, CTL_ENABLE, timer_get_cntct(PHYSICAL) + msec_to_cycles(3600 * 1000));
}

static void guest_sleeps_on_a_told_line(struct user_irq_guest *g)
{
	write_sysreg_s(0, SYS_CNTVOFF_EL2);
	guest_route(HCR_IMO | HCR_FMO);
	guest_set_timer(CTL_ENABLE, 0);
	guest_knock(g);
	do {
		guest_wfi();
	} while (!read_sysreg(isr_el1));
	guest_knock(g);
}

static void guest_arms_and_computes(struct user_irq_guest *g)
{
	write_sysreg_s(0, SYS_CNTVOFF_EL2);
	for (;;) {
		guest_arms(g);
		guest_wait(g);
		guest_set_timer(0, 0);
		WRITE_ONCE(g->stop, 0);
		guest_knock(g);
	}
}

static void guest_arms_and_sleeps(struct user_irq_guest *g)
{
	write_sysreg_s(0, SYS_CNTVOFF_EL2);
	guest_arms(g);
	for (;;)
		guest_wfi();
}

static void own_guest_computes(struct user_irq_guest *g)
{
	while (!READ_ONCE(g->stop))
		WRITE_ONCE(g->progress, g->progress + 1);
	asm volatile("hvc #0" : : : "memory");
}

static void own_guest_runs_on(struct user_irq_guest *g)
{
	guest_run_on(g, 30000);
	asm volatile("hvc #0" : : : "memory");
}

static void guest_lets_its_own_compute(struct user_irq_guest *g)
{
	guest_route(HCR_IMO | HCR_FMO);
	for (;;) {
		guest_run_el1(own_guest_runs_on, g);
		guest_knock(g);
	}
}

static void own_guest_sleeps(struct user_irq_guest *g)
{
	for (;;)
		guest_wfi();
}

static void guest_arms_and_its_own_sleeps(struct user_irq_guest *g)
{
	write_sysreg_s(0, SYS_CNTVOFF_EL2);
	guest_route(HCR_IMO | HCR_FMO);
	guest_arms(g);
	guest_run_el1(own_guest_sleeps, g);
}

/* Its own guest comes back when the VMM tells it to stop, or interrupts it. */
static void guest_arms_and_runs_its_own(struct user_irq_guest *g)
{
	write_sysreg_s(0, SYS_CNTVOFF_EL2);
	guest_route(HCR_IMO | HCR_FMO);
	for (;;) {
		WRITE_ONCE(g->stop, 0);
		guest_arms(g);
		if (guest_run_el1(own_guest_computes, g) == USER_IRQ_FROM_EL1_IRQ)
			guest_knock(g);
	}
}

static bool has_line(u64 line)
{
	return user_irq_forced() || user_irq_lines_of(kvm_check_cap(KVM_CAP_ARM_USER_IRQ)) & line;
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
	const char *missing = user_irq_no_el2(variant->e2h);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_nested_vm(variant->e2h, KVM_ARM_DEV_EL1_VTIMER, 1, guest_says_where_it_is,
			   &self->vcpu);
}

FIXTURE_TEARDOWN(vm)
{
	kvm_vm_release(self->vcpu->vm);
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

/*
 * The version says that there are lines of EL2's timers. It is the kernel's: a VM
 * whose vCPUs have an EL2 gives no other answer than /dev/kvm.
 *
 * Clause: version
 */
TEST_F(vm, version_has_the_lines_of_el2)
{
	const u64 el2 = KVM_ARM_DEV_EL2_VTIMER | KVM_ARM_DEV_EL2_PTIMER;
	const int version = kvm_check_cap(KVM_CAP_ARM_USER_IRQ);

	if (!has_line(el2))
		SKIP(return, NO_LINE_OF_EL2);

	EXPECT_EQ(el2, user_irq_lines_of(version) & el2);
	EXPECT_EQ(version, vm_check_cap(self->vcpu->vm, KVM_CAP_ARM_USER_IRQ));
}

/*
 * There is an EL2 virtual timer with E2H=1 only. With E2H=0 its line stays low,
 * whatever the VMM writes to registers of that name.
 *
 * Clause: bits
 */
TEST_F(vm, line_of_the_virtual_timer_needs_e2h)
{
	const u64 line = KVM_ARM_DEV_EL2_VTIMER;
	struct user_irq_return r;

	if (!has_line(line))
		SKIP(return, NO_LINE_OF_EL2);

	__vcpu_set_reg(self->vcpu, KVM_ARM64_SYS_REG(SYS_CNTHV_CVAL_EL2), 0);
	__vcpu_set_reg(self->vcpu, KVM_ARM64_SYS_REG(SYS_CNTHV_CTL_EL2), CTL_ENABLE);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(variant->e2h ? USER_IRQ_INTR : USER_IRQ_KNOCK, variant->e2h ? line : 0, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->e2h ? line : 0, r);
}

/*
 * The line is a timer's and no register's: at EL2, CNTV_*_EL0 and CNTP_*_EL0 are the
 * EL2 timers' with E2H=1, and the EL1 timers' with E2H=0.
 *
 * Clause: bits
 */
TEST_F(vm, line_of_a_name_depends_on_e2h)
{
	const u64 lines[][2] = {
		[BY_V_EL0] = { KVM_ARM_DEV_EL1_VTIMER, KVM_ARM_DEV_EL2_VTIMER },
		[BY_P_EL0] = { KVM_ARM_DEV_EL1_PTIMER, KVM_ARM_DEV_EL2_PTIMER },
	};
	struct user_irq_return r;
	unsigned int name;
	int i;

	if (!has_line(lines[BY_P_EL0][variant->e2h]))
		SKIP(return, NO_LINE_OF_EL2);

	for (name = 0; name < ARRAY_SIZE(lines); name++) {
		way = name;
		sync_global_to_guest(self->vcpu->vm, way);
		user_irq_start_at(self->vcpu, guest_raises_and_lowers);
		for (i = 0; i < 10; i++) {
			user_irq_run_to_knock(self->vcpu, &r);
			ASSERT_RETURN(USER_IRQ_KNOCK, i % 2 ? 0 : lines[name][variant->e2h], r);
		}
	}
}

/*
 * A VM with a vgic may have EL2, too, and its lines go there: nothing is written to
 * the field, and no line makes KVM_RUN return. Beside it, one without is served.
 *
 * Clause: vgic
 */
TEST_F(vm, with_a_vgic_is_left_alone)
{
	struct user_irq_return r;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i, gic_fd;

	vm = user_irq_nested_vm(variant->e2h, KVM_ARM_DEV_EL2_PTIMER, 1, guest_knocks, &vcpu);
	gic_fd = user_irq_add_vgic(vm);
	user_irq_nested_set_level(vcpu, KVM_ARM_DEV_EL2_PTIMER, true);
	if (variant->e2h)
		user_irq_nested_set_level(vcpu, KVM_ARM_DEV_EL2_VTIMER, true);

	*user_irq_field(vcpu) = USER_IRQ_SCRIBBLE;
	for (i = 0; i < 10; i++) {
		user_irq_set_level(self->vcpu, KVM_ARM_DEV_EL1_VTIMER, i % 2 == 0);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, i % 2 ? 0 : KVM_ARM_DEV_EL1_VTIMER, r);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, USER_IRQ_SCRIBBLE, r);
	}
	EXPECT_EQ(BIT(HPTIMER_INTID) | (variant->e2h ? BIT(HVTIMER_INTID) : 0),
		  user_irq_levels_at_vgic(gic_fd) & (BIT(HPTIMER_INTID) | BIT(HVTIMER_INTID)));
	close(gic_fd);
	kvm_vm_free(vm);
}

/* By a register of each timer that a guest reaches it by at EL2 */
FIXTURE(line) {
	struct kvm_vcpu *vcpu;
	struct user_irq_guest *g;
};

FIXTURE_VARIANT(line) {
	bool e2h;
	enum way way;
	u64 line;
};

FIXTURE_VARIANT_ADD(line, e2h_el1_vtimer) { true, BY_V_EL02, KVM_ARM_DEV_EL1_VTIMER };
FIXTURE_VARIANT_ADD(line, e2h_el1_ptimer) { true, BY_P_EL02, KVM_ARM_DEV_EL1_PTIMER };
FIXTURE_VARIANT_ADD(line, e2h_el2_vtimer) { true, BY_HV_EL2, KVM_ARM_DEV_EL2_VTIMER };
FIXTURE_VARIANT_ADD(line, e2h_el2_ptimer) { true, BY_HP_EL2, KVM_ARM_DEV_EL2_PTIMER };
FIXTURE_VARIANT_ADD(line, e2h0_el1_vtimer) { false, BY_V_EL0, KVM_ARM_DEV_EL1_VTIMER };
FIXTURE_VARIANT_ADD(line, e2h0_el1_ptimer) { false, BY_P_EL0, KVM_ARM_DEV_EL1_PTIMER };
FIXTURE_VARIANT_ADD(line, e2h0_el2_ptimer) { false, BY_HP_EL2, KVM_ARM_DEV_EL2_PTIMER };

FIXTURE_SETUP(line)
{
	const char *missing = user_irq_no_el2(variant->e2h);

	if (missing)
		SKIP(return, "%s", missing);
	if (!has_line(variant->line))
		SKIP(return, NO_LINE_OF_EL2);

	user_irq_nested_vm(variant->e2h, variant->line, 1, guest_raises_and_lowers, &self->vcpu);
	self->g = user_irq_guest(self->vcpu);
	way = variant->way;
	sync_global_to_guest(self->vcpu->vm, way);
}

FIXTURE_TEARDOWN(line)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * A timer that the guest lets rise and fall, by whichever of its registers, is
 * told by the bit of that timer and by no other.
 *
 * Clause: bits
 */
TEST_F(line, follows_the_timer)
{
	struct user_irq_return r;
	int i;

	for (i = 0; i < 10; i++) {
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * A new vCPU's lines are low, and the field says so from the first return on,
 * whatever was in it before.
 *
 * Clause: every-return
 */
TEST_F(line, low_at_first)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_knocks);
	*user_irq_field(self->vcpu) = variant->line;
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * A rise is told by one return, and the guest goes on with the line high.
 *
 * Clause: once
 */
TEST_F(line, rise_returns_once)
{
	struct user_irq_return r;
	int i;

	user_irq_start_at(self->vcpu, guest_raises_and_stays);
	EXPECT_GE(1, user_irq_run_to_knock(self->vcpu, &r));
	for (i = 0; i < 10; i++) {
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
		r = user_irq_run(self->vcpu);
	}
}

/*
 * A fall is told by the exit that comes next, or by one return before it, and by no
 * second one.
 *
 * Clause: once
 */
TEST_F(line, falls_when_disabled)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_disables);
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	EXPECT_GE(1, user_irq_run_to_knock(self->vcpu, &r));
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * When the guest's handler masks the timer, the line falls.
 *
 * Clause: every-return
 */
TEST_F(line, falls_when_masked)
{
	ASSERT_HIGH_THEN_LOW(self->vcpu, variant->line, guest_masks);
}

/*
 * The same, when the guest gives the timer a time that is still to come.
 *
 * Clause: every-return
 */
TEST_F(line, falls_when_reprogrammed)
{
	ASSERT_HIGH_THEN_LOW(self->vcpu, variant->line, guest_reprograms);
}

/*
 * A guest that leaves its line high makes full use of its CPU: it does not leave
 * for the kernel without end.
 *
 * Clause: host
 */
TEST_F(line, high_line_lets_the_guest_run_on)
{
	ASSERT_RUNS_ON(self->vcpu, variant->line, user_irq_nested_set_level, guest_computes);
}

/*
 * Nor does its own guest, for which other timers are in the hardware.
 *
 * Clause: host
 */
TEST_F(line, high_line_lets_its_own_guest_run_on)
{
	ASSERT_RUNS_ON(self->vcpu, variant->line, user_irq_nested_set_level,
		       guest_lets_its_own_compute);
}

/*
 * A guest that waits with its line high, and the VMM told, costs nothing: its thread
 * sleeps until the VMM has an interrupt for it.
 *
 * Clause: host
 */
TEST_F(line, told_line_leaves_a_sleeper_alone)
{
	struct user_irq_return r;
	long wake_ups;

	user_irq_start_at(self->vcpu, guest_sleeps_on_a_told_line);
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);

	r = user_irq_run_watched(self->vcpu, 0, &wake_ups);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	EXPECT_LE(wake_ups, USER_IRQ_MAX_WAKE_UPS);
	EXPECT_GE(USER_IRQ_MAX_WAKE_UPS, user_irq_stat(self->vcpu, "wfi_exit_stat"));
}

/*
 * Each vCPU has a field of its own, and in it its own lines only.
 *
 * Clause: every-return
 */
TEST_F(line, shows_in_its_own_vcpu)
{
	struct kvm_vcpu *vcpus[2];
	struct user_irq_return r;
	struct kvm_vm *vm;
	int i, high;

	vm = user_irq_nested_vm(variant->e2h, variant->line, 2, guest_knocks, vcpus);
	for (high = 0; high < 2; high++) {
		user_irq_nested_set_level(vcpus[high], variant->line, true);
		for (i = 0; i < 2; i++) {
			user_irq_run_to_knock(vcpus[i], &r);
			ASSERT_RETURN(USER_IRQ_KNOCK, i == high ? variant->line : 0, r);
		}
		user_irq_nested_set_level(vcpus[high], variant->line, false);
	}
	kvm_vm_free(vm);
}

/*
 * A timer that expires while the guest computes ends its turn.
 *
 * Clause: return-before-run
 */
TEST_F(line, rises_while_the_guest_computes)
{
	struct user_irq_return r;
	int i;

	user_irq_start_at(self->vcpu, guest_arms_and_computes);
	for (i = 0; i < 10; i++) {
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		WRITE_ONCE(self->g->stop, 1);
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * So does one that expires while the guest's own guest computes, where other
 * timers are in the hardware.
 *
 * Clause: return-before-run
 */
TEST_F(line, rises_while_its_own_guest_computes)
{
	struct user_irq_return r;
	u64 delay, progress = 0;

	user_irq_start_at(self->vcpu, guest_arms_and_runs_its_own);
	/* On a busy machine the guest's own guest may come too late for the first. */
	for (delay = 20000; !progress && delay < 10000000; delay *= 2) {
		WRITE_ONCE(self->g->delay_us, delay);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		progress = READ_ONCE(self->g->progress);
		WRITE_ONCE(self->g->stop, 1);
		user_irq_nested_set_level(self->vcpu, variant->line, false);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
	EXPECT_LT(0, progress);
}

/*
 * What the VMM makes of it, an interrupt by KVM_IRQ_LINE, is taken by the guest's
 * EL2 while its own guest runs.
 *
 * Clause: delivery
 */
TEST_F(line, interrupts_its_own_guest)
{
	struct user_irq_return r;
	u64 delay, progress = 0;

	user_irq_start_at(self->vcpu, guest_arms_and_runs_its_own);
	for (delay = 20000; !progress && delay < 10000000; delay *= 2) {
		WRITE_ONCE(self->g->delay_us, delay);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		progress = READ_ONCE(self->g->progress);
		user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_IRQ, true);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
		WRITE_ONCE(self->g->progress, 0);

		user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_IRQ, false);
		user_irq_nested_set_level(self->vcpu, variant->line, false);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
	EXPECT_LT(0, progress);
}

/* On a busy machine the line may rise before the wait. */
#define ASSERT_RISES_IN_WFI(_guest_code) do {					\
	struct user_irq_return r;						\
	bool waited;								\
										\
	self->g->delay_us = 10000;						\
	do {									\
		self->g->delay_us *= 2;						\
		user_irq_nested_start_at(self->vcpu, _guest_code);		\
		r = user_irq_run(self->vcpu);					\
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);			\
		waited = user_irq_came_from(self->vcpu, USER_IRQ_INSN_WFI);	\
		user_irq_nested_set_level(self->vcpu, variant->line, false);			\
		r = user_irq_run(self->vcpu);					\
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);				\
	} while (!waited && self->g->delay_us < 4000000);			\
	EXPECT_TRUE(waited);							\
} while (0)

/*
 * One that expires while the guest waits in WFI ends the wait.
 *
 * Clause: return-before-run
 */
TEST_F(line, rises_in_wfi)
{
	ASSERT_RISES_IN_WFI(guest_arms_and_sleeps);
}

/*
 * So it does while the guest's own guest waits.
 *
 * Clause: return-before-run
 */
TEST_F(line, rises_in_wfi_of_its_own_guest)
{
	ASSERT_RISES_IN_WFI(guest_arms_and_its_own_sleeps);
}

/*
 * A change by KVM_SET_ONE_REG, as after a migration, is told before the guest
 * runs.
 *
 * Clause: return-before-run
 */
TEST_F(line, change_by_the_vmm_is_told)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_knocks);
	user_irq_nested_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	user_irq_nested_set_level(self->vcpu, variant->line, false);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
}

/*
 * immediate_exit tells the levels as they are, too.
 *
 * Clause: every-return
 */
TEST_F(line, immediate_exit_returns_current_levels)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_knocks);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	user_irq_nested_set_level(self->vcpu, variant->line, true);
	self->vcpu->run->immediate_exit = 1;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
}

/*
 * A line that is high before the first run is told before the guest's first
 * instruction.
 *
 * Clause: return-before-run
 */
TEST_F(line, told_before_the_first_run)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_knocks);
	user_irq_nested_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	EXPECT_EQ((u64)guest_knocks, user_irq_pc(self->vcpu));
}

/*
 * What KVM_ARM_VCPU_INIT does to a line that was told high is a change as any.
 *
 * Clause: return-before-run
 */
TEST_F(line, fall_by_vcpu_init_is_told)
{
	struct kvm_vcpu_init init;
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_knocks);
	user_irq_nested_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

	vm_ioctl(self->vcpu->vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2) | BIT(KVM_ARM_VCPU_HAS_EL2) |
			    (variant->e2h ? 0 : BIT(KVM_ARM_VCPU_HAS_EL2_E2H0));
	vcpu_ioctl(self->vcpu, KVM_ARM_VCPU_INIT, &init);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
}

/*
 * What the VMM writes into the field, bits without a line among it, neither hides a
 * change nor is one, and is gone by the next return.
 *
 * Clause: memory
 */
TEST_F(line, scribble_makes_no_difference)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_knocks);
	*user_irq_field(self->vcpu) = ~0ULL;
	user_irq_nested_set_level(self->vcpu, variant->line, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	*user_irq_field(self->vcpu) = 0;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);

	*user_irq_field(self->vcpu) = 0;
	user_irq_nested_set_level(self->vcpu, variant->line, false);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
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

	user_irq_start_at(self->vcpu, guest_knocks);
	for (i = 0; i < (int)ARRAY_SIZE(regs); i++) {
		self->vcpu->run->kvm_valid_regs = regs[i][0];
		self->vcpu->run->kvm_dirty_regs = regs[i][1];

		user_irq_nested_set_level(self->vcpu, variant->line, true);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		user_irq_nested_set_level(self->vcpu, variant->line, false);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
}

/* Of a state of the PMU: what is set, and for whom its counter counts */
#define STATE_E		BIT(0)
#define STATE_HPME	BIT(1)
#define STATE_EL2	BIT(2)
#define STATES		8

/* Event counters from number OTHERS on are EL2's. */
static void guest_enables(u64 others, unsigned int state)
{
	write_sysreg(others | (state & STATE_HPME ? MDCR_HPME : 0), mdcr_el2);
	write_sysreg(state & STATE_E ? ARMV8_PMU_PMCR_E : 0, pmcr_el0);
	isb();
}

/* Of its counters, EL2 keeps the last one for itself. */
static void guest_overflows_counters(struct user_irq_guest *g)
{
	const u64 counters = FIELD_GET(ARMV8_PMU_PMCR_N, read_sysreg(pmcr_el0));
	unsigned int state;

	__GUEST_ASSERT(counters >= 2, "%lu counters", (unsigned long)counters);
	/* After a reset they hold anything. */
	write_sysreg(~0UL, pmovsclr_el0);
	write_sysreg(~0UL, pmintenclr_el1);
	for (state = 0;; state = (state + 1) % STATES) {
		u64 counter = BIT(state & STATE_EL2 ? counters - 1 : 0);

		guest_enables(counters - 1, state);
		write_sysreg(counter, pmintenset_el1);
		write_sysreg(counter, pmovsset_el0);
		isb();
		guest_knock(g);
		write_sysreg(counter, pmovsclr_el0);
		write_sysreg(counter, pmintenclr_el1);
		isb();
		guest_knock(g);
	}
}

/* Each state is over with three knocks, at the second of which every counter may count. */
static void guest_increments_counters(struct user_irq_guest *g)
{
	const u64 counters = FIELD_GET(ARMV8_PMU_PMCR_N, read_sysreg(pmcr_el0));
	unsigned int state;

	write_sysreg(~0UL, pmovsclr_el0);
	write_sysreg(~0UL, pmintenclr_el1);
	write_sysreg(~0UL, pmcntenclr_el0);
	for (state = 0;; state = (state + 1) % STATES) {
		const u64 number = state & STATE_EL2 ? counters - 1 : 0;

		guest_enables(counters - 1, state);
		write_sysreg(number, pmselr_el0);
		isb();
		write_sysreg(ARMV8_PMUV3_PERFCTR_SW_INCR, pmxevtyper_el0);
		write_sysreg(GENMASK(31, 0), pmxevcntr_el0);
		write_sysreg(BIT(number), pmcntenset_el0);
		write_sysreg(BIT(number), pmintenset_el1);
		isb();
		write_sysreg(BIT(number), pmswinc_el0);
		isb();
		guest_knock(g);
		guest_enables(counters - 1, STATE_E | STATE_HPME);
		guest_knock(g);
		write_sysreg(BIT(number), pmovsclr_el0);
		write_sysreg(BIT(number), pmintenclr_el1);
		write_sysreg(BIT(number), pmcntenclr_el0);
		isb();
		guest_knock(g);
	}
}

/* The PMU of a guest with EL2 */
FIXTURE(pmu) {
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(pmu) {
	bool e2h;
};

FIXTURE_VARIANT_ADD(pmu, e2h) { .e2h = true };
FIXTURE_VARIANT_ADD(pmu, e2h0) { .e2h = false };

FIXTURE_SETUP(pmu)
{
	const char *missing = user_irq_no_el2(variant->e2h) ?: user_irq_missing(KVM_ARM_DEV_PMU);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_nested_vm(variant->e2h, KVM_ARM_DEV_PMU, 1, guest_overflows_counters,
			   &self->vcpu);
}

FIXTURE_TEARDOWN(pmu)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * A counter that overflowed raises the line if whoever owns it lets his counters
 * interrupt: PMCR_EL0.E for those of EL1, MDCR_EL2.HPME for those of EL2.
 *
 * Clause: notified
 */
TEST_F(pmu, line_follows_the_owner_of_the_counter)
{
	struct user_irq_return r;
	unsigned int state;

	for (state = 0; state < STATES; state++) {
		bool high = state & (state & STATE_EL2 ? STATE_HPME : STATE_E);

		user_irq_run_to_knock(self->vcpu, &r);
		if (r.levels != (high ? KVM_ARM_DEV_PMU : 0))
			TH_LOG("state %u", state);
		ASSERT_RETURN(USER_IRQ_KNOCK, high ? KVM_ARM_DEV_PMU : 0, r);
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

/*
 * What lets a counter interrupt is also what lets it count: a software increment of
 * a counter that overflows by it raises the line, and one of a counter that its
 * owner has not enabled is lost, though he enable it later.
 *
 * Clause: notified
 */
TEST_F(pmu, software_increment_follows_the_owner)
{
	struct user_irq_return r;
	unsigned int state;

	user_irq_start_at(self->vcpu, guest_increments_counters);
	for (state = 0; state < STATES; state++) {
		bool counts = state & (state & STATE_EL2 ? STATE_HPME : STATE_E);
		const u64 levels = counts ? KVM_ARM_DEV_PMU : 0;

		user_irq_run_to_knock(self->vcpu, &r);
		if (r.levels != levels)
			TH_LOG("state %u", state);
		ASSERT_RETURN(USER_IRQ_KNOCK, levels, r);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, levels, r);
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	}
}

TEST_HARNESS_MAIN
