#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The contract of kselftest, by tools/testing/selftests: what is installed, what its runner
# does with it, and where the tests run.

load refusal

setup_file() {
	export TOP INSTALLED
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	INSTALLED=$BATS_FILE_TMPDIR/installed
	# As make check hands it down.
	TESTS='' kselftest install KSFT_INSTALL_PATH="$INSTALLED" >&2
}

kselftest() { make -C "$TOP/tools/testing/selftests" TARGETS=kvm "$@"; }
ours() { (cd "$TOP/tools/testing/selftests/kvm/aarch64" && ls user_irq_*.c) | sed 's/\.c$//'; }

@test "install: the programs, the list of them, the runner, settings and config" {
	[ "$(sort "$INSTALLED/kselftest-list.txt")" = "$(ours | sed 's/^/kvm:/')" ]
	local name
	for name in $(ours); do
		[ -x "$INSTALLED/kvm/$name" ]
		[[ "$(aarch64-linux-gnu-readelf -hl "$INSTALLED/kvm/$name")" == *AArch64* ]]
		[[ "$(aarch64-linux-gnu-readelf -l "$INSTALLED/kvm/$name")" != *INTERP* ]]
	done
	[ -x "$INSTALLED/run_kselftest.sh" ]
	# Some of our cases alone may take 120 s on a busy machine.
	[ "$(cat "$INSTALLED/kvm/settings")" = timeout=900 ]
}

@test "config: what the base asks for, and what we do, which the bench's kernel has" {
	local ours=$TOP/tools/testing/selftests/kvm/config option
	grep -qx CONFIG_USERFAULTFD=y "$INSTALLED/kvm/config"
	grep '^CONFIG_' "$ours" > "$BATS_TEST_TMPDIR/ours"
	[ -s "$BATS_TEST_TMPDIR/ours" ]
	while read -r option; do
		echo "$option"
		grep -qx "$option" "$INSTALLED/kvm/config"
		grep -qx "$option" "$TOP/build/trees/6.12-series/out/.config"
	done < "$BATS_TEST_TMPDIR/ours"
}

@test "the runner: -l lists, -c chooses all, -t one, and an unknown one is an error" {
	[ "$("$INSTALLED/run_kselftest.sh" -l)" = "$(cat "$INSTALLED/kselftest-list.txt")" ]
	run "$INSTALLED/run_kselftest.sh" -d -c kvm
	echo "$output"
	for name in $(ours); do
		[[ "$output" == *" $name"* ]]
	done
	run "$INSTALLED/run_kselftest.sh" -d -t kvm:user_irq_cap
	[ "${lines[1]}" = "run_many user_irq_cap" ]
	run "$INSTALLED/run_kselftest.sh" -t kvm:user_irq_moon
	[ "$status" -ne 0 ]
}

@test "the runner: a program gets its arguments, and no other's" {
	cp -r "$INSTALLED" "$BATS_TEST_TMPDIR/copy"
	for name in user_irq_cap user_irq_pmu; do
		printf '#!/bin/sh\necho "%s was told: $*"\n' $name > "$BATS_TEST_TMPDIR/copy/kvm/$name"
	done
	KSELFTEST_USER_IRQ_CAP_ARGS="-r cap.one" run "$BATS_TEST_TMPDIR/copy/run_kselftest.sh" \
		-t kvm:user_irq_cap -t kvm:user_irq_pmu
	echo "$output"
	[[ "$output" == *"user_irq_cap was told: -r cap.one"* ]]
	[[ "$output" != *"user_irq_pmu was told: -r"* ]]
	[[ "$output" == *"user_irq_pmu was told: "* ]]
}

@test "gen_tar: what install leaves, in the format that is asked for" {
	kselftest gen_tar KSFT_INSTALL_PATH="$BATS_TEST_TMPDIR/installed" FORMAT=.xz
	xz -t "$BATS_TEST_TMPDIR/installed/kselftest-packages/kselftest.tar.xz"
	mkdir "$BATS_TEST_TMPDIR/out"
	tar -xf "$BATS_TEST_TMPDIR/installed/kselftest-packages/kselftest.tar.xz" -C "$BATS_TEST_TMPDIR/out"
	diff -r "$BATS_TEST_TMPDIR/out" "$INSTALLED"
	run kselftest gen_tar KSFT_INSTALL_PATH="$BATS_TEST_TMPDIR/installed" FORMAT=.moon
	could_not_run "unknown FORMAT '.moon'" ".gz"
}

@test "kselftest-tarball: unpacks where the jobs of KernelCI and LKFT look, and runs there" {
	rm -f "$TOP/build/kselftest/kselftest-packages/kselftest.tar.xz"
	make -C "$TOP" kselftest-tarball
	cp "$TOP/build/kselftest/kselftest-packages/kselftest.tar.xz" "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR"
	tar -xaf kselftest.tar.xz
	[ "$(./run_kselftest.sh -l | sort)" = "$(ours | sed 's/^/kvm:/')" ]
	for name in $(ours); do
		printf '#!/bin/sh\necho "1..1"\necho "ok 1 %s"\n' "$name.case" > "kvm/$name"
	done
	run ./run_kselftest.sh -c kvm
	echo "$output"
	for name in $(ours); do
		[[ "$output" == *"# ok 1 $name.case"* ]]
	done
}

@test "kselftest-tarball: of another base or tree, and of none that there is" {
	run make -C "$TOP" kselftest-tarball BASE=5.4
	could_not_run "unknown base '5.4'"
	run make -C "$TOP" kselftest-tarball BASE="$BATS_TEST_TMPDIR/nowhere"
	could_not_run "BASE=$BATS_TEST_TMPDIR/nowhere: there is no such folder"
	run make -C "$TOP" kselftest-tarball BASE="$TOP/build/base/6.12" TREE=series
	could_not_run "series and baseline exist for the bases 6.12 and 7."
	run make -C "$TOP" kselftest-tarball HOST=vhe
	could_not_run "does not look at HOST. It takes: BASE TREE TESTS"
}

@test "run_tests: KTAP and nothing else, of the case that the program's arguments choose" {
	KSELFTEST_USER_IRQ_CAP_ARGS="-r cap.dev_kvm_tells_the_version" \
		kselftest -s run_tests HOST=vhe TESTS=user_irq_cap > "$BATS_TEST_TMPDIR/ktap"
	cat "$BATS_TEST_TMPDIR/ktap"
	[ "$(head -1 "$BATS_TEST_TMPDIR/ktap")" = "KTAP version 1" ]
	[ -z "$(grep -vE '^ *(KTAP version 1|1\.\.[0-9]+|(not )?ok [0-9]|#)' "$BATS_TEST_TMPDIR/ktap")" ]
	[ "$(grep -c 'ok [0-9]* cap\.' "$BATS_TEST_TMPDIR/ktap")" -eq 1 ]
	grep -q ' ok 1 cap.dev_kvm_tells_the_version' "$BATS_TEST_TMPDIR/ktap"
}

@test "run_tests: arguments that the emulated host has no use for" {
	KSELFTEST_USER_IRQ_CAP_ARGS="-F cap" run kselftest run_tests HOST=vhe
	could_not_run "KSELFTEST_USER_IRQ_CAP_ARGS='-F cap'" "'-r CASE' only"
}

# Not inside of "run", which skip cannot leave.
needs_another_dev() {
	unshare --mount true || skip "only root, and nobody in a chroot, can give this machine another /dev"
}

# An arm64 machine, by the word of uname, with the /dev that is given.
on_arm64() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n[ "$*" != -m ] || exec echo aarch64\nexec /usr/bin/uname "$@"\n' > "$BATS_TEST_TMPDIR/bin/uname"
	# For nobody to get there.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin/uname"
	local kvm=$1
	shift
	PATH=$BATS_TEST_TMPDIR/bin:$PATH unshare --mount bash -c '
		mkdir "$2" && cp -a /dev/null /dev/zero /dev/urandom "$2" && ln -s /proc/self/fd /proc/self/fd/? "$2/"
		ln -s fd/0 "$2/stdin"; ln -s fd/1 "$2/stdout"; ln -s fd/2 "$2/stderr"; mkdir "$2/shm"
		[ "$1" = none ] || install -m "$1" /dev/null "$2/kvm"
		mount --bind "$2" /dev
		shift 2
		exec "$@"' on_arm64 "$kvm" "$BATS_TEST_TMPDIR/dev" "$@"
}

@test "run_tests on an arm64 machine without /dev/kvm" {
	needs_another_dev
	run on_arm64 none make -C "$TOP/tools/testing/selftests" run_tests
	could_not_run "this arm64 machine has no /dev/kvm" "kernel that has KVM" "HOST=vhe"
}

@test "run_tests on an arm64 machine whose /dev/kvm is not ours" {
	needs_another_dev
	# For nobody to read it.
	mkdir "$BATS_TEST_TMPDIR/copy"
	cp -r "$TOP/scripts" "$BATS_TEST_TMPDIR/copy"
	run on_arm64 600 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		env HOST= TARGETS=kvm TESTS='user_irq_*' BASE=6.12 TREE= "$BATS_TEST_TMPDIR/copy/scripts/kselftest.py" run_tests
	could_not_run "this user may not use /dev/kvm" "group" "HOST=vhe"
}

# The runner ends with 0 whatever became of the tests; these cannot even start on this machine.
@test "run_tests on an arm64 machine runs there, and what fails there fails" {
	[ "$(uname -m)" != aarch64 ] || skip "this is one"
	needs_another_dev
	run on_arm64 666 make -C "$TOP/tools/testing/selftests" run_tests TESTS='user_irq_cap user_irq_pmu'
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"not ok 1 selftests: kvm: user_irq_cap"* ]]
	[[ "$output" == *"not ok 2 selftests: kvm: user_irq_pmu"* ]]
	run on_arm64 666 make -C "$TOP/tools/testing/selftests" run_tests TESTS='user_irq_cap.cap.*'
	could_not_run "KSELFTEST_USER_IRQ_CAP_ARGS='-r CASE'"
}
