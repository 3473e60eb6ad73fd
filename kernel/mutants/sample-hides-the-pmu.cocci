// SPDX-License-Identifier: GPL-2.0
// A timer's high line hides the PMU's.
// Clause: notified
// Files: arch/arm64/kvm/user_irq.c
@@
expression vcpu;
@@
-kvm_timer_lines(vcpu) | kvm_pmu_lines(vcpu)
+(kvm_timer_lines(vcpu) ?: kvm_pmu_lines(vcpu))
