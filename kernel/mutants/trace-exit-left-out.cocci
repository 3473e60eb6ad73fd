// SPDX-License-Identifier: GPL-2.0
// Nothing traces that a line kept a vCPU out of the guest.
// Clause: trace
// Files: arch/arm64/kvm/user_irq.c
@@
expression list traced;
@@
-trace_kvm_user_irq_exit(traced);
