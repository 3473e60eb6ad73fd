#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes a Linux source tree to build: stock, baseline or series of a base, or
# any commit of the base's history as the tree "walk".
#
# usage: tree.sh BASE TREE [COMMIT]
# prints the tree's path. Files that are already as they should be keep their time
# stamps, so make rebuilds little.
#
# Debian's sources never change, so a copy of one is made of hard links, with the files
# that the commit in the base's history changes written anew. When build/base has another package's
# source than the tree is a copy of, the tree is made anew. Somebody's own tree is
# edited while we look, by editors that write in place too: of that the files themselves
# are copied, and at each call those that changed since the last.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=tree
. "$TOP/scripts/steps.sh"

takes 2 3 "tree.sh BASE TREE [COMMIT]   (BASE: 6.12, 7, or a path; TREE: stock, baseline, series, walk)" "$@"
case $2 in
stock) ;;
baseline | series | walk)
	case $1 in
	*/* | . | ..) could_not_run "series and baseline exist for the bases 6.12 and 7." "Run: make run BASE=$1 TREE=stock" ;;
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
take_lock "$TOP/build/trees/.$name.lock" "making this tree"

# What was killed before it was whole.
rm -rf "$TOP/build/trees/.$name".??????

commit=${3:-$2}
link_copy() {
	say "$name: copy of $base_dir"
	new=$(mktemp -d "$TOP/build/trees/.$name.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	if ! cp -al "$base_dir/." "$new" 2> /dev/null; then
		# On another disk it takes the room of the files themselves.
		needs_space "$new" 2500
		cp -a "$base_dir/." "$new" || could_not_run "cannot copy $base_dir to $tree." "Is there room on the disk?"
	fi
	chmod 755 "$new"
}

is_of_the_base() { [ -d "$1" ] && [ "$(base_of "$1")" = "$(base_of "$base_dir")" ]; }

# A tree of an earlier base makes room: a build that was left behind in it may go on there.
put_in_place() {
	local old
	old=$(mktemp -d "$TOP/build/trees/.$name.XXXXXX")
	[ ! -d "$tree" ] || mv "$tree" "$old"
	mv "$new" "$tree"
	rm -rf "$old"
}

git_for() {
	GIT_DIR=$history/.git GIT_INDEX_FILE=$1 GIT_WORK_TREE=$2 git "${@:3}"
}

# Gives the new tree NEW the objects of another tree of this base. They are right for this one too, but
# for what depends on the files that differ; and those, written anew, are newer than the objects.
take_objects() {
	local new=$1 other
	for other in "$TOP/build/trees/${name%-*}"-{series,baseline,stock}; do
		# Its index, which is empty if the tree was made without a history.
		[ -s "$other/out/.built" ] || continue
		is_of_the_base "$other" || continue
		# Not while they are being made.
		exec 8< "$other/out/.lock"
		flock -sn 8 || continue
		needs_space "$new" 200
		say "$name: objects of ${other##*/}"
		cp -a "$other/out" "$new/out"
		exec 8<&-
		git_for "$new/out/.built" "$new" diff-index -z --cached --name-only "$commit" | (cd "$new" && xargs -0r rm -f)
		rm "$new/out/.built"
		return
	done
}

copy_with_history() {
	history=$("$TOP/scripts/history.sh" "$1")
	if ! is_of_the_base "$tree"; then
		link_copy
		git_for "$new/.index" "$new" read-tree stock
		"$TOP/scripts/checkout.sh" "$history/.git" "$commit" "$new"
		take_objects "$new"
		put_in_place
	fi
	"$TOP/scripts/checkout.sh" "$history/.git" "$commit" "$tree"
}

copy_as_it_is() {
	! is_of_the_base "$tree" || return 0
	link_copy
	put_in_place
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

case $1-$2 in
7-stock)
	# The next 7.* of Debian's may be one that a rule in kernel/baseline does not match.
	if "$TOP/scripts/history.sh" 7 > /dev/null; then
		copy_with_history 7
	else
		say "7-stock needs no baseline, and is taken as it is"
		copy_as_it_is
	fi
	;;
*/* | .-* | ..-*) copy_of_a_path ;;
*) copy_with_history "$1" ;;
esac
echo "$tree"
