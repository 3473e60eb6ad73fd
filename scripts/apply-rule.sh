#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Applies a rule to the files of a Linux tree that it names in a line "Files:".
# A rule is a semantic patch (.cocci) or a stream editor's script (.sed).
#
# usage: apply-rule.sh RULE FOLDER
# The rule has to change every file that it names: one that no longer matches
# would otherwise leave the tree as it was, and nobody would know.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=apply-rule
. "$TOP/scripts/steps.sh"

takes 2 2 "apply-rule.sh RULE FOLDER" "$@"
rule=$1 folder=$2 name=${1#"$TOP/"}
mapfile -t files < <(sed -nE 's,^(//|#) Files: (.*),\2,p' "$rule" | tr ' ' '\n')
[ ${#files[@]} -gt 0 ] || could_not_run "$name names no file. Give it a line \"Files: PATH...\"."
for file in "${files[@]}"; do
	[ -e "$folder/$file" ] || could_not_run "$name names $file, which this Linux has not. Adapt the rule."
	before=$(sha256sum < "$folder/$file")
	case $rule in
	*.cocci)
		spatch --very-quiet --no-show-diff --no-includes --in-place --sp-file "$rule" "$folder/$file" >&2 ||
			could_not_run "$name: spatch failed on $file (see above)."
		;;
	*.sed)
		sed -i -f "$rule" "$folder/$file"
		;;
	esac
	[ "$before" != "$(sha256sum < "$folder/$file")" ] ||
		could_not_run "$name matches nothing in $file. Adapt the rule to this Linux."
done
