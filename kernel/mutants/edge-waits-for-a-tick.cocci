// SPDX-License-Identifier: GPL-2.0
// An edge wakes a vCPU that blocks, and leaves one that runs alone until a tick.
// Clause: edge
// Hosts: nohz
// Files: arch/arm64/kvm/user_irq_edge.c
@@
@@
-kvm_vcpu_kick
+kvm_vcpu_wake_up
 (...)
