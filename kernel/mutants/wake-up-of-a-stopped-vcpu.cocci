// SPDX-License-Identifier: GPL-2.0
// The background timer wakes a vCPU that is off, again and again.
// Clause: host
// Files: arch/arm64/kvm/arch_timer.c
@@
identifier vcpu;
@@
-kvm_vcpu_is_blocking(vcpu) && !kvm_arm_vcpu_stopped(vcpu)
+kvm_vcpu_is_blocking(vcpu)
