// SPDX-License-Identifier: GPL-2.0
// The PMU's line ends each wait while it is high, though userspace knows of it.
// Clause: host
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu;
@@
 kvm_user_irq_wakes(...)
 {
 <...
-kvm_user_irq_changed(&vcpu->arch.user_irq, kvm_user_irq_sample(vcpu))
+(kvm_pmu_lines(vcpu) || kvm_user_irq_changed(&vcpu->arch.user_irq, kvm_user_irq_sample(vcpu)))
 ...>
 }
