// SPDX-License-Identifier: GPL-2.0
// No return tells the levels.
// Clause: every-return
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
-	kvm_user_irq_publish(vcpu);
