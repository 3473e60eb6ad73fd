// SPDX-License-Identifier: GPL-2.0
// The PMU's level is the one that the last entry or exit worked out.
// Clause: every-return
// Files: arch/arm64/kvm/pmu-emul.c
@@
identifier vcpu;
@@
 kvm_pmu_lines(...)
 {
 <...
-!kvm_pmu_overflow_status(vcpu)
+!vcpu->arch.pmu.irq_level
 ...>
 }
