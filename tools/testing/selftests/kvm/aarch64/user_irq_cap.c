// SPDX-License-Identifier: GPL-2.0
/*
 * What KVM_CHECK_EXTENSION says of KVM_CAP_ARM_USER_IRQ: the version, and by it
 * the bits of run->s.regs.device_irq_level.
 */
#include "kselftest_harness.h"
#include "kvm_util.h"
#include "user_irq.h"

static int system_version(void)
{
	return kvm_check_cap(KVM_CAP_ARM_USER_IRQ);
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
		kvm_vm_release(self->vm);
}

/*
 * Before there is a VM, a VMM asks /dev/kvm whether it can do without an
 * in-kernel interrupt controller. An answer above zero is a version.
 *
 * Clause: version
 */
TEST_F(cap, dev_kvm_tells_the_version)
{
	EXPECT_LE(1, system_version());
}

/*
 * The VM that is going to be notified gives the answer that /dev/kvm gave.
 *
 * Clause: version
 */
TEST_F(cap, vm_without_vgic_tells_the_version)
{
	self->vm = vm_create_barebones();

	EXPECT_LE(1, vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
	EXPECT_EQ(system_version(), vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
}

/*
 * The version is the kernel's: a VM that has a vgic, and so no use for it, gives
 * the same answer.
 *
 * Clause: version
 */
TEST_F(cap, vm_with_vgic_tells_the_version)
{
	const char *missing = user_irq_no_vgic();

	if (missing)
		SKIP(return, "%s", missing);
	self->vm = vm_create_barebones();
	close(kvm_create_device(self->vm, KVM_DEV_TYPE_ARM_VGIC_V3));

	EXPECT_LE(1, vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
	EXPECT_EQ(system_version(), vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
}

/*
 * From the version a VMM knows which bits can signal: each of them whose device
 * the vCPU has does when its output is high, and no other bit is set. Those of
 * EL2 are user_irq_nested's.
 *
 * Clause: bits
 */
TEST_F(cap, bits_are_those_of_the_version)
{
	const char *missing = user_irq_missing(USER_IRQ_LINES);
	struct user_irq_return r;
	struct kvm_vcpu *vcpu;

	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_LE(1, system_version());

	self->vm = user_irq_vm(USER_IRQ_LINES, 1, guest_raises, &vcpu);
	user_irq_run_to_knock(vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, user_irq_lines_of(system_version()) & USER_IRQ_LINES, r);
}

/*
 * The bit of a device that a vCPU was made without is zero, whatever the VMM had
 * left there. The other lines are told as ever, and the version stays.
 *
 * Clause: undefined-bits
 */
TEST_F(cap, bit_of_a_missing_device_is_zero)
{
	struct user_irq_return r;
	struct kvm_vcpu *vcpu;

	self->vm = user_irq_vm(USER_IRQ_TIMERS, 1, guest_raises, &vcpu);
	*user_irq_field(vcpu) = KVM_ARM_DEV_PMU;
	user_irq_run_to_knock(vcpu, &r);
	ASSERT_RETURN(USER_IRQ_KNOCK, USER_IRQ_TIMERS, r);
	EXPECT_EQ(system_version(), vm_check_cap(self->vm, KVM_CAP_ARM_USER_IRQ));
}

TEST_HARNESS_MAIN
