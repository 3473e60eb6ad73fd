// SPDX-License-Identifier: GPL-2.0
// A vCPU that blocks does not count an edge as a reason to wake up.
// Clause: edge
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu;
@@
 kvm_user_irq_wakes(...)
 {
 <...
-kvm_user_irq_changed(&vcpu->arch.user_irq, kvm_user_irq_sample(vcpu))
+(vcpu->arch.user_irq.told != kvm_user_irq_sample(vcpu))
 ...>
 }
