// SPDX-License-Identifier: GPL-2.0
// The levels are told only to a VMM that asks for registers in kvm_valid_regs.
// Clause: independent
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu;
@@
 void kvm_user_irq_publish(struct kvm_vcpu *vcpu)
 {
 ...
+if (!vcpu->run->kvm_valid_regs)
+	return;
 WRITE_ONCE(vcpu->run->s.regs.device_irq_level, ...);
 }
