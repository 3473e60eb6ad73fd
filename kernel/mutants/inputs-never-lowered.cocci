// SPDX-License-Identifier: GPL-2.0
// An input that KVM_IRQ_LINE lowers stays in HCR_EL2.
// Clause: delivery
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
 sync_irq_inputs(...)
 {
 ...
- *vcpu_hcr(vcpu) &= ~(HCR_VI | HCR_VF);
 ...
 }
