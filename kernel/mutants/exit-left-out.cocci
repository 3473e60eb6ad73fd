// SPDX-License-Identifier: GPL-2.0
// The guest runs on whatever its lines do.
// Clause: return-before-run
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)) && kvm_user_irq_must_exit(vcpu)) { ... }
