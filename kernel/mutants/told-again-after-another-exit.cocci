// SPDX-License-Identifier: GPL-2.0
// What an exit for another reason told is not kept, so that a second return tells it again.
// Clause: once
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu;
expression state, levels;
@@
 kvm_user_irq_publish(struct kvm_vcpu *vcpu)
 {
 ...
-kvm_user_irq_tell(state, levels)
+(vcpu->run->exit_reason == KVM_EXIT_INTR ? kvm_user_irq_tell(state, levels) : levels)
 ...
 }
