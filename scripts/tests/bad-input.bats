#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# What goes wrong from outside: each a message with the next step, status 2,
# earlier results intact, and nothing left behind.

load refusal
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

setup_file() {
	# A copy to do harm in, without what was built.
	export COPY=$BATS_FILE_TMPDIR/copy
	mkdir "$COPY"
	# For nobody to get there.
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR" "$COPY"
	(cd "$TOP" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$COPY")
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
	could_not_run "unknown base '5.4'. There are: 6.12, 7, and the path of a Linux tree"
	run make check BASE=5.4
	could_not_run "unknown BASE '5.4'. There are: 6.12, 7."
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
	run make mutants MUTANTS="wake-up-removed it's"
	could_not_run "no mutant of Linux 6.12 matches MUTANTS='it's'. There are: " wake-up-removed
	run make -C tools/testing/selftests TARGETS=net run_tests
	could_not_run "unknown TARGETS 'net'. There is: kvm."
}

# What BASE=/path looks at, and no more.
linux_tree() {
	LINUX=$BATS_TEST_TMPDIR/linux
	mkdir -p "$LINUX"/{scripts,virt/kvm,arch/arm64/kvm,tools/testing/selftests/kvm/lib}
	touch "$LINUX"/{Kconfig,scripts/Kbuild.include,virt/kvm/main.c,arch/arm64/kvm/arm.c,tools/testing/selftests/kvm/lib/kvm_util.c}
	printf 'VERSION = 6\nPATCHLEVEL = %s\nSUBLEVEL = 0\nEXTRAVERSION =\n' "${1-12}" > "$LINUX/Makefile"
}

@test "a BASE that is no path of a Linux tree with what it takes" {
	cd "$TOP"
	linux_tree
	[ "$(scripts/base.sh "$LINUX")" = "$LINUX" ]
	run make run BASE="$LINUX/nowhere"
	could_not_run "BASE=$LINUX/nowhere: there is no such folder. Give"
	run make run BASE="$LINUX/virt"
	could_not_run "is no Linux tree: it has no Makefile. Give"
	mv "$LINUX/virt/kvm" "$LINUX/virt/lost"
	run make run BASE="$LINUX"
	could_not_run "has no KVM: virt/kvm is missing. Give"
	mv "$LINUX/virt/lost" "$LINUX/virt/kvm"
	mv "$LINUX/arch/arm64" "$LINUX/arch/arm"
	run make run BASE="$LINUX"
	could_not_run "has no KVM for arm64: arch/arm64/kvm is missing. Give"
	mv "$LINUX/arch/arm" "$LINUX/arch/arm64"
	rm "$LINUX/tools/testing/selftests/kvm/lib/kvm_util.c"
	run make run BASE="$LINUX"
	could_not_run "has no KVM selftest library" "Give"
}

@test "a BASE that is older than the KVM selftest library can do with" {
	cd "$TOP"
	linux_tree 7
	run make run BASE="$LINUX"
	could_not_run "BASE=$LINUX is Linux 6.7, and" "Give a tree of 6.8 or later."
	linux_tree 8
	scripts/base.sh "$LINUX"
}

@test "a BASE that was built in place" {
	cd "$TOP"
	local made
	for made in .config include/config arch/arm64/include/generated; do
		linux_tree
		mkdir -p "$LINUX/$made"
		run make run BASE="$LINUX"
		could_not_run "BASE=$LINUX has been built in place: $made is there." "mrproper" "git -C $LINUX worktree add"
		rmdir "$LINUX/$made"
	done
}

@test "series and baseline of a BASE that has none" {
	cd "$TOP"
	linux_tree
	run make run BASE="$LINUX" TREE=series
	could_not_run "series and baseline exist for the bases 6.12 and 7." "Run: make run BASE=$LINUX TREE=stock"
}

@test "a BASE that may only be read: the copy follows it, and it stays as it is" {
	linux_tree
	ln -s Makefile "$LINUX/link"
	touch -d '2020-01-01' "$LINUX/Kconfig"
	chmod -R a-w "$LINUX"
	stamps() { find "$LINUX" -printf '%p %m %T@ %C@ %s\n' | sort; }
	stamps > "$BATS_TEST_TMPDIR/before"
	run as_nobody "$COPY/scripts/base.sh" "$LINUX"
	[ "$output" = "$LINUX" ]
	tree=$("$COPY/scripts/tree.sh" "$LINUX" stock)
	"$COPY/scripts/tree.sh" "$LINUX" stock
	stamps | cmp - "$BATS_TEST_TMPDIR/before"
	[ -L "$tree/link" ]
	diff -r --exclude=out "$LINUX" "$tree"

	# An edit that keeps the date, a new file, a lost one, and an object that is no source.
	chmod -R u+w "$LINUX"
	touch "$BATS_TEST_TMPDIR/mark"
	echo 'config NEW' > "$LINUX/Kconfig"
	touch -d '2020-01-01' "$LINUX/Kconfig"
	touch "$LINUX/a file" "$LINUX/virt/made.o"
	rm "$LINUX/link"
	"$COPY/scripts/tree.sh" "$LINUX" stock
	diff -r --exclude=out --exclude=made.o "$LINUX" "$tree"
	[ ! -e "$tree/virt/made.o" ]
	[ ! -e "$tree/link" ]
	[ "$tree/Kconfig" -nt "$BATS_TEST_TMPDIR/mark" ]
	[ "$tree/Makefile" -ot "$BATS_TEST_TMPDIR/mark" ]

	# Another of the same name is another tree.
	mkdir "$BATS_TEST_TMPDIR/other"
	cp -r "$LINUX" "$BATS_TEST_TMPDIR/other/linux"
	[ "$("$COPY/scripts/tree.sh" "$BATS_TEST_TMPDIR/other/linux" stock)" != "$tree" ]
}

@test "a seed or a number of steps that is none" {
	cd "$TOP"
	KVM_USER_IRQ_SEED=dice run make run
	could_not_run "KVM_USER_IRQ_SEED=dice is no number"
	KVM_USER_IRQ_STEPS=-1 run make run
	could_not_run "KVM_USER_IRQ_STEPS=-1 is no number"
	KVM_USER_IRQ_STEPS=0x0 run make run
	could_not_run "KVM_USER_IRQ_STEPS=0x0 tests nothing"
}

@test "a variable of make's that is misspelt" {
	cd "$TOP"
	run make run TREEE=stock
	[ "$status" -eq 2 ]
	[[ $output == *"unknown TREEE. There are: BASE TREE"* ]]
}

@test "a variable of make's that the target does not look at" {
	cd "$TOP"
	run make validate CONFIG=edge
	could_not_run "make validate does not look at CONFIG. It takes: BASE SERIES HOST TESTS"
	run make clean BASE=7
	could_not_run "make clean does not look at BASE. It takes: nothing"
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

@test "a disk that is full when a host is to boot" {
	[ -c /dev/full ] || skip "no /dev/full here"
	touch "$BATS_TEST_TMPDIR/Image"
	ln -s /dev/full "$BATS_TEST_TMPDIR/out.end"
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexit 0\n' > "$BATS_TEST_TMPDIR/bin/qemu-system-aarch64"
	chmod 755 "$BATS_TEST_TMPDIR/bin/qemu-system-aarch64"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$TOP/scripts/boot.py" vhe "$BATS_TEST_TMPDIR/Image" "$BATS_TEST_TMPDIR/out"
	could_not_run "No space left on device" "room on the disk? Then run the same command again"
}

@test "a missing package, and nobody who may install it" {
	echo "no-such-package no-such-command" > "$BATS_TEST_TMPDIR/packages.txt"
	cp "$BATS_TEST_TMPDIR/packages.txt" "$COPY/scripts/packages.txt"
	run as_nobody "$COPY/scripts/setup.sh" < /dev/null
	cp "$TOP/scripts/packages.txt" "$COPY/scripts/packages.txt"
	could_not_run "needed and not installed: no-such-package" "As root: apt-get install no-such-package"
}

@test "the packages for another machine's programs are not asked of an arm64 Debian, and of any other" {
	printf '%s\n' "no-such-cross no-such-command cross" "bash bash" > "$BATS_TEST_TMPDIR/packages.txt"
	mkdir "$BATS_TEST_TMPDIR/bin"
	local machine
	for machine in arm64 amd64; do
		printf '#!/bin/sh\n[ "$*" = --print-architecture ] && echo %s\n' $machine > "$BATS_TEST_TMPDIR/bin/dpkg"
		chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin/dpkg"
		cp "$BATS_TEST_TMPDIR/packages.txt" "$COPY/scripts/packages.txt"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run as_nobody "$COPY/scripts/setup.sh" < /dev/null
		cp "$TOP/scripts/packages.txt" "$COPY/scripts/packages.txt"
		if [ $machine = arm64 ]; then
			echo "$output"
			[ "$status" -eq 0 ]
			[ -z "$output" ]
		fi
	done
	could_not_run "needed and not installed: no-such-cross"
	# All that are named for it.
	grep -qE '^gcc-aarch64-linux-gnu .* cross$' "$COPY/scripts/packages.txt"
	[ "$(grep -cE '^[^#].*(arm64-cross|aarch64-linux-gnu)' "$TOP/scripts/packages.txt")" -eq \
		"$(grep -cE '^[^#].* cross$' "$TOP/scripts/packages.txt")" ]
}

@test "the packages of Debian 12 alone are asked of that, and of no newer one" {
	printf '%s\n' "no-such-12 no-such-command 12" "bash bash" > "$BATS_TEST_TMPDIR/packages.txt"
	mkdir "$BATS_TEST_TMPDIR/bin"
	local version
	for version in 13.8+deb13u1 12.4+deb12u9; do
		printf '#!/bin/sh\nprintf %s\n' $version > "$BATS_TEST_TMPDIR/bin/dpkg-query"
		chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin/dpkg-query"
		cp "$BATS_TEST_TMPDIR/packages.txt" "$COPY/scripts/packages.txt"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run as_nobody "$COPY/scripts/setup.sh" < /dev/null
		cp "$TOP/scripts/packages.txt" "$COPY/scripts/packages.txt"
		if [ $version = 13.8+deb13u1 ]; then
			echo "$output"
			[ "$status" -eq 0 ]
			[ -z "$output" ]
		fi
	done
	could_not_run "needed and not installed: no-such-12"
}

@test "a list of packages that is none" {
	run "$TOP/scripts/setup.sh" moon
	could_not_run "packages-moon.txt" "The lists are"
}

@test "a system that only looks like Debian gets none of its packages" {
	printf 'ID=ubuntu\nVERSION_CODENAME=noble\n' > "$BATS_TEST_TMPDIR/os-release"
	sed -i "s,/etc/os-release,$BATS_TEST_TMPDIR/os-release," "$COPY/scripts/steps.sh"
	echo "no-such-package no-such-command" > "$COPY/scripts/packages.txt"
	run "$COPY/scripts/setup.sh"
	cp "$TOP/scripts/packages.txt" "$COPY/scripts/packages.txt"
	could_not_run "no-such-package" "neither Debian 12 nor 13" "Install what provides"
	[[ "$output" != *"installing them"* ]]
	run "$COPY/scripts/deb.sh" no-such-package
	cp "$TOP/scripts/steps.sh" "$COPY/scripts/steps.sh"
	could_not_run "neither Debian 12 nor 13" "Put no-such-package_VERSION.deb into"
}

@test "set-up that is interrupted says so" {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n: > "%s"\nexec sleep 30\n' "$BATS_TEST_TMPDIR/begun" > "$BATS_TEST_TMPDIR/bin/apt-get"
	chmod 755 "$BATS_TEST_TMPDIR/bin/apt-get"
	echo "no-such-package no-such-command" > "$COPY/scripts/packages.txt"
	# What a shell starts beside itself does not hear of Ctrl-C.
	run env PATH="$BATS_TEST_TMPDIR/bin:$PATH" /usr/bin/python3 - "$COPY/scripts/setup.sh" "$BATS_TEST_TMPDIR/begun" << 'EOF'
import os, signal, subprocess, sys, time
# Who runs these tests in the background of a shell has it ignored, and what is ignored cannot be trapped.
signal.signal(signal.SIGINT, signal.SIG_DFL)
setup = subprocess.Popen([sys.argv[1]], start_new_session=True)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.05)
os.killpg(setup.pid, signal.SIGINT)
sys.exit(setup.wait())
EOF
	cp "$TOP/scripts/packages.txt" "$COPY/scripts/packages.txt"
	could_not_run "interrupted. The same command starts again"
}

@test "no network for the packages" {
	[ "$(id -u)" -eq 0 ] || skip "it takes root"
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "E: Could not resolve" >&2\nexit 100\n' > "$BATS_TEST_TMPDIR/bin/apt-get"
	chmod 755 "$BATS_TEST_TMPDIR/bin/apt-get"
	cp "$COPY/scripts/packages.txt" "$BATS_TEST_TMPDIR/"
	echo "no-such-package no-such-command" >> "$COPY/scripts/packages.txt"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$COPY/scripts/setup.sh"
	cp "$BATS_TEST_TMPDIR/packages.txt" "$COPY/scripts/"
	could_not_run "E: Could not resolve" "apt-get failed. Is there a network" "run the same command again"
}

@test "no network" {
	run env http_proxy=http://127.0.0.1:9 "$COPY/scripts/base.sh" 6.12
	could_not_run "cannot download linux-source-6.12. Is there a network" "run the same command again"
	[ ! -e "$COPY/build/base/6.12" ]
	[ -z "$(find "$COPY/build/cache" -name '*.deb' -o -name '.new*')" ]
}

# A Debian archive that has one package, as apt-get and apt-cache would tell of it.
archive_with() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexit 0\n' > "$BATS_TEST_TMPDIR/bin/apt-get"
	printf '#!/bin/sh\necho %s\n' "$1" > "$BATS_TEST_TMPDIR/bin/apt-cache"
	chmod 755 "$BATS_TEST_TMPDIR"/bin/apt-*
}

@test "an archive that has no Linux 7, or no longer" {
	archive_with linux-source-6.19
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$COPY/scripts/base.sh" 7
	could_not_run "linux-source-7.* is not in Debian's trixie-backports sid today." "run the same command again"
	[ ! -e "$COPY/build/base/7" ]
}

@test "an archive one of whose suites has expired serves from the others" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat > "$BATS_TEST_TMPDIR/bin/apt-get" <<- 'END'
		#!/bin/sh
		case "$*" in
		*\ update*) echo "E: Release file for sid is expired."; exit 100 ;;
		*) : > linux-source-7.3_7.3.4_all.deb ;;
		esac
	END
	printf '#!/bin/sh\necho linux-source-7.3\n' > "$BATS_TEST_TMPDIR/bin/apt-cache"
	chmod 755 "$BATS_TEST_TMPDIR"/bin/apt-*
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$COPY/scripts/deb.sh" 'linux-source-7.*' trixie-backports sid
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"sid is expired"* ]]
	[ "${lines[-1]}" = "$COPY/build/cache/linux-source-7.3_7.3.4_all.deb" ]
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

@test "the tests are built anew when a header of theirs changes, and when the base does" {
	local tree=$BATS_TEST_TMPDIR/6.12-moves header=tools/testing/selftests/kselftest_harness.h
	rsync -a --exclude=/out --link-dest="$TOP/build/trees/6.12-series/" "$TOP/build/trees/6.12-series/" "$tree"
	build() { run "$COPY/scripts/selftests.sh" "$tree" aarch64/user_irq_cap; }
	plant() {
		rm "$tree/$header"
		{ cat "$TOP/build/trees/6.12-series/$header"; echo '#error planted'; } > "$tree/$header"
	}
	build
	[ "$status" -eq 0 ]
	plant
	build
	could_not_run "#error planted" "not one of the tests builds"
	cp "$TOP/build/trees/6.12-series/$header" "$tree/$header"
	build
	[ "$status" -eq 0 ]
	# A package's files are older than what was built of the one before.
	plant
	touch -d 2020-01-01 "$tree/$header"
	rm -f "$tree/.package"
	echo "linux-source-6.12_6.12.118-1_all.deb" > "$tree/.package"
	build
	could_not_run "#error planted" "not one of the tests builds"
}

# The tree is at fault, not the machine.
does_not_build() {
	echo "$output"
	[ "$status" -eq 3 ]
	local words
	for words; do
		[[ "$output" == *"$words"* ]]
	done
}

# A tree in name only, whose configuration RECIPE makes.
tree_in_name() {
	mkdir -p "$1/kernel/configs"
	touch "$1"/kernel/configs/tiny{-base,}.config
	printf 'allnoconfig:\n\t@%s\nImage:\n' "$2" > "$1/Makefile"
}

@test "a kernel that does not compile names the error and the log" {
	tree_in_name "$BATS_TEST_TMPDIR/tree" 'echo "x.c:1: error: planted" >&2; false'
	run "$TOP/scripts/build.sh" "$BATS_TEST_TMPDIR/tree"
	does_not_build "error: planted" "cannot configure" ".log"
}

@test "a disk that fills up under the compiler is no fault of the tree" {
	tree_in_name "$BATS_TEST_TMPDIR/tree" 'echo "x.s: Fatal error: x.o: No space left on device" >&2; false'
	run "$TOP/scripts/build.sh" "$BATS_TEST_TMPDIR/tree"
	could_not_run "Fatal error" "the disk is full" "Make room"
}

@test "a compiler for which there is no memory is no fault of the tree" {
	local words
	for words in "x86-gcc: fatal error: Killed signal terminated program cc1" "ld: error: x.o: Cannot allocate memory"; do
		tree_in_name "$BATS_TEST_TMPDIR/tree" "echo '$words' >&2; false"
		run "$TOP/scripts/build.sh" "$BATS_TEST_TMPDIR/tree"
		could_not_run "$words" "no memory is left" "run the same command again"
	done
}

@test "what goes wrong in the build's own steps is no fault of the tree" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	touch "$BATS_TEST_TMPDIR/tree/out"
	run "$TOP/scripts/build.sh" "$BATS_TEST_TMPDIR/tree"
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "a kernel whose objects come of another one has the words of that if it does not compile" {
	tree_in_name "$BATS_TEST_TMPDIR/tree" 'echo "x.c:1: error: planted" >&2; false'
	run "$TOP/scripts/build.sh" "$BATS_TEST_TMPDIR/tree" edge
	does_not_build "error: planted"
	grep -q "error: planted" "$TOP/build/log/build-tree-out.edge.log"
}

# A tree that knows the options of all fragments, and takes them all as they are: Kconfig and taken.
tree_with_all_options() {
	tree_in_name "$1" 'cp taken $(O)/.config'
	sed -nE 's/^CONFIG_(\w+)=.*/config \1/p' "$TOP"/kernel/configs/*.config > "$1/Kconfig"
	grep -hE '^CONFIG_\w+=[^n]' "$TOP"/kernel/configs/*.config > "$1/taken"
}

@test "an option of the kernel that is not taken is named" {
	local tree=$BATS_TEST_TMPDIR/tree
	tree_with_all_options "$tree"
	sed -i '/^CONFIG_KVM=/d' "$tree/taken"
	echo 'CONFIG_VT=y' >> "$tree/taken"
	run "$TOP/scripts/build.sh" "$tree"
	does_not_build "not taken" "CONFIG_KVM=y" "CONFIG_VT=n"
	[[ "$output" != *CONFIG_FUTEX* ]]
}

@test "an option that no Kconfig of the tree knows is named, unless its fragment says that another tree has it" {
	local tree=$BATS_TEST_TMPDIR/6.12-stock
	tree_with_all_options "$tree"
	sed -i '/^config FUTEX$/d; /^config PROC_SYSCTL$/d; s/^config KVM$/menuconfig KVM/' "$tree/Kconfig"
	sed -i '/^CONFIG_PROC_SYSCTL=/d' "$tree/taken"
	run "$TOP/scripts/build.sh" "$tree"
	does_not_build "not taken" "CONFIG_FUTEX=y   (no Kconfig of this tree knows it)" "Not in each tree: CONFIG_"
	[[ "$output" != *CONFIG_PROC_SYSCTL* ]]
	[[ "$output" != *CONFIG_KVM=* ]]
	# Somebody's own tree has what it has.
	cp -r "$tree" "$BATS_TEST_TMPDIR/mine-stock"
	run "$TOP/scripts/build.sh" "$BATS_TEST_TMPDIR/mine-stock"
	[[ "$output" != *CONFIG_FUTEX* ]]
	echo 'config FUTEX' >> "$tree/Kconfig"
	run "$TOP/scripts/build.sh" "$tree"
	echo "$output"
	[ "$status" -eq 0 ]
}

# Starts a run in the background and waits until its first machine boots; it may
# have a kernel to build before that.
start_run() {
	(cd "$TOP" && exec setsid scripts/run.py TREE=series TESTS=user_irq_cap) > "$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	run_pid=$!
	while kill -0 $run_pid; do
		# Others may run here as well.
		booting=$TOP/$(sed -nE 's/.*\(console: (results.*)\)$/\1/p' "$BATS_TEST_TMPDIR/said")/vhe-1.console
		[ ! -s "$booting" ] || return 0
		sleep 0.1
	done
	cat "$BATS_TEST_TMPDIR/said"
	return 1
}

@test "Ctrl-C while the hosts boot" {
	before=$(readlink "$TOP/results/latest" || true)
	start_run
	kill -INT $run_pid
	status=0
	wait $run_pid || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/said")
	could_not_run "interrupted. The same command starts again"
	[ "$(readlink "$TOP/results/latest" || true)" = "$before" ]
	nobody_works_in "$(dirname "$booting")"
	rm -rf "$(dirname "$booting")"
}

@test "kill -9 while the hosts boot, and the next run" {
	start_run
	kill -KILL $run_pid
	wait $run_pid || true
	nobody_works_in "$(dirname "$booting")"
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

@test "a run after a run has nothing to fetch and nothing to build" {
	touch "$BATS_TEST_TMPDIR/mark"
	run make -C "$TOP" run TREE=series TESTS=user_irq_cap HOST=vhe
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"as expected"* ]]
	local words
	for words in needed fetching unpacking rules "copy of" configuring building; do
		[[ $output != *"$words"* ]]
	done
	[ -z "$(find "$TOP/build" -newer "$BATS_TEST_TMPDIR/mark" \( -name '*.o' -o -name '*.deb' -o -name 'user_irq_*' \))" ]
}
