// SPDX-License-Identifier: GPL-2.0
// A timer that is emulated, as the physical one on nVHE, has no line.
// Clause: notified
// Hosts: nvhe
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier ctx;
identifier fires =~ "^kvm_timer_(should_fire|pending)$";
@@
 kvm_timer_lines(...)
 {
 <...
-fires(ctx)
+(ctx->loaded && fires(ctx))
 ...>
 }
