// SPDX-License-Identifier: GPL-2.0
// A line that is high ends each wait, though userspace knows of it.
// Clause: host
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu;
@@
 kvm_user_irq_wakes(...)
 {
 <...
-kvm_user_irq_changed(&vcpu->arch.user_irq, kvm_user_irq_sample(vcpu))
+kvm_user_irq_sample(vcpu)
 ...>
 }
