// SPDX-License-Identifier: GPL-2.0
// A return from the run loop no longer writes the levels into the run page.
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm))) {
-	kvm_timer_update_run(vcpu);
-	kvm_pmu_update_run(vcpu);
-}
