#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes the git history that a base's trees come from: the base, the baseline
# (the base with the feature taken out), and one commit a patch of the series.
# It holds only those parts of Linux that the feature touches (SCOPE).
#
# usage: history.sh BASE
# prints the repository's path; its branches are stock, baseline and series.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=history
. "$TOP/scripts/steps.sh"

takes 1 1 "history.sh BASE   (6.12 or 7)" "$@"
scope=(
	Documentation/virt/kvm
	arch/arm64/include arch/arm64/kvm
	include/kvm include/linux/kvm_host.h include/uapi/linux/kvm.h
	tools/arch/arm64/include tools/include/uapi/linux/kvm.h
	virt/kvm
)
# What may not be left of the feature in the baseline: the ABI, and the functions behind it. In 6.12 32-bit Arm has a copy
# of the ABI in tools/, from when it had KVM; nothing for arm64 reads that, so it is left alone.
feature='device_irq_level|KVM_CAP_ARM_USER_IRQ|KVM_ARM_DEV_|(timer|pmu|irq)_(should_notify_user|needs_notify|update_run)'

case $1 in
*/*) could_not_run "BASE=$1 is somebody's own tree, and the series stands on one of ours. Give BASE=6.12 or 7." ;;
esac
base_dir=$("$TOP/scripts/base.sh" "$1")
name=$1
history=$TOP/build/history/$name
version=$(make -s -C "$base_dir" kernelversion)

# What goes into the baseline, and what into the series; where it changes, that part is made anew.
sums() {
	echo "$version"
	base_of "$base_dir"
	cd "$TOP"
	find "$@" -type f ! -path 'kernel/configs/*' ! -path 'kernel/mutants/*' -print0 | sort -z | xargs -0 sha256sum
}
baseline_of=$(sums scripts/history.sh scripts/apply-rule.sh kernel/baseline | sha256sum)
series_of=$(sums scripts/history.sh scripts/apply-rule.sh kernel | sha256sum)
mkdir -p "$TOP/build/history"
take_lock "$TOP/build/history/.$name.lock" "making this history"
made_from() { cat "$history/.git/$1-of" 2> /dev/null || true; }
if [ "$(made_from series)" = "$series_of" ]; then
	echo "$history"
	exit 0
fi

# What was killed before it was whole.
rm -rf "$TOP/build/history/.$name".??????
needs_space "$TOP/build/history" 200
new=$(mktemp -d "$TOP/build/history/.$name.XXXXXX")
trap 'rm -rf "$new"' EXIT
export GIT_AUTHOR_NAME=kvm-user-irq GIT_AUTHOR_EMAIL=kvm-user-irq@example.org
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
# One date for all, that of kernel/, so that the same sources give the same commits.
GIT_AUTHOR_DATE=$(git -C "$TOP" log -1 --format=%cI -- kernel 2> /dev/null | grep . || echo 2026-01-01T00:00:00Z)
export GIT_AUTHOR_DATE GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE

# Whoever builds may sign their own commits, or hold them against hooks; these are not theirs.
in_new() { git -C "$new" -c commit.gpgSign=false -c core.hooksPath=/dev/null "$@"; }

take_base() {
	local part
	for part in "${scope[@]}"; do
		[ -e "$base_dir/$part" ] || could_not_run "$base_dir has no $part: it is not a Linux tree with KVM for arm64. Give BASE one that has."
	done
	git init -q -b stock "$new"
	in_new config gc.auto 0
	in_new config core.logAllRefUpdates false
	(cd "$base_dir" && tar -cf - "${scope[@]}") | tar -C "$new" -xf -
	in_new add -Af .
	in_new commit -qm "Linux $version, the parts that KVM_CAP_ARM_USER_IRQ touches"
}

# Each rule leaves nothing for the next reader to trip over.
take_feature_out() {
	local rule
	in_new switch -qc baseline
	for rule in "$TOP"/kernel/baseline/*; do
		"$TOP/scripts/apply-rule.sh" "$rule" "$new" ||
			could_not_run "the rule ${rule#"$TOP/"} does not fit Linux $version; the reason stands above. Adapt it, or take another BASE."
	done
	if in_new grep -nE "$feature" -- . >&2; then
		could_not_run "the lines above are left of the feature in the baseline of Linux $version. Extend kernel/baseline/."
	fi
	in_new commit -qam "Take KVM_CAP_ARM_USER_IRQ out

By semantic patch, so that the series has something to start from. What
protects the host from a guest's timers stays."
}

# Hooks speak of functions by the names of 6.12; a base may have names of its own for them.
apply_hooks() {
	local patch=$1 names=$patches/$name/names.sed
	[ -e "$names" ] || names=/dev/null
	sed -f "$names" "$patch" | in_new apply --index --whitespace=error-all "${@:2}" 2> "$new/.git/rejected" ||
		could_not_run "${patch#"$patches/"} does not apply to Linux $version: $(grep -v 'patch does not apply$' "$new/.git/rejected" | tr '\n' ' ')" \
			"Adapt it in kernel/patches; a hook for this base alone goes into kernel/patches/$name."
}

# A patch file is a mail's text, the whole files that come with it (New-file:), the cases that it turns
# green (Green:) or steady (Steady:), and its hooks into Linux's files. What is for us alone goes into a note of the commit.
# Where a base needs other hooks into a file, they stand in a folder of its name, under the patch's own name.
add_patch() {
	local patch=$patches/$1 others=$patches/$name/$1 file green differ=()
	if [ ! -e "$patch" ]; then
		# A patch of this base alone.
		patch=$others
	elif [ -e "$others" ]; then
		apply_hooks "$others"
		mapfile -t differ < <(sed -n 's,^+++ b/,--exclude=,p' "$others")
	fi
	[ "$(sed -n 1p "$patch")" != "${patch#*Subject: }" ] ||
		could_not_run "kernel/patches/$1 has no Subject. Its first line is to be: Subject: …"
	if grep -q '^diff --git' "$patch"; then
		apply_hooks "$patch" "${differ[@]}"
	fi
	while read -r file; do
		install -Dm644 "$TOP/kernel/$file" "$new/$file" ||
			could_not_run "kernel/patches/$1: kernel/$file is missing. Add it, or take out its line New-file:."
		in_new add -f "$file"
	done < <(sed -n '/^---$/q; s/^New-file: //p' "$patch")
	sed '/^---$/,$d; /^New-file: /d; /^\(Green\|Steady\): /d; 1s/^Subject: //' "$patch" |
		in_new commit -qs --cleanup=whitespace -F - ||
		could_not_run "kernel/patches/$1 changes nothing, or has no text above its ---. Give it both, or remove it."
	green=$(sed -n '/^---$/q; /^\(Green\|Steady\): /p' "$patch")
	[ -z "$green" ] || in_new notes add -m "$green"
}

if [ "$(made_from baseline)" = "$baseline_of" ]; then
	# By links: git puts a new file in the place of one that it changes. What is written in place goes.
	cp -al "$history/." "$new" 2> /dev/null || cp -a --remove-destination "$history/." "$new"
	rm -rf "$new"/.git/{baseline-of,series-of,rejected,COMMIT_EDITMSG,logs}
	in_new switch -qf --detach baseline
	in_new branch -qD series
	in_new update-ref -d refs/notes/commits
else
	say "Linux $version: base"
	take_base
	say "Linux $version: baseline, by the rules in kernel/baseline"
	take_feature_out
fi
in_new switch -qc series
patches=$TOP/kernel/patches
mapfile -t names < <(find "$patches" "$patches/$name" -maxdepth 1 -name '*.patch' -printf '%f\n' 2> /dev/null | sort -u)
if [ ${#names[@]} -gt 0 ]; then
	say "Linux $version: series, ${#names[@]} patches"
	for patch in "${names[@]}"; do
		add_patch "$patch"
	done
fi

echo "$baseline_of" > "$new/.git/baseline-of"
echo "$series_of" > "$new/.git/series-of"
# A walk may be going along the history before this one: nobody finds it without its commits, or gone for long.
old=$(mktemp -d "$TOP/build/history/.$name.XXXXXX")
trap 'rm -rf "$new" "$old"' EXIT
if [ -d "$history" ]; then
	rsync -a --ignore-existing "$history/.git/objects/" "$new/.git/objects"
	mv "$history" "$old"
fi
mv "$new" "$history"
echo "$history"
