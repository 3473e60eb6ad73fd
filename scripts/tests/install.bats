#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The suite goes into a Linux tree of either layout, and out again to the byte.

load refusal

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	LINUX=$BATS_TEST_TMPDIR/linux
	KVM=$LINUX/tools/testing/selftests/kvm
	mkdir -p "$KVM"/lib
	printf 'CONFIG_KVM=y' > "$KVM/config"
}

# The KVM selftests of a tree in either layout, as far as an installation goes by them. Nothing that
# stands behind the list: the list's last line has no end.
layout_of_6_12() {
	mkdir -p "$KVM"/{,include/,lib/}aarch64
	touch "$KVM/aarch64/psci_test.c"
	MAKEFILE=$KVM/Makefile
	printf '%s\n' 'LIBKVM_aarch64 += lib/aarch64/gic.c' 'TEST_GEN_PROGS_x86_64 += hyperv_cpuid' \
		'TEST_GEN_PROGS_aarch64 += aarch64/psci_test' > "$MAKEFILE"
	printf 'TEST_GEN_PROGS_aarch64 += steal_time' >> "$MAKEFILE"
	keep
}

layout_of_7() {
	mkdir -p "$KVM"/{,include/,lib/}arm64
	touch "$KVM/arm64/psci_test.c"
	echo 'include Makefile.kvm' > "$KVM/Makefile"
	MAKEFILE=$KVM/Makefile.kvm
	printf '%s\n' 'LIBKVM_arm64 += lib/arm64/gic.c' 'TEST_GEN_PROGS_arm64 = $(TEST_GEN_PROGS_COMMON)' \
		'TEST_GEN_PROGS_arm64 += arm64/psci_test' 'LIBKVM += $(LIBKVM_$(ARCH))' 'include ../lib.mk' > "$MAKEFILE"
	keep
}

keep() { cp -a "$LINUX" "$BATS_TEST_TMPDIR/before"; }
as_before() { diff -r "$LINUX" "$BATS_TEST_TMPDIR/before"; }
suite() { "$TOP/scripts/suite.py" "$@" "$LINUX"; }

# What make sees in variable $1.
list() {
	printf '\nshow:\n\t@echo $(%s)\n' "$1" | cat "$MAKEFILE" - | sed '/^include/d' | make -s -f - show
}

# In the layout whose name of the architecture is $1: everything of ours is there, and make knows it.
is_installed() {
	local path
	for path in "$TOP"/tools/testing/selftests/kvm/aarch64/user_irq_*.c; do
		cmp "$path" "$KVM/$1/$(basename "$path")"
		[[ " $(list TEST_GEN_PROGS_"$1") " == *" $1/$(basename "$path" .c) "* ]]
	done
	cmp "$TOP/tools/testing/selftests/kvm/include/aarch64/user_irq.h" "$KVM/include/$1/user_irq.h"
	[[ " $(list LIBKVM_"$1") " == *" lib/$1/user_irq.c "* ]]
	[[ " $(list TEST_GEN_PROGS_"$1") " == *" $1/psci_test "* ]]
	grep -qx CONFIG_ARM_PMUV3=y "$KVM/config"
	grep -qx CONFIG_KVM=y "$KVM/config"
}

@test "into the layout of 6.12 and out again" {
	layout_of_6_12
	suite install-into
	is_installed aarch64
	suite uninstall-from
	as_before
}

@test "into the layout of 7 and out again" {
	layout_of_7
	chmod 640 "$MAKEFILE"
	suite install-into
	is_installed arm64
	[ "$(stat -c %a "$MAKEFILE")" = 640 ]
	suite uninstall-from
	as_before
}

@test "by make, with a path that has a space in it" {
	layout_of_7
	mv "$LINUX" "$BATS_TEST_TMPDIR/my linux"
	make -C "$TOP" install-into BASE="$BATS_TEST_TMPDIR/my linux"
	[ -e "$BATS_TEST_TMPDIR/my linux/tools/testing/selftests/kvm/arm64/user_irq_cap.c" ]
	make -C "$TOP" uninstall-from BASE="$BATS_TEST_TMPDIR/my linux"
	diff -r "$BATS_TEST_TMPDIR/my linux" "$BATS_TEST_TMPDIR/before"
}

@test "twice in is once in, and touches nothing; twice out is once out" {
	layout_of_7
	suite install-into
	find "$LINUX" -printf '%p %i %C@\n' | sort > "$BATS_TEST_TMPDIR/stamps"
	suite install-into
	find "$LINUX" -printf '%p %i %C@\n' | sort | cmp - "$BATS_TEST_TMPDIR/stamps"
	suite uninstall-from
	suite uninstall-from
	as_before
}

@test "out of a tree that it was never in" {
	layout_of_6_12
	find "$LINUX" -printf '%p %i %C@\n' | sort > "$BATS_TEST_TMPDIR/stamps"
	suite uninstall-from
	find "$LINUX" -printf '%p %i %C@\n' | sort | cmp - "$BATS_TEST_TMPDIR/stamps"
}

# An older version of the project: it has files that this one does not have, and lacks some.
older_version() {
	mkdir "$BATS_TEST_TMPDIR/older"
	cp -r --parents -t "$BATS_TEST_TMPDIR/older" "$TOP/scripts" "$TOP/tools"
	OLDER=$BATS_TEST_TMPDIR/older$TOP
	local kvm=$OLDER/tools/testing/selftests/kvm
	mv "$kvm/aarch64/user_irq_cap.c" "$kvm/aarch64/user_irq_old.c"
	echo '/* of old */' | tee "$kvm/include/aarch64/user_irq_old.h" >> "$kvm/aarch64/user_irq_timer.c"
	echo 'CONFIG_OLD=y' >> "$kvm/config"
}

@test "what an older version put there is found" {
	layout_of_7
	older_version
	"$OLDER/scripts/suite.py" install-into "$LINUX"
	[ -e "$KVM/include/arm64/user_irq_old.h" ]
	suite uninstall-from
	as_before

	"$OLDER/scripts/suite.py" install-into "$LINUX"
	suite install-into
	is_installed arm64
	[ ! -e "$KVM/arm64/user_irq_old.c" ]
	[ ! -e "$KVM/include/arm64/user_irq_old.h" ]
	[[ "$(list TEST_GEN_PROGS_arm64)" != *user_irq_old* ]]
	suite uninstall-from
	as_before
}

@test "what somebody wrote meanwhile stays, between our lines too" {
	layout_of_7
	suite install-into
	sed -i '/LIBKVM_arm64 += lib.arm64.user_irq[.]c/a TEST_GEN_PROGS_arm64 += arm64/mine' "$MAKEFILE"
	sed -i '1i # first' "$MAKEFILE" "$KVM/config"
	sed -i '/^CONFIG_ARM_PMUV3/i CONFIG_MINE=y' "$KVM/config"
	echo '# last' >> "$MAKEFILE"
	echo 'int mine;' > "$KVM/arm64/user_irq_mine.c"
	suite uninstall-from
	[ "$(cat "$KVM/arm64/user_irq_mine.c")" = 'int mine;' ]
	diff "$MAKEFILE" - < <(sed -e '1i # first' -e '/arm64.psci_test$/i TEST_GEN_PROGS_arm64 += arm64/mine' \
		-e '$a # last' "$BATS_TEST_TMPDIR/before/tools/testing/selftests/kvm/Makefile.kvm")
	[ "$(cat "$KVM/config")" = $'# first\nCONFIG_MINE=y\nCONFIG_KVM=y' ]
}

@test "a file of ours that somebody changed, and one of somebody's own, are kept" {
	layout_of_7
	suite install-into
	echo '/* mine */' >> "$KVM/arm64/user_irq_cap.c"
	cp -a "$LINUX" "$BATS_TEST_TMPDIR/changed"
	for verb in install-into uninstall-from; do
		run suite $verb
		could_not_run "not as we install them: arm64/user_irq_cap.c." "Move them away"
		diff -r "$LINUX" "$BATS_TEST_TMPDIR/changed"
	done
	mv "$KVM/arm64/user_irq_cap.c" "$BATS_TEST_TMPDIR/"
	suite uninstall-from
	as_before

	echo 'int mine;' > "$KVM/arm64/user_irq_cap.c"
	run suite install-into
	could_not_run "not as we install them: arm64/user_irq_cap.c." "Move them away"
	[ "$(cat "$KVM/arm64/user_irq_cap.c")" = 'int mine;' ]
	[ ! -e "$KVM/lib/arm64/user_irq.c" ]
}

@test "a tree that shares its files with another one" {
	layout_of_7
	cp -al "$LINUX" "$BATS_TEST_TMPDIR/linked"
	suite install-into
	diff -r "$BATS_TEST_TMPDIR/linked" "$BATS_TEST_TMPDIR/before"
}

@test "marks that were cut" {
	layout_of_7
	suite install-into
	sed -i '/^# kvm-user-irq: end/d' "$MAKEFILE"
	run suite uninstall-from
	could_not_run "Makefile.kvm has one of" "Put it right"
	[ -e "$KVM/arm64/user_irq_cap.c" ]
}

@test "a Linux whose library is too old gets nothing" {
	layout_of_6_12
	printf 'VERSION = 6\nPATCHLEVEL = 7\nSUBLEVEL = 0\nEXTRAVERSION =\n' | tee "$LINUX/Makefile" > "$BATS_TEST_TMPDIR/before/Makefile"
	run suite install-into
	could_not_run "is Linux 6.7, and its KVM selftest library lacks" "Give a tree of 6.8 or later"
	as_before
	sed -i 's/PATCHLEVEL = 7/PATCHLEVEL = 8/' "$LINUX/Makefile"
	suite install-into
	is_installed aarch64
}

@test "no Linux tree, none with KVM selftests, and none that may be written" {
	run suite install-into
	could_not_run "holds no KVM selftests for arm64" "Give the top folder"
	run "$TOP/scripts/suite.py" install-into "$BATS_TEST_TMPDIR/nowhere"
	could_not_run "there is no folder" "Say BASE=/path/to/linux."
	run make -C "$TOP" install-into
	could_not_run "there is no folder '6.12'" "Say BASE=/path/to/linux."

	layout_of_7
	chmod -R a-w "$LINUX"
	# For nobody to get there, and to read it.
	mkdir "$BATS_TEST_TMPDIR/copy"
	(cd "$TOP" && cp -r --parents -t "$BATS_TEST_TMPDIR/copy" scripts/*.py tools/testing)
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	as_nobody=()
	[ "$(id -u)" -ne 0 ] || as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	run "${as_nobody[@]}" "$BATS_TEST_TMPDIR/copy/scripts/suite.py" install-into "$LINUX"
	could_not_run "May you write there"
	chmod -R u+w "$LINUX"
}

@test "the KVM selftests of Linux 6.12 itself, in and out" {
	rm -rf "$KVM"
	cp -r --parents -t "$LINUX" "$TOP/build/base/6.12/tools/testing/selftests/kvm"
	mv "$LINUX$TOP/build/base/6.12/tools/testing/selftests/kvm" "$KVM"
	MAKEFILE=$KVM/Makefile
	keep
	suite install-into
	is_installed aarch64
	suite uninstall-from
	as_before
}
