// SPDX-License-Identifier: GPL-2.0
// The two timers of EL2 have each other's line.
// Clause: bits
// Hosts: nested
// Files: arch/arm64/kvm/arch_timer.c
@@
@@
(
-KVM_ARM_DEV_EL2_VTIMER
+KVM_ARM_DEV_EL2_PTIMER
|
-KVM_ARM_DEV_EL2_PTIMER
+KVM_ARM_DEV_EL2_VTIMER
)
