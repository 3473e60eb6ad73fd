// SPDX-License-Identifier: GPL-2.0
// An edge is remembered as a level, which then falls.
// Clause: edge
// Files: arch/arm64/kvm/user_irq.c
@@
identifier vcpu, state, lines;
@@
 u64 lines = kvm_user_irq_tell(state, kvm_user_irq_sample(vcpu));
+
+WRITE_ONCE(state->told, lines);
