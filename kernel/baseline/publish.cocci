// SPDX-License-Identifier: GPL-2.0
// A return from the run loop no longer writes the levels into the run page,
// which Linux 7 does in a function of its own.
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
(
-if (unlikely(!irqchip_in_kernel(vcpu->kvm))) {
-	kvm_timer_update_run(vcpu);
-	kvm_pmu_update_run(vcpu);
-}
|
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
-	kvm_irq_update_run(vcpu);
)

@@
typedef bool;
identifier vcpu;
@@
-bool kvm_irq_update_run(struct kvm_vcpu *vcpu)
-{ ... }
