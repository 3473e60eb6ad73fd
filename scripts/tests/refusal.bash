# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the .bats files: load refusal

# could_not_run WORDS...: the command that bats ran ended with status 2, and said these.
could_not_run() {
	# shellcheck disable=SC2154 # bats sets both
	echo "$output"
	# shellcheck disable=SC2154
	[ "$status" -eq 2 ]
	local words
	for words; do
		[[ "$output" == *"$words"* ]]
	done
}

# nobody_works_in FOLDER: no command names it, or within a minute none does. What is killed may have to wait for the disk.
nobody_works_in() {
	local looks
	for ((looks = 0; looks < 600; looks++)); do
		pgrep -f "$1/" > /dev/null || return 0
		sleep 0.1
	done
	pgrep -af "$1/"
	return 1
}
