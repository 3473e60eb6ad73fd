/* SPDX-License-Identifier: GPL-2.0 */
/* Why a VM without an in-kernel irqchip left the guest, and what it told. */
#if !defined(_TRACE_USER_IRQ_ARM64_KVM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_USER_IRQ_ARM64_KVM_H

#include <linux/kvm.h>
#include <linux/tracepoint.h>

#include <kvm/arm_user_irq.h>

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm

#define show_user_irq_lines(lines)					\
	__print_flags_u64(lines, "|",					\
			  { KVM_ARM_DEV_EL1_VTIMER, "EL1_VTIMER" },	\
			  { KVM_ARM_DEV_EL1_PTIMER, "EL1_PTIMER" },	\
			  { KVM_ARM_DEV_PMU, "PMU" },			\
			  { KVM_ARM_DEV_EL2_VTIMER, "EL2_VTIMER" },	\
			  { KVM_ARM_DEV_EL2_PTIMER, "EL2_PTIMER" },	\
			  { KVM_USER_IRQ_TEST_LINE, "TEST" })

DECLARE_EVENT_CLASS(kvm_user_irq,
		    TP_PROTO(unsigned int vcpu_id, u64 told, u64 levels),
		    TP_ARGS(vcpu_id, told, levels),

		    TP_STRUCT__entry(__field(unsigned int, vcpu_id)
				     __field(u64, told)
				     __field(u64, levels)),

		    TP_fast_assign(__entry->vcpu_id = vcpu_id;
				   __entry->told = told;
				   __entry->levels = levels;),

		    TP_printk("vcpu %u: told 0x%llx, now 0x%llx (changed: %s)",
			      __entry->vcpu_id, __entry->told, __entry->levels,
			      show_user_irq_lines(__entry->told ^ __entry->levels))
);

/* A changed line keeps the vCPU out of the guest. */
DEFINE_EVENT(kvm_user_irq, kvm_user_irq_exit,
	     TP_PROTO(unsigned int vcpu_id, u64 told, u64 levels),
	     TP_ARGS(vcpu_id, told, levels)
);

/* A return to userspace publishes the levels. */
DEFINE_EVENT(kvm_user_irq, kvm_user_irq_publish,
	     TP_PROTO(unsigned int vcpu_id, u64 told, u64 levels),
	     TP_ARGS(vcpu_id, told, levels)
);

#endif /* _TRACE_USER_IRQ_ARM64_KVM_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace_user_irq
#include <trace/define_trace.h>
