// SPDX-License-Identifier: GPL-2.0
// The run page has no field for the lines; its place in run->s is kept by the union's padding.
// Files: arch/arm64/include/uapi/asm/kvm.h tools/arch/arm64/include/uapi/asm/kvm.h
@@
typedef __u64;
@@
 struct kvm_sync_regs {
-	__u64 device_irq_level;
 };
