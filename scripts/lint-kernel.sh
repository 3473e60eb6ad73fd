#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Holds the series against the kernel's own linters: checkpatch --strict says
# nothing of any patch, sparse and kernel-doc nothing that they do not say of
# the baseline.
#
# usage: lint-kernel.sh [BASE]
# The series and the baseline of BASE must have been built (scripts/build.sh):
# sparse runs as a part of the kernel's own make.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=lint-kernel
. "$TOP/scripts/steps.sh"

takes 0 1 "lint-kernel.sh [BASE]   (the default base is 6.12)" "$@"
base=${1:-6.12}
history=$("$TOP/scripts/history.sh" "$base")
series=$("$TOP/scripts/tree.sh" "$base" series)
baseline=$("$TOP/scripts/tree.sh" "$base" baseline)
bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tree in "$series" "$baseline"; do
	[ -e "$tree/out/.config" ] || could_not_run "$tree is not built yet; run make run TREE=${tree##*-} first."
done

# A file that comes without a line in MAINTAINERS is what FILE_PATH_CHANGES complains of; the
# KVM/arm64 entry there covers these paths already.
git -C "$history" format-patch -q --no-cover-letter --src-prefix=a/ --dst-prefix=b/ -o "$work/mails" baseline..series
perl "$series/scripts/checkpatch.pl" --no-tree --quiet --strict --show-types \
	--ignore FILE_PATH_CHANGES "$work"/mails/*.patch || bad=1

# Only what is said of files that the series touches counts: what else make builds on the way varies.
mapfile -t touched < <(git -C "$history" diff --name-only baseline series)
mapfile -t sources < <(git -C "$history" diff --name-only baseline series -- '*.c')
SPARSE_FILES=$(printf '%s\n' "${sources[@]}")
export SPARSE_FILES
# Compiled anew in the place where the kernel has each, for there is code that is of nVHE's alone, and code
# that is of each hypervisor's. What no kernel has by default is compiled by itself, with its options on.
compile_anew() {
	local tree=$1 source
	local options=(-DCONFIG_KVM_ARM_USER_IRQ_EDGE -DCONFIG_KVM_ARM_USER_IRQ_TEST_LINE)
	local kmake=(make -s -C "$tree" O=out LOCALVERSION= ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
		CHECK="$TOP/scripts/sparse.sh")
	for source in "${sources[@]}"; do
		rm -f "$tree/out/${source%.c}".{o,nvhe.o}
	done
	"${kmake[@]}" C=1 arch/arm64/kvm/ || echo "${touched[0]}: arch/arm64/kvm does not build"
	for source in "${sources[@]}"; do
		if [ -e "$tree/$source" ] && ! compgen -G "$tree/out/${source%.c}.*o" > /dev/null; then
			"${kmake[@]}" "CFLAGS_$(basename "${source%.c}.o")=${options[*]}" C=2 "${source%.c}.o" ||
				echo "$source: does not build"
		fi
	done
}
sparse_says() {
	take_lock "$1/out/.lock" "building this kernel"
	compile_anew "$1" &> "$work/said"
	! grep 'specified, but .* not available' "$work/said" >&2 ||
		could_not_run "this Linux takes none of what scripts/sparse.sh runs. Adapt that to its scripts/checker-valid.sh."
	# hyp/exception.c goes by hyp/vhe/../exception.c.
	sed -E 's,[^/.]+/\.\./,,; s/:[0-9]+:[0-9]+:/:/' "$work/said" |
		{ grep -F "$(printf '%s\n' "${touched[@]}")" || true; } | sort -u
}
sparse_says "$series" > "$work/series"
sparse_says "$baseline" > "$work/baseline"
if comm -23 "$work/series" "$work/baseline" | grep .; then
	say "sparse says the above of the series and not of the baseline."
	bad=1
fi

# Functions of ours that another file calls carry kernel-doc, and it names every parameter.
mapfile -t ours < <(git -C "$history" diff --diff-filter=A --name-only baseline series -- '*.[ch]')
for source in "${ours[@]}"; do
	perl "$series/scripts/kernel-doc" -none -Wreturn "$series/$source" || echo "$source: no kernel-doc"
done 2>&1 | tee "$work/doc"
if grep -q . "$work/doc"; then
	say "kernel-doc says the above."
	bad=1
fi
exit "$bad"
