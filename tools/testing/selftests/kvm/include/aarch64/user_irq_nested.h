/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that has EL2, without an in-kernel interrupt controller, and what it
 * needs to run a guest of its own.
 */
#ifndef SELFTEST_KVM_USER_IRQ_NESTED_H
#define SELFTEST_KVM_USER_IRQ_NESTED_H

#include "user_irq.h"

/* Headers before Linux 6.16 lack them. */
#ifndef KVM_CAP_ARM_EL2
#define KVM_CAP_ARM_EL2			240
#define KVM_CAP_ARM_EL2_E2H0		241
#endif
#ifndef KVM_ARM_VCPU_HAS_EL2_E2H0
#define KVM_ARM_VCPU_HAS_EL2_E2H0	8
#endif

#ifndef SYS_CNTHP_CTL_EL2
#define SYS_CNTHP_CTL_EL2		sys_reg(3, 4, 14, 2, 1)
#define SYS_CNTHP_CVAL_EL2		sys_reg(3, 4, 14, 2, 2)
#define SYS_CNTHV_CTL_EL2		sys_reg(3, 4, 14, 3, 1)
#define SYS_CNTHV_CVAL_EL2		sys_reg(3, 4, 14, 3, 2)
#endif

/* Of HCR_EL2 */
#define HCR_FMO				BIT(3)
#define HCR_IMO				BIT(4)
#define HCR_VF				BIT(6)
#define HCR_VI				BIT(7)
#define HCR_TGE				BIT(27)
#define HCR_RW				BIT(31)
#define HCR_E2H				BIT(34)

/* Vectors that a guest's own guest comes back by. */
#define USER_IRQ_FROM_EL1_SYNC		8
#define USER_IRQ_FROM_EL1_IRQ		9

const char *user_irq_no_el2(bool e2h);
struct kvm_vm *user_irq_nested_vm(bool e2h, u64 lines, int nr_vcpus, void *guest_code,
				  struct kvm_vcpu *vcpus[]);
void user_irq_nested_start_at(struct kvm_vcpu *vcpu, void *guest_code);

void user_irq_nested_set_level(struct kvm_vcpu *vcpu, u64 line, bool high);

/* Vectors for EL1 and for EL2. They give the exception's vector to the handler, and go back. */
extern u8 user_irq_vectors[];
extern void (*user_irq_handler)(u64 vector);

void guest_route(u64 to);
u64 user_irq_enter_el1(void *code, void *stack, void *argument);
u64 guest_run_el1(void *code, struct user_irq_guest *g);

#endif /* SELFTEST_KVM_USER_IRQ_NESTED_H */
