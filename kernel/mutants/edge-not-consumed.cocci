// SPDX-License-Identifier: GPL-2.0
// An edge that was told is told again, by each return.
// Clause: edge
// Files: arch/arm64/kvm/user_irq.c
@@
expression state, levels;
@@
-kvm_user_irq_tell(state, levels)
+(state->told = levels) | kvm_user_irq_edge_lines(kvm_user_irq_untold_edges(state))
