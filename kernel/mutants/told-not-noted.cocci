// SPDX-License-Identifier: GPL-2.0
// What was told is not kept, so that a high line makes return after return.
// Clause: host
// Files: arch/arm64/kvm/user_irq.c
@@
expression state, levels;
@@
-kvm_user_irq_tell(state, levels)
+levels
