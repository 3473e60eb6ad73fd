#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes the programs of the emulated host that are no tests: init, timeout, and
# Debian's busybox for arm64, which gives the test runner its shell.
#
# usage: guest.sh      prints the folder that they are in

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=guest
. "$TOP/scripts/steps.sh"

takes 0 0 "guest.sh" "$@"
made=$TOP/build/guest
mkdir -p "$made"
take_lock "$made/.lock" "building what runs in the host"

new=$made/.new
if [ ! -e "$made/busybox" ]; then
	deb=$("$TOP/scripts/deb.sh" busybox-static)
	# Below /usr in Debian 13, and not in 12.
	dpkg-deb --fsys-tarfile "$deb" | tar -x -O --wildcards '*/bin/busybox' > "$new" ||
		could_not_run "cannot unpack $deb. Remove it, then run the same command again."
	chmod 755 "$new"
	mv "$new" "$made/busybox"
fi
for name in init timeout; do
	source=$TOP/scripts/guest/$name.c
	[ "$made/$name" -nt "$source" ] && continue
	aarch64-linux-gnu-gcc -static -O2 -Wall -Wextra -Wno-unused-parameter -Werror -o "$new" "$source" ||
		could_not_run "$source does not compile. Correct it, then run the same command again."
	mv "$new" "$made/$name"
done
echo "$made"
