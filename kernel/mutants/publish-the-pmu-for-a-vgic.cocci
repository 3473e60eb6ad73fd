// SPDX-License-Identifier: GPL-2.0
// A VM with a vgic finds levels in its run page while its PMU's line is high.
// Clause: vgic
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
+if (unlikely(!irqchip_in_kernel(vcpu->kvm)) || kvm_pmu_lines(vcpu))
 	kvm_user_irq_publish(vcpu);
