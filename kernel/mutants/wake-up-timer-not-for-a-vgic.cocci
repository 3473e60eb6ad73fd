// SPDX-License-Identifier: GPL-2.0
// No background timer wakes a vCPU whose interrupt its vgic would signal.
// Clause: vgic
// Files: arch/arm64/kvm/arch_timer.c
@@
expression e;
@@
 timer_can_wake(...)
 {
 <...
 if (!userspace_irqchip(e))
-	return true;
+	return false;
 ...>
 }
