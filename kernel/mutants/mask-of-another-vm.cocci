// SPDX-License-Identifier: GPL-2.0
// Without a usable GIC, a timer interrupt that one VM's high line masked stays so for the next VM.
// Clause: return-before-run
// Hosts: nogic-vhe nogic-nvhe
// Files: arch/arm64/kvm/arch_timer.c
@@
expression masked, irq, ctx;
@@
 kvm_timer_vcpu_load_nogic(...)
 {
 <...
 if (masked)
 	disable_percpu_irq(irq);
-else
-	enable_timer_irq(ctx);
 ...>
 }
