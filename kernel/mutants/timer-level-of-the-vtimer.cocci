// SPDX-License-Identifier: GPL-2.0
// The physical timer's line follows the virtual timer.
// Clause: every-return
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier vcpu, ctx;
identifier fires =~ "^kvm_timer_(should_fire|pending)$";
@@
 kvm_timer_lines(struct kvm_vcpu *vcpu)
 {
 <...
-fires(ctx)
+fires(vcpu_vtimer(vcpu))
 ...>
 }
