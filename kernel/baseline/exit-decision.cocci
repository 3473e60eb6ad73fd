// SPDX-License-Identifier: GPL-2.0
// A changed line no longer keeps a vCPU out of the guest. Linux 7 writes the levels
// there and then, 6.12 on the way out.
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu, ret, run;
symbol true;
@@
(
-if (unlikely(!irqchip_in_kernel(vcpu->kvm))) {
-	if (kvm_timer_should_notify_user(vcpu) || kvm_pmu_should_notify_user(vcpu)) {
-		*ret = -EINTR;
-		run->exit_reason = KVM_EXIT_INTR;
-		return true;
-	}
-}
|
-if (unlikely(!irqchip_in_kernel(vcpu->kvm))) {
-	if (unlikely(kvm_irq_update_run(vcpu))) {
-		*ret = -EINTR;
-		run->exit_reason = KVM_EXIT_INTR;
-		return true;
-	}
-}
)
