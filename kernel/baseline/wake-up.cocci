// SPDX-License-Identifier: GPL-2.0
// A changed line no longer makes a blocked vCPU runnable.
// Files: arch/arm64/kvm/arm.c
@@
identifier v, irq_lines;
@@
-irq_lines |= (!irqchip_in_kernel(v->kvm) &&
-	      (kvm_timer_should_notify_user(v) || kvm_pmu_should_notify_user(v)));
