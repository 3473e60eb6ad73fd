# SPDX-License-Identifier: GPL-2.0
# What Linux 7 calls the things that the hooks in ../ speak of.
s/\<kvm_timer_should_fire\>/kvm_timer_pending/g
s/\<kvm_timer_irq_can_fire\>/kvm_timer_enabled/g
s/\<ctx->vcpu\>/timer_context_to_vcpu(ctx)/g
