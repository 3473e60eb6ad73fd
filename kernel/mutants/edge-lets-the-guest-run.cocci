// SPDX-License-Identifier: GPL-2.0
// The guest runs on before an edge was told.
// Clause: edge
// Files: arch/arm64/kvm/user_irq.c
@@
identifier state, levels;
@@
-likely(!kvm_user_irq_changed(state, levels))
+likely(state->told == levels)
