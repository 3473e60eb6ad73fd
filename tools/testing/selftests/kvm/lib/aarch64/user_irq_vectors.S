/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Vectors for EL1 and for EL2. The return address and the state before are left
 * where they are, in the registers of the level that took the exception: the
 * library's own vectors save them, by names that mean EL1's where E2H is 0.
 */
.macro entry number
	.balign	0x80
	stp	x0, x1, [sp, #-16 * 10]!
	mov	x0, #\number
	b	taken
.endm

	.text
	.balign	0x800
	.global	user_irq_vectors
user_irq_vectors:
	.set	number, 0
	.rept	16
	entry	number
	.set	number, number + 1
	.endr

taken:
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x30, [sp, #16 * 9]
	adrp	x1, user_irq_handler
	ldr	x1, [x1, :lo12:user_irq_handler]
	blr	x1
	ldp	x18, x30, [sp, #16 * 9]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x0, x1, [sp], #16 * 10
	eret
