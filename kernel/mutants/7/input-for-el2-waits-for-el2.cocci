// SPDX-License-Identifier: GPL-2.0
// An interrupt for the guest's EL2 waits until its own guest leaves by itself.
// Clause: delivery
// Hosts: nested
// Files: arch/arm64/kvm/nested.c
@@
identifier vcpu;
@@
 user_irqs_for_el2(...)
 {
 ...
-return *vcpu_hcr(vcpu) & kvm_inputs_to_el2(vcpu);
+return 0;
 }
