// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of the state machine behind KVM_CAP_ARM_USER_IRQ.
 *
 * It needs no vCPU and no EL2: the machine is small enough to walk through
 * every pair of states that its lines allow.
 */

#include <kunit/test.h>

#include <linux/bits.h>

#include <kvm/arm_user_irq.h>

/* All lines are low at first, and userspace can take that for granted. */
static void nothing_is_told_at_first(struct kunit *test)
{
	struct kvm_user_irq state = { };

	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state, 0));
}

/* A change is a difference to what was told: up, down, or both at once. */
static void a_change_is_a_difference_to_what_was_told(struct kunit *test)
{
	u64 lines = kvm_user_irq_lines(KVM_USER_IRQ_VERSION);

	for (u64 before = 0; before <= lines; before++) {
		for (u64 now = 0; now <= lines; now++) {
			struct kvm_user_irq state = { };

			kvm_user_irq_tell(&state, before);
			KUNIT_EXPECT_EQ_MSG(test, before != now,
					    kvm_user_irq_changed(&state, now),
					    "from %llx to %llx", before, now);
		}
	}
}

/* What is published is the level, and telling it settles the change. */
static void telling_settles_a_change(struct kunit *test)
{
	u64 lines = kvm_user_irq_lines(KVM_USER_IRQ_VERSION);
	struct kvm_user_irq state = { };

	for (u64 levels = 0; levels <= lines; levels++) {
		KUNIT_EXPECT_EQ(test, levels, kvm_user_irq_tell(&state, levels));
		KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state, levels));
	}
}

/* To ask is not to tell: a change waits until it has been published. */
static void asking_does_not_settle_a_change(struct kunit *test)
{
	struct kvm_user_irq state = { };

	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
}

/* A line that moved and moved back before anybody was told is no change. */
static void a_pulse_of_a_level_is_no_change(struct kunit *test)
{
	struct kvm_user_irq state = { };

	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, KVM_ARM_DEV_PMU));
	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state, 0));

	kvm_user_irq_tell(&state, KVM_ARM_DEV_EL1_VTIMER);
	KUNIT_EXPECT_TRUE(test, kvm_user_irq_changed(&state, 0));
	KUNIT_EXPECT_FALSE(test, kvm_user_irq_changed(&state,
						      KVM_ARM_DEV_EL1_VTIMER));
}

/* Known to be high is each line that was told high, and no other. */
static void each_line_is_known_by_itself(struct kunit *test)
{
	u64 lines = kvm_user_irq_lines(KVM_USER_IRQ_VERSION);
	struct kvm_user_irq state = { };

	for (u64 told = 0; told <= lines; told++) {
		kvm_user_irq_tell(&state, told);
		for (u64 line = 1; line <= lines; line <<= 1)
			KUNIT_EXPECT_EQ(test, !!(told & line),
					kvm_user_irq_is_told_high(&state, line));
		KUNIT_EXPECT_FALSE(test, kvm_user_irq_is_told_high(&state, 0));
	}
}

/* The ABI: these bits, in these places, and a later version only adds. */
static void a_version_names_its_lines(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, kvm_user_irq_lines(0));
	KUNIT_EXPECT_EQ(test, BIT(0) | BIT(1) | BIT(2), kvm_user_irq_lines(1));
	KUNIT_EXPECT_EQ(test, BIT(0), KVM_ARM_DEV_EL1_VTIMER);
	KUNIT_EXPECT_EQ(test, BIT(1), KVM_ARM_DEV_EL1_PTIMER);
	KUNIT_EXPECT_EQ(test, BIT(2), KVM_ARM_DEV_PMU);
	KUNIT_EXPECT_EQ(test, BIT(3), KVM_ARM_DEV_EL2_VTIMER);
	KUNIT_EXPECT_EQ(test, BIT(4), KVM_ARM_DEV_EL2_PTIMER);

	for (unsigned int version = 1; version <= KVM_USER_IRQ_VERSION; version++) {
		u64 less = kvm_user_irq_lines(version - 1);
		u64 more = kvm_user_irq_lines(version);

		KUNIT_EXPECT_EQ(test, less, less & more);
		KUNIT_EXPECT_NE(test, less, more);
	}
	KUNIT_EXPECT_EQ(test, kvm_user_irq_lines(KVM_USER_IRQ_VERSION),
			kvm_user_irq_lines(KVM_USER_IRQ_VERSION + 1));
}

static struct kunit_case kvm_user_irq_test_cases[] = {
	KUNIT_CASE(nothing_is_told_at_first),
	KUNIT_CASE(a_change_is_a_difference_to_what_was_told),
	KUNIT_CASE(telling_settles_a_change),
	KUNIT_CASE(asking_does_not_settle_a_change),
	KUNIT_CASE(a_pulse_of_a_level_is_no_change),
	KUNIT_CASE(each_line_is_known_by_itself),
	KUNIT_CASE(a_version_names_its_lines),
	{ }
};

static struct kunit_suite kvm_user_irq_test_suite = {
	.name = "kvm_user_irq",
	.test_cases = kvm_user_irq_test_cases,
};

kunit_test_suite(kvm_user_irq_test_suite);
