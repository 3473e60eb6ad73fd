// SPDX-License-Identifier: GPL-2.0
// A vCPU with EL2 does not run without a vgic's maintenance interrupt.
// Clause: nested
// Hosts: nested
// Files: arch/arm64/kvm/arm.c
@@
identifier ret, vcpu, kvm;
statement S;
@@
-if (likely(irqchip_in_kernel(kvm))) {
 ret = kvm_vgic_vcpu_nv_init(vcpu);
 if (ret) S
-}
