#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sees to it that the source of a base is there, unpacked.
#
# usage: base.sh BASE     (BASE: 6.12, 7, or the path of a Linux tree)
# prints the path of the source. Nobody writes into it. 7 is the highest 7.* that Debian's
# suites have when it is fetched. A path is only looked at: is it what a tree can be made of?

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=base
. "$TOP/scripts/steps.sh"

takes 1 1 "base.sh BASE   (BASE: 6.12, 7, or the path of a Linux tree)" "$@"

# What a tree of somebody's own has to be.
look_at() {
	local source version wrong
	source=$(realpath -e -- "$1" 2> /dev/null) || could_not_run "BASE=$1: there is no such folder. Give the path of a Linux tree."
	for wrong in Makefile Kconfig scripts/Kbuild.include; do
		[ -e "$source/$wrong" ] ||
			could_not_run "BASE=$1 is no Linux tree: it has no $wrong. Give the top folder of Linux's source."
	done
	[ -d "$source/virt/kvm" ] || could_not_run "BASE=$1 has no KVM: virt/kvm is missing. Give a tree that has it."
	[ -d "$source/arch/arm64/kvm" ] || could_not_run "BASE=$1 has no KVM for arm64: arch/arm64/kvm is missing. Give a tree that has it."
	version=$(sed -nE '/^(VERSION|PATCHLEVEL) = /s/.* //p' "$source/Makefile" | paste -sd.)
	if [ "$(printf '%s\n' 6.8 "$version" | sort -V | head -1)" != 6.8 ]; then
		could_not_run "BASE=$1 is Linux $version, and the KVM selftest library asks a kernel for what came with 6.8." \
			"Give a tree of 6.8 or later."
	fi
	[ -e "$source/tools/testing/selftests/kvm/lib/kvm_util.c" ] ||
		could_not_run "BASE=$1 has no KVM selftest library: tools/testing/selftests/kvm/lib/kvm_util.c is missing." \
			"Give a tree that has tools/ too."
	# What an earlier build left in the source would be taken for source by ours.
	for wrong in .config include/config arch/arm64/include/generated; do
		[ ! -e "$source/$wrong" ] || could_not_run "BASE=$1 has been built in place: $wrong is there." \
			"Run: make -C $1 ARCH=arm64 mrproper   or give a clean copy: git -C $1 worktree add FOLDER"
	done
	echo "$source"
}

suites=()
case $1 in
*/* | . | ..) look_at "$1"; exit ;;
6.12) package='linux-source-6.12' ;;
7) package='linux-source-7.*' suites=(trixie-backports sid) ;;
*) could_not_run "unknown base '$1'. There are: 6.12, 7, and the path of a Linux tree, with a slash in it." ;;
esac
bases=$TOP/build/base
source=$bases/$1
if [ -d "$source" ]; then
	echo "$source"
	exit 0
fi

mkdir -p "$bases"
take_lock "$bases/.lock" "unpacking a base"
if [ ! -d "$source" ]; then
	deb=$("$TOP/scripts/deb.sh" "$package" "${suites[@]}")
	package=$(basename "${deb%%_*}")
	needs_space "$bases" 2500
	# Unpacked aside and renamed, so that a source with the final name is whole.
	rm -rf "$bases"/.new.*
	new=$(mktemp -d "$bases/.new.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	log=$TOP/build/log/base.log
	how_far() { echo "$(du -sm "$new" | cut -f1) MiB unpacked"; }
	unpack() {
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" --strip-components=3 "./usr/src/$package.tar.xz" &&
			tar -x --use-compress-program="xz -T0" -C "$new" --strip-components=1 -f "$new/$package.tar.xz" && rm "$new/$package.tar.xz"
	}
	say "unpacking $(basename "$deb")"
	if ! logged "$log" how_far unpack; then
		head -3 "$log" >&2
		could_not_run "cannot unpack $deb. If the disk is full, make room; if the file is damaged, remove it." \
			"Then run the same command again."
	fi
	# The next one may have the same version.
	basename "$deb" > "$new/.package"
	chmod 755 "$new"
	mv "$new" "$source"
	trap - EXIT
fi
echo "$source"
