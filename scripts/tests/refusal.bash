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
