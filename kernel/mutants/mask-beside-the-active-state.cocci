// SPDX-License-Identifier: GPL-2.0
// The host's timer interrupt is masked where the GIC has an active state, and nothing there unmasks it.
// Clause: return-before-run
// Earlier: d60d8b64280c
// Files: arch/arm64/kvm/arch_timer.c
@@
expression kvm;
identifier has_gic_active_state;
@@
-userspace_irqchip(kvm) && !static_branch_unlikely(&has_gic_active_state)
+userspace_irqchip(kvm)
