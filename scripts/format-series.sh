#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Folds kernel/ into mails that `git am` takes on the baseline of a base.
#
# usage: format-series.sh [BASE]
# The mails land in build/mails/BASE. The first is the cover letter, which `git am --empty=drop`
# passes over.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=format-series
. "$TOP/scripts/steps.sh"

takes 0 1 "format-series.sh [BASE]   (the default base is 6.12)" "$@"
base=${1:-6.12}
tells_of_interruption
history=$("$TOP/scripts/history.sh" "$base")
mails=$TOP/build/mails/$base
cover=$("$TOP/scripts/cover.py" "$base")
mkdir -p "$TOP/build/mails"
# From here on nobody makes the history anew; the letter asked for it itself.
take_lock "$TOP/build/history/.$base.lock" "making this history"
new=$(mktemp -d "$TOP/build/mails/.$base.XXXXXX")
# In this order: git forgets a worktree only when it is gone.
trap 'rm -rf "$new"; git -C "$history" worktree prune' EXIT
author() { git -C "$history" log -1 --format="$1" series; }
# The notes, which cases a patch turns green, stand below the mail's three dashes.
GIT_COMMITTER_NAME=$(author %an) GIT_COMMITTER_EMAIL=$(author %ae) \
	git -C "$history" -c branch.series.description="$cover" format-patch -q --rfc --no-base --notes \
	--cover-letter --cover-from-description=subject --src-prefix=a/ --dst-prefix=b/ --output-directory "$new/mails" baseline..series

# The mails are the series only if they make the same tree: let git am prove it.
git -C "$history" worktree add -q --detach "$new/tree" baseline
git -C "$new/tree" -c user.name=proof -c user.email=proof@example.org -c commit.gpgSign=false \
	-c core.hooksPath=/dev/null am -q --empty=drop "$new"/mails/*.patch ||
	could_not_run "git am does not take the mails; what it said stands above. Those of an earlier call are as they were." \
		"Correct kernel/patches, or report this with the version of git: $(git --version)."
if [ "$(git -C "$new/tree" rev-parse 'HEAD^{tree}')" != "$(git -C "$history" rev-parse 'series^{tree}')" ]; then
	could_not_run "the mails do not make the tree of the series. Report this with the version of git: $(git --version)."
fi
git -C "$history" worktree remove --force "$new/tree"
rm -rf "$mails"
mv "$new/mails" "$mails"
say "the change:$(git -C "$history" diff --shortstat baseline series)"
say "a cover letter and $(find "$mails" -name '*.patch' ! -name '0000-*' | wc -l) mails in $mails, proven by git am on the baseline"
