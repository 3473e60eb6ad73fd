// SPDX-License-Identifier: GPL-2.0
// An edge is counted, and a vCPU that blocks sleeps on.
// Clause: edge
// Files: arch/arm64/kvm/user_irq_edge.c
@@
identifier vcpu;
@@
-irq_work_queue(&vcpu->arch.user_irq.kick);
