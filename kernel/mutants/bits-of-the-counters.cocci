// SPDX-License-Identifier: GPL-2.0
// The PMU's overflow flags are published where its line's bit belongs.
// Clause: bits
// Files: arch/arm64/kvm/pmu-emul.c
@@
typedef u64;
identifier vcpu;
@@
 u64 kvm_pmu_lines(struct kvm_vcpu *vcpu)
 {
 ...
-return KVM_ARM_DEV_PMU;
+return kvm_pmu_overflow_status(vcpu);
 }
