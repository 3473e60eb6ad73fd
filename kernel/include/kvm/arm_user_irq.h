/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KVM_CAP_ARM_USER_IRQ: device lines of a VM whose irqchip lives in userspace.
 *
 * The first half is the state machine. It knows nothing of vCPUs and devices,
 * so that KUnit can walk through all of it. The second half is what the run
 * loop and the devices call; see user_irq.c and user_irq_edge.c in
 * arch/arm64/kvm.
 */

#ifndef __KVM_ARM_USER_IRQ_H
#define __KVM_ARM_USER_IRQ_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/irq_work.h>
#include <linux/kvm.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

struct kvm_vcpu;

/*
 * A level's line that is added goes to kvm_user_irq_lines(), under the next
 * number. The kernel has the version whose devices it has.
 */
#define KVM_USER_IRQ_VERSION	1U

/**
 * enum kvm_user_irq_edge - the devices whose signal is an edge
 * @KVM_USER_IRQ_EDGE_TEST: CONFIG_KVM_ARM_USER_IRQ_TEST_LINE
 * @KVM_USER_IRQ_MAX_EDGES: so many can be counted
 *
 * A device that is added takes the next number, and has its line in
 * kvm_user_irq_edge_lines().
 */
enum kvm_user_irq_edge {
	KVM_USER_IRQ_EDGE_TEST,
	KVM_USER_IRQ_MAX_EDGES = 8,
};

/* Of one device, so many edges can wait to be told. More are not counted. */
#define KVM_USER_IRQ_EDGE_LIMIT	U8_MAX

/*
 * The line of a device that no guest sees. Versions hand bits out from the
 * lowest on, so this is the last one that a real device will take.
 */
#define KVM_USER_IRQ_TEST_LINE	BIT_ULL(63)

/**
 * struct kvm_user_irq - what userspace knows of one vCPU's lines
 * @told: the levels that the last return to userspace published, as a bitmap
 *        of KVM_ARM_DEV_*
 * @edges: how many edges it has yet to be told, a byte for each device
 * @kick: makes the vCPU look for @edges
 *
 * The vCPU's thread is the only writer of @told, inside KVM_RUN; the background
 * timer reads it in its interrupt, hence READ_ONCE() and WRITE_ONCE(). Of
 * @edges that thread is the only one that takes away; anybody adds. All of them
 * in one word make one load enough to see that there is none, and one atomic
 * operation to take one of each.
 *
 * The run page is no place for this: userspace may write there whatever it
 * likes. Nor does a reset of the vCPU change it: that lowers lines, and
 * userspace has to hear of it, as it has of the edges before.
 */
struct kvm_user_irq {
	u64 told;
	atomic64_t edges;
#ifdef CONFIG_KVM_ARM_USER_IRQ_EDGE
	struct irq_work kick;
#endif
};

/**
 * kvm_user_irq_lines - the lines that a version of the capability signals
 * @version: what KVM_CHECK_EXTENSION returned
 *
 * Context: any.
 * Return: a bitmap of KVM_ARM_DEV_*; for a version above the kernel's own, that
 * of the kernel's own; 0 for version 0: there is no capability.
 */
static inline u64 kvm_user_irq_lines(unsigned int version)
{
	u64 lines = 0;

	version = min(version, KVM_USER_IRQ_VERSION);
	if (version >= 1)
		lines |= KVM_ARM_DEV_EL1_VTIMER | KVM_ARM_DEV_EL1_PTIMER |
			 KVM_ARM_DEV_PMU;
	if (version >= 2)
		lines |= KVM_ARM_DEV_EL2_VTIMER | KVM_ARM_DEV_EL2_PTIMER;

	return lines;
}

/**
 * kvm_user_irq_edge_lines - the lines of devices whose signal is an edge
 * @edges: a bitmap by enum kvm_user_irq_edge
 *
 * Context: any.
 * Return: a bitmap of KVM_ARM_DEV_*, and of KVM_USER_IRQ_TEST_LINE.
 */
static inline u64 kvm_user_irq_edge_lines(unsigned long edges)
{
	u64 lines = 0;

	if (edges & BIT(KVM_USER_IRQ_EDGE_TEST))
		lines |= KVM_USER_IRQ_TEST_LINE;

	return lines;
}

/**
 * kvm_user_irq_changed - is there something that userspace does not know?
 * @state: what userspace was told
 * @levels: the lines' levels now
 *
 * Context: the vCPU's thread.
 * Return: true if @levels differ from what was told, or an edge was not told.
 */
static inline bool kvm_user_irq_changed(const struct kvm_user_irq *state,
					u64 levels)
{
	return state->told != levels || atomic64_read(&state->edges);
}

/**
 * kvm_user_irq_is_told_high - does userspace know that a line is high?
 * @state: what userspace was told
 * @line: a bit of KVM_ARM_DEV_*
 *
 * Context: the vCPU's thread, or the hard interrupt of its background timer.
 * Return: true if that is what it was told.
 */
static inline bool kvm_user_irq_is_told_high(const struct kvm_user_irq *state,
					     u64 line)
{
	return READ_ONCE(state->told) & line;
}

/**
 * kvm_user_irq_count_edge - note an edge that userspace has to be told
 * @state: what userspace was told
 * @edge: the device
 *
 * It stays uncounted if KVM_USER_IRQ_EDGE_LIMIT of that device wait already.
 *
 * Context: any, NMI included: it takes no lock, and who interrupts it makes it
 *          try again.
 */
static inline void kvm_user_irq_count_edge(struct kvm_user_irq *state,
					   enum kvm_user_irq_edge edge)
{
	const unsigned int shift = edge * BITS_PER_BYTE;
	s64 old = atomic64_read(&state->edges);
	u64 new;

	do {
		if (((u64)old >> shift & U8_MAX) == KVM_USER_IRQ_EDGE_LIMIT)
			return;
		new = (u64)old + BIT_ULL(shift);
	} while (!atomic64_try_cmpxchg(&state->edges, &old, new));
}

/**
 * kvm_user_irq_untold_edges - the devices with an edge that is not told yet
 * @state: what userspace was told
 *
 * Context: the vCPU's thread.
 * Return: a bitmap by enum kvm_user_irq_edge.
 */
static inline unsigned long
kvm_user_irq_untold_edges(const struct kvm_user_irq *state)
{
	u64 counts = atomic64_read(&state->edges);
	unsigned long edges = 0;

	for (int i = 0; counts; i++, counts >>= BITS_PER_BYTE)
		if (counts & U8_MAX)
			edges |= BIT(i);

	return edges;
}

/**
 * kvm_user_irq_take_edges - take one edge of each device that has any
 * @state: what userspace was told
 *
 * What a device wrote before it raised the edge can be read after this.
 *
 * Context: the vCPU's thread, inside KVM_RUN.
 * Return: those devices, a bitmap by enum kvm_user_irq_edge.
 */
static inline unsigned long kvm_user_irq_take_edges(struct kvm_user_irq *state)
{
	unsigned long edges = kvm_user_irq_untold_edges(state);
	u64 one_of_each = 0;

	if (likely(!edges))
		return 0;

	for (int i = 0; i < KVM_USER_IRQ_MAX_EDGES; i++)
		if (edges & BIT(i))
			one_of_each |= BIT_ULL(i * BITS_PER_BYTE);

	/* Nobody else takes: each of these bytes is still above zero. */
	atomic64_fetch_sub_acquire(one_of_each, &state->edges);

	return edges;
}

/**
 * kvm_user_irq_tell - note that userspace is being told
 * @state: what userspace was told
 * @levels: the lines' levels now
 *
 * Context: the vCPU's thread, inside KVM_RUN.
 * Return: the value to publish in the run page.
 */
static inline u64 kvm_user_irq_tell(struct kvm_user_irq *state, u64 levels)
{
	WRITE_ONCE(state->told, levels);

	return levels | kvm_user_irq_edge_lines(kvm_user_irq_take_edges(state));
}

bool kvm_user_irq_must_exit(struct kvm_vcpu *vcpu);
void kvm_user_irq_publish(struct kvm_vcpu *vcpu);
bool kvm_user_irq_wakes(struct kvm_vcpu *vcpu);
#ifdef CONFIG_KVM_ARM_USER_IRQ_EDGE
void kvm_user_irq_raise_edge(struct kvm_vcpu *vcpu,
			     enum kvm_user_irq_edge edge);
void kvm_user_irq_vcpu_init(struct kvm_vcpu *vcpu);
void kvm_user_irq_vcpu_destroy(struct kvm_vcpu *vcpu);
#else
static inline void kvm_user_irq_vcpu_init(struct kvm_vcpu *vcpu) {}
static inline void kvm_user_irq_vcpu_destroy(struct kvm_vcpu *vcpu) {}
#endif

#endif /* __KVM_ARM_USER_IRQ_H */
