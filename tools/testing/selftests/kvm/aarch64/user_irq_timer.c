// SPDX-License-Identifier: GPL-2.0
/*
 * The lines of the EL1 timers, as time and the guest move them.
 */
#include <pthread.h>
#include <sched.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

/* So many interrupts of the host's show that one does not keep back the next. */
#define INTERRUPTS	3

/* So many turns of a VM beside one whose line is high */
#define TURNS		10

/* So often a try that time overtook is repeated. */
#define MAX_TRIES	13

/* With twice the time, but no more than the guest may take for anything. */
static void take_longer(struct user_irq_guest *g)
{
	g->delay_us = min(2 * g->delay_us, g->patience_us);
}

static void guest_arms_and_sleeps(struct user_irq_guest *g)
{
	const enum arch_timer timer = user_irq_timer(g->line);

	for (;;) {
		guest_arm(g);
		WRITE_ONCE(g->progress, g->progress + 1);
		do {
			guest_wfi();
		} while (!(timer_get_ctl(timer) & CTL_ISTATUS));
		guest_knock(g);
		/* A fall that nobody noticed would hide the next rise. */
		guest_set_level(g->line, false);
		guest_knock(g);
	}
}

static enum arch_timer guest_raises_and_knocks(struct user_irq_guest *g)
{
	guest_set_level(g->line, true);
	guest_knock(g);
	return user_irq_timer(g->line);
}

static void guest_masks(struct user_irq_guest *g)
{
	timer_set_ctl(guest_raises_and_knocks(g), CTL_ENABLE | CTL_IMASK);
	guest_knock(g);
}

static void guest_disables(struct user_irq_guest *g)
{
	timer_set_ctl(guest_raises_and_knocks(g), 0);
	guest_knock(g);
}

static void guest_reprograms(struct user_irq_guest *g)
{
	const enum arch_timer timer = guest_raises_and_knocks(g);

	/* In an hour: QEMU 7.2 hangs if this and the offset exceed 64 bits. */
	timer_set_cval(timer, timer_get_cntct(timer) + msec_to_cycles(3600 * 1000));
	guest_knock(g);
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
	kvm_vm_release(self->vcpu->vm);
}

/*
 * A guest that computes and never exits of itself is interrupted in time: the
 * expiry of its timer brings the vCPU back to the VMM, with the line's bit set.
 *
 * Clause: notified
 */
TEST_F(line, rises_while_guest_runs)
{
	struct user_irq_return r;

	user_irq_start_at(self->vcpu, guest_arms_and_spins);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
}

/*
 * It is the timer's own interrupt that brings the host back, so that nothing else
 * has to, not even a tick. Whatever the host masks while the line is high, the next
 * rise interrupts it again. Reverting d60d8b64280c shows here.
 *
 * Clause: return-before-run
 */
TEST_F(line, each_rise_interrupts_the_host)
{
	const int cpu = sched_getcpu();
	const long enough = user_irq_host_interrupts(variant->line, cpu) + INTERRUPTS;
	struct user_irq_return r;
	int tries;

	if (enough < INTERRUPTS)
		SKIP(return, "KVM emulates this timer here: it has no interrupt of its own");

	ASSERT_TRUE(user_irq_pin_thread(0, cpu));

	/* A rise that a busy machine finds before the guest runs on needs no interrupt. */
	for (tries = 0; tries < 100 && user_irq_host_interrupts(variant->line, cpu) < enough;
	     tries++) {
		user_irq_start_at(self->vcpu, guest_arms_and_spins);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		user_irq_set_level(self->vcpu, variant->line, false);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
	EXPECT_LE(enough, user_irq_host_interrupts(variant->line, cpu));
}

/*
 * Whatever the host masks while a line is high, it does for that VM's turn: another
 * one, which runs next, is interrupted by its timer as ever. Only a turn that one thing
 * ended tells whether that was the timer: a tick may have been first, but not often.
 *
 * Clause: return-before-run
 */
TEST_F(line, interrupts_the_host_beside_a_high_line)
{
	const int cpu = sched_getcpu();
	int tries, by_one = 0, by_the_timer = 0;
	struct user_irq_return r;
	struct kvm_vcpu *beside;
	long before;
	u64 exits;

	if (user_irq_host_interrupts(variant->line, cpu) < 0)
		SKIP(return, "KVM emulates this timer here: it has no interrupt of its own");

	user_irq_vm(variant->line, 1, guest_raises, &beside);
	ASSERT_TRUE(user_irq_pin_thread(0, cpu));
	self->g->delay_us = 100;
	for (tries = 0; tries < 200 && by_one < TURNS; tries++) {
		bool one;

		user_irq_run_to_knock(beside, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);

		before = user_irq_host_interrupts(variant->line, cpu);
		exits = user_irq_stat(self->vcpu, "exits");
		user_irq_start_at(self->vcpu, guest_arms_and_spins);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
		one = user_irq_stat(self->vcpu, "exits") == exits + 1;
		by_one += one;
		by_the_timer += one && user_irq_host_interrupts(variant->line, cpu) > before;

		user_irq_set_level(self->vcpu, variant->line, false);
		r = user_irq_run(self->vcpu);
		ASSERT_RETURN(USER_IRQ_INTR, 0, r);
	}
	kvm_vm_free(beside->vm);
	if (!by_one)
		SKIP(return, "no turn here ends by one exit");
	EXPECT_LE(by_one, 2 * by_the_timer)
		TH_LOG("%d of %d turns", by_the_timer, by_one);
}

/* No line has this bit: a return that shows it shows what the VMM wrote after it. */
#define SCRIBBLE	BIT_ULL(62)

/*
 * Run guest_arms_and_sleeps() until KVM_RUN comes back from its WFI, and, if
 * @prepared is given, that names the guest's progress at that time. @told: the
 * other lines that are high meanwhile. Return how many tries were in vain.
 */
static int run_into_wfi(struct kvm_vcpu *vcpu, u64 told, const u64 *prepared,
			struct user_irq_return *r)
{
	struct user_irq_guest *g = user_irq_guest(vcpu);
	int undecided;

	user_irq_start_at(vcpu, guest_arms_and_sleeps);
	for (undecided = 0; undecided < MAX_TRIES; undecided++) {
		*r = user_irq_run(vcpu);
		if (r->kind == USER_IRQ_INTR) {
			if (!(r->levels & SCRIBBLE) &&
			    user_irq_came_from(vcpu, USER_IRQ_INSN_WFI) &&
			    (!prepared || READ_ONCE(*prepared) == READ_ONCE(g->progress)))
				break;

			/*
			 * If the line rose before the WFI, only an interrupt
			 * can wake the guest from it. Do as a VMM does.
			 */
			user_irq_set_irq(vcpu, KVM_ARM_IRQ_CPU_IRQ, true);
			user_irq_run_to_knock(vcpu, r);
			user_irq_set_irq(vcpu, KVM_ARM_IRQ_CPU_IRQ, false);
		}
		if (r->kind != USER_IRQ_KNOCK || (r->levels & ~SCRIBBLE) != (g->line | told))
			break;
		user_irq_run_to_knock(vcpu, r);
		if (r->kind != USER_IRQ_KNOCK || (r->levels != told && !(r->levels & SCRIBBLE)))
			break;
		take_longer(g);
	}
	return undecided;
}

/*
 * A guest that waits for an interrupt sleeps inside KVM_RUN. When its timer
 * expires it comes back to the VMM, who alone can give it that interrupt.
 * Reverting 4ce98bf0865c would show here: the guest slept on.
 *
 * Clause: notified
 */
TEST_F(line, rises_in_wfi)
{
	struct user_irq_return r;
	int undecided;

	undecided = run_into_wfi(self->vcpu, 0, NULL, &r);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	TH_LOG("undecided: %d", undecided);
}

/*
 * The same while another line is high, which the VMM knows of but cannot pass on: what
 * it was told of one line keeps no change of another from it.
 *
 * Clause: notified
 */
TEST_F(line, rises_in_wfi_beside_a_told_line)
{
	const u64 told = USER_IRQ_TIMERS & ~variant->line;
	struct user_irq_return r;
	int undecided;

	user_irq_set_level(self->vcpu, told, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, told, r);

	undecided = run_into_wfi(self->vcpu, told, NULL, &r);
	ASSERT_RETURN(USER_IRQ_INTR, USER_IRQ_TIMERS, r);
	TH_LOG("undecided: %d", undecided);
}

struct scribbler {
	struct kvm_vcpu *vcpu;
	pid_t vcpu_thread;
	bool stop;
	u64 done_at;
};

/*
 * Claim that the line is high whenever the guest waits: its thread sleeps, or
 * half of the time is over on a host that does not trap WFI. Once for each time
 * that the guest has armed its timer.
 */
static void *scribble_on_a_sleeper(void *arg)
{
	struct scribbler *s = arg;
	struct user_irq_guest *g = user_irq_guest(s->vcpu);
	struct timespec start;
	u64 progress, armed = 0;

	while (!READ_ONCE(s->stop)) {
		progress = READ_ONCE(g->progress);
		if (progress != armed) {
			clock_gettime(CLOCK_MONOTONIC, &start);
			armed = progress;
		}
		if (!armed || s->done_at == armed)
			continue;
		if (!user_irq_thread_sleeps(s->vcpu_thread) &&
		    timespec_to_ns(timespec_elapsed(start)) < READ_ONCE(g->delay_us) * 500)
			continue;

		WRITE_ONCE(*user_irq_field(s->vcpu), SCRIBBLE | g->line);
		WRITE_ONCE(s->done_at, armed);
	}
	return NULL;
}

/*
 * What the VMM writes into the field is no part of what the kernel knows. A
 * guest that sleeps while that happens wakes when its line rises, as ever.
 *
 * Clause: memory
 */
TEST_F(line, rises_in_wfi_under_a_scribble)
{
	struct scribbler s = { .vcpu = self->vcpu, .vcpu_thread = gettid() };
	struct user_irq_return r;
	pthread_t thread;
	int undecided;

	self->g->delay_us = 10000;
	ASSERT_EQ(0, pthread_create(&thread, NULL, scribble_on_a_sleeper, &s));
	undecided = run_into_wfi(self->vcpu, 0, &s.done_at, &r);
	WRITE_ONCE(s.stop, true);
	pthread_join(thread, NULL);

	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	ASSERT_EQ(self->g->progress, s.done_at);
	TH_LOG("undecided: %d", undecided);
}

/*
 * Run a guest that arms and knocks until it knocks before its timer expires, or does
 * not knock. Return how many tries time overtook.
 */
static int run_to_an_early_knock(struct kvm_vcpu *vcpu, struct user_irq_return *r)
{
	int undecided;

	for (undecided = 0; undecided < MAX_TRIES; undecided++) {
		user_irq_run_to_knock(vcpu, r);
		if (r->kind != USER_IRQ_KNOCK || !r->levels)
			break;
		take_longer(user_irq_guest(vcpu));
	}
	return undecided;
}

/*
 * Time passes while the VMM is busy, too. If the timer expires then, KVM_RUN
 * tells it before the guest gets to run on.
 *
 * Clause: return-before-run
 */
TEST_F(line, rises_between_runs)
{
	struct user_irq_return r;
	int undecided;
	u64 progress;

	undecided = run_to_an_early_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);

	ASSERT_TRUE(user_irq_wait_expired(self->vcpu, variant->line));
	progress = self->g->progress;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	EXPECT_EQ(progress, self->g->progress);
	TH_LOG("undecided: %d", undecided);
}

/*
 * The same if the VMM does not want the guest to run: what KVM found when the guest
 * last stopped is not what the levels are now.
 *
 * Clause: every-return
 */
TEST_F(line, immediate_exit_tells_of_an_expiry_between_runs)
{
	struct user_irq_return r;
	int undecided;

	undecided = run_to_an_early_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, r);

	ASSERT_TRUE(user_irq_wait_expired(self->vcpu, variant->line));
	self->vcpu->run->immediate_exit = 1;
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	TH_LOG("undecided: %d", undecided);
}

/*
 * A guest may wait with its line high, the VMM told, and the interrupt disabled
 * at the VMM's controller. That costs the machine nothing: the vCPU's thread
 * sleeps until the VMM has an interrupt for it, and WFI does not end before.
 * Reverting 13e59ece5b30 would show here: a level that the last interrupt left
 * behind kept the thread awake.
 *
 * Clause: host
 */
TEST_F(line, told_line_leaves_a_sleeper_alone)
{
	struct user_irq_return r;
	long wake_ups;

	user_irq_start_at(self->vcpu, guest_raises_and_sleeps);
	user_irq_run_to_knock(self->vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);

	r = user_irq_run_watched(self->vcpu, 0, &wake_ups);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
	EXPECT_LE(wake_ups, USER_IRQ_MAX_WAKE_UPS);
	/* On a host that does not trap WFI the CPU waits, and this is 0. */
	EXPECT_GE(USER_IRQ_MAX_WAKE_UPS, user_irq_stat(self->vcpu, "wfi_exit_stat"));
}

static void signal_to(void *arg)
{
	const struct user_irq_runner *waits = arg;

	WRITE_ONCE(*user_irq_field(waits->vcpu), 0);
	/* It may have slept for another reason, before KVM_RUN. */
	user_irq_kick(arg);
}

/*
 * A VMM may end its guest's wait by a signal. That return has the levels as any
 * has, and an interrupt ends the wait for the guest afterwards.
 *
 * Clause: every-return
 */
TEST_F(line, signal_in_wfi_returns_current_levels)
{
	struct user_irq_runner waits = { .vcpu = self->vcpu, .thread = pthread_self() };
	struct user_irq_return r;
	int tries = 0;

	signal(SIGUSR1, user_irq_ignore_signal);
	do {
		user_irq_start_at(self->vcpu, guest_raises_and_sleeps);
		user_irq_run_to_knock(self->vcpu, &r);
		ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);

		r = user_irq_run_and(self->vcpu, true, signal_to, &waits);
		ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	} while (!user_irq_came_from(self->vcpu, USER_IRQ_INSN_WFI) && ++tries < MAX_TRIES);
	EXPECT_LT(tries, MAX_TRIES);

	user_irq_set_irq(self->vcpu, KVM_ARM_IRQ_CPU_IRQ, true);
	r = user_irq_run(self->vcpu);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, r);
}

/*
 * A vCPU that is off waits to be turned on, and nothing else: its timer may have
 * expired, the line be high and nobody told. The return that ends the wait, here
 * for a signal, tells it.
 *
 * Clause: host
 */
TEST_F(line, rise_leaves_a_stopped_vcpu_alone)
{
	struct kvm_mp_state off = { .mp_state = KVM_MP_STATE_STOPPED };
	struct user_irq_return r;
	long wake_ups;

	signal(SIGUSR1, user_irq_ignore_signal);
	user_irq_set_level(self->vcpu, variant->line, true);
	vcpu_mp_state_set(self->vcpu, &off);

	r = user_irq_run_watched(self->vcpu, SIGUSR1, &wake_ups);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, r);
	EXPECT_LE(wake_ups, USER_IRQ_MAX_WAKE_UPS);
}

/*
 * When the guest's handler masks the timer, the VMM sees the line fall and can
 * take the interrupt back.
 *
 * Clause: every-return
 */
TEST_F(line, falls_when_masked)
{
	ASSERT_HIGH_THEN_LOW(self->vcpu, variant->line, guest_masks);
}

/*
 * The same, when the guest disables the timer.
 *
 * Clause: every-return
 */
TEST_F(line, falls_when_disabled)
{
	ASSERT_HIGH_THEN_LOW(self->vcpu, variant->line, guest_disables);
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

TEST_HARNESS_MAIN
