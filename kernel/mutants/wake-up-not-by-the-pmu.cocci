// SPDX-License-Identifier: GPL-2.0
// A vCPU begins to wait although its PMU's line has changed.
// Clause: any-exit
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu, state;
@@
 kvm_user_irq_wakes(...)
 {
 ...
-return kvm_user_irq_changed(&state, kvm_user_irq_sample(vcpu, state.told));
+return kvm_user_irq_changed(&state,
+			    (kvm_user_irq_sample(vcpu, state.told) & ~KVM_ARM_DEV_PMU) |
+			    (state.told & KVM_ARM_DEV_PMU));
 }
