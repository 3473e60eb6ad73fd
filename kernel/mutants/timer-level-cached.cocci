// SPDX-License-Identifier: GPL-2.0
// A timer's level is the one that its last exit left behind.
// Clause: every-return
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier ctx;
@@
 kvm_timer_lines(...)
 {
 <...
(
-kvm_timer_should_fire(ctx)
+timer_get_ctl(ctx) & ARCH_TIMER_CTRL_IT_STAT
|
-kvm_timer_pending(ctx)
+timer_get_ctl(ctx) & ARCH_TIMER_CTRL_IT_STAT
)
 ...>
 }
