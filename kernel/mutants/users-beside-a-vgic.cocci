// SPDX-License-Identifier: GPL-2.0
// While a VM without a vgic is in use, the timers treat each VM as one.
// Clause: vgic
// Earlier: cd15d2050c04
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier kvm;
@@
 userspace_irqchip(...)
 {
-return unlikely(!irqchip_in_kernel(kvm));
+static bool in_use;
+
+if (!irqchip_in_kernel(kvm))
+	WRITE_ONCE(in_use, true);
+return READ_ONCE(in_use);
 }
