// SPDX-License-Identifier: GPL-2.0
// Each timer has the other's bit.
// Clause: every-return
// Files: arch/arm64/kvm/arch_timer.c
@@
@@
 timer_line_bit(...)
 {
 <...
(
-return KVM_ARM_DEV_EL1_VTIMER;
+return KVM_ARM_DEV_EL1_PTIMER;
|
-return KVM_ARM_DEV_EL1_PTIMER;
+return KVM_ARM_DEV_EL1_VTIMER;
)
 ...>
 }
