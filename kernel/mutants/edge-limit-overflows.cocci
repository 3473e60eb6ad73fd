// SPDX-License-Identifier: GPL-2.0
// The count of a device's edges goes on above its limit, into that of the next device.
// Clause: edge-limit
// Files: arch/arm64/kvm/user_irq_edge.c
@@
identifier vcpu, edge;
@@
-kvm_user_irq_count_edge(&vcpu->arch.user_irq, edge);
+atomic64_add(BIT_ULL(edge * BITS_PER_BYTE), &vcpu->arch.user_irq.edges);
