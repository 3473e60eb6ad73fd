// SPDX-License-Identifier: GPL-2.0
// The guest's own guest takes a virtual interrupt without HCR_EL2.IMO.
// Clause: delivery
// Hosts: nested
// Files: arch/arm64/kvm/hyp/vhe/switch.c
@@
identifier vcpu;
@@
-if (unlikely(!irqchip_in_kernel(vcpu->kvm))) { ... }
