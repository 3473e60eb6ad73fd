#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# What goes wrong from outside: each a message with the next step, status 2,
# earlier results intact, and nothing left behind.

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

setup_file() {
	# A copy to do harm in, without what was built.
	export COPY=$BATS_FILE_TMPDIR/copy
	mkdir "$COPY"
	# For nobody to get there.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR" "$COPY"
	(cd "$TOP" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$COPY")
}

could_not_run() {
	echo "$output"
	[ "$status" -eq 2 ]
	local words
	for words; do
		[[ "$output" == *"$words"* ]]
	done
}

# A PATH with all that is in the real one, but for the names given.
path_without() {
	local folder file
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	for folder in /sbin /bin /usr/sbin /usr/bin; do
		for file in "$folder"/*; do
			ln -sf "$file" "$BATS_TEST_TMPDIR/bin/"
		done
	done
	(cd "$BATS_TEST_TMPDIR/bin" && rm -f "$@")
	echo "$BATS_TEST_TMPDIR/bin"
}

as_nobody() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

@test "an unknown BASE, TREE, HOST, TESTS, CONFIG or argument lists the known ones" {
	cd "$TOP"
	run make run BASE=5.4
	could_not_run "unknown base '5.4'. There is: 6.12."
	run make run TREE=oak
	could_not_run "unknown TREE 'oak'. There are: stock, baseline, series."
	run make run HOST="vhe moon"
	could_not_run "unknown host 'moon'. There are: " nvhe
	run make run TESTS="user_irq_cap it's"
	could_not_run "no test matches TESTS='it's'" user_irq_timer arch_timer
	run make run CONFIG=gold
	could_not_run "unknown CONFIG 'gold'"
	run scripts/run.py COLOUR=red
	could_not_run "unknown argument 'COLOUR=red'" "TREE="
	run make -C tools/testing/selftests TARGETS=net run_tests
	could_not_run "unknown TARGETS 'net'. There is: kvm."
}

@test "a seed or a number of steps that is none" {
	cd "$TOP"
	KVM_USER_IRQ_SEED=dice run make run
	could_not_run "KVM_USER_IRQ_SEED=dice is no number"
	KVM_USER_IRQ_STEPS=-1 run make run
	could_not_run "KVM_USER_IRQ_STEPS=-1 is no number"
}

@test "a host file with an unknown key is named, and the key" {
	echo "COLOUR=red" > "$COPY/hosts/red.host"
	run "$COPY/scripts/boot.py" red Image out
	could_not_run "red.host:1: unknown key 'COLOUR'. Known keys: ABOUT"
}

@test "no QEMU" {
	run env PATH="$(path_without qemu-system-aarch64)" "$TOP/scripts/boot.py" vhe Image "$BATS_TEST_TMPDIR/out"
	could_not_run "qemu-system-aarch64 is not installed" "make setup"
}

@test "a QEMU that refuses the machine" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "unsupported machine type" >&2\nexit 1\n' > "$BATS_TEST_TMPDIR/bin/qemu-system-aarch64"
	chmod 755 "$BATS_TEST_TMPDIR/bin/qemu-system-aarch64"
	touch "$BATS_TEST_TMPDIR/Image"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$TOP/scripts/boot.py" vhe "$BATS_TEST_TMPDIR/Image" "$BATS_TEST_TMPDIR/out"
	could_not_run "QEMU did not start: unsupported machine type"
}

@test "a missing package, and nobody who may install it" {
	echo "no-such-package no-such-command" > "$BATS_TEST_TMPDIR/packages.txt"
	cp "$BATS_TEST_TMPDIR/packages.txt" "$COPY/scripts/packages.txt"
	run as_nobody "$COPY/scripts/setup.sh" < /dev/null
	cp "$TOP/scripts/packages.txt" "$COPY/scripts/packages.txt"
	could_not_run "needed and not installed: no-such-package" "As root: apt-get install no-such-package"
}

@test "a system that is no Debian" {
	echo "no-such-package no-such-command" > "$COPY/scripts/packages.txt"
	run env PATH="$(path_without apt-get)" "$COPY/scripts/setup.sh"
	cp "$TOP/scripts/packages.txt" "$COPY/scripts/packages.txt"
	could_not_run "no-such-package" "this is not a Debian system" "Install what provides"
}

@test "no network" {
	run env http_proxy=http://127.0.0.1:9 "$COPY/scripts/base.sh" 6.12
	could_not_run "cannot download linux-source-6.12. Is there a network" "run the same command again"
	[ ! -e "$COPY/build/base/6.12" ]
	[ -z "$(find "$COPY/build/cache" -name '*.deb' -o -name '.new*')" ]
}

@test "a disk that is known to be too full" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho Avail\necho 17\n' > "$BATS_TEST_TMPDIR/bin/df"
	chmod 755 "$BATS_TEST_TMPDIR/bin/df"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$COPY/scripts/base.sh" 6.12
	could_not_run "17 MiB are free" "Make room"
}

# base.sh in the copy, with the real package and BASES on a disk of its own.
@test "a disk that fills up while the base is unpacked, and then has room" {
	[ "$(id -u)" -eq 0 ] || skip "only root can mount a small disk"
	mkdir -p "$COPY/build/base" "$COPY/build/cache"
	ln -s "$TOP"/build/cache/linux-source-6.12_*.deb "$COPY/build/cache/"
	mount -t tmpfs -o size=60m none "$COPY/build/base"
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho Avail\necho 99999\n' > "$BATS_TEST_TMPDIR/bin/df"
	chmod 755 "$BATS_TEST_TMPDIR/bin/df"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$COPY/scripts/base.sh" 6.12
	echo "$output"
	local left
	left=$(ls -A "$COPY/build/base" | grep -v '^\.lock$' || true)
	mount -o remount,size=2500m "$COPY/build/base"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$COPY/scripts/base.sh" 6.12
	[ -e "$COPY/build/base/6.12/Makefile" ]
	umount "$COPY/build/base"
	could_not_run "cannot unpack" "If the disk is full, make room"
	[ -z "$left" ]
}

@test "a program that does not compile costs itself only" {
	echo "this is no C" > "$COPY/tools/testing/selftests/kvm/aarch64/user_irq_broken.c"
	run "$COPY/scripts/selftests.sh" "$TOP/build/trees/6.12-series" aarch64/user_irq_broken aarch64/user_irq_cap
	rm "$COPY/tools/testing/selftests/kvm/aarch64/user_irq_broken.c"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"user_irq_broken does not build"* ]]
	[ -e "$COPY/build/selftests/6.12-series/installed/kvm/user_irq_cap" ]
	[ ! -e "$COPY/build/selftests/6.12-series/installed/kvm/user_irq_broken" ]
	grep -q error "$COPY/build/selftests/6.12-series/failed/user_irq_broken"
}

@test "a kernel that does not compile names the error and the log" {
	# A tree in name only: what is asked of it fails at once.
	mkdir -p "$BATS_TEST_TMPDIR/tree/arch/arm64/kvm"
	printf 'tinyconfig:\n\t@echo "x.c:1: error: planted" >&2; false\n' > "$BATS_TEST_TMPDIR/tree/Makefile"
	run "$TOP/scripts/build.sh" "$BATS_TEST_TMPDIR/tree"
	could_not_run "error: planted" "cannot configure" ".log"
}

# Starts a run in the background and waits until its first machine boots; it may
# have a kernel to build before that.
start_run() {
	(cd "$TOP" && exec setsid scripts/run.py TREE=series TESTS=user_irq_cap) > "$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	run_pid=$!
	while kill -0 $run_pid; do
		booting=$(find "$TOP/results" -path '*-series*.partial/vhe-1.console' -newer "$BATS_TEST_TMPDIR/mark" -size +0)
		[ -z "$booting" ] || return 0
		sleep 0.1
	done
	cat "$BATS_TEST_TMPDIR/said"
	return 1
}

machines_of() {
	pgrep -f "$(dirname "$1")/" || true
}

@test "Ctrl-C while the hosts boot" {
	touch "$BATS_TEST_TMPDIR/mark"
	before=$(readlink "$TOP/results/latest" || true)
	start_run
	kill -INT $run_pid
	status=0
	wait $run_pid || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/said")
	could_not_run "interrupted. The same command starts again"
	[ "$(readlink "$TOP/results/latest" || true)" = "$before" ]
	[ -z "$(machines_of "$booting")" ]
	rm -rf "$(dirname "$booting")"
}

@test "kill -9 while the hosts boot, and the next run" {
	touch "$BATS_TEST_TMPDIR/mark"
	start_run
	kill -KILL $run_pid
	wait $run_pid || true
	sleep 1
	[ -z "$(machines_of "$booting")" ]
	rm -rf "$(dirname "$booting")"
	cd "$TOP" && scripts/run.py TREE=series TESTS=user_irq_cap HOST=vhe
}

@test "two runs at once" {
	cd "$TOP"
	scripts/run.py TREE=series TESTS=user_irq_cap HOST=vhe > "$BATS_TEST_TMPDIR/first" 2>&1 3>&- &
	first=$!
	scripts/run.py TREE=series TESTS=user_irq_cap HOST=vhe > "$BATS_TEST_TMPDIR/second" 2>&1
	wait $first
	cat "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
	[ "$(grep -ho 'Results: results/[^ ]*' "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second" | sort -u | wc -l)" -eq 2 ]
}
