#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sees to it that the source of a base is there, unpacked.
#
# usage: base.sh BASE     (BASE: 6.12)
# prints the path of the source. Nobody writes into it.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=base
. "$TOP/scripts/steps.sh"

takes 1 1 "base.sh BASE   (BASE: 6.12)" "$@"
case $1 in
6.12) package=linux-source-6.12 ;;
*) could_not_run "unknown base '$1'. There is: 6.12." ;;
esac
bases=$TOP/build/base
source=$bases/$1
if [ -d "$source" ]; then
	echo "$source"
	exit 0
fi

mkdir -p "$bases"
exec 9> "$bases/.lock"
flock 9
if [ ! -d "$source" ]; then
	deb=$("$TOP/scripts/deb.sh" "$package")
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
	chmod 755 "$new"
	mv "$new" "$source"
	trap - EXIT
fi
echo "$source"
