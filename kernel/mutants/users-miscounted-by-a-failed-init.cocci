// SPDX-License-Identifier: GPL-2.0
// A vCPU that never ran takes one off the count of users when it goes, and the last user is not told.
// Clause: notified
// Earlier: 38d7aacca092
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
+static atomic_t user_irq_users = ATOMIC_INIT(0);
+
 void kvm_arch_vcpu_destroy(struct kvm_vcpu *vcpu)
 {
+if (!irqchip_in_kernel(vcpu->kvm))
+	atomic_dec(&user_irq_users);
 ...
 }

@@
identifier vcpu;
@@
 int kvm_arch_vcpu_run_pid_change(struct kvm_vcpu *vcpu)
 {
 ...
 if (likely(vcpu_has_run_once(vcpu)))
 	return 0;
+if (!irqchip_in_kernel(vcpu->kvm))
+	atomic_inc(&user_irq_users);
 ...
 }

@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm)))
+if (!irqchip_in_kernel(vcpu->kvm) && atomic_read(&user_irq_users) > 0)
 	kvm_user_irq_publish(vcpu);
