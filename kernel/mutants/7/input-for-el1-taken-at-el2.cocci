// SPDX-License-Identifier: GPL-2.0
// The guest's EL2 takes an interrupt that it routes to EL1.
// Clause: delivery
// Hosts: nested
// Files: arch/arm64/kvm/hyp/vhe/switch.c
@@
symbol hcr, to_el1;
@@
-hcr &= ~to_el1;
