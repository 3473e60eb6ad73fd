// SPDX-License-Identifier: GPL-2.0
// The physical timer's line follows the virtual timer.
// Clause: every-return
// Files: arch/arm64/kvm/arch_timer.c
@@
typedef u64;
identifier vcpu, told, ctx, bit;
@@
 u64 kvm_timer_lines(struct kvm_vcpu *vcpu, u64 told)
 {
 <...
-timer_line(ctx, told & bit)
+timer_line(vcpu_vtimer(vcpu), told & bit)
 ...>
 }
