// SPDX-License-Identifier: GPL-2.0
/*
 * What a person can see of it: one event says which line kept a vCPU out of the
 * guest, another what a return published.
 *
 * Needs: TREE=series
 */
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq_nested.h"

#define TRACING		"/sys/kernel/tracing"
#define EVENT		"kvm_user_irq_"

#define EL2_LINES	(KVM_ARM_DEV_EL2_VTIMER | KVM_ARM_DEV_EL2_PTIMER)

FIXTURE(line) {
	struct kvm_vcpu *vcpu;
	/* A buffer of this case's own, which other users of the tracer leave alone */
	char instance[64];
};

FIXTURE_VARIANT(line) {
	u64 line;
	const char *name;
};

FIXTURE_VARIANT_ADD(line, vtimer) { .line = KVM_ARM_DEV_EL1_VTIMER, .name = "EL1_VTIMER" };
FIXTURE_VARIANT_ADD(line, ptimer) { .line = KVM_ARM_DEV_EL1_PTIMER, .name = "EL1_PTIMER" };
FIXTURE_VARIANT_ADD(line, pmu) { .line = KVM_ARM_DEV_PMU, .name = "PMU" };
FIXTURE_VARIANT_ADD(line, el2_vtimer) { .line = KVM_ARM_DEV_EL2_VTIMER, .name = "EL2_VTIMER" };
FIXTURE_VARIANT_ADD(line, el2_ptimer) { .line = KVM_ARM_DEV_EL2_PTIMER, .name = "EL2_PTIMER" };

static bool put(const char *instance, const char *file, const char *text)
{
	const int len = strlen(text);
	char path[128];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	fd = open(path, O_WRONLY | O_TRUNC);
	done = fd >= 0 && write(fd, text, len) == len;
	close(fd);
	return done;
}

FIXTURE_SETUP(line)
{
	const char *missing = user_irq_missing(variant->line);
	const bool traced = !access(TRACING "/events/kvm/" EVENT "exit", F_OK);
	char ours[32];

	/* Where there is EL2, user_irq_nested sees to it that it does not get lost. */
	if (!missing && (variant->line & EL2_LINES) && user_irq_no_el2(true))
		missing = "EL2's timers need a guest with EL2, and this host has none";
	if (!missing && !traced && !user_irq_forced())
		missing = access(TRACING "/events/kvm", F_OK) ?
			"the kernel has no events of KVM's: mount tracefs, and run as root" :
			"the kernel has no kvm:" EVENT "exit: it comes with this project's series";
	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_TRUE(traced);

	if (variant->line & EL2_LINES)
		user_irq_nested_vm(true, variant->line, 1, guest_knocks, &self->vcpu);
	else
		user_irq_vm(variant->line, 1, guest_knocks, &self->vcpu);

	snprintf(self->instance, sizeof(self->instance), TRACING "/instances/" EVENT "%d", gettid());
	ASSERT_EQ(0, mkdir(self->instance, 0700));
	/*
	 * A filter, not set_event_pid: that traces the scheduler, which the other CPU runs
	 * while its code is changed, and QEMU may leave a CPU with the code of before. The
	 * code with these events is run by nobody meanwhile.
	 */
	snprintf(ours, sizeof(ours), "common_pid == %d", gettid());
	ASSERT_TRUE(put(self->instance, "events/kvm/" EVENT "exit/filter", ours));
	ASSERT_TRUE(put(self->instance, "events/kvm/" EVENT "publish/filter", ours));
	ASSERT_TRUE(put(self->instance, "events/kvm/" EVENT "exit/enable", "1"));
	ASSERT_TRUE(put(self->instance, "events/kvm/" EVENT "publish/enable", "1"));
}

FIXTURE_TEARDOWN(line)
{
	rmdir(self->instance);
	kvm_vm_release(self->vcpu->vm);
}

/* The events since the last call, each with what it says, in lines. */
static const char *take_events(const char *instance)
{
	static char events[512];
	char path[128], text[256], *event;
	size_t used = 0;
	FILE *trace;

	snprintf(path, sizeof(path), "%s/trace", instance);
	trace = fopen(path, "r");
	TEST_ASSERT(trace, "cannot read %s: %s", path, strerror(errno));
	events[0] = '\0';
	while (fgets(text, sizeof(text), trace)) {
		event = strstr(text, ": " EVENT);
		if (event && used < sizeof(events))
			used += snprintf(events + used, sizeof(events) - used, "%s", event + 2);
	}
	fclose(trace);
	TEST_ASSERT(put(instance, "trace", "\n"), "cannot empty %s: %s", path, strerror(errno));
	return events;
}

/* The same, as they should be: EXITED if a line kept the vCPU out of the guest. */
static const char *events(bool exited, u64 told, u64 now, const char *changed)
{
	static char text[512];
	char says[128];

	snprintf(says, sizeof(says), "vcpu 0: told 0x%lx, now 0x%lx (changed: %s)\n",
		 (unsigned long)told, (unsigned long)now, changed);
	snprintf(text, sizeof(text), "%s%s" EVENT "publish: %s",
		 exited ? EVENT "exit: " : "", exited ? says : "", says);
	return text;
}

/*
 * A line that rises, and one that falls, is named as what kept the vCPU out of the
 * guest. The return publishes the same.
 *
 * Clause: trace
 */
TEST_F(line, that_moves_is_named)
{
	user_irq_nested_set_level(self->vcpu, variant->line, true);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, user_irq_run(self->vcpu));
	ASSERT_STREQ(events(true, 0, variant->line, variant->name), take_events(self->instance));

	user_irq_nested_set_level(self->vcpu, variant->line, false);
	ASSERT_RETURN(USER_IRQ_INTR, 0, user_irq_run(self->vcpu));
	ASSERT_STREQ(events(true, variant->line, 0, variant->name), take_events(self->instance));
}

/*
 * A return for another reason publishes that nothing changed, and no line is said
 * to have kept the vCPU out of the guest: neither one that is low nor one that
 * stays high.
 *
 * Clause: trace
 */
TEST_F(line, that_stays_is_not)
{
	ASSERT_RETURN(USER_IRQ_KNOCK, 0, user_irq_run(self->vcpu));
	ASSERT_STREQ(events(false, 0, 0, ""), take_events(self->instance));

	user_irq_nested_set_level(self->vcpu, variant->line, true);
	ASSERT_RETURN(USER_IRQ_INTR, variant->line, user_irq_run(self->vcpu));
	take_events(self->instance);
	ASSERT_RETURN(USER_IRQ_KNOCK, variant->line, user_irq_run(self->vcpu));
	ASSERT_STREQ(events(false, variant->line, variant->line, ""), take_events(self->instance));
}

TEST_HARNESS_MAIN
