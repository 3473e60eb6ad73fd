// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that has EL2, without an in-kernel interrupt controller.
 *
 * The library sets a vCPU up at EL2 if it is to have it, for E2H=1. With E2H=0
 * the translation has another control register. The guest's own guest is a
 * function at EL1, on the guest's own page tables and without a stage 2.
 */
#include "user_irq_nested.h"

/* Of TCR_EL2, where E2H is 0 */
#define TCR_EL2_PS_SHIFT	16
#define TCR_EL2_DS_BIT		BIT(32)
#define TCR_EL2_ONES		(BIT(31) | BIT(23))
/* Of TCR_EL1 */
#define TCR_EL1_IPS		GENMASK(34, 32)
#define TCR_EL1_DS_BIT		BIT(59)

/* The guest's. Each VM has its own copy. */
void (*user_irq_handler)(u64 vector);
static u8 el1_stack[4096] __aligned(16);

/**
 * user_irq_no_el2() - find out whether this machine can run a case of a guest with EL2
 * @e2h: with E2H=1, or with E2H=0
 *
 * Return: the reason to skip the case, or NULL: user_irq_missing()'s come first.
 */
const char *user_irq_no_el2(bool e2h)
{
	const char *missing = user_irq_missing(0);

	if (missing)
		return missing;
	if (!kvm_check_cap(KVM_CAP_ARM_EL2))
		return "the kernel has no KVM_CAP_ARM_EL2: it takes FEAT_NV2, kvm-arm.mode=nested, Linux 6.16";
	if (!e2h && !kvm_check_cap(KVM_CAP_ARM_EL2_E2H0))
		return "no KVM_CAP_ARM_EL2_E2H0: an EL2 with E2H=0 cannot be had here";
	return NULL;
}

static u64 get_sys_reg(struct kvm_vcpu *vcpu, u32 encoding)
{
	return user_irq_get_reg(vcpu, KVM_ARM64_SYS_REG(encoding));
}

/* As the library sets EL2 up, whose registers with E2H=1 are in the format of EL1's */
static void set_up_el1(struct kvm_vcpu *vcpu)
{
	const u64 sctlr = get_sys_reg(vcpu, SYS_SCTLR_EL1);

	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_SCTLR_EL1),
		     sctlr | SCTLR_ELx_M | SCTLR_ELx_C | SCTLR_ELx_I);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_TCR_EL1), get_sys_reg(vcpu, SYS_TCR_EL2));
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_MAIR_EL1), get_sys_reg(vcpu, SYS_MAIR_EL2));
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_TTBR0_EL1), get_sys_reg(vcpu, SYS_TTBR0_EL2));
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_CPACR_EL1),
		     CPACR_EL1_FPEN_EL1EN | CPACR_EL1_FPEN_EL0EN);
}

static void clear_e2h(struct kvm_vcpu *vcpu)
{
	const u64 tcr_el1 = get_sys_reg(vcpu, SYS_TCR_EL1);
	u64 tcr = (tcr_el1 & GENMASK(15, 0)) | TCR_EL2_ONES;

	tcr |= FIELD_GET(TCR_EL1_IPS, tcr_el1) << TCR_EL2_PS_SHIFT;
	if (tcr_el1 & TCR_EL1_DS_BIT)
		tcr |= TCR_EL2_DS_BIT;
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_TCR_EL2), tcr);
	/* Traps nothing */
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(SYS_CPTR_EL2), 0);
}

/**
 * user_irq_nested_vm() - make a VM whose vCPUs start at EL2
 * @e2h: with E2H=1, or with E2H=0: a VM has the one or the other
 * @lines: as for user_irq_vm()
 * @nr_vcpus: likewise
 * @guest_code: likewise
 * @vcpus: likewise
 *
 * Return: the VM.
 */
struct kvm_vm *user_irq_nested_vm(bool e2h, u64 lines, int nr_vcpus, void *guest_code,
				  struct kvm_vcpu *vcpus[])
{
	u32 features = BIT(KVM_ARM_VCPU_HAS_EL2);
	struct kvm_vm *vm;
	int i;

	if (!e2h)
		features |= BIT(KVM_ARM_VCPU_HAS_EL2_E2H0);
	vm = user_irq_vm_with(features, lines, nr_vcpus, guest_code, vcpus);

	for (i = 0; i < nr_vcpus; i++) {
		set_up_el1(vcpus[i]);
		if (!e2h)
			clear_e2h(vcpus[i]);
	}
	return vm;
}

/**
 * user_irq_nested_start_at() - choose where a vCPU goes on at its EL2
 * @vcpu: one that has EL2
 * @guest_code: as for user_irq_start_at()
 *
 * If the guest's own guest ran last, the vCPU is at EL1.
 */
void user_irq_nested_start_at(struct kvm_vcpu *vcpu, void *guest_code)
{
	vcpu_set_reg(vcpu, ARM64_CORE_REG(regs.pstate),
		     PSR_MODE_EL2h | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT);
	user_irq_start_at(vcpu, guest_code);
}

/**
 * user_irq_nested_set_level() - move a line by KVM_SET_ONE_REG
 * @vcpu: one that has EL2, if the line is of one of its timers
 * @line: any
 * @high: where to
 */
void user_irq_nested_set_level(struct kvm_vcpu *vcpu, u64 line, bool high)
{
	const bool virt = line == KVM_ARM_DEV_EL2_VTIMER;

	if (line & USER_IRQ_LINES) {
		user_irq_set_level(vcpu, line, high);
		return;
	}
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(virt ? SYS_CNTHV_CVAL_EL2 : SYS_CNTHP_CVAL_EL2), 0);
	vcpu_set_reg(vcpu, KVM_ARM64_SYS_REG(virt ? SYS_CNTHV_CTL_EL2 : SYS_CNTHP_CTL_EL2),
		     high ? CTL_ENABLE : 0);
}

/**
 * guest_route() - let the guest's EL2 take interrupts, or leave them to EL1
 * @to: bits of HCR_EL2; E2H stays, and EL1 is AArch64
 */
void guest_route(u64 to)
{
	write_sysreg((read_sysreg(hcr_el2) & HCR_E2H) | HCR_RW | to, hcr_el2);
	isb();
}

/**
 * guest_run_el1() - let the guest, at EL2, run a guest of its own
 * @code: a function that takes @g, at EL1
 * @g: this vCPU's block
 *
 * HCR_EL2 says where its interrupts go. It starts anew with each call. There is one
 * stack, so one vCPU of a VM may do this.
 *
 * Return: the number of the vector that it came back by.
 */
u64 guest_run_el1(void *code, struct user_irq_guest *g)
{
	return user_irq_enter_el1(code, el1_stack + sizeof(el1_stack), g);
}
