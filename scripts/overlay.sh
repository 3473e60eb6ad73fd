#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Puts our tests and our part of the test library into a Linux tree's KVM
# selftests: our files, and marked lines in the Makefile.
#
# usage: overlay.sh LINUX-FOLDER
# A second call brings the tree up to date; files that are already as they should
# be are not touched.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=overlay
. "$TOP/scripts/steps.sh"

takes 1 1 "overlay.sh LINUX-FOLDER" "$@"
ours=$TOP/tools/testing/selftests/kvm
theirs=$1/tools/testing/selftests/kvm
makefile=$theirs/Makefile
grep -q '^LIBKVM_aarch64 ' "$makefile" 2> /dev/null ||
	could_not_run "$makefile is no Makefile of KVM selftests in the layout of Linux 6.12."

# Files that are gone from ours go from theirs: all of ours are called user_irq*.
rsync -r --checksum --delete --include=/aarch64/ --include=/include/ --include=/include/aarch64/ \
	--include=/lib/ --include=/lib/aarch64/ --include='user_irq*.[chS]' --exclude='*' "$ours/" "$theirs/"

begin='# kvm-user-irq: begin'
end='# kvm-user-irq: end'
with_our_lines() {
	sed "/^$begin/,/^$end/d" "$makefile" | awk -v begin="$begin" -v end="$end" -v ours="$lines" '
		# Behind the last line of each list, which is before lib.mk reads it.
		{ line[NR] = $0 }
		/^TEST_GEN_PROGS_aarch64 / { last = NR }
		END {
			for (i = 1; i <= NR; i++) {
				print line[i]
				if (i == last)
					print begin "\n" ours end
			}
		}'
}
lines=$(cd "$ours" &&
	find lib/aarch64 -name 'user_irq*.[cS]' 2> /dev/null | sort | sed 's/^/LIBKVM_aarch64 += /' &&
	find aarch64 -name 'user_irq_*.c' 2> /dev/null | sort | sed 's/^/TEST_GEN_PROGS_aarch64 += /; s/\.c$//')
lines=${lines//$'\n'/\\n}\\n
new=$(with_our_lines)
[ "$new" = "$(cat "$makefile")" ] || printf '%s\n' "$new" > "$makefile"
