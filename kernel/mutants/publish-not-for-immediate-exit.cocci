// SPDX-License-Identifier: GPL-2.0
// A return by immediate_exit tells nothing; the others do.
// Clause: every-return
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
-	kvm_user_irq_publish(vcpu);

@@
identifier vcpu;
@@
 kvm_sigset_deactivate(vcpu);
+if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
+	kvm_user_irq_publish(vcpu);
