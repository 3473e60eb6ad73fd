// SPDX-License-Identifier: GPL-2.0
/*
 * The guarantee under fire: lines that move while threads hop and are kicked,
 * while the guest leaves for other reasons, and while VMs come and go.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <linux/arm-smccc.h>
#include <linux/bits.h>
#include <linux/psci.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

#define ROUNDS		10
/* Each with twice the time of the one before, from 1 ms to 4 s. */
#define MAX_TRIES	13
#define MANY_VMS	64
/* AT_ONCE of so many expiries end the guest's turn: a busy machine may be late with others. */
#define EXPIRIES	12
#define AT_ONCE		3
#define VM_THREADS	2
/* So long that one meets the few instructions of the kernel's that could undo it. */
#define MOVES_NS	(3 * NSEC_PER_SEC)

/* Memory of the VM's that the guest can only read: a store there is for the VMM. */
#define READ_ONLY_GPA	0x10000000
/* A page of it that the VMM takes from the guest, which then needs another */
#define NEW_PAGE_GPA	0x10100000

/*
 * A vCPU's thread, whose guest arms its timer or its counter and lowers it for ever.
 * @field_is_ours: nobody scribbles, so the field can be believed
 * @left_alone: nobody kicks, so each EINTR tells a change
 * @known: the levels at the last return
 * @rises: how often the line rose, @hops: it was sent to another CPU, and
 * @kicks: it was kicked out of KVM_RUN; @enough_hops, @enough_kicks: how often
 * that has to be, at least
 */
struct vcpu_thread {
	pthread_t thread;
	struct kvm_vcpu *vcpu;
	bool field_is_ours;
	bool left_alone;
	u64 known;
	pid_t tid;
	bool over;
	int rises;
	int hops;
	int enough_hops;
	int kicks;
	int enough_kicks;
	const char *failure;
	struct user_irq_return last;
};

static void judge(struct vcpu_thread *t, const struct user_irq_return *r, bool *told)
{
	struct user_irq_guest *g = user_irq_guest(t->vcpu);
	u64 levels = r->levels;

	if (!t->field_is_ours)
		levels = user_irq_level(t->vcpu, g->line) ? g->line : 0;

	t->last = *r;
	if (r->kind > USER_IRQ_KNOCK) {
		t->failure = "KVM_RUN did not come back as it should";
	} else if (levels & ~g->line) {
		t->failure = "a line is high that is not the guest's";
	} else if (t->field_is_ours && levels && !user_irq_level(t->vcpu, g->line)) {
		/* A guest that does not run lowers nothing, so it was low by then. */
		t->failure = "high in the field, and not by the registers";
	} else if (r->kind == USER_IRQ_KNOCK) {
		if (levels || !*told)
			t->failure = levels ? "high after it was lowered" : "the rise was not told";
		*told = false;
	} else if (levels && !*told) {
		*told = true;
		t->rises++;
		WRITE_ONCE(g->stop, 1);
	} else if (t->left_alone && levels == t->known) {
		/* Between a rise and the knock it may tell the fall. */
		t->failure = levels ? "told twice" : "came back for nothing";
	}
	t->known = levels;
}

#define EXPECT_NO_FAILURE(_t) do {						\
	const struct user_irq_return *_r = &(_t).last;				\
										\
	EXPECT_STREQ("", (_t).failure)						\
		TH_LOG("KVM_RUN: %s, ret %d, errno %d, exit reason %u",		\
		       user_irq_str(_r->kind, _r->levels), _r->ret, _r->err,	\
		       _r->reason);						\
} while (0)

static __thread sig_atomic_t signals;

static void count_signal(int sig)
{
	signals++;
}

static void *run_rises(void *arg)
{
	struct vcpu_thread *t = arg;
	struct user_irq_return r;
	sig_atomic_t before;
	bool told = false;

	WRITE_ONCE(t->tid, gettid());
	while ((t->rises < ROUNDS || READ_ONCE(t->hops) < t->enough_hops ||
		t->kicks < t->enough_kicks) && !*t->failure) {
		before = signals;
		r = user_irq_run(t->vcpu);
		t->kicks += r.kind == USER_IRQ_INTR && signals != before;
		judge(t, &r, &told);
	}
	WRITE_ONCE(t->over, true);
	return NULL;
}

/* The fire: one thread that does this to a vCPU's thread until that is through. */

static void hop(struct vcpu_thread *t)
{
	int cpu, n;

	while (!READ_ONCE(t->tid))
		sched_yield();
	for (n = 0; !READ_ONCE(t->over); n++) {
		cpu = user_irq_cpu(n);
		if (cpu < 0) {
			n = -1;
			continue;
		}
		WRITE_ONCE(t->hops, t->hops + user_irq_pin_thread(READ_ONCE(t->tid), cpu));
		sched_yield();
	}
}

static void kick(struct vcpu_thread *t)
{
	struct user_irq_guest *g = user_irq_guest(t->vcpu);
	u64 progress = 0;
	int i = 0;

	while (!READ_ONCE(t->over)) {
		/* One kick each time that the guest has got on, or it never would. */
		if (READ_ONCE(g->progress) == progress) {
			sched_yield();
			continue;
		}
		progress = READ_ONCE(g->progress);
		if (i++ % 2)
			WRITE_ONCE(t->vcpu->run->immediate_exit, 1);
		pthread_kill(t->thread, SIGUSR1);
	}
}

static void scribble(struct vcpu_thread *t)
{
	const u64 line = user_irq_guest(t->vcpu)->line;
	u64 *field = user_irq_field(t->vcpu);
	struct kvm_run *run = t->vcpu->run;

	while (!READ_ONCE(t->over)) {
		WRITE_ONCE(*field, line);
		WRITE_ONCE(run->kvm_dirty_regs, ~0ULL);
		WRITE_ONCE(*field, 0);
		WRITE_ONCE(run->kvm_valid_regs, ~0ULL);
		WRITE_ONCE(*field, ~0ULL);
		WRITE_ONCE(run->kvm_dirty_regs, 0);
		WRITE_ONCE(run->kvm_valid_regs, 0);
	}
}

FIXTURE(fire) {
	struct kvm_vcpu *vcpu;
};

FIXTURE_VARIANT(fire) {
	u64 line;
	void (*does)(struct vcpu_thread *t);
};

FIXTURE_VARIANT_ADD(fire, vtimer_hops) { KVM_ARM_DEV_EL1_VTIMER, hop };
FIXTURE_VARIANT_ADD(fire, ptimer_hops) { KVM_ARM_DEV_EL1_PTIMER, hop };
FIXTURE_VARIANT_ADD(fire, pmu_hops) { KVM_ARM_DEV_PMU, hop };
FIXTURE_VARIANT_ADD(fire, vtimer_is_kicked) { KVM_ARM_DEV_EL1_VTIMER, kick };
FIXTURE_VARIANT_ADD(fire, ptimer_is_kicked) { KVM_ARM_DEV_EL1_PTIMER, kick };
FIXTURE_VARIANT_ADD(fire, pmu_is_kicked) { KVM_ARM_DEV_PMU, kick };
FIXTURE_VARIANT_ADD(fire, vtimer_is_scribbled_on) { KVM_ARM_DEV_EL1_VTIMER, scribble };
FIXTURE_VARIANT_ADD(fire, ptimer_is_scribbled_on) { KVM_ARM_DEV_EL1_PTIMER, scribble };
FIXTURE_VARIANT_ADD(fire, pmu_is_scribbled_on) { KVM_ARM_DEV_PMU, scribble };

FIXTURE_SETUP(fire)
{
	const char *missing = user_irq_missing(variant->line);

	if (!missing && variant->line == KVM_ARM_DEV_PMU)
		missing = user_irq_uncountable();
	if (missing)
		SKIP(return, "%s", missing);
	if (variant->does == hop && user_irq_cpu(1) < 0)
		SKIP(return, "one CPU: there is no other to hop to");

	user_irq_vm(variant->line, 1, guest_arms_and_lowers, &self->vcpu);
	user_irq_guest(self->vcpu)->delay_us = 500;
}

FIXTURE_TEARDOWN(fire)
{
	kvm_vm_release(self->vcpu->vm);
}

/*
 * Whatever happens to a vCPU's thread, and whatever is written to the field, each
 * rise of the line comes back to the VMM while the guest runs, and each fall is
 * seen by the exit after it.
 *
 * Clause: notified
 */
TEST_F(fire, each_rise_and_fall_is_told)
{
	struct vcpu_thread t = {
		.vcpu = self->vcpu,
		.failure = "",
		.field_is_ours = variant->does != scribble,
		.left_alone = variant->does != kick,
		.enough_hops = variant->does == hop ? ROUNDS : 0,
		.enough_kicks = variant->does == kick ? ROUNDS : 0,
	};

	signal(SIGUSR1, count_signal);
	ASSERT_EQ(0, pthread_create(&t.thread, NULL, run_rises, &t));
	variant->does(&t);
	pthread_join(t.thread, NULL);
	EXPECT_NO_FAILURE(t);
	EXPECT_LE(ROUNDS, t.rises);
}

FIXTURE(crowd) {
	struct kvm_vcpu *vcpus[USER_IRQ_MAX_VCPUS];
};

FIXTURE_VARIANT(crowd) {
	int nr;
};

FIXTURE_VARIANT_ADD(crowd, of_one) { 1 };
FIXTURE_VARIANT_ADD(crowd, of_two) { 2 };
FIXTURE_VARIANT_ADD(crowd, of_eight) { 8 };

FIXTURE_SETUP(crowd)
{
	const char *missing = user_irq_missing(USER_IRQ_TIMERS);
	int i;

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(USER_IRQ_TIMERS, variant->nr, guest_arms_and_lowers, self->vcpus);
	for (i = 0; i < variant->nr; i++) {
		user_irq_guest(self->vcpus[i])->line = i % 2 ? KVM_ARM_DEV_EL1_PTIMER :
							       KVM_ARM_DEV_EL1_VTIMER;
		user_irq_guest(self->vcpus[i])->delay_us = 500;
	}
}

FIXTURE_TEARDOWN(crowd)
{
	kvm_vm_release(self->vcpus[0]->vm);
}

/*
 * The vCPUs of a VM may be more than the CPUs: each is told of its own line.
 *
 * Clause: notified
 */
TEST_F(crowd, each_rise_and_fall_is_told)
{
	struct vcpu_thread threads[USER_IRQ_MAX_VCPUS] = {};
	int i;

	for (i = 0; i < variant->nr; i++) {
		threads[i].vcpu = self->vcpus[i];
		threads[i].failure = "";
		threads[i].field_is_ours = true;
		threads[i].left_alone = true;
		ASSERT_EQ(0, pthread_create(&threads[i].thread, NULL, run_rises, &threads[i]));
	}
	for (i = 0; i < variant->nr; i++)
		pthread_join(threads[i].thread, NULL);
	for (i = 0; i < variant->nr; i++) {
		EXPECT_NO_FAILURE(threads[i]);
		EXPECT_EQ(ROUNDS, threads[i].rises);
	}
}

/* How the guest leaves right after its line has moved; set in its own copy. */
static enum { MMIO_READ, READ_ONLY, HYPERCALL, BREAKPOINT, NEW_PAGE } way;

static void guest_leaves(struct user_irq_guest *g)
{
	struct arm_smccc_res res;

	switch (way) {
	case MMIO_READ:
		READ_ONCE(ucall_exit_mmio_addr[2]);
		break;
	case READ_ONLY:
		WRITE_ONCE(*(u64 *)READ_ONLY_GPA, 0);
		break;
	case HYPERCALL:
		smccc_hvc(PSCI_0_2_FN64_CPU_ON, 0, 0, 0, 0, 0, 0, 0, &res);
		break;
	case BREAKPOINT:
		asm volatile("brk #0");
		break;
	case NEW_PAGE:
		/* Only the kernel sees this one; the knock is for the host. */
		WRITE_ONCE(*(u64 *)NEW_PAGE_GPA, 1);
		guest_knock(g);
		break;
	}
}

static void guest_moves_and_leaves(struct user_irq_guest *g)
{
	for (;;) {
		guest_set_level(g->line, true);
		guest_leaves(g);
		guest_set_level(g->line, false);
		guest_leaves(g);
	}
}

FIXTURE(exits) {
	struct kvm_vcpu *vcpu;
	u64 lines;
	void *page;
};

FIXTURE_VARIANT(exits) {
	int way;
	u32 reason;
};

FIXTURE_VARIANT_ADD(exits, mmio_read) { MMIO_READ, KVM_EXIT_MMIO };
FIXTURE_VARIANT_ADD(exits, read_only_memory) { READ_ONLY, KVM_EXIT_MMIO };
FIXTURE_VARIANT_ADD(exits, hypercall) { HYPERCALL, KVM_EXIT_HYPERCALL };
FIXTURE_VARIANT_ADD(exits, breakpoint) { BREAKPOINT, KVM_EXIT_DEBUG };
FIXTURE_VARIANT_ADD(exits, new_page) { NEW_PAGE, KVM_EXIT_MMIO };

FIXTURE_SETUP(exits)
{
	const struct kvm_smccc_filter filter = {
		.base = PSCI_0_2_FN64_CPU_ON,
		.nr_functions = 1,
		.action = KVM_SMCCC_FILTER_FWD_TO_USER,
	};
	const char *missing = user_irq_missing(0);
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
	};
	struct kvm_vm *vm;
	u64 pages;

	if (missing)
		SKIP(return, "%s", missing);

	self->lines = user_irq_lines_here();
	vm = user_irq_vm(self->lines, 1, guest_moves_and_leaves, &self->vcpu);
	pages = vm_calc_num_guest_pages(vm->mode, getpagesize());
	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, READ_ONLY_GPA, 1, pages,
				    KVM_MEM_READONLY);
	virt_map(vm, READ_ONLY_GPA, READ_ONLY_GPA, 1);
	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, NEW_PAGE_GPA, 2, pages, 0);
	virt_map(vm, NEW_PAGE_GPA, NEW_PAGE_GPA, 1);
	self->page = addr_gpa2hva(vm, NEW_PAGE_GPA);
	kvm_device_attr_set(vm->fd, KVM_ARM_VM_SMCCC_CTRL, KVM_ARM_VM_SMCCC_FILTER,
			    (void *)&filter);
	vcpu_guest_debug_set(self->vcpu, &debug);
	write_guest_global(vm, way, variant->way);
}

FIXTURE_TEARDOWN(exits)
{
	kvm_vm_release(self->vcpu->vm);
}

static u64 nth_line(u64 lines, int n)
{
	for (n %= __builtin_popcountll(lines); n; n--)
		lines &= lines - 1;
	return lines & -lines;
}

/* Returns how many returns with EINTR came before. */
static int run_to_exit(struct kvm_vcpu *vcpu, void *page, struct user_irq_return *r)
{
	int interrupted;

	TEST_ASSERT(!madvise(page, getpagesize(), MADV_DONTNEED), "madvise: %s", strerror(errno));
	interrupted = user_irq_run_to_knock(vcpu, r);
	if (!r->ret && r->reason == KVM_EXIT_DEBUG)
		vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), user_irq_pc(vcpu) + 4);
	return interrupted;
}

/*
 * Whatever the guest leaves for after its line has moved, that return tells it
 * too, if none did before. What the kernel sees to by itself, as to a page that
 * was not there, is no return: then there has to be one for the change alone,
 * before the guest gets as far as its knock. More than one there never is.
 *
 * Clause: any-exit
 */
TEST_F(exits, change_is_told_by_then)
{
	const int least = variant->way == NEW_PAGE ? 1 : 0;
	struct user_irq_return r;
	int i, n;

	for (i = 0; i < 2 * ROUNDS; i++) {
		const u64 line = nth_line(self->lines, i / 2);

		user_irq_guest(self->vcpu)->line = line;
		n = run_to_exit(self->vcpu, self->page, &r);
		ASSERT_LE(least, n);
		ASSERT_GE(1, n);
		EXPECT_EQ(0, r.ret);
		EXPECT_EQ(variant->reason, r.reason);
		ASSERT_EQ(i % 2 ? 0 : line, r.levels);
	}
}

FIXTURE(line) {
	struct kvm_vcpu *vcpus[2];
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

	user_irq_vm(variant->line, 2, guest_knocks, self->vcpus);
	self->g = user_irq_guest(self->vcpus[0]);
}

FIXTURE_TEARDOWN(line)
{
	kvm_vm_release(self->vcpus[0]->vm);
}

static void guest_moves_its_line(struct user_irq_guest *g)
{
	for (;;) {
		guest_set_level(g->line, true);
		guest_set_level(g->line, false);
	}
}

/*
 * Under a debugger that steps through the guest, each step tells the levels that
 * the registers call for then.
 *
 * Clause: every-return
 */
TEST_F(line, single_steps_tell_the_levels)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};
	struct user_irq_return r;
	int i, high = 0;

	user_irq_start_at(self->vcpus[0], guest_moves_its_line);
	vcpu_guest_debug_set(self->vcpus[0], &debug);
	for (i = 0; i < 300; i++) {
		r = user_irq_run(self->vcpus[0]);
		ASSERT_TRUE(r.kind == USER_IRQ_INTR || (!r.ret && r.reason == KVM_EXIT_DEBUG))
			TH_LOG("ret %d, errno %d, exit reason %u", r.ret, r.err, r.reason);
		ASSERT_EQ(user_irq_level(self->vcpus[0], variant->line) ? variant->line : 0,
			  r.levels);
		high += !!r.levels;
	}
	EXPECT_LT(0, high);
	EXPECT_GT(300, high);
}

static void guest_suspends(struct user_irq_guest *g)
{
	struct arm_smccc_res res;

	for (;;) {
		guest_arm(g);
		smccc_hvc(PSCI_0_2_FN64_CPU_SUSPEND, 0, 0, 0, 0, 0, 0, 0, &res);
		guest_knock(g);
	}
}

/*
 * A guest's PSCI CPU_SUSPEND ends as its WFI does: the timer's rise is told, and
 * the VMM's interrupt lets it go on.
 *
 * Clause: notified
 */
TEST_F(line, rise_ends_cpu_suspend)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	int tries = 0;
	bool waited;

	user_irq_start_at(vcpu, guest_suspends);
	do {
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		waited = user_irq_came_from(vcpu, USER_IRQ_INSN_HVC);
		user_irq_set_irq(vcpu, KVM_ARM_IRQ_CPU_IRQ, true);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);

		/* On a busy machine the line may rise before the suspend. */
		user_irq_set_irq(vcpu, KVM_ARM_IRQ_CPU_IRQ, false);
		user_irq_set_level(vcpu, variant->line, false);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
		self->g->delay_us *= 2;
	} while (!waited && ++tries < MAX_TRIES);
	EXPECT_TRUE(waited);
}

/*
 * A vCPU that the VMM has suspended waits for a wake-up, and its timer's line is
 * one: the return tells it, and the guest has not run. That return may be EINTR,
 * or the exit that tells the VMM of the wake-up.
 *
 * Clause: any-exit
 */
TEST_F(line, rise_ends_mp_state_suspended)
{
	struct kvm_mp_state suspended = { .mp_state = KVM_MP_STATE_SUSPENDED };
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	u64 progress;

	user_irq_start_at(vcpu, guest_arms_and_knocks);
	/* Until it is low still when the guest knocks. */
	do {
		self->g->delay_us *= 2;
		user_irq_run_to_knock(vcpu, &r);
		ASSERT_EQ(USER_IRQ_KNOCK, r.kind);
	} while (r.levels && self->g->delay_us < 1000 * 1000);
	progress = self->g->progress;

	vcpu_mp_state_set(vcpu, &suspended);
	r = user_irq_run(vcpu);
	EXPECT_TRUE(r.kind == USER_IRQ_INTR ||
		    (!r.ret && r.reason == KVM_EXIT_SYSTEM_EVENT &&
		     vcpu->run->system_event.type == KVM_SYSTEM_EVENT_WAKEUP))
		TH_LOG("%s", user_irq_str(r.kind, r.levels));
	EXPECT_EQ(variant->line, r.levels);
	EXPECT_EQ(progress, self->g->progress);
}

/* The guest's: how often it looked at the clock before its timer expired, and after */
static u64 looks[2];

static void guest_arms_and_looks(struct user_irq_guest *g)
{
	u64 expiry = timer_get_cntct(VIRTUAL) + usec_to_cycles(g->delay_us);

	looks[0] = looks[1] = 0;
	guest_arm(g);
	for (;;) {
		int late = timer_get_cntct(VIRTUAL) >= expiry;

		WRITE_ONCE(looks[late], looks[late] + 1);
	}
}

struct busy_thread {
	pthread_t thread;
	int cpu;
	bool pinned;
	bool over;
};

static void *be_busy(void *arg)
{
	struct busy_thread *t = arg;

	t->pinned = user_irq_pin_thread(0, t->cpu);
	while (!READ_ONCE(t->over))
		barrier();
	return NULL;
}

/*
 * A VMM may have a CPU for its vCPU alone (nohz_full=), and then a timer that KVM
 * sets there may expire on another CPU, if that is awake before. The guest computes
 * on, and is interrupted all the same: for a second nothing else on its CPU may do so,
 * in which it would compute far more than before its timer expired.
 *
 * Clause: notified
 */
TEST_F(line, rises_on_a_cpu_whose_timers_another_has)
{
	const int cpus[2] = { user_irq_cpu(0), user_irq_cpu(1) };
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_return r;
	int i, tries, at_once;

	if (cpus[1] < 0)
		SKIP(return, "one CPU: no other has its timers");

	/* Longer than from one tick to the next of the other CPU's. */
	self->g->delay_us = 20 * 1000;
	for (i = 0; i < 2; i++) {
		struct busy_thread busy = { .cpu = cpus[!i] };

		ASSERT_EQ(0, pthread_create(&busy.thread, NULL, be_busy, &busy));
		ASSERT_TRUE(user_irq_pin_thread(0, cpus[i]));
		for (tries = at_once = 0; at_once < AT_ONCE && tries < EXPIRIES; tries++) {
			user_irq_start_at(vcpu, guest_arms_and_looks);
			r = user_irq_run(vcpu);
			ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
			sync_global_from_guest(vcpu->vm, looks);
			at_once += looks[1] < looks[0];
			user_irq_set_level(vcpu, variant->line, false);
			r = user_irq_run(vcpu);
			ASSERT_RETURN(USER_IRQ_INTR, 0, r);
		}
		WRITE_ONCE(busy.over, true);
		pthread_join(busy.thread, NULL);
		ASSERT_TRUE(busy.pinned);
		ASSERT_EQ(AT_ONCE, at_once)
			TH_LOG("of %d on CPU %d", tries, cpus[i]);
	}
}

static void guest_raises_and_goes_off(struct user_irq_guest *g)
{
	struct arm_smccc_res res;

	guest_set_level(g->line, true);
	guest_knock(g);
	smccc_hvc(PSCI_0_2_FN_CPU_OFF, 0, 0, 0, 0, 0, 0, 0, &res);
}

/* vCPU 0 turns vCPU 1 on again once that is off. */
static void guest_turns_on(struct user_irq_guest *g)
{
	struct arm_smccc_res res;

	do {
		smccc_hvc(PSCI_0_2_FN64_AFFINITY_INFO, 1, 0, 0, 0, 0, 0, 0, &res);
	} while (res.a0 != PSCI_0_2_AFFINITY_LEVEL_OFF);
	smccc_hvc(PSCI_0_2_FN64_CPU_ON, 1, (u64)guest_knocks, 0, 0, 0, 0, 0, &res);
	guest_knocks(g);
}

static void *run_off_and_on(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	static struct user_irq_return returns[2];

	user_irq_run_to_knock(vcpu, &returns[0]);
	returns[1] = user_irq_run(vcpu);
	return returns;
}

/* vCPU 1 raises its line, and is turned off and on: what its KVM_RUN gave before and after. */
static struct user_irq_return *turn_off_and_on(struct kvm_vcpu *vcpus[2], struct user_irq_return *r)
{
	struct user_irq_return *returns;
	pthread_t thread;

	user_irq_start_at(vcpus[0], guest_turns_on);
	user_irq_start_at(vcpus[1], guest_raises_and_goes_off);
	TEST_ASSERT(!pthread_create(&thread, NULL, run_off_and_on, vcpus[1]), "no second thread");
	user_irq_run_to_knock(vcpus[0], r);
	pthread_join(thread, (void **)&returns);
	return returns;
}

static void guest_lowers_and_computes(struct user_irq_guest *g)
{
	guest_set_level(g->line, false);
	guest_wait(g);
}

/*
 * A signal may end the turn of a guest that has lowered its line since it entered, which
 * nobody has noticed yet, but where the access traps. That return has the line low.
 *
 * Clause: every-return
 */
TEST_F(line, signal_after_a_fall_returns_it)
{
	struct kvm_vcpu *vcpu = self->vcpus[0];
	struct user_irq_runner runner = { .vcpu = vcpu, .thread = pthread_self() };
	struct user_irq_return r;
	int i;

	signal(SIGUSR1, user_irq_ignore_signal);
	for (i = 0; i < ROUNDS; i++) {
		user_irq_set_level(vcpu, variant->line, true);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);

		user_irq_start_at(vcpu, guest_lowers_and_computes);
		r = user_irq_run_and(vcpu, false, user_irq_kick, &runner);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
}

/*
 * A vCPU that the guest turns off and on again comes back with its devices reset:
 * that its line has fallen is told before it runs.
 *
 * Clause: return-before-run
 */
TEST_F(line, fall_by_psci_off_and_on_is_told)
{
	struct user_irq_return r, *returns = turn_off_and_on(self->vcpus, &r);

	EXPECT_EQ(USER_IRQ_KNOCK, r.kind);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, returns[0]);
	ASSERT_RETURN(USER_IRQ_INTR, 0, returns[1]);
	EXPECT_EQ((u64)guest_knocks, user_irq_pc(self->vcpus[1]));
}

/* In ISR_EL1 */
#define PENDING_FIQ	BIT(6)
#define PENDING_IRQ	BIT(7)

/* The guest's: what waits to be taken */
static u64 pending;

static void guest_tells_what_is_pending(struct user_irq_guest *g)
{
	for (;;) {
		WRITE_ONCE(pending, read_sysreg(isr_el1));
		guest_knock(g);
	}
}

static void guest_computes_until_interrupted(struct user_irq_guest *g)
{
	const u64 start = timer_get_cntct(VIRTUAL), ticks = usec_to_cycles(g->patience_us);
	bool late;

	do {
		WRITE_ONCE(g->progress, g->progress + 1);
		/* First: whatever comes while the guest does not run has come then. */
		late = timer_get_cntct(VIRTUAL) - start >= ticks;
		if (read_sysreg(isr_el1))
			break;
		__GUEST_ASSERT(!late, "waited for %lu us, and there was no interrupt",
			       (unsigned long)g->patience_us);
	} while (true);
	guest_knock(g);
}

FIXTURE(input) {
	struct kvm_vcpu *vcpu;
};

FIXTURE_SETUP(input)
{
	const char *missing = user_irq_missing(KVM_ARM_DEV_EL1_VTIMER);

	if (missing)
		SKIP(return, "%s", missing);

	user_irq_vm(KVM_ARM_DEV_EL1_VTIMER, 1, guest_tells_what_is_pending, &self->vcpu);
}

FIXTURE_TEARDOWN(input)
{
	kvm_vm_release(self->vcpu->vm);
}

/* What a VMM gives back is due to a line: without the capability there is none. */
#define ASSERT_LINE_IS_TOLD(_vcpu) do {						\
	struct user_irq_return _told;						\
										\
	user_irq_set_level(_vcpu, KVM_ARM_DEV_EL1_VTIMER, true);		\
	_told = user_irq_run(_vcpu);						\
	ASSERT_RETURN(USER_IRQ_INTR, KVM_ARM_DEV_EL1_VTIMER, _told);		\
} while (0)

/*
 * An input is the VMM's, and no part of the vCPU's state: KVM_ARM_VCPU_INIT on a
 * vCPU that has run leaves it high, as does a move of the other input after that,
 * and it falls when the VMM lowers it.
 *
 * Clause: delivery
 */
TEST_F(input, survives_vcpu_init)
{
	struct user_irq_return r;
	u64 *seen;

	ASSERT_LINE_IS_TOLD(self->vcpu);
	seen = addr_gva2hva(self->vcpu->vm, (unsigned long)&pending);
	user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_IRQ, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_EL1_VTIMER, r);
	EXPECT_EQ(PENDING_IRQ, *seen);

	user_irq_reset(self->vcpu, KVM_ARM_DEV_EL1_VTIMER, guest_tells_what_is_pending);
	user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_FIQ, true);
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	EXPECT_EQ(PENDING_IRQ | PENDING_FIQ, *seen);

	user_irq_reset(self->vcpu, KVM_ARM_DEV_EL1_VTIMER, guest_tells_what_is_pending);
	user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_IRQ, false);
	user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_FIQ, false);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
	EXPECT_EQ(0, *seen);
}

static void raise_irq(void *vcpu)
{
	user_irq_set_irq(vcpu, KVM_ARM_IRQ_CPU_IRQ, true);
}

/*
 * A VMM may raise an input from another thread: the guest has the interrupt at once,
 * although it leaves on no account. A tick of the host would end its turn as well, a
 * little later; a CPU that the vCPU has for itself (nohz_full=) has none.
 *
 * Clause: delivery
 */
TEST_F(input, raised_by_another_thread_interrupts_the_guest)
{
	struct user_irq_return r;
	bool at_once;
	int i;

	if (user_irq_cpu(1) < 0)
		SKIP(return, "one CPU: nobody raises an input while a guest runs");

	ASSERT_LINE_IS_TOLD(self->vcpu);
	for (i = 0; i < 2; i++) {
		user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_IRQ, false);
		user_irq_start_at(self->vcpu, guest_computes_until_interrupted);
		r = user_irq_run_alone_and(self->vcpu, i, raise_irq, self->vcpu, &at_once);
		ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_EL1_VTIMER, r);
		EXPECT_TRUE(at_once);
	}
}

/* Moves the vCPU's input, each time that it is its turn. */
struct irq_thread {
	pthread_t thread;
	struct kvm_vcpu *vcpu;
	unsigned int turn;
	unsigned int done;
	bool over;
};

static void *move_input(void *arg)
{
	struct irq_thread *t = arg;
	unsigned int turn, i;

	while (!READ_ONCE(t->over)) {
		turn = READ_ONCE(t->turn);
		if (turn == t->done) {
			sched_yield();
			continue;
		}
		/* Now soon, now late in a KVM_RUN */
		for (i = turn * 7919 % 20000; i; i--)
			barrier();
		user_irq_set_irq(t->vcpu, KVM_ARM_IRQ_CPU_IRQ, turn % 2);
		WRITE_ONCE(t->done, turn);
	}
	return NULL;
}

/*
 * That thread may choose any time for it: here its vCPU goes into KVM_RUN and comes
 * back, over and over, and each time the guest finds its input as the VMM left it.
 *
 * Clause: delivery
 */
TEST_F(input, moved_by_another_thread_stays)
{
	struct irq_thread t = { .vcpu = self->vcpu };
	struct timespec start;
	int ret = 0, lost = 0;
	u64 *seen;

	if (user_irq_cpu(1) < 0)
		SKIP(return, "one CPU: no thread moves an input while another enters KVM_RUN");
	ASSERT_LINE_IS_TOLD(self->vcpu);

	seen = addr_gva2hva(self->vcpu->vm, (unsigned long)&pending);
	ASSERT_EQ(0, pthread_create(&t.thread, NULL, move_input, &t));
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!ret && timespec_to_ns(timespec_elapsed(start)) < MOVES_NS) {
		WRITE_ONCE(t.turn, t.turn + 1);
		self->vcpu->run->immediate_exit = 1;
		do {
			__vcpu_run(self->vcpu);
		} while (READ_ONCE(t.done) != t.turn);
		self->vcpu->run->immediate_exit = 0;

		/* No user_irq_run(): its watchdog takes time, and that is moves lost. */
		ret = __vcpu_run(self->vcpu);
		lost += !!READ_ONCE(*seen) != t.turn % 2;
	}
	WRITE_ONCE(t.over, true);
	pthread_join(t.thread, NULL);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, lost)
		TH_LOG("of %u moves", t.turn);
}

FIXTURE(vms) {
	u64 lines;
};

FIXTURE_SETUP(vms)
{
	const char *missing = user_irq_missing(0);

	if (missing)
		SKIP(return, "%s", missing);
	self->lines = user_irq_lines_here();
}

FIXTURE_TEARDOWN(vms)
{
}

/*
 * The PMU is one of the devices that a vCPU which is turned on has reset.
 *
 * Clause: return-before-run
 */
TEST_F(vms, fall_of_the_pmu_by_psci_off_and_on_is_told)
{
	const char *missing = user_irq_missing(KVM_ARM_DEV_PMU);
	struct user_irq_return r, *returns;
	struct kvm_vcpu *vcpus[2];
	int i;

	if (missing)
		SKIP(return, "%s", missing);
	user_irq_vm(self->lines, 2, guest_knocks, vcpus);
	for (i = 0; i < 2; i++)
		user_irq_guest(vcpus[i])->line = KVM_ARM_DEV_PMU;
	returns = turn_off_and_on(vcpus, &r);
	EXPECT_EQ(USER_IRQ_KNOCK, r.kind);
	ASSERT_RETURN(USER_IRQ_KNOCK, KVM_ARM_DEV_PMU, returns[0]);
	ASSERT_RETURN(USER_IRQ_INTR, 0, returns[1]);
	EXPECT_EQ((u64)guest_knocks, user_irq_pc(vcpus[1]));
	kvm_vm_free(vcpus[0]->vm);
}

/* Raises its lines, then spends most of its time in the guest. */
static void guest_raises_and_runs_on(struct user_irq_guest *g)
{
	guest_set_level(KVM_ARM_DEV_EL1_VTIMER, true);
	guest_set_level(KVM_ARM_DEV_EL1_PTIMER, true);
	for (;;) {
		guest_run_on(g, 500);
		guest_knock(g);
	}
}

struct one_vm {
	struct kvm_vcpu *vcpu;
	int gic_fd;
};

/*
 * Runs each VM of its share to its end.
 * @nr: how many it has of @vms
 * @others_ran: how often a vCPU of another thread was in KVM_RUN when a VM went
 */
struct vms_thread {
	pthread_t thread;
	struct one_vm *vms;
	int nr;
	struct user_irq_return bad;
	u64 bad_levels;
	bool failed;
	int others_ran;
};

static pthread_barrier_t all_are_made;
static int vcpus_in_run;

static void free_vm(struct vms_thread *t, struct one_vm *one)
{
	t->others_ran += __atomic_load_n(&vcpus_in_run, __ATOMIC_RELAXED) > 0;
	if (one->gic_fd >= 0)
		close(one->gic_fd);
	kvm_vm_free(one->vcpu->vm);
}

static void *run_and_free(void *arg)
{
	struct vms_thread *t = arg;
	int i, round;

	pthread_barrier_wait(&all_are_made);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < t->nr; i++) {
			struct one_vm *one = &t->vms[i];
			const u64 levels = one->gic_fd < 0 ? USER_IRQ_TIMERS : USER_IRQ_SCRIBBLE;
			struct user_irq_return r;

			/* Half of each kind goes in the first round. */
			if (round && i % 4 < 2)
				continue;
			__atomic_add_fetch(&vcpus_in_run, 1, __ATOMIC_RELAXED);
			user_irq_run_to_knock(one->vcpu, &r);
			__atomic_sub_fetch(&vcpus_in_run, 1, __ATOMIC_RELAXED);
			if (!t->failed && (r.kind != USER_IRQ_KNOCK || r.levels != levels)) {
				t->failed = true;
				t->bad = r;
				t->bad_levels = levels;
			}
			if (round || i % 4 < 2)
				free_vm(t, one);
		}
	}
	return NULL;
}

/*
 * VMs with a vgic and without, in one process, some gone while the others run:
 * each is served as if it were alone, to its end, with its lines high.
 *
 * Clause: vgic
 */
TEST_F(vms, many_with_and_without_a_vgic)
{
	const int share = MANY_VMS / VM_THREADS;
	struct vms_thread threads[VM_THREADS] = {};
	struct one_vm vms[MANY_VMS];
	const char *missing = user_irq_no_vgic();
	int i, others_ran = 0;

	if (missing)
		SKIP(return, "%s", missing);
	for (i = 0; i < MANY_VMS; i++) {
		user_irq_vm(USER_IRQ_TIMERS, 1, guest_raises_and_runs_on, &vms[i].vcpu);
		vms[i].gic_fd = i % 2 ? user_irq_add_vgic(vms[i].vcpu->vm) : -1;
		if (i % 2)
			*user_irq_field(vms[i].vcpu) = USER_IRQ_SCRIBBLE;
	}
	ASSERT_EQ(0, pthread_barrier_init(&all_are_made, NULL, VM_THREADS));
	for (i = 0; i < VM_THREADS; i++) {
		threads[i].vms = &vms[i * share];
		threads[i].nr = share;
		ASSERT_EQ(0, pthread_create(&threads[i].thread, NULL, run_and_free, &threads[i]));
	}
	for (i = 0; i < VM_THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	for (i = 0; i < VM_THREADS; i++) {
		if (threads[i].failed)
			ASSERT_RETURN(USER_IRQ_KNOCK, threads[i].bad_levels, threads[i].bad);
		others_ran += threads[i].others_ran;
	}
	TH_LOG("of %d VMs, %d went while another ran", MANY_VMS, others_ran);
	/* On one CPU that is up to the scheduler. */
	if (user_irq_cpu(1) >= 0)
		EXPECT_LT(0, others_ran);
}

/* KVM_RUN on a vCPU that the VMM has suspended, which may not wait, and is let go on. */
#define SUSPEND_AND_ASSERT_TOLD(_vcpu, _levels) do {				\
	struct kvm_mp_state _state = { .mp_state = KVM_MP_STATE_SUSPENDED };	\
	struct user_irq_return _r;						\
										\
	vcpu_mp_state_set(_vcpu, &_state);					\
	_r = user_irq_run(_vcpu);						\
	ASSERT_TRUE(_r.kind == USER_IRQ_INTR ||					\
		    (!_r.ret && _r.reason == KVM_EXIT_SYSTEM_EVENT &&		\
		     _vcpu->run->system_event.type == KVM_SYSTEM_EVENT_WAKEUP))	\
		TH_LOG("%s", user_irq_str(_r.kind, _r.levels));			\
	ASSERT_EQ(_levels, _r.levels);						\
	_state.mp_state = KVM_MP_STATE_RUNNABLE;				\
	vcpu_mp_state_set(_vcpu, &_state);					\
} while (0)

/*
 * A vCPU does not begin to wait on what its VMM was not told: a line that the VMM
 * moved itself, before it suspended the vCPU, is a wake-up, up or down. That return
 * may be EINTR, or the exit that tells of the wake-up.
 *
 * Clause: any-exit
 */
TEST_F(vms, changes_before_mp_state_suspended_are_told)
{
	u64 left, line;

	for (left = self->lines; left; left &= ~line) {
		struct user_irq_return r;
		struct kvm_vcpu *vcpu;

		line = left & -left;
		user_irq_vm(line, 1, guest_knocks, &vcpu);
		user_irq_set_level(vcpu, line, true);
		SUSPEND_AND_ASSERT_TOLD(vcpu, line);
		user_irq_set_level(vcpu, line, false);
		SUSPEND_AND_ASSERT_TOLD(vcpu, 0);
		r = user_irq_run(vcpu);
		ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);
		kvm_vm_free(vcpu->vm);
	}
}

static bool clears_bits(u64 id)
{
	return id == KVM_ARM64_SYS_REG(SYS_PMOVSCLR_EL0) ||
	       id == KVM_ARM64_SYS_REG(SYS_PMINTENCLR_EL1) ||
	       id == KVM_ARM64_SYS_REG(SYS_PMCNTENCLR_EL0);
}

/* All registers, but for the second names of some, and the memory. */
static void copy_vm(struct kvm_vcpu *from, struct kvm_vcpu *to)
{
	struct userspace_mem_region *a = memslot2region(from->vm, 0);
	struct userspace_mem_region *b = memslot2region(to->vm, 0);
	struct kvm_reg_list *list = vcpu_get_reg_list(from);
	u8 val[256];
	u64 i;

	for (i = 0; i < list->n; i++) {
		const struct kvm_one_reg reg = { .id = list->reg[i], .addr = (u64)val };

		if (clears_bits(reg.id))
			continue;
		vcpu_ioctl(from, KVM_GET_ONE_REG, &reg);
		TEST_ASSERT(!__vcpu_ioctl(to, KVM_SET_ONE_REG, &reg),
			    "register %#lx cannot be restored: %s", (unsigned long)reg.id,
			    strerror(errno));
	}
	free(list);
	TEST_ASSERT(a->region.memory_size == b->region.memory_size, "VMs of different sizes");
	memcpy(b->host_mem, a->host_mem, a->region.memory_size);
}

/*
 * A VM that is saved with its lines high and restored into a new one, as for a
 * migration, has them told there first, then goes on where it was.
 *
 * Clause: return-before-run
 */
TEST_F(vms, restored_lines_are_told_first)
{
	struct kvm_vcpu *from, *to;
	struct user_irq_return r;
	u64 progress;

	user_irq_vm(self->lines, 1, guest_raises, &from);
	user_irq_run_to_knock(from, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, self->lines, r);
	/* What an exit has begun is completed before a VM is saved. */
	from->run->immediate_exit = 1;
	r = user_irq_run(from);
	ASSERT_RETURN(USER_IRQ_INTR, self->lines, r);

	user_irq_vm(self->lines, 1, guest_raises, &to);
	copy_vm(from, to);
	kvm_vm_free(from->vm);
	progress = user_irq_guest(to)->progress;
	r = user_irq_run(to);
	ASSERT_RETURN(USER_IRQ_INTR, self->lines, r);
	EXPECT_EQ(progress, user_irq_guest(to)->progress);
	r = user_irq_run(to);
	ASSERT_RETURN(USER_IRQ_KNOCK, self->lines, r);
	EXPECT_EQ(progress + 1, user_irq_guest(to)->progress);
	kvm_vm_free(to->vm);
}

/* The kernel's log, from now on; negative if this process may not read it. */
static int open_kernel_log(void)
{
	const int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	TEST_ASSERT(fd < 0 || lseek(fd, 0, SEEK_END) >= 0, "/dev/kmsg: %s", strerror(errno));
	return fd;
}

/* Has the kernel warned since? It says so in these words, and the log is closed. */
static bool kernel_warned(int fd)
{
	char record[8192];
	bool warned = false;
	ssize_t n;

	/* EPIPE: records are gone that nobody had read. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		record[max_t(ssize_t, n, 0)] = '\0';
		warned |= !!strstr(record, "cut here");
	}
	close(fd);
	return warned;
}

/* There is no such target, and no such feature. */
static void fail_to_init(struct kvm_vm *vm, int vcpu_fd)
{
	struct kvm_vcpu_init init = { .target = -1U };

	TEST_ASSERT(ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init), "a vCPU of no target");
	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] = BIT(31);
	TEST_ASSERT(ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init), "a vCPU with no feature of KVM's");
}

/* It has not set up the PMU that it asked for, and is initialized again then. */
static void fail_to_run(struct kvm_vm *vm, int vcpu_fd)
{
	struct kvm_vcpu_init init;

	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PMU_V3);
	TEST_ASSERT(!ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init), "errno %d", errno);
	TEST_ASSERT(ioctl(vcpu_fd, KVM_RUN, NULL) && errno == EINVAL,
		    "a vCPU without the PMU that it asked for ran, or errno is %d", errno);
	TEST_ASSERT(!ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init), "errno %d", errno);
}

FIXTURE(failed) {
	struct kvm_vcpu *beside;
	u64 lines;
	int log;
};

FIXTURE_VARIANT(failed) {
	void (*fails)(struct kvm_vm *vm, int vcpu_fd);
	u64 needs;
};

FIXTURE_VARIANT_ADD(failed, init) { fail_to_init };
FIXTURE_VARIANT_ADD(failed, run) { fail_to_run, KVM_ARM_DEV_PMU };

FIXTURE_SETUP(failed)
{
	const char *missing = user_irq_missing(USER_IRQ_TIMERS | variant->needs);

	if (missing)
		SKIP(return, "%s", missing);
	self->log = open_kernel_log();
	if (self->log < 0)
		SKIP(return, "/dev/kmsg cannot be read: nobody would see the kernel warn");
	self->lines = user_irq_lines_here();
	user_irq_vm(self->lines, 1, guest_raises, &self->beside);
}

FIXTURE_TEARDOWN(failed)
{
	kvm_vm_release(self->beside->vm);
}

/*
 * A vCPU that cannot be initialized, or whose first KVM_RUN fails, has no lines, and its
 * end takes nothing from the VMs that have. Reverting 38d7aacca092 (CVE-2024-53195) would
 * show here: one that failed to run had its timers by then, was not yet counted among
 * those without a vgic, and the host warned.
 *
 * Clause: notified
 */
TEST_F(failed, takes_nothing_from_others)
{
	struct user_irq_return r;
	int i;

	user_irq_run_to_knock(self->beside, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, self->lines, r);
	for (i = 0; i < ROUNDS; i++) {
		struct kvm_vm *vm = vm_create_barebones();
		int fd;

		fd = __vm_ioctl(vm, KVM_CREATE_VCPU, NULL);
		ASSERT_LE(0, fd);
		variant->fails(vm, fd);
		close(fd);
		kvm_vm_free(vm);

		r = user_irq_run(self->beside);
		ASSERT_RETURN(USER_IRQ_KNOCK, self->lines, r);
	}
	EXPECT_FALSE(kernel_warned(self->log));
}

TEST_HARNESS_MAIN
