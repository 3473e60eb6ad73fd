// SPDX-License-Identifier: GPL-2.0
// An FIQ for the guest's EL2 arrives as an IRQ.
// Clause: delivery
// Hosts: nested
// Files: arch/arm64/kvm/nested.c
@@
identifier vcpu;
@@
-kvm_inject_nested_fiq(vcpu);
+kvm_inject_nested_irq(vcpu);
