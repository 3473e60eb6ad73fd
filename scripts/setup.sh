#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sees to it that the Debian packages of packages.txt are installed, or those of
# packages-LIST.txt, which only one command needs.
#
# usage: setup.sh [LIST]

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=setup
. "$TOP/scripts/steps.sh"

takes 0 1 "setup.sh [LIST]" "$@"
list=$TOP/scripts/packages${1:+-$1}.txt
[ -e "$list" ] || could_not_run "no $list. The lists are scripts/packages*.txt."

# The packages whose file or command is not there.
missing() {
	local package proof kind machine debian
	machine=$(dpkg --print-architecture 2> /dev/null) || machine=
	# shellcheck disable=SC2016  # the field's name is dpkg's
	debian=$(dpkg-query -W -f '${Version}' base-files 2> /dev/null) || debian=
	while read -r package proof kind; do
		case $package in '#'* | '') continue ;; esac
		[ "$kind $machine" != "cross arm64" ] || continue
		[ "$kind" != 12 ] || [[ $debian == 12.* ]] || continue
		case $proof in
		/*) [ -e "$proof" ] || echo "$package" ;;
		*) command -v "$proof" > /dev/null || echo "$package" ;;
		esac
	done < "$list"
}

mapfile -t packages < <(missing)
[ ${#packages[@]} -gt 0 ] || exit 0
say "needed and not installed: ${packages[*]}"

# On a system that is only related, packages of these names would be others.
[ -n "$(debian_release)" ] || could_not_run "this is neither Debian 12 nor 13, and no other system is known here." \
	"Install what provides these Debian packages, then run the same command again."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo > /dev/null || could_not_run "neither root nor sudo." \
		"As root: apt-get install ${packages[*]}"
	as_root=(sudo)
	[ -t 0 ] || as_root=(sudo -n)
	"${as_root[@]}" true || could_not_run "sudo does not let this user in." \
		"As root: apt-get install ${packages[*]}"
fi

log=$TOP/build/log/setup.log
tells_of_interruption
how_far() { tail -1 "$log" | cut -c1-70; }
install_packages() {
	"${as_root[@]}" apt-get update --error-on=any < /dev/null &&
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends "${packages[@]}" < /dev/null
}
say "installing them with apt-get   (log: $log)"
if ! logged "$log" how_far install_packages; then
	grep -E '^(E|W|Err)' "$log" | head -5 >&2 || tail -5 "$log" >&2
	could_not_run "apt-get failed. Is there a network, and room on the disk? All of it is in $log." \
		"Then run the same command again."
fi
mapfile -t packages < <(missing)
[ ${#packages[@]} -eq 0 ] || could_not_run "installed, but still not usable: ${packages[*]}." "See $log."
say "installed"
