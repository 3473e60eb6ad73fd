// SPDX-License-Identifier: GPL-2.0
// A line that falls keeps no guest out.
// Clause: return-before-run
// Files: arch/arm64/kvm/user_irq.c
@@
expression state, levels;
@@
-likely(!kvm_user_irq_changed(state, levels))
+likely(!(levels & ~state->told))
