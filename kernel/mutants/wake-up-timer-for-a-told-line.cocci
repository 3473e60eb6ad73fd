// SPDX-License-Identifier: GPL-2.0
// The background timer wakes a vCPU for a line that userspace knows to be high.
// Clause: host
// Files: arch/arm64/kvm/arch_timer.c
@@
expression A, B;
@@
 timer_can_wake(...)
 {
 ...
(
-return A && B;
+return true;
|
-return A || B;
+return true;
)
 }
