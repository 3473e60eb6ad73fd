// SPDX-License-Identifier: GPL-2.0
// The guest stays out while nothing has changed, and enters after a change.
// Clause: return-before-run
// Files: arch/arm64/kvm/user_irq.c
@@
expression state, levels;
@@
-likely(!kvm_user_irq_changed(state, levels))
+likely(kvm_user_irq_changed(state, levels))
