// SPDX-License-Identifier: GPL-2.0
// KVM_ARM_VCPU_INIT forgets what was told.
// Clause: return-before-run
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier vcpu;
@@
 void kvm_timer_vcpu_reset(struct kvm_vcpu *vcpu)
 {
 ...
 get_timer_map(vcpu, ...);
+vcpu->arch.user_irq.told = 0;
 ...
 }
