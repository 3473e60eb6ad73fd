// SPDX-License-Identifier: GPL-2.0
// After a VM without a vgic has gone, VMs with one are treated as if it were still there.
// Clause: vgic
// Earlier: f1d7231cede9
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
+static bool user_irq_in_use;
+
 void kvm_arch_vcpu_destroy(struct kvm_vcpu *vcpu)
 {
+if (!irqchip_in_kernel(vcpu->kvm))
+	WRITE_ONCE(user_irq_in_use, true);
 ...
 }

@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
+if (!irqchip_in_kernel(vcpu->kvm) || READ_ONCE(user_irq_in_use))
 	kvm_user_irq_publish(vcpu);
