// SPDX-License-Identifier: GPL-2.0
// Without a usable GIC, the host's timer interrupt is left on while a guest's line is high.
// Clause: host
// Hosts: nogic-nvhe
// Shows: crash timeout
// Files: arch/arm64/kvm/arch_timer.c
@@
@@
 kvm_arch_timer_handler(...)
 {
 <...
-disable_percpu_irq(...);
+;
 ...>
 }

@@
@@
 kvm_timer_vcpu_load_nogic(...)
 {
 <...
-disable_percpu_irq(...);
+;
 ...>
 }
