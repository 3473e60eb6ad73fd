// SPDX-License-Identifier: GPL-2.0
// All vCPUs of a VM share what the first of them was told.
// Clause: notified
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu, state;
@@
-struct kvm_user_irq *state = &vcpu->arch.user_irq;
+struct kvm_user_irq *state = &kvm_get_vcpu(vcpu->kvm, 0)->arch.user_irq;
