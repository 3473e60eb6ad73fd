// SPDX-License-Identifier: GPL-2.0
// A return for a line's sake leaves the reason of the exit unset.
// Clause: any-exit
// Files: arch/arm64/kvm/arm.c
@@
identifier vcpu, run;
@@
 if (unlikely(!irqchip_in_kernel(vcpu->kvm)) && kvm_user_irq_must_exit(vcpu)) {
 	...
-	run->exit_reason = KVM_EXIT_INTR;
 	...
 }
