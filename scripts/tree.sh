#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes a Linux source tree to build: stock, baseline or series of a base.
#
# usage: tree.sh BASE TREE
# prints the tree's path. Stock is a copy of the base; the others have the files
# that their branch of the base's history changes written anew. Files that are
# already as they should be keep their time stamps, so make rebuilds little.
#
# Debian's sources never change, so a copy of one is made of hard links. Somebody's
# own tree is edited while we look, by editors that write in place too: of that the
# files themselves are copied, and at each call those that changed since the last.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=tree
. "$TOP/scripts/steps.sh"

takes 2 2 "tree.sh BASE TREE   (BASE: 6.12, 7, or a path; TREE: stock, baseline, series)" "$@"
case $2 in
stock) ;;
baseline | series)
	case $1 in
	7 | */* | . | ..) could_not_run "series and baseline exist for base 6.12." "Run: make run BASE=$1 TREE=stock" ;;
	esac
	;;
*) could_not_run "unknown tree '$2'. There are: stock, baseline, series." ;;
esac
base_dir=$("$TOP/scripts/base.sh" "$1")
case $1 in
*/* | . | ..)
	# Two trees may both be called linux.
	name=$(basename "$base_dir" | tr -c 'A-Za-z0-9._\n-' _)-$(printf %s "$base_dir" | sha256sum | cut -c1-8)-stock
	;;
*) name=$1-$2 ;;
esac
tree=$TOP/build/trees/$name
mkdir -p "$TOP/build/trees"
exec 9> "$TOP/build/trees/.$name.lock"
flock 9

link_copy() {
	local new
	[ ! -d "$tree" ] || return 0
	say "$name: copy of $base_dir"
	new=$(mktemp -d "$TOP/build/trees/.$name.XXXXXX")
	cp -al "$base_dir/." "$new" 2> /dev/null || cp -a "$base_dir/." "$new"
	chmod 755 "$new"
	mv "$new" "$tree"
}

# "CHANGED PATH" of each file, ended by NUL. Left out is what is no source: git's own, out-of-tree
# builds that somebody keeps in the tree, and what the targets of the tests and headers leave there.
list_of_files() {
	local no_source=(-path ./.git -o -path './out*' -o -path ./usr/include -o -path ./include/generated -o
		-name '*.o' -o -name '*.a' -o -name '*.d' -o -name '.*.cmd') config
	cd "$base_dir"
	for config in */.config; do
		[ ! -e "$config" ] || no_source+=(-o -path "./${config%/.config}")
	done
	find . -mindepth 1 \( "${no_source[@]}" \) -prune -o ! -type d -printf '%C@ %P\0' | LC_ALL=C sort -z
}
names() { cut -z -d' ' -f2- "$1" | LC_ALL=C sort -z; }

# The time of an inode's change betrays an edit that keeps the file's date, too. What changed gets
# the date of now, which is what make goes by; what only looks changed keeps its own.
follow() {
	local seen=$tree/out/.seen
	mkdir -p "$tree/out" &&
		touch "$seen" &&
		(list_of_files) > "$seen.now" &&
		LC_ALL=C comm -z -23 <(names "$seen") <(names "$seen.now") | (cd "$tree" && xargs -0r rm -f --) &&
		LC_ALL=C comm -z -13 "$seen" "$seen.now" | cut -z -d' ' -f2- > "$seen.changed" &&
		rsync -lp --chmod=u+w --checksum --from0 --files-from="$seen.changed" "$base_dir/" "$tree/" &&
		mv "$seen.now" "$seen"
}

how_far() { echo "$(find "$tree" -type f | wc -l) files copied"; }
copy_of_a_path() {
	local log=$TOP/build/log/tree-$name.log
	[ -d "$tree" ] || needs_space "$TOP/build/trees" 2500
	if ! logged "$log" how_far follow; then
		tail -3 "$log" >&2
		could_not_run "cannot copy $base_dir to $tree." "Can you read all of it, and is there room on the disk?"
	fi
}

# The index says which files this tree was last given. It is written after the files, so a run
# that was interrupted is made good by the next one; so is a file that somebody edited here.
take_branch() {
	local history
	history=$("$TOP/scripts/history.sh" "$1")
	export GIT_DIR=$history/.git GIT_WORK_TREE=$tree GIT_INDEX_FILE=$tree/.index
	rm -f "$GIT_INDEX_FILE.lock"
	[ -e "$GIT_INDEX_FILE" ] || git read-tree stock
	git update-index -q --refresh > /dev/null || true
	git read-tree --reset -u "$2"
	git checkout-index -qfa
}

case $name in
"$1-$2") link_copy ;;
*) copy_of_a_path ;;
esac
[ "$2" = stock ] || take_branch "$1" "$2"
echo "$tree"
