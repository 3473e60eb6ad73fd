// SPDX-License-Identifier: GPL-2.0
// The guest's own guest takes an interrupt that is routed to EL2.
// Clause: delivery
// Hosts: nested
// Files: arch/arm64/kvm/hyp/vhe/switch.c
@@
identifier hcr;
statement S;
@@
 host_data_clear_flag(VCPU_IN_HYP_CONTEXT);
-if (unlikely(hcr & (HCR_VI | HCR_VF))) S
