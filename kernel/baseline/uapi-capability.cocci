// SPDX-License-Identifier: GPL-2.0
// The capability has no number.
// Files: include/uapi/linux/kvm.h tools/include/uapi/linux/kvm.h
@@
@@
-#define KVM_CAP_ARM_USER_IRQ 144
