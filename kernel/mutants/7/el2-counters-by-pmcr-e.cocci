// SPDX-License-Identifier: GPL-2.0
// What KVM counts in software asks for PMCR_EL0.E, of the counters of EL2 too.
// Clause: notified
// Hosts: nested
// Files: arch/arm64/kvm/pmu-emul.c
@@
identifier pmc, vcpu;
@@
 kvm_pmu_counter_increment(struct kvm_vcpu *vcpu, ...)
 {
 <...
-!kvm_pmu_counter_is_enabled(pmc)
+!(kvm_vcpu_read_pmcr(vcpu) & ARMV8_PMU_PMCR_E)
 ...>
 }
