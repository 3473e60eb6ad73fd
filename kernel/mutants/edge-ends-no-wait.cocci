// SPDX-License-Identifier: GPL-2.0
// A vCPU that blocks does not count an edge as a reason to wake up.
// Clause: edge
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu, state;
@@
 kvm_user_irq_wakes(...)
 {
 ...
-return kvm_user_irq_changed(&state, kvm_user_irq_sample(vcpu, state.told));
+return state.told != kvm_user_irq_sample(vcpu, state.told);
 }
