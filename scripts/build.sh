#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds a tree's arm64 kernel: the fragments in kernel/configs on a tiny one.
#
# usage: build.sh TREE-FOLDER [FRAGMENT...]
# FRAGMENT names a file of kernel/configs/optional, which may have variables for make in
# a line "# Make:". Prints the path of the Image. Exit status: 3 the tree does not build,
# 2 it could not be tried, 1 a step of this script itself went wrong.
#
# Objects go to the folder out/ in the tree, so that the source is "../" in each tree's
# compiler command lines, and objects of one tree do for another (see scripts/tree.sh).

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=build
. "$TOP/scripts/steps.sh"

takes 1 99 "build.sh TREE-FOLDER [FRAGMENT...]" "$@"
tree=$(cd "$1" && pwd) || could_not_run "no tree at $1. Run: make run"
shift
optional=$TOP/kernel/configs/optional
out=out
fragments=("$TOP"/kernel/configs/*.config)
for name in "$@"; do
	[ -e "$optional/$name.config" ] || could_not_run "unknown CONFIG '$name'. There are: $(
		find "$optional" -name '*.config' -printf '%f ' 2> /dev/null | sed 's/\.config//g')"
	fragments+=("$optional/$name.config")
	out+=.$name
done

# What the kernel says of its own making must not differ from build to build.
export KBUILD_BUILD_USER=kvm-user-irq KBUILD_BUILD_HOST=bench KBUILD_BUILD_TIMESTAMP=@0

# One more than CPUs: a compiler waits for the disk now and then. Who called may share out
# the jobs (scripts/jobs.py); then make has its number from there.
jobs=(-j$(($(nproc) + 1)))
[[ ${MAKEFLAGS-} != *jobserver* ]] || jobs=()
log=$TOP/build/log/build-$(basename "$tree")-$out.log
image=$tree/$out/arch/arm64/boot/Image
config=$tree/$out/.config
# Device trees that hosts boot with and QEMU has not, as far as this Linux has them.
mapfile -t dtbs < <(sed -n 's/^DTB=//p' "$TOP"/hosts/*.host | while read -r dtb; do
	[ ! -e "$tree/arch/arm64/boot/dts/${dtb%b}s" ] || echo "$dtb"
done)
mapfile -t variables < <(sed -n 's/^# Make: //p' "${fragments[@]}" | tr ' ' '\n')
configured=$tree/$out/.configured
# Asked by validate: sparse looks at all that is compiled, which is more than a build.
is_more=${KBUILD_CHECKSRC-}
built=$tree/$out/.built

# What the compiler does for a faster kernel and a longer message costs more than a tenth of a build. Left out are
# passes late in its work, and where a macro was expanded. What is inlined comes before, and so does most of what is found
# to be constant, which Linux's own checks at compile time go by.
lighter="-ftrack-macro-expansion=0 -fno-tree-pre -fno-code-hoisting -fno-gcse -fno-schedule-insns2"

kmake() {
	make -C "$tree" O="$out" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CHECK="$TOP/scripts/sparse.sh" \
		KCFLAGS="$lighter${KCFLAGS:+ $KCFLAGS}" "${variables[@]}" "$@"
}

# Every source and fragment is older than the mark FILE.
nothing_newer_than() {
	[ -e "$1" ] && [ -z "$(find "$tree" "${fragments[@]}" -path "$tree/out*" -prune -o \
		-path "$tree/.index" -prune -o -path "$tree" -o -newer "$1" -print -quit)" ]
}

# does_not_build WHAT: unless it is the machine that could not, for which the log is asked.
does_not_build() {
	first_errors "$log"
	! grep -q 'No space left on device' "$log" ||
		could_not_run "$1: the disk is full." "Make room there, then run the same command again."
	! grep -qE 'Killed signal|Cannot allocate memory' "$log" ||
		could_not_run "$1: no memory is left for it." "End what needs much, then run the same command again."
	say "$1; all of it is in $log." "Correct it, then run the same command again."
	exit 3
}

# One call of Kconfig's, which asks the compiler a hundred questions: tinyconfig and a merge would be three. Of
# an option that is named twice the last one counts. What nobody names is off.
configure() {
	cat "$tree"/kernel/configs/tiny{-base,}.config "${fragments[@]}" > "$tree/$out/.asked" &&
		kmake KCONFIG_ALLCONFIG=.asked allnoconfig
}

# Kconfig is silent about an option that did not come out as asked. One that a tree of our own
# bases does not have at all is misspelt, unless its fragment says "# Not in each tree: CONFIG_…". What
# somebody's own tree has is not known here.
not_taken() {
	local line options elsewhere bases
	bases=$(find "$TOP/build/base" -mindepth 1 -maxdepth 1 -printf '%f\n')
	options=$(find "$tree" -path "$tree/out*" -prune -o -name 'Kconfig*' -type f -print0 |
		xargs -0 sed -nE 's/^\s*(menu)?config (\w+)$/CONFIG_\2/p' | sort -u)
	elsewhere=$(sed -n 's/^# Not in each tree: //p' "${fragments[@]}" | tr ' ' '\n')
	# Of two fragments that name an option, the later one asks.
	grep -hE '^CONFIG_' "${fragments[@]}" | tac | sort -t= -suk1,1 | while read -r line; do
		if ! grep -xF "${line%%=*}" <<< "$options" > /dev/null; then
			grep -xF "${line%%=*}" <<< "$elsewhere" > /dev/null ||
				! grep -xF "$(basename "${tree%-*}")" <<< "$bases" > /dev/null ||
				echo "$line   (no Kconfig of this tree knows it)"
			continue
		fi
		case $line in
		*=n) ! grep -q "^${line%=n}=" "$config" || echo "$line" ;;
		*) grep -qxF "$line" "$config" || echo "$line" ;;
		esac
	done
}

# The kernel here that has the most of these fragments, and no other.
nearest() {
	local folder word words best=out most=0
	for folder in "$tree"/out.*/.built; do
		folder=${folder#"$tree"/} folder=${folder%/.built}
		IFS=. read -ra words <<< "${folder#out.}"
		for word in "${words[@]}"; do
			[[ " $* " == *" $word "* ]] || continue 2
		done
		[ ${#words[@]} -le "$most" ] || { best=$folder most=${#words[@]}; }
	done
	echo "$best"
}

# With an optional fragment most objects are as without, and the next fragment's kernel takes them, too.
if [ $# -gt 0 ] && [ ! -d "$tree/$out" ]; then
	status=0
	from=$(nearest "$@")
	[ "$from" != out ] || "$0" "$tree" > /dev/null || status=$?
	if [ "$status" -ne 0 ]; then
		# Who looks into the log of this one finds why.
		cp "$TOP/build/log/build-$(basename "$tree")-out.log" "$log" 2> /dev/null || true
		exit "$status"
	fi
	needs_space "$tree" 200
	say "objects of $(basename "$tree"), $from, for CONFIG='$*'"
	# What was killed before it was whole.
	rm -rf "$tree/$out".new.??????
	new=$(mktemp -d "$tree/$out.new.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	flock -s "$tree/$from/.lock" cp -a "$tree/$from/." "$new"
	rm -f "$new/.built" "$new/.configured"
	mv -T "$new" "$tree/$out"
fi
mkdir -p "$tree/$out"
take_lock "$tree/$out/.lock" "building this kernel"
asked=$({ cat "${fragments[@]}" && echo "$lighter ${KCFLAGS-}"; } | sha256sum)
is_configured() { [ "$asked" = "$(cat "$configured" 2> /dev/null)" ]; }
has_dtbs() { local dtb; for dtb in "${dtbs[@]}"; do [ -e "$tree/$out/arch/arm64/boot/dts/$dtb" ] || return; done; }
if nothing_newer_than "$built" && is_configured && has_dtbs; then
	echo "$image"
	exit 0
fi
needs_space "$tree" 700
began=$SECONDS
an_object=$(find "$tree/$out" -name '*.o' -print -quit)

# Folders come and go meanwhile.
how_far() { echo "$(find "$tree/$out" -name '*.o' -newer "$mark" 2> /dev/null | wc -l) objects made"; }
# The mark holds the index of what is built (scripts/tree.sh), where there is one.
mark=$tree/$out/.mark
cp "$tree/.index" "$mark" 2> /dev/null || : > "$mark"
rm -f "$built"

newer_kconfig() { find "$tree" -path "$tree/out*" -prune -o -name 'Kconfig*' -newer "$configured" -print -quit; }
if ! is_configured || [ -n "$(newer_kconfig)" ]; then
	say "configuring $(basename "$tree")"
	rm -f "$configured"
	logged "$log" how_far configure || does_not_build "cannot configure $(basename "$tree")"
	mapfile -t refused < <(not_taken)
	if [ ${#refused[@]} -gt 0 ]; then
		printf 'kernel/configs: error: not taken: %s\n' "${refused[@]}" >> "$log"
		say "Are the options spelt rightly, and are those that they depend on there? One that another tree has" \
			"is named in its fragment: # Not in each tree: CONFIG_…"
		does_not_build "not all options of kernel/configs were taken"
	fi
	echo "$asked" > "$configured"
fi

say "building the kernel of $(basename "$tree")   (log: $log)"
logged "$log" how_far kmake "${jobs[@]}" Image "${dtbs[@]}" ||
	does_not_build "the kernel of $(basename "$tree") does not build"
! grep 'specified, but .* not available' "$log" >&2 ||
	could_not_run "sparse was asked to look, and this Linux takes none of what scripts/sparse.sh runs." \
		"Adapt that to what scripts/checker-valid.sh in $tree asks for."
# What validation holds its own time against.
[ -n "$an_object$is_more" ] || echo $((SECONDS - began)) > "$tree/$out/.clean-seconds"
cp -p "$mark" "$built"
echo "$image"
