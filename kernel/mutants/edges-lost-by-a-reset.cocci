// SPDX-License-Identifier: GPL-2.0
// KVM_ARM_VCPU_INIT forgets the edges that wait.
// Clause: edge
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier vcpu;
@@
 void kvm_timer_vcpu_reset(struct kvm_vcpu *vcpu)
 {
 ...
 get_timer_map(vcpu, ...);
+atomic64_set(&vcpu->arch.user_irq.edges, 0);
 ...
 }
