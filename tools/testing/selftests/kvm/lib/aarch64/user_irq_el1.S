/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way from a guest's EL2 into its own guest and back, as one function call.
 */

.macro save_pair, first, second
	stp	\first, \second, [sp, #-16]!
.endm

.macro restore_pair, first, second
	ldp	\first, \second, [sp], #16
.endm

/*
 * u64 user_irq_enter_el1(void *code, void *stack, void *argument)
 *
 * Runs @code at EL1 until it comes back by an exception. Returns the number of
 * its vector. SP_EL2 is where it was, so what the caller needs is there.
 */
	.global user_irq_enter_el1
user_irq_enter_el1:
	save_pair x29, x30
	save_pair x27, x28
	save_pair x25, x26
	save_pair x23, x24
	save_pair x21, x22
	save_pair x19, x20
	mrs	x9, vbar_el2
	save_pair x9, xzr

	adr	x9, vectors
	msr	vbar_el2, x9
	msr	elr_el2, x0
	msr	sp_el1, x1
	/* EL1h. D, A and F masked, I not. */
	mov	x9, #0x345
	msr	spsr_el2, x9
	mov	x0, x2
	isb
	eret

back:
	restore_pair x9, xzr
	msr	vbar_el2, x9
	isb
	restore_pair x19, x20
	restore_pair x21, x22
	restore_pair x23, x24
	restore_pair x25, x26
	restore_pair x27, x28
	restore_pair x29, x30
	ret

	.balign 2048
vectors:
	.set	number, 0
	.rept	16
	.balign	128
	mov	x0, #number
	b	back
	.set	number, number + 1
	.endr
