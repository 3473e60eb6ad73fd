#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Downloads a package of Debian, its signature checked by apt, with an apt state
# of its own: needs no root and changes nothing on the system.
#
# usage: deb.sh PACKAGE[:ARCHITECTURE] [SUITE...]     prints the path of the .deb, in build/cache
# PACKAGE may be a shell pattern: of the names that match, the highest is taken.
# Without a SUITE it comes from the running Debian release. The ARCHITECTURE is that of
# the emulated host, arm64, if none is named.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=deb
. "$TOP/scripts/steps.sh"

takes 1 9 "deb.sh PACKAGE[:ARCHITECTURE] [SUITE...]" "$@"
package=${1%:*}
architecture=arm64
[ "$package" = "$1" ] || architecture=${1##*:}
shift
cache=$TOP/build/cache
state=$cache/apt
mkdir -p "$cache"
take_lock "$cache/.lock" "fetching a package"

found() {
	find -H "$cache" -maxdepth 1 \( -name "${package}_*_$architecture.deb" -o -name "${package}_*_all.deb" \) | sort -V | tail -1
}
if [ -n "$(found)" ]; then
	found
	exit 0
fi

release=$(debian_release)
[ -n "$release" ] || could_not_run "this is neither Debian 12 nor 13, and $package is fetched there." \
	"Put ${package}_VERSION.deb into $cache yourself, then run the same command again."
[ $# -gt 0 ] || set -- "$release" "$release-security"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e $keyring ] || could_not_run "no $keyring to check signatures with." "As root: apt-get install debian-archive-keyring"
needs_space "$cache" 400

mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
: > "$state/status"
for suite; do
	archive=debian
	[ "${suite%-security}" = "$suite" ] || archive=debian-security
	echo "deb [signed-by=$keyring] http://deb.debian.org/$archive $suite main"
done > "$state/sources.list"
options=(
	-o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status"
	-o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::Cache="$state/cache" -o APT::Architecture="$architecture" -o APT::Architectures="$architecture"
	-o Acquire::Languages=none -o Acquire::Retries=3
)
# As root apt would fetch as another user, who may not write here.
[ "$(id -u)" -ne 0 ] || options+=(-o APT::Sandbox::User=root)

# Downloaded aside and renamed: a file with the final name is whole.
new=$(mktemp -d "$cache/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
log=$TOP/build/log/deb-${package//[^a-z0-9.-]/}.log
how_far() { echo "$(du -sm "$new" | cut -f1) MiB of $package here"; }
highest() {
	local name
	apt-cache "${options[@]}" pkgnames | while read -r name; do
		# shellcheck disable=SC2053   # it may be a pattern
		if [[ $name == $package ]]; then echo "$name"; fi
	done | sort -V | tail -1
}
complaints() { grep -E '^(E|W|Err)' "$log" | head -5 >&2 || true; }
fetch() {
	local name updated=0
	# A suite that cannot be read, or whose signature is too old, leaves the others.
	apt-get "${options[@]}" update --error-on=any || updated=$?
	name=$(highest)
	if [ -z "$name" ]; then
		[ "$updated" -eq 0 ] || return "$updated"
		return 3
	fi
	cd "$new" && apt-get "${options[@]}" download "$name"
}
suites=$*
status=0
say "fetching $package of Debian's $suites"
logged "$log" how_far fetch || status=$?
[ "$status" -ne 3 ] || could_not_run "$package is not in Debian's $suites today." \
	"Where another suite has one, put its .deb into $cache, then run the same command again."
if [ "$status" -ne 0 ]; then
	complaints
	could_not_run "cannot download $package. Is there a network, and room on the disk? All of it is in $log." \
		"Then run the same command again."
fi
complaints
mv "$new"/*.deb "$cache/"
found
