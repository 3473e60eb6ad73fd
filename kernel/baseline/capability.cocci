// SPDX-License-Identifier: GPL-2.0
// KVM_CHECK_EXTENSION no longer knows the capability.
// Files: arch/arm64/kvm/arm.c
@@
expression ext, r;
@@
 switch (ext) {
-case KVM_CAP_ARM_USER_IRQ:
-	r = 1;
-	break;
 }
