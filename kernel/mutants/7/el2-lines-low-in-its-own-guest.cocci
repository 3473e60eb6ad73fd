// SPDX-License-Identifier: GPL-2.0
// While the guest's own guest runs, the timers of EL2 have no line.
// Clause: return-before-run
// Hosts: nested
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier ctx, vcpu;
symbol i;
@@
 kvm_timer_lines(struct kvm_vcpu *vcpu)
 {
 <...
-kvm_timer_pending(ctx)
+(kvm_timer_pending(ctx) && !(is_nested_ctxt(vcpu) && i >= TIMER_HVTIMER))
 ...>
 }
