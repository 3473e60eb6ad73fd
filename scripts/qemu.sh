#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Finds a QEMU for hosts that need a newer one than Debian 12 has. There it is that of
# bookworm-backports, unpacked in build/qemu: it needs no root and replaces nothing, and
# runs with the libraries of the one that is installed.
#
# usage: qemu.sh VERSION     (the oldest that will do)
# prints the path of its qemu-system-aarch64.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=qemu
. "$TOP/scripts/steps.sh"

takes 1 1 "qemu.sh VERSION     (the oldest that will do)" "$@"
least=$1
newer=$TOP/build/qemu

version_of() { "$1" --version 2> /dev/null | sed -nE '1s/^QEMU emulator version ([0-9.]+).*/\1/p'; }
will_do() {
	local version
	version=$(version_of "$1") || true
	[ -n "$version" ] && [ "$(printf '%s\n' "$least" "$version" | sort -V | head -1)" = "$least" ]
}

for qemu in "$(command -v qemu-system-aarch64)" "$newer/usr/bin/qemu-system-aarch64"; do
	if [ -n "$qemu" ] && will_do "$qemu"; then
		echo "$qemu"
		exit 0
	fi
done
release=$(. /etc/os-release && echo "${ID-} ${VERSION_CODENAME-}")
[ "$release" = "debian bookworm" ] || could_not_run "this needs QEMU $least or newer, and qemu-system-aarch64 is" \
	"$(version_of qemu-system-aarch64 || true). Install a newer one, then run the same command again."

mkdir -p "$TOP/build"
take_lock "$TOP/build/.qemu.lock" "fetching QEMU"
if ! will_do "$qemu"; then
	deb=$("$TOP/scripts/deb.sh" "qemu-system-arm:$(dpkg --print-architecture)" bookworm-backports)
	rm -rf "$TOP"/build/.qemu.new.*
	new=$(mktemp -d "$TOP/build/.qemu.new.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	dpkg-deb -x "$deb" "$new" || could_not_run "cannot unpack $deb. If the file is damaged, remove it," \
		"then run the same command again."
	will_do "$new/usr/bin/qemu-system-aarch64" || could_not_run "the QEMU of $(basename "$deb") does not start here, or is older than $least:" \
		"$(ldd "$new/usr/bin/qemu-system-aarch64" | grep 'not found' || true)" \
		"As root: apt-get install -t bookworm-backports qemu-system-arm"
	rm -rf "$newer"
	mv "$new" "$newer"
	trap - EXIT
fi
echo "$qemu"
