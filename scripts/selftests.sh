#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds KVM selftests, ours and the base's, for arm64, statically, and installs
# them, by the base's own Makefiles, in a copy of the part of the base that they need.
#
# usage: selftests.sh TREE-FOLDER PROGRAM...
# PROGRAM is a path below the kvm folder, like aarch64/user_irq_timer. Prints the
# folder that the tests are installed in; beside it are small/, the same linked for
# the emulated host and for nothing else, and failed/, with the compiler's words on
# each PROGRAM that did not build.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=selftests
. "$TOP/scripts/steps.sh"

takes 2 999 "selftests.sh TREE-FOLDER PROGRAM..." "$@"
tree=$(cd "$1" && pwd) || could_not_run "no tree at $1. Run: make run"
shift
programs=$*
place=$TOP/build/selftests/$(basename "$tree")
linux=$place/linux
installed=$place/installed
small=$place/small
failed=$place/failed
log=$TOP/build/log/selftests-$(basename "$tree").log
# Not among the kernel's objects, which may be being made at the same time.
headers=$place/headers/usr/include
stamp=$place/.installed

mkdir -p "$place"
take_lock "$place/.lock" "building these tests"

# What the KVM selftests' Makefile reaches outside its own folder.
cd "$tree"
parts=(
	arch/arm64/tools scripts/subarch.include
	tools/arch tools/build tools/include tools/lib tools/scripts
	tools/testing/selftests/{Makefile,lib.mk,run_kselftest.sh,kselftest,kvm,rseq}
	tools/testing/selftests/*.h
)
# Linux 7 takes a library of the cgroup selftests in.
[ ! -e tools/testing/selftests/cgroup/lib ] ||
	parts+=(tools/testing/selftests/cgroup/lib tools/testing/selftests/clone3/clone3_selftests.h)

# What was made in the copy stays, and so does the suite.
copied=$linux/.copied
copy_from_the_tree() {
	mkdir -p "$linux" &&
		base_of "$tree" > "$linux/.mark" &&
		rsync -aR --delete --exclude='*.o' --exclude='*.d' --exclude=/tools/arch/arm64/include/generated/ --exclude='user_irq*' \
			"${parts[@]}" "$linux/" &&
		mv "$linux/.mark" "$copied"
}
# Another base's files may all be older than what was made of the one before.
if [ "$(cat "$copied" 2> /dev/null)" != "$(base_of "$tree")" ]; then
	rm -rf "$linux" "$place/headers" "$stamp"
fi
if [ ! -e "$copied" ] || [ -n "$(find "${parts[@]}" -newer "$copied" -print -quit)" ]; then
	needs_space "$place" 100
	copy_from_the_tree || could_not_run "cannot copy the selftests of $tree." \
		"Is it a Linux tree with KVM selftests for arm64?"
fi
mkdir -p "$linux/usr"
ln -sfn "$headers" "$linux/usr/include"
"$TOP/scripts/suite.py" install-into "$linux"

# kselftest PROGRAMS ARGUMENT...
kselftest() {
	# The tests' Makefiles take these for their own.
	env -u OUTPUT -u KBUILD_OUTPUT -u O make -C "$linux/tools/testing/selftests" TARGETS=kvm ARCH=arm64 \
		CROSS_COMPILE=aarch64-linux-gnu- USERLDFLAGS=-static \
		TEST_GEN_PROGS_aarch64="$1" TEST_GEN_PROGS_EXTENDED_aarch64= \
		TEST_GEN_PROGS_arm64="$1" TEST_GEN_PROGS_EXTENDED_arm64= \
		FORCE_TARGETS=1 "${@:2}"
}
# What is linked, for the emulated host or for elsewhere. Objects are the same for both.
unlink_programs() {
	local program
	for program in $programs; do
		rm -f "$linux/tools/testing/selftests/kvm/$program"
	done
}
how_far() { echo "$(find "$linux" -name '*.o' | wc -l) objects"; }
make_headers() { make -C "$tree" O="$place/headers" ARCH=arm64 -j"$(nproc)" headers; }

build() {
	make_headers && kselftest "$programs" -j"$(nproc)" all
}

# Up to date if nothing that goes in is newer, and the same programs are asked for.
up_to_date() {
	[ "$(cat "$stamp" 2> /dev/null)" = "$programs" ] && [ -d "$installed" ] && [ -d "$small" ] &&
		[ -z "$(find "$linux/tools/testing/selftests/kvm" -newer "$stamp" -name '*.[chS]' -print -quit)" ] &&
		[ -z "$(find "$linux/tools/testing/selftests/kvm" -newer "$stamp" -name 'Makefile*' -print -quit)" ] &&
		[ -z "$(find "$tree/include/uapi" "$tree/arch/arm64/include/uapi" -newer "$stamp" -type f -print -quit)" ]
}
if up_to_date; then
	echo "$installed"
	exit 0
fi
rm -f "$stamp"
mark=$place/.mark
touch "$mark"

say "building the tests   (log: $log)"
built=$programs
rm -rf "$failed" "$installed.new"
mkdir -p "$failed"
unlink_programs
if ! logged "$log" how_far build; then
	[ -e "$headers/linux/kvm.h" ] || could_not_run "cannot make the headers of $tree; all of it is in $log." \
		"Correct that, or make room on the disk, then run the same command again."
	# One by one, to learn which do build. The failed ones are verdicts, so this goes on.
	built=
	kvm=$linux/tools/testing/selftests/kvm
	for program in $programs; do
		name=$(basename "$program")
		rm -f "$kvm/$program"
		if kselftest "$program" all > "$failed/$name" 2>&1 && [ -x "$kvm/$program" ]; then
			rm "$failed/$name"
			built+="$program "
		else
			say "$name does not build:"
			first_errors "$failed/$name"
		fi
	done
	[ -n "$built" ] || could_not_run "not one of the tests builds; all of it is in $log." \
		"Correct that, then run the same command again."
fi
# install_to FOLDER ARGUMENT...
install_to() {
	kselftest "$built" -j"$(nproc)" install KSFT_INSTALL_PATH="$1" "${@:2}" >> "$log" 2>&1 ||
		could_not_run "cannot install the tests; all of it is in $log." \
			"Correct that, or make room on the disk, then run the same command again."
}
install_to "$installed.new"
# A case may take 120 s on a busy machine, and the base gives that to a program.
echo timeout=900 > "$installed.new/kvm/settings"

# A VM gets a copy of its whole program, page by page, and most of a static one is libc: here it is shared,
# and what it has is looked up before a case forks. Two segments share no page, of 64 KiB even: each is loaded
# by itself into guests with pages of any size.
loader=ld-linux-aarch64.so.1
rm -rf "$small.new"
unlink_programs
install_to "$small.new" USERLDFLAGS="-Wl,--gc-sections,-s,-z,now,-rpath,/kselftest/lib,--dynamic-linker,/kselftest/lib/$loader"
# Not all that is installed is a program.
libraries=$({ aarch64-linux-gnu-readelf -d "$small.new"/kvm/* 2> /dev/null || :; } |
	sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | sort -u)
add_libraries() {
	local library from
	mkdir "$small.new/lib" || return
	for library in $libraries $loader; do
		from=$(aarch64-linux-gnu-gcc -print-file-name="$library")
		aarch64-linux-gnu-strip -o "$small.new/lib/$library" "$from" || return
	done
}
add_libraries || could_not_run "cannot give the tests their libraries; the reason stands above." \
	"Install what is missing for arm64, or make room on the disk, then run the same command again."
# The time that a program gets is init's to say, and the runner forks eight times to read it here.
rm -rf "$small.new/kvm/settings" "$small"
mv "$small.new" "$small"
rm -rf "$installed"
mv "$installed.new" "$installed"
if [ -z "$(ls "$failed")" ]; then
	touch -r "$mark" "$stamp"
	echo "$programs" > "$stamp.text"
	touch -r "$mark" "$stamp.text"
	mv "$stamp.text" "$stamp"
fi
echo "$installed"
