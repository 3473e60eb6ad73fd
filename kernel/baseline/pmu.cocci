// SPDX-License-Identifier: GPL-2.0
// The PMU neither compares its line with the run page nor writes it there,
// built with CONFIG_HW_PERF_EVENTS or, as empty functions in the header, without.
// Files: arch/arm64/kvm/pmu-emul.c include/kvm/arm_pmu.h
@@
typedef bool;
identifier vcpu;
@@
-bool kvm_pmu_should_notify_user(struct kvm_vcpu *vcpu)
-{ ... }

@@
type T;
identifier vcpu;
@@
-T kvm_pmu_update_run(struct kvm_vcpu *vcpu)
-{ ... }

@@
typedef bool;
identifier vcpu;
@@
-bool kvm_pmu_should_notify_user(struct kvm_vcpu *vcpu);

@@
type T;
identifier vcpu;
@@
-T kvm_pmu_update_run(struct kvm_vcpu *vcpu);
