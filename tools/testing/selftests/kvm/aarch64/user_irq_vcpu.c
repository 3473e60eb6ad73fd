// SPDX-License-Identifier: GPL-2.0
/*
 * Whose lines they are: several vCPUs, a VM with a vgic beside one without, and
 * a vCPU that is reset.
 */
#include "kselftest_harness.h"

#include <sched.h>
#include <sys/resource.h>

#include "kvm_util.h"
#include "user_irq.h"
#include "gic.h"

/* The timers' interrupts, unless a VMM chooses others. */
#define VTIMER_INTID	27
#define PTIMER_INTID	30
/* One that the VMM chooses: the PMU's has none of its own. */
#define PMU_INTID	23

/* So many interrupts of the host's show that one does not keep back the next. */
#define INTERRUPTS	3

/* A guest that leaves on no account before its timer has interrupted the host. */
static void guest_computes_meanwhile(struct user_irq_guest *g)
{
	for (;;) {
		guest_arm(g);
		do {
			guest_run_on(g, 100);
		} while (!(timer_get_ctl(VIRTUAL) & CTL_ISTATUS));
		guest_run_on(g, 100);
		timer_set_ctl(VIRTUAL, 0);
		guest_knock(g);
	}
}

FIXTURE(line) {
	struct kvm_vcpu *vcpus[2];
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

	user_irq_vm(variant->line, 2, guest_knocks, self->vcpus);
}

FIXTURE_TEARDOWN(line)
{
	kvm_vm_release(self->vcpus[0]->vm);
}

/*
 * A vCPU that is reset has its devices reset: a line that was high falls. As any
 * change, that is told before the guest runs, or the VMM would inject an
 * interrupt that nobody asks for.
 *
 * Clause: return-before-run
 */
TEST_F(line, fall_by_vcpu_init_is_told)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;

	user_irq_set_level(vcpu, variant->line, true);
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

	user_irq_reset(vcpu, variant->line, guest_knocks);
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	EXPECT_EQ(0, user_irq_guest(vcpu)->progress);
	r = user_irq_run(vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
}

/*
 * Each vCPU has a field of its own, and in it its own lines only.
 *
 * Clause: every-return
 */
TEST_F(line, shows_in_its_own_vcpu)
{
	struct user_irq_return r;
	int i, high;

	for (high = 0; high < 2; high++) {
		user_irq_set_level(self->vcpus[high], variant->line, true);
		for (i = 0; i < 2; i++) {
			user_irq_run_to_knock(self->vcpus[i], &r);
			ASSERT_RETURN(USER_IRQ_KNOCK, i == high ? variant->line : 0, r);
		}
		user_irq_set_level(self->vcpus[high], variant->line, false);
	}
}

FIXTURE(vgic) {
	struct kvm_vcpu *with;
	struct kvm_vcpu *without;
	int gic_fd;
	bool has_pmu;
};

/* The PMU's line goes to the vgic, which has to be there first. */
static void wire_pmu(struct kvm_vcpu *vcpu)
{
	int intid = PMU_INTID;

	vcpu_device_attr_set(vcpu, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_IRQ, &intid);
	vcpu_device_attr_set(vcpu, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT, NULL);
}

FIXTURE_SETUP(vgic)
{
	const char *missing = user_irq_missing(USER_IRQ_TIMERS) ?: user_irq_no_vgic();
	struct user_irq_return r;
	struct kvm_vcpu *gone;
	struct kvm_vm *vm;

	if (missing)
		SKIP(return, "%s", missing);

	/* One whose end the others have behind them. */
	vm = user_irq_vm(KVM_ARM_DEV_EL1_VTIMER, 1, guest_raises, &gone);
	user_irq_run_to_knock(gone, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_EL1_VTIMER, r);
	kvm_vm_free(vm);

	self->has_pmu = !user_irq_missing(KVM_ARM_DEV_PMU);
	vm = user_irq_vm_with(self->has_pmu ? BIT(KVM_ARM_VCPU_PMU_V3) : 0,
			      KVM_ARM_DEV_EL1_VTIMER, 1, guest_raises, &self->with);
	self->gic_fd = user_irq_add_vgic(vm);
	if (self->has_pmu)
		wire_pmu(self->with);
	user_irq_vm(KVM_ARM_DEV_EL1_VTIMER, 1, guest_raises, &self->without);
}

FIXTURE_TEARDOWN(vgic)
{
	close(self->gic_fd);
	kvm_vm_release(self->with->vm);
	kvm_vm_release(self->without->vm);
}

/* A turn of the VM without a vgic, whose line is high. */
#define ASSERT_HIGH_BESIDE(_without) do {				\
	struct user_irq_return _beside;					\
									\
	user_irq_run_to_knock(_without, &_beside);			\
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_EL1_VTIMER, _beside);	\
} while (0)

/*
 * A VM with a vgic has its lines go there. Its field belongs to the VMM: nothing
 * is written to it, and no line makes KVM_RUN return. A VM without a vgic, in the
 * same process, is served meanwhile. Reverting cd15d2050c04 or f1d7231cede9 would
 * show here: a VM without a vgic changed what those with one were given, while it
 * ran or after its end.
 *
 * Clause: vgic
 */
TEST_F(vgic, vm_with_a_vgic_is_left_alone)
{
	u32 levels = 1U << VTIMER_INTID;
	struct user_irq_return r;
	int i;

	if (self->has_pmu) {
		user_irq_guest(self->with)->line |= KVM_ARM_DEV_PMU;
		levels |= 1U << PMU_INTID;
	}
	*user_irq_field(self->with) = USER_IRQ_SCRIBBLE;
	for (i = 0; i < 10; i++) {
		/* It goes first: a line that rose before stays high at the vgic. */
		ASSERT_HIGH_BESIDE(self->without);

		r = user_irq_run(self->with);
		ASSERT_RETURN(USER_IRQ_KNOCK, USER_IRQ_SCRIBBLE, r);
		self->with->run->immediate_exit = 1;
		r = user_irq_run(self->with);
		ASSERT_RETURN(USER_IRQ_INTR, USER_IRQ_SCRIBBLE, r);
		/* The first run raised the lines; the others began with them high. */
		if (i)
			ASSERT_EQ(levels, user_irq_levels_at_vgic(self->gic_fd));
	}
}

/*
 * Whatever the host masks while the line of a VM without a vgic is high, it does for
 * that VM's turn: the timer of a VM with a vgic, which runs next, interrupts the host
 * as ever. Reverting d60d8b64280c would show here: its interrupt stayed masked.
 *
 * Clause: vgic
 */
TEST_F(vgic, high_line_beside_it_keeps_no_interrupt_back)
{
	const int cpu = sched_getcpu();
	struct user_irq_return r;
	long before, grown = 0;
	int tries;

	ASSERT_TRUE(user_irq_pin_thread(0, cpu));
	user_irq_start_at(self->with, guest_computes_meanwhile);

	/* A host that was busy when the timer expired need not be interrupted. */
	for (tries = 0; tries < 100 && grown < INTERRUPTS; tries++) {
		ASSERT_HIGH_BESIDE(self->without);

		before = user_irq_host_interrupts(KVM_ARM_DEV_EL1_VTIMER, cpu);
		r = user_irq_run(self->with);
		ASSERT_EQ(USER_IRQ_KNOCK, r.kind)
			TH_LOG("%s", user_irq_str(r.kind, r.levels));
		grown += user_irq_host_interrupts(KVM_ARM_DEV_EL1_VTIMER, cpu) - before;
	}
	EXPECT_LE(INTERRUPTS, grown);
}

/* A guest whose vgic signals its timers' interrupts: it waits or computes until one comes. */
static void guest_is_interrupted(struct user_irq_guest *g, bool waits)
{
	enum arch_timer timer;
	u32 intid;

	guest_uses_vgic();
	gic_irq_enable(VTIMER_INTID);
	gic_irq_enable(PTIMER_INTID);
	for (;;) {
		timer = user_irq_timer(READ_ONCE(g->line));
		intid = timer == VIRTUAL ? VTIMER_INTID : PTIMER_INTID;
		guest_arm(g);
		do {
			if (waits)
				guest_wfi();
			else
				guest_run_on(g, 10);
		} while (!read_sysreg(isr_el1));
		GUEST_ASSERT_EQ(intid, gic_get_and_ack_irq());
		timer_set_ctl(timer, 0);
		gic_set_eoi(intid);
		guest_knock(g);
	}
}

static void guest_waits_for_its_vgic(struct user_irq_guest *g)
{
	guest_is_interrupted(g, true);
}

static void guest_computes_until_its_vgic(struct user_irq_guest *g)
{
	guest_is_interrupted(g, false);
}

/* A turn of the VM with a vgic, in which its guest is interrupted. */
#define ASSERT_INTERRUPTED(_with) \
	ASSERT_RETURN(USER_IRQ_KNOCK, USER_IRQ_SCRIBBLE, user_irq_run(_with))

static const u64 timers[] = { KVM_ARM_DEV_EL1_VTIMER, KVM_ARM_DEV_EL1_PTIMER };

/*
 * With a vgic the VMM has no part in a timer's interrupt: KVM wakes the guest that
 * waits for it, and KVM_RUN goes on. That a VM without a vgic had the CPU before, and
 * its line is high, changes nothing.
 *
 * Clause: vgic
 */
TEST_F(vgic, interrupt_of_each_timer_ends_a_wait)
{
	const bool traps = user_irq_wfi_traps(self->with);
	unsigned int i;
	int tries;
	u64 waits;

	ASSERT_TRUE(user_irq_pin_thread(0, sched_getcpu()));
	*user_irq_field(self->with) = USER_IRQ_SCRIBBLE;
	user_irq_start_at(self->with, guest_waits_for_its_vgic);
	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		user_irq_guest(self->with)->line = timers[i];
		waits = user_irq_stat(self->with, "wfi_exit_stat") + INTERRUPTS;
		/* On a busy machine the interrupt may be there before the guest waits. */
		for (tries = 0; tries < (traps ? 100 : INTERRUPTS); tries++) {
			if (user_irq_stat(self->with, "wfi_exit_stat") >= waits)
				break;
			ASSERT_HIGH_BESIDE(self->without);
			ASSERT_INTERRUPTED(self->with);
		}
		if (traps)
			EXPECT_LE(waits, user_irq_stat(self->with, "wfi_exit_stat"));
	}
}

/* How often this thread gave up its CPU, or lost it, since it began. */
static long switches(void)
{
	struct rusage usage;

	TEST_ASSERT(!getrusage(RUSAGE_THREAD, &usage), "getrusage: %s", strerror(errno));
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

/*
 * Nor does KVM_RUN come back for the interrupt of a guest that computes, which is
 * signalled when the timer fires. KVM looks at the timers also when the vCPU's thread
 * gets its CPU back, which would hide that the interrupt was lost until then. So only
 * turns in which the thread kept its CPU count.
 *
 * Clause: vgic
 */
TEST_F(vgic, interrupt_of_each_timer_finds_who_computes)
{
	unsigned int i;
	int tries, found;
	long before;

	ASSERT_TRUE(user_irq_pin_thread(0, sched_getcpu()));
	*user_irq_field(self->with) = USER_IRQ_SCRIBBLE;
	user_irq_start_at(self->with, guest_computes_until_its_vgic);
	/* Less than a tick, at which another thread that wants the CPU takes it. */
	user_irq_guest(self->with)->delay_us = 200;
	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		user_irq_guest(self->with)->line = timers[i];
		/* On a busy host other threads take the CPU in some turns. */
		for (tries = found = 0; tries < 30 && found < INTERRUPTS; tries++) {
			ASSERT_HIGH_BESIDE(self->without);
			before = switches();
			ASSERT_INTERRUPTED(self->with);
			found += switches() == before;
		}
		ASSERT_LE(INTERRUPTS, found);
	}
}

TEST_HARNESS_MAIN
