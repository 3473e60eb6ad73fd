// SPDX-License-Identifier: GPL-2.0
// A timer that expires on another CPU leaves the guest where it is.
// Clause: notified
// Hosts: nohz
// Files: arch/arm64/kvm/arch_timer.c
@@
expression e;
@@
 kvm_hrtimer_expire(...)
 {
 <...
-smp_send_reschedule(e);
+barrier();
 ...>
 }
