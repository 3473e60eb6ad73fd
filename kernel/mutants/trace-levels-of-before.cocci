// SPDX-License-Identifier: GPL-2.0
// A return traces the levels of the return before as those that it publishes.
// Clause: trace
// Files: arch/arm64/kvm/user_irq.c
@@
expression vcpu_id, told, lines;
@@
-trace_kvm_user_irq_publish(vcpu_id, told, lines);
+trace_kvm_user_irq_publish(vcpu_id, told, told);
