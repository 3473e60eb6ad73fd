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

setup() {
	results=$(ls "$COPY/results")
	tree=$COPY/build/trees/6.12-series
	held=$BATS_TEST_TMPDIR/held
	mkdir "$BATS_TEST_TMPDIR/bin"
}

# hold COMMAND PATTERN: a step does not end before it is interrupted: its COMMAND, with arguments like these, does not.
hold() {
	cat > "$BATS_TEST_TMPDIR/bin/$1" <<- END
		#!/bin/bash
		[[ " \$* " != $2 ]] || { touch "$held"; exec -a "$COPY/held" sleep 1000; }
		exec "$(command -v "$1")" "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/bin/$1"
}
is_held() { [ -e "$held" ]; }

# interrupted_when CONDITION...: runs until that holds, and then gets what a terminal sends on Ctrl-C,
# and sends again for who is in a hurry.
interrupted_when() {
	local said=$BATS_TEST_TMPDIR/said looks
	# Who is started in the background has SIGINT ignored, and would hand that on.
	PATH=$BATS_TEST_TMPDIR/bin:$PATH \
		setsid env --default-signal=INT make -C "$COPY" run HOST=vhe TESTS=user_irq_cap > "$said" 2>&1 3>&- &
	local pid=$!
	while kill -0 $pid 2> /dev/null && ! "$@"; do
		sleep 0.1
	done
	kill -INT -- -$pid || true
	sleep 0.2
	kill -INT -- -$pid 2> /dev/null || true
	status=0
	wait $pid || status=$?
	# The second ends make at once, and not what make waits for.
	for ((looks = 0; looks < 100; looks++)); do
		! grep -q "^run: interrupted" "$said" || break
		sleep 0.1
	done
	output=$(cat "$said")
	echo "$output"
	# 130 is make's own death by the signal.
	[ "$status" -eq 2 ] || [ "$status" -eq 130 ]
	[[ $output == *"run: interrupted. The same command starts again; what was complete is kept."* ]]
	nobody_works_in "$COPY"
	[ "$(readlink "$COPY/results/latest")" = 1-series ]
	[ "$(ls "$COPY/results")" = "$results" ]
}

nothing_is_made_in() { [ -z "$(find "$COPY/build/$1" -mindepth 1 -maxdepth 1 -name '[0-9]*')" ]; }

@test "while the base is unpacked" {
	hold tar '*" -x "*'
	interrupted_when is_held
	[[ $output == *"base: unpacking"* ]]
	nothing_is_made_in base
}

@test "while the feature is taken out of the base" {
	hold spatch '*'
	interrupted_when is_held
	[[ $output == *"baseline, by the rules"* ]]
	[ -e "$COPY/build/base/6.12/Makefile" ]
	nothing_is_made_in history
}

@test "while the series is put on the baseline" {
	hold git '*" apply "*'
	interrupted_when is_held
	[[ $output != *"unpacking"* ]]
	[[ $output == *"series, "*" patches"* ]]
	nothing_is_made_in history
}

@test "while the tree is copied" {
	hold cp "*$COPY/build/trees*"
	interrupted_when is_held
	[[ $output == *"copy of"* ]]
	[ -d "$COPY/build/history/6.12" ]
	nothing_is_made_in trees
}

@test "while the kernel is configured" {
	hold make '*" allnoconfig "*'
	interrupted_when is_held
	[[ $output != *"history: "* ]]
	[ ! -e "$tree/out/.configured" ]
}

objects() { find "$tree/out" -name '*.o' -size +0 2> /dev/null | wc -l; }
more_objects_than() { [ "$(objects)" -gt "$1" ]; }

@test "while the kernel is built, and again" {
	local made
	interrupted_when more_objects_than 50
	[ -e "$tree/out/.configured" ]
	made=$(objects)
	interrupted_when more_objects_than $((made + 50))
	[[ $output != *"configuring"* ]]
	[ ! -e "$tree/out/.built" ]
}
