// SPDX-License-Identifier: GPL-2.0
// KVM_ARM_VCPU_INIT lowers what KVM_IRQ_LINE raised, on a vCPU that has run, too.
// Clause: delivery
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu;
@@
-if (!vcpu_has_run_once(vcpu))
-	WRITE_ONCE(vcpu->arch.irq_inputs, 0);
+WRITE_ONCE(vcpu->arch.irq_inputs, 0);
