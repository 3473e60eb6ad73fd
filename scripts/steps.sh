# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How the bench's scripts talk: sourced by them, with STEP set to the script's
# name and TOP to the project's folder.

# git hands its own repository and index to a hook, and what that runs would write there. Its
# configuration is not at fault, and may be needed.
# shellcheck disable=SC2046   # it is words
unset $(git rev-parse --local-env-vars 2> /dev/null | grep -v '^GIT_CONFIG')

# What a compiler, git or cp says is looked at as they say it in English.
export LC_ALL=C.UTF-8

say() {
	echo "$STEP: $*" >&2
}

# could_not_run REASON-AND-NEXT-STEP...
could_not_run() {
	printf "$STEP: %s\n" "$@" >&2
	exit 2
}

# tells_of_interruption: for what make runs by itself. Of what a command of ours starts, that command tells.
tells_of_interruption() {
	# The trap runs amid a step, whose words go to its log.
	exec 3>&2
	trap 'could_not_run "interrupted. The same command starts again; what was complete is kept." 2>&3' INT
}

# takes LEAST MOST USAGE ARGUMENT...: the arguments' number, and the word help.
takes() {
	local least=$1 most=$2 usage=$3
	shift 3
	if [ "${1-}" = help ]; then
		echo "usage: $usage"
		exit 0
	fi
	if [ $# -lt "$least" ] || [ $# -gt "$most" ]; then
		could_not_run "usage: $usage"
	fi
}

# take_lock FILE WHAT: alone from here on; says so if somebody else is at WHAT.
take_lock() {
	exec 9> "$1"
	flock -n 9 || { say "another command is $2; waiting for it" && flock 9; }
}

# debian_release: the name of this Debian, if it is one that is known here.
debian_release() {
	case $(. /etc/os-release 2> /dev/null && echo "${ID-} ${VERSION_CODENAME-}") in
	"debian bookworm") echo bookworm ;;
	"debian trixie") echo trixie ;;
	esac
}

# needs_space FOLDER MIB: a full disk is better named before than found during a step.
needs_space() {
	local free
	mkdir -p "$1" || could_not_run "cannot make the folder $1." \
		"See that there is room and that you may write there, then run the same command again."
	free=$(df --output=avail -m "$1" | tail -1)
	[ "$free" -ge "$2" ] || could_not_run "$free MiB are free in $1, and this step needs $2." \
		"Make room there, then run the same command again."
}

# base_of FOLDER: which base this is, or a copy of: base.sh leaves the package's name there. An older one
# has none, and somebody's own tree neither; then it is the version.
base_of() {
	cat "$1/.package" 2> /dev/null || sed -nE '/^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) =/p' "$1/Makefile"
}

# tick LOG HOW_FAR: says now and then how far the step is, until it is killed.
tick() {
	local start=$SECONDS pause=5
	trap 'kill %% 2> /dev/null; exit 0' TERM
	# The sleep is waited for, so that the signal need not wait for it.
	# Whoever is killed with -9 cannot end this.
	while sleep $pause & wait $! && kill -0 $$ 2> /dev/null; do
		say "$((SECONDS - start)) s, $("$2")   (log: $1)"
		[ $pause -ge 30 ] || pause=$((pause + 5))
	done
}

# logged LOG HOW_FAR COMMAND...
# Runs COMMAND with its output in LOG and says meanwhile how far it is, in the
# words of HOW_FAR, a command that prints them.
logged() {
	local log=$1 how_far=$2 ticker status=0
	shift 2
	mkdir -p "$(dirname "$log")"
	tick "$log" "$how_far" 9>&- &
	ticker=$!
	"$@" > "$log" 2>&1 || status=$?
	kill "$ticker" 2> /dev/null
	wait "$ticker" 2> /dev/null
	return $status
}

# first_errors LOG: what made a compiler or make stop.
first_errors() {
	grep -nE -m 5 '(error|Error|ERROR)[: ]|undefined reference|No space left' "$1" >&2 || tail -5 "$1" >&2
}
