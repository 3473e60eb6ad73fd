// SPDX-License-Identifier: GPL-2.0
// While userspace knows of one line, no background timer wakes a vCPU for another.
// Clause: notified
// Files: arch/arm64/kvm/arch_timer.c
@@
expression e;
@@
 timer_can_wake(...)
 {
 <...
 if (!userspace_irqchip(e))
 	return true;
+if (vcpu->arch.user_irq.told)
+	return false;
 ...>
 }
