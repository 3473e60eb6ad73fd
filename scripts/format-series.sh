#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Folds kernel/ into mails that `git am` takes on the baseline of a base.
#
# usage: format-series.sh [BASE]
# The mails land in build/mails/BASE; they are signed off by whom git knows as the committer.

set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

case ${1-} in
help) echo "usage: format-series.sh [BASE]   (the default base is 6.12)" >&2; exit 2 ;;
esac
base=${1:-6.12}
history=$("$here/scripts/history.sh" "$base")
mails=$here/build/mails/${base##*/}
rm -rf "$mails"
# The notes, which cases a patch turns green, stand below the mail's three dashes.
git -C "$history" format-patch -q --no-base --notes --output-directory "$mails" baseline..series

# The mails are the series only if they make the same tree: let git am prove it.
proof=$(mktemp -d "$here/build/mails/.proof.XXXXXX")
trap 'git -C "$history" worktree prune; rm -rf "$proof"' EXIT
git -C "$history" worktree add -q --detach "$proof/tree" baseline
git -C "$proof/tree" -c user.name=proof -c user.email=proof@example.org am -q "$mails"/*.patch
if [ "$(git -C "$proof/tree" rev-parse 'HEAD^{tree}')" != "$(git -C "$history" rev-parse 'series^{tree}')" ]; then
	echo "format-series: the mails in $mails do not make the tree of the series; report this with both trees." >&2
	exit 2
fi
git -C "$history" worktree remove --force "$proof/tree"
echo "format-series: $(find "$mails" -name '*.patch' | wc -l) mails in $mails, proven by git am on the baseline" >&2
