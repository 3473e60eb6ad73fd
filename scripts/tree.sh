#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes a Linux source tree to build: stock, baseline or series of a base, or
# any commit of the base's history as the tree "walk".
#
# usage: tree.sh BASE TREE [COMMIT]
# prints the tree's path. The tree is a copy of the base by hard links, with the
# files that its commit in the base's history changes written anew.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

say() { echo "tree: $*" >&2; }
die() { say "$@"; exit 2; }

[ $# -ge 2 ] || die "usage: tree.sh BASE TREE [COMMIT]   (BASE: 6.12, or a path; TREE: stock, baseline, series, walk)"
case $2 in
stock | baseline | series | walk) ;;
*) die "unknown tree '$2'. There are: stock, baseline, series." ;;
esac
base_dir=$("$here/scripts/base.sh" "$1")
history=$("$here/scripts/history.sh" "$1")
name=${1##*/}-$2
commit=${3:-$2}
tree=$here/build/trees/$name
mkdir -p "$here/build/trees"
exec 9> "$here/build/trees/.$name.lock"
flock 9

# Gives the new tree NEW the objects of another tree of this base. They are right for this one too, but
# for what depends on the files that differ; and those, written anew, are newer than the objects.
take_objects() {
	local new=$1 other
	for other in "$here/build/trees/${name%-*}"-{series,baseline,stock}; do
		[ -e "$other/out/.built" ] || continue
		# Not while they are being made.
		exec 8< "$other/out/.lock"
		flock -sn 8 || continue
		say "$name: objects of ${other##*/}"
		cp -a "$other/out" "$new/out"
		exec 8<&-
		git_for "$new/out/.built" "$new" diff-index -z --cached --name-only "$commit" | (cd "$new" && xargs -0r rm -f)
		rm "$new/out/.built"
		return
	done
}
git_for() {
	GIT_DIR=$history/.git GIT_INDEX_FILE=$1 GIT_WORK_TREE=$2 git "${@:3}"
}

if [ ! -d "$tree" ]; then
	say "$name: copy of $base_dir"
	new=$(mktemp -d "$here/build/trees/.$name.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	cp -al "$base_dir/." "$new" 2> /dev/null || cp -a "$base_dir/." "$new"
	chmod 755 "$new"
	git_for "$new/.index" "$new" read-tree stock
	"$here/scripts/checkout.sh" "$history/.git" "$commit" "$new"
	take_objects "$new"
	mv "$new" "$tree"
	trap - EXIT
fi
"$here/scripts/checkout.sh" "$history/.git" "$commit" "$tree"
echo "$tree"
