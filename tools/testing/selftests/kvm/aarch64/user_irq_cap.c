// SPDX-License-Identifier: GPL-2.0
/*
 * What KVM_CHECK_EXTENSION says of KVM_CAP_ARM_USER_IRQ: the version, and by it
 * the bits of run->s.regs.device_irq_level.
 */
#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"
#include "vgic.h"

/* The bits that each version defines. A later version has those before, too. */
static const u64 version_bits[] = {
	[1] = KVM_ARM_DEV_EL1_VTIMER | KVM_ARM_DEV_EL1_PTIMER | KVM_ARM_DEV_PMU,
};

static void guest_code(struct user_irq_guest *g)
{
	u64 line;

	for (line = 1; line <= g->line; line <<= 1)
		if (line & g->line)
			guest_raise(line);
	for (;;)
		guest_knock(g);
}

FIXTURE(cap) {
	struct kvm_vm *vm;
};

FIXTURE_SETUP(cap)
{
	const char *missing = user_irq_missing(0);

	if (missing)
		SKIP(return, "%s", missing);
}

FIXTURE_TEARDOWN(cap)
{
	if (self->vm)
		kvm_vm_free(self->vm);
}

/*
 * Before there is a VM, a VMM asks /dev/kvm whether it can do without an
 * in-kernel interrupt controller. Any answer above zero is a version.
 *
 * Clause: version
 */
TEST_F(cap, dev_kvm_tells_the_version)
{
	EXPECT_LE(1, (int)kvm_check_cap(KVM_CAP_ARM_USER_IRQ));
}

/*
 * The VM that will be notified gives the same answer as /dev/kvm.
 *
 * Clause: version
 */
TEST_F(cap, vm_without_vgic_tells_the_version)
{
	self->vm = vm_create_barebones();

	EXPECT_LE(1, vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
	EXPECT_EQ((int)kvm_check_cap(KVM_CAP_ARM_USER_IRQ),
		  vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
}

/*
 * The version is the kernel's. A VM that has no use for it because it has a
 * vgic gives the same answer.
 *
 * Clause: version
 */
TEST_F(cap, vm_with_vgic_tells_the_version)
{
	self->vm = vm_create_barebones();
	if (__kvm_test_create_device(self->vm, KVM_DEV_TYPE_ARM_VGIC_V3))
		SKIP(return, "this machine gives a VM no GICv3");
	close(kvm_create_device(self->vm, KVM_DEV_TYPE_ARM_VGIC_V3));

	EXPECT_LE(1, vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
	EXPECT_EQ((int)kvm_check_cap(KVM_CAP_ARM_USER_IRQ),
		  vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
}

/*
 * By the version a VMM knows the bits that can signal: every one of them does
 * when its device's output is high, and nothing else is set.
 *
 * Clause: bits
 */
TEST_F(cap, bits_are_those_of_the_version)
{
	const int version = kvm_check_cap(KVM_CAP_ARM_USER_IRQ);
	const char *missing = user_irq_missing(USER_IRQ_LINES);
	struct user_irq_return r;
	struct kvm_vcpu *vcpu;

	if (missing)
		SKIP(return, "%s", missing);
	if (version >= (int)ARRAY_SIZE(version_bits))
		SKIP(return, "version %d is newer than this test", version);

	ASSERT_LE(1, version);
	self->vm = user_irq_vm(USER_IRQ_LINES, 1, guest_code, &vcpu);
	user_irq_run_to_knock(vcpu, &r);
	EXPECT_EQ(USER_IRQ_KNOCK, r.kind)
		TH_LOG("%s", user_irq_str(&r));
	EXPECT_EQ(version_bits[version], r.levels);
}

/*
 * A vCPU that lacks a device has that device's bit at zero, and the other lines
 * are told as ever. The version stays, it is not lowered.
 *
 * Clause: bits
 */
TEST_F(cap, a_missing_device_reads_zero)
{
	struct user_irq_return r;
	struct kvm_vcpu *vcpu;

	self->vm = user_irq_vm(USER_IRQ_TIMERS, 1, guest_code, &vcpu);
	*user_irq_field(vcpu) = KVM_ARM_DEV_PMU;
	user_irq_run_to_knock(vcpu, &r);
	EXPECT_EQ(USER_IRQ_KNOCK, r.kind)
		TH_LOG("%s", user_irq_str(&r));
	EXPECT_EQ(USER_IRQ_TIMERS, r.levels);
	EXPECT_EQ((int)kvm_check_cap(KVM_CAP_ARM_USER_IRQ),
		  vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
}

TEST_HARNESS_MAIN
