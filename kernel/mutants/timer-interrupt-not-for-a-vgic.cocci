// SPDX-License-Identifier: GPL-2.0
// The interrupt handler of the timers leaves the vgic to whoever looks next.
// Clause: vgic
// Files: arch/arm64/kvm/arch_timer.c
@@
expression c, level;
identifier v;
@@
 kvm_arch_timer_handler(...)
 {
 ...
-kvm_timer_update_irq(v, level, c);
+if (userspace_irqchip(v->kvm))
+	kvm_timer_update_irq(v, level, c);
 ...
 }
