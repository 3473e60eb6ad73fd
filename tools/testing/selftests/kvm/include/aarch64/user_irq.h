/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a test of KVM_CAP_ARM_USER_IRQ needs: a VM without an in-kernel
 * interrupt controller, a KVM_RUN that tells how it came back, and both halves,
 * guest's and host's, of moving a line.
 */
#ifndef SELFTEST_KVM_USER_IRQ_H
#define SELFTEST_KVM_USER_IRQ_H

#include <pthread.h>

#include "arch_timer.h"
#include "kvm_util.h"
#include "processor.h"

/* Of a case, where kselftest_harness.h comes first: its 30 seconds are too few for a busy machine. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120

/* The suite is also built against headers of a kernel without the feature. */
#ifndef KVM_CAP_ARM_USER_IRQ
#define KVM_CAP_ARM_USER_IRQ		144
#endif
#ifndef KVM_ARM_DEV_EL1_VTIMER
#define KVM_ARM_DEV_EL1_VTIMER		0x1
#define KVM_ARM_DEV_EL1_PTIMER		0x2
#define KVM_ARM_DEV_PMU			0x4
#endif
/* Those that version 2 adds, by the headers of a kernel whose version 2 is this project's */
#ifdef KVM_ARM_DEV_EL2_VTIMER
#define USER_IRQ_LINES_OF_2	(KVM_ARM_DEV_EL2_VTIMER | KVM_ARM_DEV_EL2_PTIMER)
#else
#define USER_IRQ_LINES_OF_2	0
#define KVM_ARM_DEV_EL2_VTIMER		0x8
#define KVM_ARM_DEV_EL2_PTIMER		0x10
#endif

#define USER_IRQ_TIMERS		(KVM_ARM_DEV_EL1_VTIMER | KVM_ARM_DEV_EL1_PTIMER)
/* Those that a vCPU without EL2 has */
#define USER_IRQ_LINES		(USER_IRQ_TIMERS | KVM_ARM_DEV_PMU)

/* A VMM may leave this in the field of a VM with a vgic: the field is its own there */
#define USER_IRQ_SCRIBBLE	0x123456789abcdef0

/* What a guest waits by: WFI, and the call of a PSCI function */
#define USER_IRQ_INSN_WFI	0xd503207f
#define USER_IRQ_INSN_HVC	0xd4000002

/* More wake-ups than a wait that is left in peace has, and few for one that is not */
#define USER_IRQ_MAX_WAKE_UPS	2

/* A busy machine may have so many more ticks in one wait than in another. */
#define USER_IRQ_MORE_EXITS	100

#define USER_IRQ_MAX_VCPUS	8
#define USER_IRQ_CYCLE_COUNTER	31

/**
 * struct user_irq_guest - what the two halves of a test share, one per vCPU
 * @line: the line that the guest works on
 * @delay_us: time from arming the timer to its expiry, or the cycle counter to its overflow
 * @patience_us: after so long a wait the guest gives up and says so
 * @stop: set by the host to end what the guest is at
 * @progress: goes up with everything that the guest gets done
 * @expired: the guest has seen its timer's ISTATUS set, and knocked
 */
struct user_irq_guest {
	u64 line;
	u64 delay_us;
	u64 patience_us;
	u64 stop;
	u64 progress;
	u64 expired;
};

/**
 * enum user_irq_kind - why KVM_RUN came back
 * @USER_IRQ_INTR: EINTR, for a line, for a signal or for immediate_exit
 * @USER_IRQ_KNOCK: guest_knock(), a store that leaves the guest as MMIO does
 * @USER_IRQ_LATE: it did not, until the watchdog ended it
 * @USER_IRQ_GUEST_FAILED: the guest gave up or failed; stderr has its words
 * @USER_IRQ_OTHER: anything else
 */
enum user_irq_kind {
	USER_IRQ_INTR,
	USER_IRQ_KNOCK,
	USER_IRQ_LATE,
	USER_IRQ_GUEST_FAILED,
	USER_IRQ_OTHER,
};

/**
 * struct user_irq_return - one return of KVM_RUN
 * @kind: why it came back
 * @ret: what ioctl() returned
 * @err: errno, if that was -1
 * @reason: run->exit_reason
 * @levels: the field as it was right after the return
 */
struct user_irq_return {
	enum user_irq_kind kind;
	int ret;
	int err;
	u32 reason;
	u64 levels;
};

/**
 * struct user_irq_runner - who runs a vCPU
 * @vcpu: the vCPU
 * @thread: its thread, where SIGUSR1 has a handler
 */
struct user_irq_runner {
	struct kvm_vcpu *vcpu;
	pthread_t thread;
};

/**
 * struct user_irq_timer_regs - the registers of a timer, as KVM_GET_ONE_REG names them
 * @ctl: CNTx_CTL_EL0
 * @cval: CNTx_CVAL_EL0
 * @cnt: its counter, CNTxCT_EL0
 */
struct user_irq_timer_regs {
	u64 ctl;
	u64 cval;
	u64 cnt;
};

/**
 * user_irq_field() - run->s.regs.device_irq_level, by its place in the ABI
 * @vcpu: the vCPU
 *
 * Not by its name, which headers of a kernel without the feature lack.
 *
 * Return: where the field is.
 */
static inline u64 *user_irq_field(struct kvm_vcpu *vcpu)
{
	return (u64 *)&vcpu->run->s;
}

/**
 * user_irq_timer() - a line's timer, for the library's functions of the guest
 * @line: KVM_ARM_DEV_EL1_VTIMER or KVM_ARM_DEV_EL1_PTIMER
 *
 * Return: the timer; for any other line the virtual one, as a clock.
 */
static inline enum arch_timer user_irq_timer(u64 line)
{
	return line == KVM_ARM_DEV_EL1_PTIMER ? PHYSICAL : VIRTUAL;
}

/**
 * user_irq_get_reg() - KVM_GET_ONE_REG
 * @vcpu: the vCPU
 * @id: the register
 *
 * The library's own vcpu_get_reg() takes a pointer up to Linux 6.13, and returns
 * the value since then.
 *
 * Return: the register's value.
 */
static inline u64 user_irq_get_reg(struct kvm_vcpu *vcpu, u64 id)
{
	u64 val;

	TEST_ASSERT(!__vcpu_get_reg(vcpu, id, &val), "KVM_GET_ONE_REG of %#lx: %s",
		    (unsigned long)id, strerror(errno));
	return val;
}

/**
 * guest_wfi() - wait for an interrupt
 *
 * The library's own wfi() came with Linux 6.9.
 */
static inline void guest_wfi(void)
{
	asm volatile("wfi" : : : "memory");
}

bool user_irq_forced(void);
u64 user_irq_lines_of(int version);
const char *user_irq_missing(u64 lines);
u64 user_irq_lines_here(void);
const char *user_irq_uncountable(void);
struct kvm_vm *user_irq_vm(u64 lines, int nr_vcpus, void *guest_code,
			   struct kvm_vcpu *vcpus[]);
struct kvm_vm *user_irq_vm_with(u32 features, u64 lines, int nr_vcpus,
				void *guest_code, struct kvm_vcpu *vcpus[]);
const char *user_irq_no_vgic(void);
int user_irq_add_vgic(struct kvm_vm *vm);
void guest_uses_vgic(void);
void user_irq_start_at(struct kvm_vcpu *vcpu, void *guest_code);
void user_irq_reset(struct kvm_vcpu *vcpu, u64 lines, void *guest_code);
struct user_irq_guest *user_irq_guest(struct kvm_vcpu *vcpu);

struct user_irq_return user_irq_run(struct kvm_vcpu *vcpu);
struct user_irq_return user_irq_run_and(struct kvm_vcpu *vcpu, bool into_sleep,
					void (*act)(void *arg), void *arg);
int user_irq_run_to_knock(struct kvm_vcpu *vcpu, struct user_irq_return *r);
void user_irq_set_irq(struct kvm_vcpu *vcpu, u32 irq, bool high);
u64 user_irq_pc(struct kvm_vcpu *vcpu);
bool user_irq_came_from(struct kvm_vcpu *vcpu, u32 insn);
u64 user_irq_stat(struct kvm_vcpu *vcpu, const char *name);
u32 user_irq_levels_at_vgic(int gic_fd);
long user_irq_host_interrupts(u64 line, int cpu);
bool user_irq_thread_sleeps(pid_t tid);
void user_irq_wait_asleep(pid_t tid);
void user_irq_kick(void *runner);
bool user_irq_wfi_traps(struct kvm_vcpu *vcpu);
struct user_irq_return user_irq_run_watched(struct kvm_vcpu *vcpu, int sig, long *wake_ups);
void user_irq_ignore_signal(int sig);
void user_irq_keep_signal(struct kvm_vcpu *vcpu, int sig);
int user_irq_cpu(int n);
bool user_irq_pin_thread(pid_t tid, int cpu);
struct user_irq_return user_irq_run_alone_and(struct kvm_vcpu *vcpu, int nth_cpu,
					      void (*act)(void *arg), void *arg, bool *at_once);
const char *user_irq_str(enum user_irq_kind kind, u64 levels);

const struct user_irq_timer_regs *user_irq_timer_regs(u64 line);
void user_irq_set_level(struct kvm_vcpu *vcpu, u64 line, bool high);
int user_irq_level(struct kvm_vcpu *vcpu, u64 line);
bool user_irq_wait_expired(struct kvm_vcpu *vcpu, u64 line);

void guest_set_level(u64 line, bool high);
void guest_arm(struct user_irq_guest *g);
void guest_count(int counter, u64 event, u64 left);
void guest_knock(struct user_irq_guest *g);
void guest_wait(struct user_irq_guest *g);
void guest_run_on(struct user_irq_guest *g, u64 us);
void guest_computes(struct user_irq_guest *g);
void guest_knocks(struct user_irq_guest *g);
void guest_raises(struct user_irq_guest *g);
void guest_raises_and_sleeps(struct user_irq_guest *g);
void guest_arms_and_spins(struct user_irq_guest *g);
void guest_arms_and_knocks(struct user_irq_guest *g);
void guest_arms_and_lowers(struct user_irq_guest *g);

/* For cases of kselftest_harness.h: the kind and the levels of a return. */
#define ASSERT_RETURN(_kind, _levels, _return) do {			\
	const struct user_irq_return _r = (_return);			\
									\
	ASSERT_STREQ(user_irq_str(_kind, _levels),			\
		     user_irq_str(_r.kind, _r.levels))			\
		TH_LOG("KVM_RUN: ret %d, errno %d, exit reason %u",	\
		       _r.ret, _r.err, _r.reason);			\
} while (0)

/*
 * With its line high a guest gets to its next knock, and leaves for the kernel on the
 * way no more than twice as often as with it low, and USER_IRQ_MORE_EXITS times:
 * what leaves for the line's sake does so without end.
 */
#define ASSERT_RUNS_ON(_vcpu, _line, _set_level, _guest_code) do {	\
	struct kvm_vcpu *_runs = (_vcpu);				\
	const u64 _raised = (_line);					\
	u64 _low, _high;						\
									\
	user_irq_start_at(_runs, _guest_code);				\
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, user_irq_run(_runs));		\
	_low = user_irq_stat(_runs, "exits");				\
									\
	_set_level(_runs, _raised, true);				\
	ASSERT_RETURN(USER_IRQ_INTR, _raised, user_irq_run(_runs));	\
	ASSERT_RETURN(USER_IRQ_KNOCK, _raised, user_irq_run(_runs));	\
	_high = user_irq_stat(_runs, "exits") - _low;			\
	TH_LOG("exits: %lu low, %lu high", (unsigned long)_low,		\
	       (unsigned long)_high);					\
	EXPECT_GE(2 * _low + USER_IRQ_MORE_EXITS, _high);		\
} while (0)

/* A guest that raises its line, knocks, lowers it in a way of its own and knocks again */
#define ASSERT_HIGH_THEN_LOW(_vcpu, _line, _guest_code) do {		\
	struct kvm_vcpu *_runs = (_vcpu);				\
	struct user_irq_return _last;					\
									\
	user_irq_start_at(_runs, _guest_code);				\
	user_irq_run_to_knock(_runs, &_last);				\
	ASSERT_RETURN(USER_IRQ_KNOCK, _line, _last);			\
	user_irq_run_to_knock(_runs, &_last);				\
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, _last);			\
} while (0)

#endif /* SELFTEST_KVM_USER_IRQ_H */
