#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes a Linux source tree to build: stock, baseline or series of a base.
#
# usage: tree.sh BASE TREE
# prints the tree's path. The tree is a copy of the base by hard links, with the
# files that its branch of the base's history changes written anew. Files that
# are already as they should be keep their time stamps, so make rebuilds little.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

say() { echo "tree: $*" >&2; }
die() { say "$@"; exit 2; }

[ $# -eq 2 ] || die "usage: tree.sh BASE TREE   (BASE: 6.12, or a path; TREE: stock, baseline, series)"
case $2 in
stock | baseline | series) ;;
*) die "unknown tree '$2'. There are: stock, baseline, series." ;;
esac
base_dir=$("$here/scripts/base.sh" "$1")
history=$("$here/scripts/history.sh" "$1")
name=${1##*/}-$2
tree=$here/build/trees/$name
mkdir -p "$here/build/trees"
exec 9> "$here/build/trees/.$name.lock"
flock 9

if [ ! -d "$tree" ]; then
	say "$name: copy of $base_dir"
	new=$(mktemp -d "$here/build/trees/.$name.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	cp -al "$base_dir/." "$new" 2> /dev/null || cp -a "$base_dir/." "$new"
	chmod 755 "$new"
	mv "$new" "$tree"
	trap - EXIT
fi

# The index says which files this tree was last given. It is written after the files, so a run
# that was interrupted is made good by the next one; so is a file that somebody edited here.
export GIT_DIR=$history/.git GIT_WORK_TREE=$tree GIT_INDEX_FILE=$tree/.index
rm -f "$GIT_INDEX_FILE.lock"
[ -e "$GIT_INDEX_FILE" ] || git read-tree stock
git update-index -q --refresh > /dev/null || true
git read-tree --reset -u "$2"
git checkout-index -qfa
echo "$tree"
