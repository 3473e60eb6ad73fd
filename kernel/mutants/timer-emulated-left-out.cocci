// SPDX-License-Identifier: GPL-2.0
// A timer that is emulated, as the physical one on nVHE, has no line.
// Clause: notified
// Hosts: nvhe
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier ctx;
@@
 timer_line(...)
 {
 ...
 if (kvm_get_running_vcpu() == ctx->vcpu)
-	return kvm_timer_should_fire(ctx);
+	return ctx->loaded && kvm_timer_should_fire(ctx);
 ...
 }
