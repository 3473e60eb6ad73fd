// SPDX-License-Identifier: GPL-2.0
// An interrupt that is kept for EL1 does not end the WFI of the guest's EL2.
// Clause: delivery
// Hosts: nested-notrap
// Files: arch/arm64/kvm/hyp/vhe/switch.c
@@
symbol hcr, to_el1;
@@
-if (to_el1)
-	hcr |= HCR_TWI;
