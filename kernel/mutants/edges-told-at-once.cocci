// SPDX-License-Identifier: GPL-2.0
// Edges that wait are all told by one return.
// Clause: edge
// Files: arch/arm64/kvm/user_irq_edge.c
@@
identifier vcpu, edge;
@@
+if (kvm_user_irq_untold_edges(&vcpu->arch.user_irq) & BIT(edge))
+	return;
 kvm_user_irq_count_edge(&vcpu->arch.user_irq, edge);
