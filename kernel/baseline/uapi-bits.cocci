// SPDX-License-Identifier: GPL-2.0
// The lines have no bits.
// Files: arch/arm64/include/uapi/asm/kvm.h tools/arch/arm64/include/uapi/asm/kvm.h
@@
@@
-#define KVM_ARM_DEV_EL1_VTIMER (1 << 0)

@@
@@
-#define KVM_ARM_DEV_EL1_PTIMER (1 << 1)

@@
@@
-#define KVM_ARM_DEV_PMU (1 << 2)
