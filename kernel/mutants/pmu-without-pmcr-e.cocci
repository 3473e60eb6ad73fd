// SPDX-License-Identifier: GPL-2.0
// The PMU's line is high for an overflow while the PMU is disabled.
// Clause: notified
// Files: arch/arm64/kvm/pmu-emul.c
@@
identifier vcpu;
@@
 kvm_pmu_overflow_status(...)
 {
 <...
-(kvm_vcpu_read_pmcr(vcpu) & ARMV8_PMU_PMCR_E)
+true
 ...>
 }
