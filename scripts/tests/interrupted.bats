#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# Ctrl-C in "make run", at one step after the other: a message with the next step,
# no child left, earlier results intact, and the next run takes up from there.

load refusal
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

setup_file() {
	# Debian's packages are all that the copy has at the beginning.
	export COPY=$BATS_FILE_TMPDIR/copy
	mkdir -p "$COPY/build/cache" "$COPY/results/1-series"
	(cd "$TOP" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$COPY")
	ln -s "$TOP"/build/cache/*.deb "$COPY/build/cache/"
	ln -s 1-series "$COPY/results/latest"
	echo '{}' > "$COPY/results/1-series/summary.json"
}

# until_it_says PATTERN, which may span lines: runs until it says them, and then gets what a terminal sends on Ctrl-C.
until_it_says() {
	local said=$BATS_TEST_TMPDIR/said
	# Who is started in the background has SIGINT ignored, and would hand that on.
	setsid env --default-signal=INT make -C "$COPY" run HOST=vhe TESTS=user_irq_cap > "$said" 2>&1 3>&- &
	local pid=$!
	while ! grep -zq "$1" "$said"; do
		kill -0 $pid || break
		sleep 0.1
	done
	kill -INT -- -$pid
	status=0
	wait $pid || status=$?
	output=$(cat "$said")
	echo "$output"
	grep -zq "$1" "$said"
	# 130 is make's own death by the signal.
	[ "$status" -eq 2 ] || [ "$status" -eq 130 ]
	[[ $output == *"run: interrupted. The same command starts again; what was complete is kept."* ]]
	# What ignores the signal has a moment to end.
	sleep 1
	[ -z "$(pgrep -f "$COPY/" || true)" ]
	[ "$(readlink "$COPY/results/latest")" = 1-series ]
	[ "$(ls "$COPY/results")" = "$results" ]
}

setup() {
	results=$(ls "$COPY/results")
}

@test "while the base is unpacked" {
	until_it_says "base: [1-9].*MiB unpacked"
	[ ! -e "$COPY/build/base/6.12" ]
}

@test "while the feature is taken out of the base" {
	until_it_says "history: .*baseline, by the rules"
	[ -e "$COPY/build/base/6.12/Makefile" ]
	[ -z "$(find "$COPY/build/history" -mindepth 1 -maxdepth 1 -name '[0-9]*')" ]
}

@test "while the series is put on the baseline" {
	until_it_says "history: .*series, .* patches"
	[[ $output != *"unpacking"* ]]
	[ -z "$(find "$COPY/build/history" -mindepth 1 -maxdepth 1 -name '[0-9]*')" ]
}

@test "while the tree is copied" {
	until_it_says "tree: .*copy of"
	[ -d "$COPY/build/history/6.12" ]
	[ -z "$(find "$COPY/build/trees" -mindepth 1 -maxdepth 1 -name '[0-9]*')" ]
}

@test "while the kernel is configured" {
	until_it_says "build: configuring"
	[[ $output != *"history: "* ]]
	[ ! -e "$COPY/build/trees/6.12-series/out/.configured" ]
}

@test "while the kernel is built, and again" {
	local made objects
	until_it_says "building the kernel.*objects made"
	made=$(find "$COPY/build/trees/6.12-series/out" -name '*.o' | wc -l)
	until_it_says "building the kernel.*build: 15 s, .*objects made"
	[[ $output != *"configuring"* ]]
	objects=$(find "$COPY/build/trees/6.12-series/out" -name '*.o' | wc -l)
	echo "$made objects, and then $objects"
	[ "$objects" -gt "$made" ]
	[ ! -e "$COPY/build/trees/6.12-series/out/.built" ]
}
