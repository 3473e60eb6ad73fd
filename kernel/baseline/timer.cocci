// SPDX-License-Identifier: GPL-2.0
// The timers neither compare their lines with the run page nor write them there.
// What masks the host's interrupt while a guest's line is high stays: it protects the host.
// Files: arch/arm64/kvm/arch_timer.c include/kvm/arm_arch_timer.h
@@
typedef bool;
identifier vcpu;
@@
-bool kvm_timer_should_notify_user(struct kvm_vcpu *vcpu)
-{ ... }

@@
typedef u64;
identifier vcpu;
@@
-u64 kvm_timer_needs_notify(struct kvm_vcpu *vcpu)
-{ ... }

@@
type T;
identifier vcpu;
@@
-T kvm_timer_update_run(struct kvm_vcpu *vcpu)
-{ ... }

@@
typedef bool;
identifier vcpu;
@@
-bool kvm_timer_should_notify_user(struct kvm_vcpu *vcpu);

@@
type T;
identifier vcpu;
@@
-T kvm_timer_update_run(struct kvm_vcpu *vcpu);
