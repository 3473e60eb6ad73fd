// SPDX-License-Identifier: GPL-2.0
// A high line of the PMU keeps the guest of a VM with a vgic out.
// Clause: vgic
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-unlikely(!irqchip_in_kernel(vcpu->kvm)) && kvm_user_irq_must_exit(vcpu)
+(unlikely(!irqchip_in_kernel(vcpu->kvm)) || kvm_pmu_lines(vcpu)) && kvm_user_irq_must_exit(vcpu)
