// SPDX-License-Identifier: GPL-2.0
// A vCPU begins to wait although its PMU's line has changed.
// Clause: any-exit
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu;
@@
 kvm_user_irq_wakes(...)
 {
 <...
-kvm_user_irq_changed(&vcpu->arch.user_irq, kvm_user_irq_sample(vcpu))
+kvm_user_irq_changed(&vcpu->arch.user_irq,
+		     (kvm_user_irq_sample(vcpu) & ~KVM_ARM_DEV_PMU) |
+		     (vcpu->arch.user_irq.told & KVM_ARM_DEV_PMU))
 ...>
 }
