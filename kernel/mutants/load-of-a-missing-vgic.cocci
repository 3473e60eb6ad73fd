// SPDX-License-Identifier: GPL-2.0
// Loading a vCPU loads the state of a vgic, whether or not the VM, or the host, has one.
// Clause: every-return
// Earlier: 22601127c0fa
// Hosts: nogic-nvhe
// Shows: crash
// Files: arch/arm64/kvm/vgic/vgic.c
@@
statement S;
@@
 kvm_vgic_load(...)
 {
 ...
-if (unlikely(...)) S
 ...
 }
