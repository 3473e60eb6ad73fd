// SPDX-License-Identifier: GPL-2.0
// KVM_CHECK_EXTENSION knows no such capability.
// Clause: version
// Files: arch/arm64/kvm/arm.c
@@
identifier r;
@@
-r = KVM_USER_IRQ_VERSION;
+r = 0;
