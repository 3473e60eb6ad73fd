// SPDX-License-Identifier: GPL-2.0
// Without a usable GIC, a timer interrupt that was masked stays so.
// Clause: return-before-run
// Hosts: nogic-vhe nogic-nvhe
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier ctx;
@@
 static void enable_timer_irq(struct arch_timer_context *ctx)
 {
-...
 }
