// SPDX-License-Identifier: GPL-2.0
// A line that is high ends each wait, though userspace knows of it.
// Clause: host
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu, state;
@@
 kvm_user_irq_wakes(...)
 {
 ...
-return kvm_user_irq_changed(&state, kvm_user_irq_sample(vcpu, state.told));
+return kvm_user_irq_sample(vcpu, state.told);
 }
