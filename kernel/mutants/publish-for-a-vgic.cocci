// SPDX-License-Identifier: GPL-2.0
// A VM with a vgic finds levels in its run page.
// Clause: vgic
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
 	kvm_user_irq_publish(vcpu);
