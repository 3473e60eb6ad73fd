// SPDX-License-Identifier: GPL-2.0
// A vCPU that waits takes the level that the interrupt left behind for a pending interrupt.
// Clause: host
// Earlier: 13e59ece5b30
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu;
@@
 kvm_user_irq_wakes(...)
 {
 <...
-kvm_user_irq_changed(&vcpu->arch.user_irq, kvm_user_irq_sample(vcpu))
+(vcpu_vtimer(vcpu)->irq.level || vcpu_ptimer(vcpu)->irq.level ||
+ kvm_user_irq_changed(&vcpu->arch.user_irq, kvm_user_irq_sample(vcpu)))
 ...>
 }
