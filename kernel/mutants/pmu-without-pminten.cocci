// SPDX-License-Identifier: GPL-2.0
// The PMU's line is high for an overflow whose interrupt is disabled.
// Clause: notified
// Files: arch/arm64/kvm/pmu-emul.c
@@
identifier vcpu, reg;
@@
 kvm_pmu_overflow_status(...)
 {
 <...
-reg &= __vcpu_sys_reg(vcpu, PMINTENSET_EL1);
 ...>
 }
