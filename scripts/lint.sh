#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Holds shell, Python and text of the project against their linters.
#
# usage: lint.sh LINTER     (shellcheck, pyflakes3, pycodestyle, codespell, spdx)

set -euo pipefail
TOP=$(cd "$(dirname "$0")/.." && pwd)
STEP=lint
# shellcheck source=scripts/steps.sh
. "$TOP/scripts/steps.sh"
takes 1 1 "lint.sh shellcheck|pyflakes3|pycodestyle|codespell|spdx" "$@"
cd "$TOP"

# Ours is what git knows or would add: not what was built or downloaded.
files() { git ls-files --cached --others --exclude-standard -- "$@"; }
[ -n "$(files)" ] || could_not_run "git names no file of $TOP. Lint in a clone of the project that is git's for this user."
first_line_has() { files | while read -r file; do if head -1 "$file" | grep -q "$1"; then echo "$file"; fi; done; }

case $1 in
shellcheck)
	mapfile -t subjects < <(first_line_has '^#!.*bash'; echo scripts/steps.sh)
	shellcheck -x "${subjects[@]}"
	# Of bats, what cannot fail: it takes "! command" for well done whatever the command says.
	mapfile -t subjects < <(files '*.bats' '*.bash')
	shellcheck -x -S error "${subjects[@]}"
	;;
pyflakes3) mapfile -t subjects < <(files '*.py'); pyflakes3 "${subjects[@]}" ;;
pycodestyle) mapfile -t subjects < <(files '*.py'); pycodestyle --max-line-length=120 "${subjects[@]}" ;;
codespell) mapfile -t subjects < <(files); codespell --ignore-words-list=mis,inout,extraversion,tge,caf "${subjects[@]}" ;;
spdx)
	# Every file names its licence in its first lines; the patches become mails as they are.
	lacking=$(files ':!*.patch' | while read -r file; do head -3 "$file" | grep -q SPDX-License-Identifier || echo "$file"; done)
	[ -z "$lacking" ] || { say "no SPDX-License-Identifier in:" && echo "$lacking" >&2 && exit 1; }
	;;
*) could_not_run "unknown linter '$1'." ;;
esac
