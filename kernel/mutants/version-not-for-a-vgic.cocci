// SPDX-License-Identifier: GPL-2.0
// KVM_CHECK_EXTENSION tells the version to VMs without a vgic only.
// Clause: version
// Files: arch/arm64/kvm/arm.c
@@
identifier r;
@@
-r = KVM_USER_IRQ_VERSION;
+r = kvm && irqchip_in_kernel(kvm) ? 0 : KVM_USER_IRQ_VERSION;
