// SPDX-License-Identifier: GPL-2.0
// Bits without a line keep what userspace wrote.
// Clause: undefined-bits
// Files: arch/arm64/kvm/user_irq.c
@@
expression lines;
identifier vcpu;
@@
-WRITE_ONCE(vcpu->run->s.regs.device_irq_level, lines);
+WRITE_ONCE(vcpu->run->s.regs.device_irq_level,
+	   lines | (vcpu->run->s.regs.device_irq_level & ~7ULL));
