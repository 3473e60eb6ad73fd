// SPDX-License-Identifier: GPL-2.0
// Without a usable GIC, the host's virtual timer interrupt is masked, whichever fired.
// Clause: host
// Hosts: nogic-vhe
// Shows: crash timeout
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier irq;
@@
 kvm_arch_timer_handler(...)
 {
 <...
-disable_percpu_irq(irq);
+disable_percpu_irq(host_vtimer_irq);
 ...>
 }
