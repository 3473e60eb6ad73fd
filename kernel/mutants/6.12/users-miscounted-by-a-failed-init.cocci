// SPDX-License-Identifier: GPL-2.0
// A vCPU whose first run failed is taken for one with a vgic when it is initialized again.
// Clause: notified
// Earlier: 38d7aacca092
// Shows: crash
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier vcpu;
@@
 kvm_timer_update_irq(...)
 {
 <...
-userspace_irqchip(vcpu->kvm)
+(userspace_irqchip(vcpu->kvm) && vcpu_has_run_once(vcpu))
 ...>
 }
