// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel beside a model of it: random programs of what a guest and a VMM can
 * do, and each return of KVM_RUN compared.
 *
 * KVM_USER_IRQ_STEPS says how many steps all variants take together, and
 * KVM_USER_IRQ_SEED with which program each begins. What fails is shown as a few
 * steps, and how to run it again.
 */
#include <signal.h>
#include <sys/random.h>
#include <time.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"
#include "user_irq_program.h"

#include <linux/bits.h>
#include <perf/arm_pmuv3.h>

#define STEPS			10000
#define VARIANTS		2
#define MAX_UNDECIDED_PERCENT	5

/* What a vCPU without a PMU cannot do: some machines have no other */
#define PMU_STEPS	(GENMASK(GUEST_PMCR_E, GUEST_SWINC) | GENMASK(HOST_PMCR_E, HOST_OVS))

/* Of a million steps, and of the search for the few that fail. */
#define TIMEOUT			1000
#define SHRINK_SECONDS		40

/* Filled in by the host, worked off by the guest. */
static struct guest_turn {
	struct model_turn turn;
	u64 done;
	u64 now[MODEL_TIMERS];
} guest_turn;

static const enum arch_timer timers[MODEL_TIMERS] = { VIRTUAL, PHYSICAL };

/* An emulated timer may notice late that its time has come: then it has not yet. */
static u64 guest_read_counter(enum arch_timer timer)
{
	const u64 now = timer_get_cntct(timer), cval = timer_get_cval(timer);

	if (cval && cval <= now && !(timer_get_ctl(timer) & CTL_ISTATUS))
		return cval - 1;
	return now;
}

static void guest_read_counters(void)
{
	int i;

	for (i = 0; i < MODEL_TIMERS; i++)
		WRITE_ONCE(guest_turn.now[i], guest_read_counter(timers[i]));
}

static void guest_clear(u64 lines)
{
	int i;

	for (i = 0; i < MODEL_TIMERS; i++)
		timer_set_cval(timers[i], 0);
	if (!(lines & KVM_ARM_DEV_PMU))
		return;

	write_sysreg(~0U, pmcntenclr_el0);
	write_sysreg(~0U, pmintenclr_el1);
	write_sysreg(~0U, pmovsclr_el0);
	for (i = 0; i < MODEL_COUNTERS; i++) {
		write_sysreg(i, pmselr_el0);
		isb();
		write_sysreg(ARMV8_PMUV3_PERFCTR_SW_INCR, pmxevtyper_el0);
		write_sysreg(0, pmxevcntr_el0);
	}
	isb();
}

static void guest_set_from_now(const struct model_step *step, struct model_effect *effect)
{
	const enum arch_timer timer = timers[step->which];
	const s64 ticks = (s64)timer_get_cntfrq() * step->arg / 1000000;

	effect->before = timer_get_cntct(timer);
	if (step->op == GUEST_TVAL)
		timer_set_tval(timer, ticks);
	else
		timer_set_cval(timer, effect->before + ticks);
	effect->cval = timer_get_cval(timer);
	effect->after = timer_get_cntct(timer);
}

static void guest_do(struct user_irq_guest *g, const struct model_step *step,
		     struct model_effect *effect)
{
	u64 pmcr;

	switch (step->op) {
	case GUEST_CTL:
		timer_set_ctl(timers[step->which], step->arg);
		break;
	case GUEST_CVAL:
		timer_set_cval(timers[step->which], step->arg);
		break;
	case GUEST_CVAL_IN:
	case GUEST_TVAL:
		guest_set_from_now(step, effect);
		break;
	case GUEST_WFI:
		guest_set_from_now(step, effect);
		timer_set_ctl(timers[step->which], CTL_ENABLE);
		guest_wfi();
		break;
	case GUEST_SWINC:
		write_sysreg(step->arg, pmswinc_el0);
		break;
	case GUEST_EVCNTR:
		write_sysreg(step->which, pmselr_el0);
		isb();
		write_sysreg((u32)step->arg, pmxevcntr_el0);
		break;
	case GUEST_OVSSET:
		write_sysreg(step->arg, pmovsset_el0);
		break;
	case GUEST_OVSCLR:
		write_sysreg(step->arg, pmovsclr_el0);
		break;
	case GUEST_INTENSET:
		write_sysreg(step->arg, pmintenset_el1);
		break;
	case GUEST_INTENCLR:
		write_sysreg(step->arg, pmintenclr_el1);
		break;
	case GUEST_CNTENSET:
		write_sysreg(step->arg, pmcntenset_el0);
		break;
	case GUEST_CNTENCLR:
		write_sysreg(step->arg, pmcntenclr_el0);
		break;
	case GUEST_PMCR_E:
		pmcr = read_sysreg(pmcr_el0) & ~ARMV8_PMU_PMCR_E;
		write_sysreg(pmcr | (step->arg ? ARMV8_PMU_PMCR_E : 0), pmcr_el0);
		break;
	case GUEST_SPIN:
		guest_run_on(g, step->arg);
		break;
	default:
		GUEST_FAIL("no step of the guest's: %d", step->op);
	}
	isb();
}

static void guest_works_off_turns(struct user_irq_guest *g)
{
	struct guest_turn *t = &guest_turn;

	guest_clear(g->line);
	for (;;) {
		while (READ_ONCE(t->done) < READ_ONCE(t->turn.nr)) {
			guest_do(g, &t->turn.steps[t->done], &t->turn.effects[t->done]);
			WRITE_ONCE(t->done, t->done + 1);
		}
		guest_read_counters();
		guest_knock(g);
	}
}

/* One vCPU, as a machine for programs. */
struct kvm_machine {
	struct kvm_vcpu *vcpu;
	struct guest_turn *t;
	u64 now[MODEL_TIMERS];
	bool signal_pending;
	bool irq;
	bool late;
};

static const struct user_irq_timer_regs *regs_of(unsigned int timer)
{
	return user_irq_timer_regs(timer ? KVM_ARM_DEV_EL1_PTIMER : KVM_ARM_DEV_EL1_VTIMER);
}

static void read_counters(struct kvm_machine *k)
{
	int i;

	for (i = 0; i < MODEL_TIMERS; i++)
		k->now[i] = user_irq_get_reg(k->vcpu, regs_of(i)->cnt);
}

static void start(struct program_machine *machine)
{
	struct kvm_machine *k = machine->data;
	struct kvm_vm *vm;

	*k = (struct kvm_machine) {};
	vm = user_irq_vm(user_irq_lines_here(), 1, guest_works_off_turns, &k->vcpu);
	k->t = addr_gva2hva(vm, (unsigned long)&guest_turn);
	user_irq_keep_signal(k->vcpu, SIGUSR1);
	/* The virtual counter has just begun, and what is past would be before that. */
	read_counters(k);
	vcpu_set_reg(k->vcpu, regs_of(0)->cnt, k->now[1] / 2);
	read_counters(k);
}

static void stop(struct program_machine *machine)
{
	struct kvm_machine *k = machine->data;

	kvm_vm_free(k->vcpu->vm);
}

static void do_host_step(struct program_machine *machine, const struct model_step *step,
			 struct model_effect *effect)
{
	const u64 pmcr = KVM_ARM64_SYS_REG(SYS_PMCR_EL0);
	struct kvm_machine *k = machine->data;
	struct kvm_vcpu *vcpu = k->vcpu;
	struct timespec begin;

	switch (step->op) {
	case HOST_CTL:
		vcpu_set_reg(vcpu, regs_of(step->which)->ctl, step->arg);
		break;
	case HOST_CVAL:
		vcpu_set_reg(vcpu, regs_of(step->which)->cval, step->arg);
		break;
	case HOST_CVAL_IN:
		read_counters(k);
		effect->before = k->now[step->which];
		effect->cval = effect->before + (s64)machine->freq * step->arg / 1000000;
		effect->after = effect->before;
		vcpu_set_reg(vcpu, regs_of(step->which)->cval, effect->cval);
		break;
	case HOST_OVS:
		vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMOVSCLR_EL0), ~0U);
		vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMOVSSET_EL0), step->arg);
		break;
	case HOST_INTEN:
		vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMINTENCLR_EL1), ~0U);
		vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_PMINTENSET_EL1), step->arg);
		break;
	case HOST_PMCR_E:
		vcpu_set_reg(vcpu, pmcr, (user_irq_get_reg(vcpu, pmcr) & ~ARMV8_PMU_PMCR_E) |
					 (step->arg ? ARMV8_PMU_PMCR_E : 0));
		break;
	case HOST_WAIT:
		clock_gettime(CLOCK_MONOTONIC, &begin);
		while (timespec_to_ns(timespec_elapsed(begin)) < step->arg * 1000)
			;
		read_counters(k);
		break;
	case HOST_SCRIBBLE:
		WRITE_ONCE(*user_irq_field(vcpu), step->arg);
		break;
	case HOST_IMMEDIATE_EXIT:
		vcpu->run->immediate_exit = 1;
		break;
	case HOST_SIGNAL:
		/* Blocked outside KVM_RUN, so it is pending when the vCPU goes in. */
		k->signal_pending = true;
		raise(SIGUSR1);
		break;
	case HOST_VCPU_INIT:
		user_irq_reset(vcpu, user_irq_lines_here(), guest_works_off_turns);
		break;
	default:
		TEST_FAIL("no step of the host's: %d", step->op);
	}
}

static void begin_turn(struct program_machine *machine, struct model_turn *turn)
{
	struct kvm_machine *k = machine->data;

	memcpy(turn->began, k->now, sizeof(turn->began));
	k->t->turn = *turn;
	WRITE_ONCE(k->t->done, 0);
}

/*
 * As a VMM does: without an interrupt, a guest that gets to its WFI after the
 * timer's line has risen and been told would sleep for ever.
 */
static void drive_irq(struct kvm_machine *k, bool irq)
{
	if (irq != k->irq)
		user_irq_set_irq(k->vcpu, KVM_ARM_IRQ_CPU_IRQ, irq);
	k->irq = irq;
}

static const char *run(struct program_machine *machine, struct model_turn *turn,
		       struct model_return *r)
{
	struct kvm_machine *k = machine->data;
	sigset_t sigusr1;
	struct user_irq_return ret;
	int i;

	memcpy(r->entry, k->now, sizeof(r->entry));
	ret = user_irq_run(k->vcpu);
	read_counters(k);
	if (k->signal_pending) {
		sigemptyset(&sigusr1);
		sigaddset(&sigusr1, SIGUSR1);
		TEST_ASSERT(sigwaitinfo(&sigusr1, NULL) == SIGUSR1, "the signal is gone");
		k->signal_pending = false;
	}
	k->late = ret.kind == USER_IRQ_LATE;
	if (ret.kind > USER_IRQ_KNOCK)
		return user_irq_str(ret.kind, ret.levels);

	r->interrupted = ret.kind == USER_IRQ_INTR;
	r->levels = ret.levels;
	r->done = turn->nr ? READ_ONCE(k->t->done) : 0;
	for (i = 0; i < MODEL_TIMERS; i++) {
		r->before[i] = max(r->entry[i], READ_ONCE(k->t->now[i]));
		r->after[i] = k->now[i];
	}
	memcpy(turn->effects, k->t->turn.effects, sizeof(turn->effects));
	drive_irq(k, ret.levels);
	return NULL;
}

static u64 number_from(const char *name, u64 otherwise)
{
	const char *text = getenv(name);
	char *end;
	u64 number;

	if (!text)
		return otherwise;
	errno = 0;
	number = strtoull(text, &end, 0);
	TEST_ASSERT(*text && !*end && *text != '-' && !errno, "%s='%s': give a number", name, text);
	return number;
}

static u64 new_seed(void)
{
	u32 seed;

	TEST_ASSERT(getrandom(&seed, sizeof(seed), 0) == sizeof(seed), "no random number");
	return seed;
}

static double seconds_since(struct timespec start)
{
	return timespec_to_ns(timespec_elapsed(start)) / 1e9;
}

static void shrink_and_show(struct program *p, struct program_machine *machine, double seconds)
{
	const int nr = p->nr, max_tries = 1 + SHRINK_SECONDS / (seconds < 1 ? seconds : 1);
	char text[80];
	int i, tries;

	struct kvm_machine *k = machine->data;

	/* One that hangs is to be shrunk, too; a busy machine may delay any other. */
	if (k->late)
		setenv("KVM_USER_IRQ_BOUND", "1", 1);
	tries = program_shrink(p, machine, max_tries);
	fprintf(stderr, "# %s\n# after these %d steps of %d, found in %d runs:\n",
		p->failure, p->nr, nr, tries);
	for (i = 0; i < p->nr; i++) {
		model_print_step(text, sizeof(text), &p->steps[i]);
		fprintf(stderr, "#   %s\n", text);
	}
}

FIXTURE(model) {
	struct kvm_machine kvm;
	struct program_machine machine;
};

/* Some steps lead a kernel astray at once, and then the rest of a program finds nothing more. */
FIXTURE_VARIANT(model) {
	u64 without;
};

FIXTURE_VARIANT_ADD(model, all) { 0 };
FIXTURE_VARIANT_ADD(model, no_scribble_or_immediate_exit) {
	BIT(HOST_SCRIBBLE) | BIT(HOST_IMMEDIATE_EXIT)
};

FIXTURE_SETUP(model)
{
	const char *missing = user_irq_missing(USER_IRQ_TIMERS);

	if (missing)
		SKIP(return, "%s", missing);

	self->machine = (struct program_machine) {
		.freq = timer_get_cntfrq(),
		.start = start,
		.do_host_step = do_host_step,
		.begin_turn = begin_turn,
		.run = run,
		.stop = stop,
		.data = &self->kvm,
	};
}

FIXTURE_TEARDOWN(model)
{
}

/*
 * Whatever guest and VMM do, one after the other in any order: each return tells
 * the levels that the devices' registers call for, and each change leads to one.
 *
 * Clause: every-return
 */
TEST_F_TIMEOUT(model, agrees_on_random_programs, TIMEOUT)
{
	u64 seed = number_from("KVM_USER_IRQ_SEED", new_seed());
	const u64 steps = DIV_ROUND_UP(number_from("KVM_USER_IRQ_STEPS", STEPS), VARIANTS);
	const bool has_pmu = user_irq_lines_here() & KVM_ARM_DEV_PMU;
	const u64 without = variant->without | (has_pmu ? 0 : PMU_STEPS);
	u64 left = steps, compared = 0, undecided = 0;
	static struct program p;
	struct timespec begin;
	int nr;

	ASSERT_LT(0, steps);
	TH_LOG("KVM_USER_IRQ_SEED=%#lx", (unsigned long)seed);
	for (; left; left -= nr, seed++) {
		/* The bench takes long silence for a hang. */
		if (left != steps && (steps - left) % STEPS == 0)
			TH_LOG("steps: %lu of %lu", (unsigned long)(steps - left),
			       (unsigned long)steps);
		nr = min_t(u64, left, PROGRAM_MAX_STEPS);
		program_make(&p, seed, nr, without);
		clock_gettime(CLOCK_MONOTONIC, &begin);
		if (program_fails(&p, &self->machine)) {
			TH_LOG("%s\nall of it: KVM_USER_IRQ_SEED=%#lx KVM_USER_IRQ_STEPS=%d",
			       p.failure, (unsigned long)seed, nr * VARIANTS);
			shrink_and_show(&p, &self->machine, seconds_since(begin));
		}
		ASSERT_STREQ("", p.failure);
		compared += p.compared;
		undecided += p.undecided;
	}
	TH_LOG("steps: %lu, undecided: %lu of %lu", (unsigned long)steps,
	       (unsigned long)undecided, (unsigned long)compared);
	EXPECT_GE(compared * MAX_UNDECIDED_PERCENT, undecided * 100);
}

TEST_HARNESS_MAIN
