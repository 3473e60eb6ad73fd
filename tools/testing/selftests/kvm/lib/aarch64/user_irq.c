// SPDX-License-Identifier: GPL-2.0
/*
 * The service behind the tests of KVM_CAP_ARM_USER_IRQ.
 *
 * The library's own vcpu_run() goes back into the guest on EINTR, and its
 * get_ucall() enters KVM_RUN once more to complete the exit. Either would
 * swallow a return that a test has to see, so neither is used: here one call is
 * one KVM_RUN, and an exit by MMIO is left for the next one to complete.
 */
/* Before Linux 6.11 the Makefiles did not say it. */
#define _GNU_SOURCE

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/bits.h>
#include <linux/perf_event.h>
#include <perf/arm_pmuv3.h>

#include "user_irq.h"
#include "gic.h"
#include "vgic.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id	_sigev_un._tid
#endif

/* Before Linux 6.10 the caller chose the vgic's places. */
#define GICD_BEFORE_6_10	0x8000000
#define GICR_BEFORE_6_10	0x80a0000

/* So often a thread is looked at that may never sleep. */
#define MAX_LOOKS	200

/* So often a guest is begun that may be made to come back before it is where it waits. */
#define MAX_KICKS	100

/*
 * So often one that is watched. A look sleeps first: a busy machine gives it late,
 * as it does the CPU to a thread that is woken without end.
 */
#define MAX_WATCHES	30

/* Each VM has its own copy of this, as of all that the guest sees. */
static struct user_irq_guest guests[USER_IRQ_MAX_VCPUS];

/*
 * A thread has one for all of its runs: to make one takes about as long as a run. A
 * child of fork() has none, whatever it finds here.
 */
static __thread struct watchdog {
	struct kvm_run *run;
	timer_t timer;
	pid_t tid;
	sig_atomic_t fired;
} watchdog;

/*
 * The library of Linux 7 gives every VM a vgic, unless it is told not to before
 * it makes one. That of 6.12 has no such function, and no need of it.
 */
void __weak test_disable_default_vgic(void)
{
}

static void __attribute__((constructor)) no_default_vgic(void)
{
	test_disable_default_vgic();
}

/* How long anything that is waited for may take. */
static u64 bound_ns(void)
{
	const char *bound = getenv("KVM_USER_IRQ_BOUND");
	char *end;
	double s;

	if (!bound)
		return 10 * NSEC_PER_SEC;

	s = strtod(bound, &end);
	TEST_ASSERT(end != bound && !*end && s > 0 && s < 1000,
		    "KVM_USER_IRQ_BOUND='%s': give a number of seconds", bound);
	return s * NSEC_PER_SEC;
}

/**
 * user_irq_forced() - look whether cases run on a kernel without the feature
 *
 * KVM_USER_IRQ_FORCE=1 makes them: they have to fail there.
 *
 * Return: true if they do.
 */
bool user_irq_forced(void)
{
	const char *force = getenv("KVM_USER_IRQ_FORCE");

	return force && !strcmp(force, "1");
}

/**
 * user_irq_lines_of() - the bits that a version of the capability defines
 * @version: what KVM_CHECK_EXTENSION says
 *
 * A later version has those of the earlier, too. What version 2 adds is this
 * project's definition: Linux has a version 1 only, and may give another meaning to
 * the number 2 one day. A number cannot tell the two apart, so the names in the
 * headers do. Where they are missing nothing above version 1 is claimed, and cases
 * of EL2's lines skip.
 *
 * Return: all that are known of here.
 */
u64 user_irq_lines_of(int version)
{
	if (version < 1)
		return 0;
	if (version < 2)
		return USER_IRQ_LINES;
	return USER_IRQ_LINES | USER_IRQ_LINES_OF_2;
}

/**
 * user_irq_missing() - find out whether this machine can run a case
 * @lines: the lines that the case is about
 *
 * A case that is forced runs where the capability is not advertised, too.
 *
 * Return: the reason to skip the case, or NULL.
 */
const char *user_irq_missing(u64 lines)
{
	const char *reason = NULL;
	int kvm = open(KVM_DEV_PATH, O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		return "cannot open " KVM_DEV_PATH ": load KVM, or run as a user who may use it";

	if (!user_irq_forced() &&
	    ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_USER_IRQ) <= 0)
		reason = "KVM_CAP_ARM_USER_IRQ is not advertised";
	else if ((lines & KVM_ARM_DEV_PMU) &&
		 ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PMU_V3) <= 0)
		reason = "KVM_CAP_ARM_PMU_V3 is not advertised: no PMU for guests here";

	close(kvm);
	return reason;
}

/**
 * user_irq_lines_here() - the lines of a vCPU with all the devices that KVM has here
 *
 * Return: those of the timers, and of the PMU where guests can have one.
 */
u64 user_irq_lines_here(void)
{
	return user_irq_missing(KVM_ARM_DEV_PMU) ? USER_IRQ_TIMERS : USER_IRQ_LINES;
}

static sig_atomic_t pmu_fired;

/* What one case found out, for all of a program's: each is a process of its own. */
static enum { UNKNOWN, YES, NO } *pmu_interrupts;

static void __attribute__((constructor)) share_what_is_found_out(void)
{
	pmu_interrupts = mmap(NULL, sizeof(*pmu_interrupts), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(pmu_interrupts != MAP_FAILED, "no memory to share: %s", strerror(errno));
}

static void on_pmu(int sig)
{
	pmu_fired = 1;
}

/**
 * user_irq_uncountable() - find out whether counting can overflow a guest's counter
 *
 * KVM counts for a guest with the machine's own counters and learns of an
 * overflow by their interrupt, which some boards do not deliver. So this lets a
 * counter of its own overflow. A busy machine may be late with the interrupt, so it
 * is waited for as long as anything; but for one case of a program, for all of them.
 *
 * Return: the reason to skip a case that counts, or NULL.
 */
const char *user_irq_uncountable(void)
{
	static const char no_interrupt[] =
		"the interrupt of this machine's own PMU does not arrive";
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof(attr),
		.sample_period = 100000,
		.disabled = 1,
		/* For this a user that is not root may often do. */
		.exclude_kernel = 1,
	};
	struct timespec start;
	int fd;

	if (*pmu_interrupts != UNKNOWN)
		return *pmu_interrupts == YES ? NULL : no_interrupt;

	fd = syscall(__NR_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return "this user may not have the PMU: be root, or set kernel.perf_event_paranoid=2";
	if (fd < 0)
		return "this machine's PMU cannot be had: perf_event_open() fails";

	pmu_fired = 0;
	signal(SIGIO, on_pmu);
	TEST_ASSERT(!fcntl(fd, F_SETOWN, getpid()) && !fcntl(fd, F_SETFL, O_ASYNC) &&
		    !ioctl(fd, PERF_EVENT_IOC_REFRESH, 1), "perf: errno %d", errno);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!READ_ONCE(pmu_fired) && timespec_to_ns(timespec_elapsed(start)) < bound_ns())
		;
	signal(SIGIO, SIG_DFL);
	close(fd);
	*pmu_interrupts = pmu_fired ? YES : NO;
	return pmu_fired ? NULL : no_interrupt;
}

static struct kvm_vcpu_init vcpu_features(struct kvm_vm *vm, u64 lines)
{
	struct kvm_vcpu_init init;

	vm_ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init);
	init.features[0] |= BIT(KVM_ARM_VCPU_PSCI_0_2);
	if (lines & KVM_ARM_DEV_PMU)
		init.features[0] |= BIT(KVM_ARM_VCPU_PMU_V3);
	return init;
}

/**
 * user_irq_no_vgic() - find out whether a VM can have a GICv3 in the kernel here
 *
 * Return: the reason to skip a case that needs one, or NULL.
 */
const char *user_irq_no_vgic(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	const int missing = __kvm_test_create_device(vm, KVM_DEV_TYPE_ARM_VGIC_V3);

	kvm_vm_free(vm);
	return missing ? "KVM gives a VM no GICv3 on this machine" : NULL;
}

/**
 * user_irq_add_vgic() - give a VM of one vCPU a GICv3 in the kernel
 * @vm: the VM
 *
 * Return: the controller's file.
 */
int user_irq_add_vgic(struct kvm_vm *vm)
{
#ifdef GICD_BASE_GPA
	return vgic_v3_setup(vm, 1, 64);
#else
	return vgic_v3_setup(vm, 1, 64, GICD_BEFORE_6_10, GICR_BEFORE_6_10);
#endif
}

/**
 * guest_uses_vgic() - guest code: set up the vgic of user_irq_add_vgic(), with no interrupt enabled
 */
void guest_uses_vgic(void)
{
#ifdef GICD_BASE_GPA
	gic_init(GIC_V3, 1);
#else
	gic_init(GIC_V3, 1, (void *)GICD_BEFORE_6_10, (void *)GICR_BEFORE_6_10);
#endif
}

/* What is complete at the next KVM_RUN only would move on the PC that is set before. */
static void complete_mmio(struct kvm_vcpu *vcpu)
{
	if (vcpu->run->exit_reason == KVM_EXIT_MMIO)
		vcpu_run_complete_io(vcpu);
}

/**
 * user_irq_start_at() - choose where a vCPU goes on
 * @vcpu: the vCPU
 * @guest_code: a function that takes the vCPU's struct user_irq_guest
 */
void user_irq_start_at(struct kvm_vcpu *vcpu, void *guest_code)
{
	complete_mmio(vcpu);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pc), (u64)guest_code);
	vcpu_args_set(vcpu, 1, (u64)&guests[vcpu->id]);
}

/**
 * user_irq_vm_with() - make a VM without an in-kernel interrupt controller
 * @features: of the vCPUs, more than the lines ask for
 * @lines: the lines that the guest works on; the PMU's asks for a PMU
 * @nr_vcpus: how many vCPUs, all made here: a later one would move the counter
 * @guest_code: where they start, as for user_irq_start_at()
 * @vcpus: filled in
 *
 * A fixture is done with it by kvm_vm_release(). The guest's memory goes with the case's
 * process: to take it out of the VM before, as kvm_vm_free() does, only costs time.
 *
 * Return: the VM.
 */
struct kvm_vm *user_irq_vm_with(u32 features, u64 lines, int nr_vcpus,
				void *guest_code, struct kvm_vcpu *vcpus[])
{
	const struct kvm_device_attr pmu_init = {
		.group = KVM_ARM_VCPU_PMU_V3_CTRL,
		.attr = KVM_ARM_VCPU_PMU_V3_INIT,
	};
	struct kvm_vm *vm = vm_create(nr_vcpus);
	struct kvm_vcpu_init init = vcpu_features(vm, lines);
	int i;

	init.features[0] |= features;
	vm_init_descriptor_tables(vm);

	for (i = 0; i < nr_vcpus; i++) {
		struct user_irq_guest *g;

		vcpus[i] = aarch64_vcpu_add(vm, i, &init, guest_code);
		vcpu_init_descriptor_tables(vcpus[i]);
		user_irq_start_at(vcpus[i], guest_code);
		if (lines & KVM_ARM_DEV_PMU)
			vcpu_ioctl(vcpus[i], KVM_SET_DEVICE_ATTR, &pmu_init);

		g = user_irq_guest(vcpus[i]);
		g->line = lines;
		g->delay_us = 1000;
		/* Before the watchdog's time: the guest can say more. */
		g->patience_us = bound_ns() / 2000;
	}

	return vm;
}

/**
 * user_irq_vm() - the same, with nothing that the lines do not ask for
 * @lines: as for user_irq_vm_with()
 * @nr_vcpus: likewise
 * @guest_code: likewise
 * @vcpus: likewise
 *
 * Return: the VM.
 */
struct kvm_vm *user_irq_vm(u64 lines, int nr_vcpus, void *guest_code,
			   struct kvm_vcpu *vcpus[])
{
	return user_irq_vm_with(0, lines, nr_vcpus, guest_code, vcpus);
}

/**
 * user_irq_reset() - KVM_ARM_VCPU_INIT on a vCPU that has run
 * @vcpu: the vCPU
 * @lines: as for user_irq_vm()
 * @guest_code: where it starts anew, on the stack that it had
 */
void user_irq_reset(struct kvm_vcpu *vcpu, u64 lines, void *guest_code)
{
	struct kvm_vcpu_init init = vcpu_features(vcpu->vm, lines);
	const u64 sp = user_irq_get_reg(vcpu, ARM64_CORE_REG(sp_el1));

	complete_mmio(vcpu);
	aarch64_vcpu_setup(vcpu, &init);
	vcpu_set_reg(vcpu, ARM64_CORE_REG(sp_el1), sp);
	vcpu_init_descriptor_tables(vcpu);
	user_irq_start_at(vcpu, guest_code);
}

/**
 * user_irq_guest() - the host's view of what it shares with a vCPU
 * @vcpu: the vCPU
 *
 * Return: that vCPU's struct user_irq_guest, in guest memory.
 */
struct user_irq_guest *user_irq_guest(struct kvm_vcpu *vcpu)
{
	return addr_gva2hva(vcpu->vm, (unsigned long)&guests[vcpu->id]);
}

/* immediate_exit: a signal alone would be lost if it came just before KVM_RUN. */
static void watchdog_bites(int sig)
{
	WRITE_ONCE(watchdog.fired, 1);
	WRITE_ONCE(watchdog.run->immediate_exit, 1);
}

static void watchdog_set(u64 ns)
{
	const struct itimerspec bound = {
		.it_value = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC },
	};

	TEST_ASSERT(!timer_settime(watchdog.timer, 0, &bound, NULL),
		    "no watchdog: %s", strerror(errno));
}

static void watchdog_start(struct kvm_run *run)
{
	const struct sigaction action = { .sa_handler = watchdog_bites };
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGUSR2,
		.sigev_notify_thread_id = gettid(),
	};

	if (watchdog.tid != event.sigev_notify_thread_id) {
		TEST_ASSERT(!sigaction(SIGUSR2, &action, NULL) &&
			    !timer_create(CLOCK_MONOTONIC, &event, &watchdog.timer),
			    "no watchdog: %s", strerror(errno));
		watchdog.tid = event.sigev_notify_thread_id;
	}
	WRITE_ONCE(watchdog.run, run);
	WRITE_ONCE(watchdog.fired, 0);
	watchdog_set(bound_ns());
}

static enum user_irq_kind ucall_kind(struct kvm_vcpu *vcpu)
{
	struct ucall *uc = ucall_arch_get_ucall(vcpu);

	if (!uc)
		return USER_IRQ_OTHER;

	/* The library's mark for a guest that got no struct ucall. */
	if (uc == (void *)-1)
		fprintf(stderr, "# the guest ran out of ucalls\n");
	else if (uc->cmd == UCALL_UNHANDLED)
		fprintf(stderr, "# the guest took exception 0x%lx, class 0x%lx\n",
			(unsigned long)uc->args[0], (unsigned long)uc->args[1]);
	else
		fprintf(stderr, "# the guest failed: %s\n", uc->buffer);

	return USER_IRQ_GUEST_FAILED;
}

static enum user_irq_kind return_kind(struct kvm_vcpu *vcpu,
				      const struct user_irq_return *r)
{
	const struct kvm_run *run = vcpu->run;

	if (r->ret == -1 && r->err == EINTR)
		return READ_ONCE(watchdog.fired) ? USER_IRQ_LATE : USER_IRQ_INTR;
	if (r->ret || r->reason != KVM_EXIT_MMIO)
		return USER_IRQ_OTHER;
	if (run->mmio.is_write &&
	    run->mmio.phys_addr == vcpu->vm->ucall_mmio_addr + sizeof(u64))
		return USER_IRQ_KNOCK;
	return ucall_kind(vcpu);
}

/**
 * user_irq_run() - KVM_RUN, once
 * @vcpu: the vCPU
 *
 * Return: how it came back.
 */
struct user_irq_return user_irq_run(struct kvm_vcpu *vcpu)
{
	struct user_irq_return r;

	watchdog_start(vcpu->run);
	r.ret = __vcpu_run(vcpu);
	r.err = r.ret ? errno : 0;
	r.levels = READ_ONCE(*user_irq_field(vcpu));
	r.reason = vcpu->run->exit_reason;
	watchdog_set(0);

	r.kind = return_kind(vcpu, &r);
	vcpu->run->immediate_exit = 0;
	return r;
}

/**
 * user_irq_run_to_knock() - KVM_RUN until something else than EINTR
 * @vcpu: the vCPU
 * @r: the last return: of kind USER_IRQ_KNOCK, if all is well
 *
 * It is not for a kernel that returns for ever: 100 times are enough.
 *
 * Return: how many returns with EINTR came before it.
 */
int user_irq_run_to_knock(struct kvm_vcpu *vcpu, struct user_irq_return *r)
{
	int n = 0;

	while (*r = user_irq_run(vcpu), r->kind == USER_IRQ_INTR && n < 100)
		n++;
	return n;
}

/**
 * user_irq_str() - a return of KVM_RUN, for people
 * @kind: why it came back
 * @levels: what it told
 *
 * Return: a string that lasts until the thread's second call from now.
 */
const char *user_irq_str(enum user_irq_kind kind, u64 levels)
{
	static const char * const kinds[] = {
		[USER_IRQ_INTR] = "EINTR",
		[USER_IRQ_KNOCK] = "a knock",
		[USER_IRQ_LATE] = "no return in time",
		[USER_IRQ_GUEST_FAILED] = "a guest that failed",
		[USER_IRQ_OTHER] = "an unknown return",
	};
	static __thread char bufs[2][64];
	static __thread int which;

	which = !which;
	snprintf(bufs[which], sizeof(bufs[which]), "%s, levels %#lx",
		 kinds[kind], (unsigned long)levels);
	return bufs[which];
}

/**
 * user_irq_set_irq() - drive one of a vCPU's own two interrupt inputs
 * @vcpu: the vCPU
 * @irq: KVM_ARM_IRQ_CPU_IRQ or KVM_ARM_IRQ_CPU_FIQ
 * @high: its level from now on
 */
void user_irq_set_irq(struct kvm_vcpu *vcpu, u32 irq, bool high)
{
	kvm_irq_line(vcpu->vm, KVM_ARM_IRQ_TYPE_CPU << KVM_ARM_IRQ_TYPE_SHIFT |
		     vcpu->id << KVM_ARM_IRQ_VCPU_SHIFT | irq, high);
}

/**
 * user_irq_pc() - where a vCPU goes on
 * @vcpu: the vCPU, which does not run
 *
 * Return: its PC.
 */
u64 user_irq_pc(struct kvm_vcpu *vcpu)
{
	return user_irq_get_reg(vcpu, ARM64_CORE_REG(regs.pc));
}

/**
 * user_irq_came_from() - look what the guest was at when KVM_RUN came back
 * @vcpu: the vCPU, which does not run
 * @insn: an instruction that waits
 *
 * Return: true if the guest goes on right behind that one.
 */
bool user_irq_came_from(struct kvm_vcpu *vcpu, u32 insn)
{
	return *(u32 *)addr_gva2hva(vcpu->vm, user_irq_pc(vcpu) - sizeof(insn)) == insn;
}

/**
 * user_irq_stat() - one of KVM's counts of a vCPU
 * @vcpu: the vCPU
 * @name: as KVM has it
 *
 * Return: the count.
 */
u64 user_irq_stat(struct kvm_vcpu *vcpu, const char *name)
{
	const int fd = vcpu_get_stats_fd(vcpu);
	struct kvm_stats_header header;
	struct kvm_stats_desc *all;
	bool found = false;
	u64 count = 0;
	u32 i;

	read_stats_header(fd, &header);
	all = read_stats_descriptors(fd, &header);
	for (i = 0; i < header.num_desc; i++) {
		struct kvm_stats_desc *one = get_stats_descriptor(all, i, &header);

		if (strcmp(one->name, name))
			continue;
		read_stat_data(fd, &header, one, &count, 1);
		found = true;
	}
	free(all);
	close(fd);
	TEST_ASSERT(found, "KVM counts no %s", name);
	return count;
}

/**
 * user_irq_levels_at_vgic() - the vgic's own view of the first vCPU's lines
 * @gic_fd: a VM's GICv3
 *
 * Return: the levels of the private interrupts, a bitmap by INTID.
 */
u32 user_irq_levels_at_vgic(int gic_fd)
{
	u64 attr = VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT;
	u32 levels;

	kvm_device_attr_get(gic_fd, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, attr, &levels);
	return levels;
}

/* Which of the numbers in a line of /proc/interrupts is a CPU's: those that are off have none. */
static int column_of(const char *heading, int cpu)
{
	int column, number, used;

	for (column = 0; sscanf(heading, " CPU%d%n", &number, &used) == 1; column++) {
		if (number == cpu)
			return column;
		heading += used;
	}
	return -1;
}

/**
 * user_irq_host_interrupts() - how often a guest's timer has interrupted the host
 * @line: the timer's line
 * @cpu: where the vCPU's thread is pinned to; others may run guests of others
 *
 * Return: the count; -1 if the host has no interrupt for that timer, for KVM
 * emulates it.
 */
long user_irq_host_interrupts(u64 line, int cpu)
{
	const char *name = line == KVM_ARM_DEV_EL1_PTIMER ? "kvm guest ptimer" : "kvm guest vtimer";
	FILE *file = fopen("/proc/interrupts", "r");
	char text[16384], *at;
	long count = -1;
	int column;

	TEST_ASSERT(file && fgets(text, sizeof(text), file),
		    "cannot read /proc/interrupts: %s", strerror(errno));
	column = column_of(text, cpu);
	TEST_ASSERT(column >= 0, "no CPU%d in /proc/interrupts", cpu);
	while (count < 0 && fgets(text, sizeof(text), file)) {
		int i;

		at = strchr(text, ':');
		if (!at || !strstr(text, name))
			continue;
		for (at++, i = 0; i <= column; i++)
			count = strtoul(at, &at, 10);
	}
	fclose(file);
	return count;
}

/**
 * user_irq_thread_sleeps() - look whether a thread sleeps
 * @tid: a thread of this process
 *
 * A vCPU's thread does where its guest waits in WFI, if the host traps that.
 *
 * Return: true if it does.
 */
bool user_irq_thread_sleeps(pid_t tid)
{
	char path[64], stat[256] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY);
	TEST_ASSERT(fd >= 0 && read(fd, stat, sizeof(stat) - 1) > 0,
		    "cannot read %s: %s", path, strerror(errno));
	close(fd);
	return strstr(stat, ") S ");
}

/**
 * user_irq_wait_asleep() - wait until a vCPU's guest waits
 * @tid: the vCPU's thread
 *
 * Where the host does not trap WFI the thread never sleeps. So this gives up
 * after a time in which the guest should have got to where it waits. Whether it
 * had, user_irq_came_from() can tell.
 */
void user_irq_wait_asleep(pid_t tid)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 };
	int looks;

	for (looks = 0; looks < MAX_LOOKS && !user_irq_thread_sleeps(tid); looks++)
		nanosleep(&pause, NULL);
}

/* What another thread does once the guest is where it waits. */
struct action {
	struct kvm_vcpu *vcpu;
	pid_t vcpu_thread;
	u64 progress;
	bool into_sleep;
	void (*act)(void *arg);
	void *arg;
};

static void *act_when_it_waits(void *arg)
{
	const struct action *a = arg;
	struct user_irq_guest *g = user_irq_guest(a->vcpu);

	while (READ_ONCE(g->progress) == a->progress)
		sched_yield();
	if (a->into_sleep)
		user_irq_wait_asleep(a->vcpu_thread);
	a->act(a->arg);
	return NULL;
}

/**
 * user_irq_run_and() - KVM_RUN, while another thread does something
 * @vcpu: the vCPU, whose guest makes progress and then waits
 * @into_sleep: whether it waits in WFI
 * @act: what that thread does, once the guest waits as far as it can tell
 * @arg: given to @act
 *
 * It is over when both are.
 *
 * Return: how KVM_RUN came back.
 */
struct user_irq_return user_irq_run_and(struct kvm_vcpu *vcpu, bool into_sleep,
					void (*act)(void *arg), void *arg)
{
	struct user_irq_guest *g = user_irq_guest(vcpu);
	struct action a = {
		.vcpu = vcpu,
		.vcpu_thread = gettid(),
		.progress = g->progress,
		.into_sleep = into_sleep,
		.act = act,
		.arg = arg,
	};
	struct user_irq_return r;
	pthread_t thread;

	TEST_ASSERT(!pthread_create(&thread, NULL, act_when_it_waits, &a), "no thread to act");
	r = user_irq_run(vcpu);
	/* Where the guest did not run at all. */
	WRITE_ONCE(g->progress, g->progress + 1);
	pthread_join(thread, NULL);
	/* A kick that came when the run was over. */
	vcpu->run->immediate_exit = 0;
	return r;
}

/**
 * user_irq_kick() - make a vCPU come back, as an action of user_irq_run_and()
 * @runner: a struct user_irq_runner, the vCPU that this runs
 *
 * immediate_exit is for one that is not in KVM_RUN yet, where a signal would be lost.
 */
void user_irq_kick(void *runner)
{
	const struct user_irq_runner *r = runner;

	WRITE_ONCE(r->vcpu->run->immediate_exit, 1);
	pthread_kill(r->thread, SIGUSR1);
}

static void guest_waits(struct user_irq_guest *g)
{
	WRITE_ONCE(g->progress, g->progress + 1);
	/* One that does not trap is over with any interrupt of the host's. */
	for (;;)
		guest_wfi();
}

/**
 * user_irq_wfi_traps() - does KVM trap WFI here?
 * @vcpu: a vCPU, whose guest begins anew by this; its thread must be the caller
 *
 * A counter of the PMU stands still while KVM has the vCPU wait. It takes a WFI
 * that waits: with an interrupt pending it need not trap, and one that a busy
 * machine does not let the guest come to would be taken for one that does not.
 *
 * Return: true if it did.
 */
bool user_irq_wfi_traps(struct kvm_vcpu *vcpu)
{
	const u64 before = user_irq_stat(vcpu, "wfi_exit_stat");
	struct user_irq_runner runner = { .vcpu = vcpu, .thread = pthread_self() };
	struct user_irq_return r;
	bool waited;
	int tries = 0;

	signal(SIGUSR1, user_irq_ignore_signal);
	do {
		user_irq_start_at(vcpu, guest_waits);
		r = user_irq_run_and(vcpu, true, user_irq_kick, &runner);
		waited = user_irq_came_from(vcpu, USER_IRQ_INSN_WFI);
		TEST_ASSERT(waited || r.kind == USER_IRQ_INTR,
			    "a guest on its way to WFI came back by %s",
			    user_irq_str(r.kind, r.levels));
	} while (!waited && ++tries < MAX_KICKS);
	TEST_ASSERT(waited, "no guest came to its WFI in %d runs", tries);
	return user_irq_stat(vcpu, "wfi_exit_stat") != before;
}

static long times_slept(pid_t tid)
{
	char path[64], line[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "r");
	TEST_ASSERT(f, "cannot open %s: %s", path, strerror(errno));
	while (n < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "voluntary_ctxt_switches: %ld", &n);
	fclose(f);
	TEST_ASSERT(n >= 0, "no voluntary_ctxt_switches in %s", path);
	return n;
}

static void wait_for_look(void)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };

	nanosleep(&pause, NULL);
}

/* A vCPU's thread that sleeps in KVM_RUN, and the signal that makes it come back, or 0. */
struct watched {
	struct kvm_vcpu *vcpu;
	pid_t tid;
	pthread_t thread;
	int sig;
	bool back;
	long wake_ups;
};

/* For a while, or until there is enough to see. */
static void *watch(void *arg)
{
	struct watched *w = arg;
	int looks = 0;
	long before;

	while (!user_irq_thread_sleeps(w->tid) && (w->sig || looks++ < MAX_WATCHES))
		wait_for_look();
	before = times_slept(w->tid);
	do {
		wait_for_look();
		w->wake_ups = times_slept(w->tid) - before;
	} while (w->wake_ups <= USER_IRQ_MAX_WAKE_UPS && looks++ < MAX_WATCHES);

	/* Who came back from KVM_RUN without a signal sleeps elsewhere. */
	if (w->sig && READ_ONCE(w->back))
		w->wake_ups = LONG_MAX;
	if (w->sig)
		pthread_kill(w->thread, w->sig);
	else
		user_irq_set_irq(w->vcpu, KVM_ARM_IRQ_CPU_IRQ, true);
	return NULL;
}

/**
 * user_irq_run_watched() - KVM_RUN, whose thread is watched while its guest waits
 * @vcpu: the vCPU
 * @sig: the signal that ends the wait in the end, or 0: KVM_IRQ_LINE does
 * @wake_ups: how often the thread woke; LONG_MAX if it did not wait for @sig
 *
 * A host that does not trap WFI leaves the thread in the guest, awake, and the
 * wait to the CPU: then without @sig there are none.
 *
 * Return: how KVM_RUN came back.
 */
struct user_irq_return user_irq_run_watched(struct kvm_vcpu *vcpu, int sig, long *wake_ups)
{
	struct watched w = {
		.vcpu = vcpu,
		.tid = gettid(),
		.thread = pthread_self(),
		.sig = sig,
	};
	struct user_irq_return r;
	pthread_t watcher;

	TEST_ASSERT(!pthread_create(&watcher, NULL, watch, &w), "no thread to watch");
	r = user_irq_run(vcpu);
	WRITE_ONCE(w.back, true);
	pthread_join(watcher, NULL);
	*wake_ups = w.wake_ups;
	return r;
}

/**
 * user_irq_ignore_signal() - a handler for a signal that only ends KVM_RUN
 * @sig: the signal
 */
void user_irq_ignore_signal(int sig)
{
}

/**
 * user_irq_keep_signal() - let a signal of this thread's end the next KVM_RUN, and nothing else
 * @vcpu: the vCPU
 * @sig: blocked outside KVM_RUN from now on, so it is pending when the vCPU goes in
 */
void user_irq_keep_signal(struct kvm_vcpu *vcpu, int sig)
{
	struct {
		struct kvm_signal_mask head;
		u64 sigset;
	} __packed none_blocked = { .head.len = sizeof(u64) };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, sig);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(sig, user_irq_ignore_signal);
	vcpu_ioctl(vcpu, KVM_SET_SIGNAL_MASK, &none_blocked.head);
}

/**
 * user_irq_cpu() - one of the CPUs that the caller may run on
 * @n: which of them, from 0 on
 *
 * Return: the CPU; -1 if there are no more than @n.
 */
int user_irq_cpu(int n)
{
	cpu_set_t cpus;
	int cpu;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(cpus), &cpus), "no CPUs: %s", strerror(errno));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus) && !n--)
			return cpu;
	return -1;
}

/**
 * user_irq_pin_thread() - let a thread run on one CPU only
 * @tid: the thread, 0 for the caller
 * @cpu: the CPU
 *
 * Return: false if the machine has no such CPU for it.
 */
bool user_irq_pin_thread(pid_t tid, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return !sched_setaffinity(tid, sizeof(cpus), &cpus);
}

/* What another thread does from another CPU, with the vCPU's left to that alone. */
struct elsewhere {
	struct user_irq_guest *g;
	int cpu;
	void (*act)(void *arg);
	void *arg;
	u64 progress;
};

static void act_elsewhere(void *arg)
{
	const struct timespec some_ticks = { .tv_nsec = 20 * 1000 * 1000 };
	struct elsewhere *e = arg;

	TEST_ASSERT(user_irq_pin_thread(0, e->cpu), "cannot go to CPU %d: %s", e->cpu,
		    strerror(errno));
	/* The CPU that this leaves ends its tick with one of them. */
	nanosleep(&some_ticks, NULL);
	e->act(e->arg);
	e->progress = READ_ONCE(e->g->progress);
}

/**
 * user_irq_run_alone_and() - user_irq_run_and(), on a CPU that runs nothing else
 * @vcpu: the vCPU, whose guest makes progress all the time
 * @nth_cpu: which of the first two CPUs that the caller may run on, of which there are two
 * @act: what another thread does from the other one, which makes the vCPU come back
 * @arg: given to @act
 * @at_once: set to whether the guest did less after @act than before it, in some ticks
 *
 * Where nohz_full= takes the tick of a CPU, nothing but what @act does ends the turn soon.
 *
 * Return: how KVM_RUN came back.
 */
struct user_irq_return user_irq_run_alone_and(struct kvm_vcpu *vcpu, int nth_cpu,
					      void (*act)(void *arg), void *arg, bool *at_once)
{
	const int cpus[2] = { user_irq_cpu(0), user_irq_cpu(1) };
	struct elsewhere e = {
		.g = user_irq_guest(vcpu),
		.cpu = cpus[!nth_cpu],
		.act = act,
		.arg = arg,
	};
	const u64 before = e.g->progress;
	struct user_irq_return r;
	cpu_set_t allowed;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(allowed), &allowed) &&
		    user_irq_pin_thread(0, cpus[nth_cpu]), "cannot go to CPU %d: %s",
		    cpus[nth_cpu], strerror(errno));
	r = user_irq_run_and(vcpu, false, act_elsewhere, &e);
	*at_once = e.g->progress - e.progress < e.progress - before;
	sched_setaffinity(0, sizeof(allowed), &allowed);
	return r;
}

/* UAPI has the virtual timer's CVAL and CNT swapped: no encodings here. */
static const struct user_irq_timer_regs timer_regs[] = {
	[VIRTUAL] = {
		KVM_REG_ARM_TIMER_CTL, KVM_REG_ARM_TIMER_CVAL, KVM_REG_ARM_TIMER_CNT
	},
	[PHYSICAL] = {
		KVM_REG_ARM_PTIMER_CTL, KVM_REG_ARM_PTIMER_CVAL, KVM_REG_ARM_PTIMER_CNT
	},
};

/**
 * user_irq_timer_regs() - by which registers a VMM reaches a line's timer
 * @line: KVM_ARM_DEV_EL1_VTIMER or KVM_ARM_DEV_EL1_PTIMER
 *
 * Return: the registers, for KVM_GET_ONE_REG and KVM_SET_ONE_REG.
 */
const struct user_irq_timer_regs *user_irq_timer_regs(u64 line)
{
	return &timer_regs[user_irq_timer(line)];
}

static void set_pmu_level(struct kvm_vcpu *vcpu, bool high)
{
	const u64 pmcr = KVM_ARM64_SYS_REG(SYS_PMCR_EL0);

	/*
	 * Reset leaves all of these unknown. Some kernels do what such a write of the
	 * guest's would do. Others, 6.15 among them, take the value as it is for either
	 * register of a pair: then it is the SET register, written last, that counts.
	 */
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMCNTENCLR_EL0), ~0U);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMINTENCLR_EL1), ~0U);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMOVSCLR_EL0), ~0U);

	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMCNTENSET_EL0), 0);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMINTENSET_EL1), BIT(0));
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMOVSSET_EL0), high ? BIT(0) : 0);
	vcpu_set_reg(vcpu, pmcr, user_irq_get_reg(vcpu, pmcr) | ARMV8_PMU_PMCR_E);
}

/**
 * user_irq_set_level() - move a line by KVM_SET_ONE_REG
 * @vcpu: the vCPU, which does not run
 * @line: one line
 * @high: where to
 */
void user_irq_set_level(struct kvm_vcpu *vcpu, u64 line, bool high)
{
	const struct user_irq_timer_regs *regs = user_irq_timer_regs(line);

	if (line == KVM_ARM_DEV_PMU) {
		set_pmu_level(vcpu, high);
	} else {
		vcpu_set_reg(vcpu, regs->cval, 0);
		vcpu_set_reg(vcpu, regs->ctl, high ? CTL_ENABLE : 0);
	}
}

/**
 * guest_set_level() - move a line from within the guest, at once
 * @line: one line
 * @high: where to
 */
void guest_set_level(u64 line, bool high)
{
	if (line == KVM_ARM_DEV_PMU) {
		guest_count(0, ARMV8_PMUV3_PERFCTR_SW_INCR, 1);
		write_sysreg(high ? BIT(0) : 0, pmswinc_el0);
		isb();
	} else {
		timer_set_cval(user_irq_timer(line), 0);
		timer_set_ctl(user_irq_timer(line), high ? CTL_ENABLE : 0);
	}
}

/**
 * guest_arm() - let the guest's timer expire, or its cycle counter overflow, in a while
 * @g: says which line's, and how long that is: by a clock of 1 GHz, of the counter
 */
void guest_arm(struct user_irq_guest *g)
{
	const enum arch_timer timer = user_irq_timer(g->line);

	if (g->line == KVM_ARM_DEV_PMU) {
		guest_count(USER_IRQ_CYCLE_COUNTER, 0, READ_ONCE(g->delay_us) * 1000);
		return;
	}
	timer_set_ctl(timer, 0);
	WRITE_ONCE(g->expired, 0);
	timer_set_cval(timer, timer_get_cntct(timer) + usec_to_cycles(READ_ONCE(g->delay_us)));
	timer_set_ctl(timer, CTL_ENABLE);
}

/**
 * user_irq_wait_expired() - wait in the host until a vCPU's timer has expired
 * @vcpu: the vCPU, which does not run
 * @line: the timer's line
 *
 * Return: false if that took too long.
 */
bool user_irq_wait_expired(struct kvm_vcpu *vcpu, u64 line)
{
	const struct user_irq_timer_regs *regs = user_irq_timer_regs(line);
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (user_irq_get_reg(vcpu, regs->cnt) < user_irq_get_reg(vcpu, regs->cval))
		if (timespec_to_ns(timespec_elapsed(start)) > bound_ns())
			return false;
	return true;
}

/**
 * user_irq_level() - the level that a vCPU's registers call for
 * @vcpu: the vCPU, which does not run
 * @line: one line
 *
 * The registers are read after the return, and time has passed since. That the
 * timer had expired before is certain only if the guest saw it.
 *
 * Return: 0 or 1; -1 for a timer that may have expired after the return only.
 */
int user_irq_level(struct kvm_vcpu *vcpu, u64 line)
{
	const u64 pmcr = KVM_ARM64_SYS_REG(SYS_PMCR_EL0);
	const struct user_irq_timer_regs *regs = user_irq_timer_regs(line);

	if (line == KVM_ARM_DEV_PMU)
		return (user_irq_get_reg(vcpu, pmcr) & ARMV8_PMU_PMCR_E) &&
		       (user_irq_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMOVSSET_EL0)) &
			user_irq_get_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMINTENSET_EL1)));

	/* Not by ISTATUS: Linux 7 does not show that of a timer that it emulates. */
	if ((user_irq_get_reg(vcpu, regs->ctl) & (CTL_ENABLE | CTL_IMASK)) != CTL_ENABLE ||
	    user_irq_get_reg(vcpu, regs->cnt) < user_irq_get_reg(vcpu, regs->cval))
		return 0;
	return user_irq_guest(vcpu)->expired ? 1 : -1;
}

/**
 * guest_count() - let one counter of the PMU count, and interrupt on overflow
 * @counter: an event counter, or USER_IRQ_CYCLE_COUNTER
 * @event: what an event counter counts
 * @left: how many until it overflows
 *
 * The other counters stand still.
 */
void guest_count(int counter, u64 event, u64 left)
{
	write_sysreg(~0U, pmcntenclr_el0);
	write_sysreg(~0U, pmintenclr_el1);
	write_sysreg(~0U, pmovsclr_el0);

	if (counter == USER_IRQ_CYCLE_COUNTER) {
		write_sysreg(0, pmccfiltr_el0);
		write_sysreg(-left, pmccntr_el0);
	} else {
		write_sysreg(counter, pmselr_el0);
		isb();
		write_sysreg(event, pmxevtyper_el0);
		write_sysreg((u32)-left, pmxevcntr_el0);
	}

	write_sysreg(BIT(counter), pmintenset_el1);
	write_sysreg(BIT(counter), pmcntenset_el0);
	/* LC: the cycle counter overflows at 64 bits, not at 32. */
	write_sysreg(read_sysreg(pmcr_el0) | ARMV8_PMU_PMCR_LC | ARMV8_PMU_PMCR_E, pmcr_el0);
	isb();
}

/**
 * guest_knock() - leave the guest by MMIO
 * @g: told of the timer before, and of the progress after
 *
 * The store is to the page of the ucalls, but it is none.
 */
void guest_knock(struct user_irq_guest *g)
{
	WRITE_ONCE(g->expired, timer_get_ctl(user_irq_timer(g->line)) & CTL_ISTATUS);
	WRITE_ONCE(ucall_exit_mmio_addr[1], 0);
	WRITE_ONCE(g->progress, g->progress + 1);
}

/**
 * guest_run_on() - stay in the guest for a while, without an exit of its own
 * @g: its progress goes up all the time
 * @us: how long, unless the host sets @g->stop
 */
void guest_run_on(struct user_irq_guest *g, u64 us)
{
	const u64 start = timer_get_cntct(VIRTUAL), ticks = usec_to_cycles(us);

	do {
		WRITE_ONCE(g->progress, g->progress + 1);
	} while (!READ_ONCE(g->stop) && timer_get_cntct(VIRTUAL) - start < ticks);
}

/**
 * guest_wait() - stay in the guest until the host has seen what it waits for
 * @g: the host sets @g->stop, or the guest gives up
 */
void guest_wait(struct user_irq_guest *g)
{
	guest_run_on(g, g->patience_us);
	__GUEST_ASSERT(READ_ONCE(g->stop), "waited for %lu us, and KVM_RUN did not return",
		       (unsigned long)g->patience_us);
}

/**
 * guest_computes() - guest code: compute for several ticks of the host, then knock, for ever
 * @g: this vCPU's block
 */
void guest_computes(struct user_irq_guest *g)
{
	for (;;) {
		guest_run_on(g, 30000);
		guest_knock(g);
	}
}

/**
 * guest_knocks() - guest code: knock, and nothing else
 * @g: this vCPU's block
 */
void guest_knocks(struct user_irq_guest *g)
{
	for (;;)
		guest_knock(g);
}

/**
 * guest_raises() - guest code: raise each line, then knock, for ever
 * @g: says which lines
 */
void guest_raises(struct user_irq_guest *g)
{
	u64 line;

	for (line = 1; line <= g->line; line <<= 1)
		if (line & g->line)
			guest_set_level(line, true);
	guest_knocks(g);
}

/**
 * guest_raises_and_sleeps() - guest code: raise the line, knock, wait for an interrupt, knock
 * @g: whose line
 */
void guest_raises_and_sleeps(struct user_irq_guest *g)
{
	guest_set_level(g->line, true);
	guest_knock(g);
	do {
		guest_wfi();
	} while (!read_sysreg(isr_el1));
	guest_knock(g);
}

/**
 * guest_arms_and_spins() - guest code: arm the line, and compute until the host has seen it high
 * @g: whose line
 */
void guest_arms_and_spins(struct user_irq_guest *g)
{
	guest_arm(g);
	guest_wait(g);
}

/**
 * guest_arms_and_knocks() - guest code: arm the timer and knock, for ever
 * @g: this vCPU's block
 */
void guest_arms_and_knocks(struct user_irq_guest *g)
{
	for (;;) {
		guest_arm(g);
		guest_knock(g);
	}
}

/**
 * guest_arms_and_lowers() - guest code: let the line rise, lower it, knock, for ever
 * @g: this vCPU's block
 *
 * It waits for g->stop between the two.
 */
void guest_arms_and_lowers(struct user_irq_guest *g)
{
	for (;;) {
		guest_arm(g);
		guest_wait(g);
		guest_set_level(g->line, false);
		WRITE_ONCE(g->stop, 0);
		guest_knock(g);
	}
}
