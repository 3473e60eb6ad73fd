// SPDX-License-Identifier: GPL-2.0
// A changed line does not end a wait in WFI.
// Clause: notified
// Earlier: 4ce98bf0865c
// Files: arch/arm64/kvm/arm.c
@@
identifier v;
statement S;
@@
 kvm_arch_vcpu_runnable(...)
 {
 ...
-if (unlikely(!irqchip_in_kernel(v->kvm))) S
 ...
 }
