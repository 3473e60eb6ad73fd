// SPDX-License-Identifier: GPL-2.0
// The run page, where userspace may write, is the memory of what was told.
// Clause: memory
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu, state, levels;
@@
 kvm_user_irq_must_exit(...)
 {
 struct kvm_user_irq *state = &vcpu->arch.user_irq;
 u64 levels = kvm_user_irq_sample(vcpu);
+
+state->told = READ_ONCE(vcpu->run->s.regs.device_irq_level);
 ...
 }
