// SPDX-License-Identifier: GPL-2.0
// A return for a signal shows the levels that the guest entered with.
// Clause: every-return
// Files: arch/arm64/kvm/user_irq.c
@@
type T;
identifier vcpu, levels;
@@
+static u64 levels_at_entry;
+
 T kvm_user_irq_must_exit(struct kvm_vcpu *vcpu)
 {
 ...
 u64 levels = kvm_user_irq_sample(vcpu);
+
+levels_at_entry = levels;
 ...
 }
@@
identifier vcpu, state, told, lines;
@@
 u64 told = state->told;
-u64 lines = kvm_user_irq_tell(state, kvm_user_irq_sample(vcpu));
+u64 lines = kvm_user_irq_tell(state, signal_pending(current) ? levels_at_entry :
+			      kvm_user_irq_sample(vcpu));
