// SPDX-License-Identifier: GPL-2.0
// An emulated timer may expire on another CPU, and leave the guest where it is.
// Clause: notified
// Hosts: nohz
// Files: arch/arm64/kvm/arch_timer.c
@@
expression timer, expiry;
@@
 timer_emulate(...)
 {
 <...
 hrtimer_start(timer, expiry,
-	       HRTIMER_MODE_ABS_PINNED_HARD
+	       HRTIMER_MODE_ABS_HARD
 	      );
 ...>
 }
