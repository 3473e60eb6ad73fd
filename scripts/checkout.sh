#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes a folder what a commit says. Files that are already as they should be
# keep their time stamps, so make rebuilds little.
#
# usage: checkout.sh GIT-DIR COMMIT FOLDER
# The index is the folder's own, so the repository's is left alone: no part of it is kept
# there, and none of its hooks runs. It is written
# after the files: a run that was interrupted is made good by the next one, and so is
# a file that somebody edited here.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=checkout
. "$TOP/scripts/steps.sh"

takes 3 3 "checkout.sh GIT-DIR COMMIT FOLDER" "$@"
# What a run that was killed left compiling reads the files too: a file written under it could be
# older than the object of the file before it.
for lock in "$3"/out*/.lock; do
	[ -e "$lock" ] || continue
	exec 9< "$lock"
	flock -sn 9 || { say "an earlier build of $3 has yet to end; waiting for it" && flock -s 9; }
done
# So could a git that outlives who was killed, which has the index locked as well.
exec 8>> "$3/.checkout.lock"
flock -n 8 || { say "an earlier checkout of $3 has yet to end; waiting for it" && flock 8; }
export GIT_DIR=$1 GIT_WORK_TREE=$3 GIT_INDEX_FILE=$3/.index
rm -f "$GIT_INDEX_FILE.lock"
git() { command git -c core.splitIndex=false -c core.sparseCheckout=false -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@"; }
# Its status only says whether a file differs, which is what comes next.
git update-index -q --refresh > /dev/null || true
git read-tree --reset -u "$2"
git checkout-index -qfa
