# SPDX-License-Identifier: GPL-2.0
# The handbook no longer describes the capability: its section goes, up to the next section's heading.
# Files: Documentation/virt/kvm/api.rst
/^8\.[0-9]* KVM_CAP_ARM_USER_IRQ$/,/^8\.[0-9]* KVM_CAP_/ {
	/^8\.[0-9]* KVM_CAP_ARM_USER_IRQ$/d
	/^8\.[0-9]* KVM_CAP_/!d
}
