// SPDX-License-Identifier: GPL-2.0
// The EL2 virtual timer shows on the line of the EL1 virtual timer.
// Clause: bits
// Hosts: nested
// Files: arch/arm64/kvm/arch_timer.c
@@
@@
-KVM_ARM_DEV_EL2_VTIMER
+KVM_ARM_DEV_EL1_VTIMER
