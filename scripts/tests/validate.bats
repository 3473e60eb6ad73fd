#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# What `make validate` says of a range that it cannot walk along. Small git
# repositories stand in for a developer's tree, which has to stay as it is.

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	LINUX=$BATS_TEST_TMPDIR/linux
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
	git init -q -b main "$LINUX"
	cd "$LINUX" || return
	mkdir -p arch/arm64/kvm virt/kvm tools/testing/selftests/kvm/lib
	printf 'VERSION = 6\nPATCHLEVEL = 12\n' > Makefile
	echo 1 | tee arch/arm64/kvm/arm.c virt/kvm/kvm_main.c > tools/testing/selftests/kvm/lib/kvm_util.c
	commit one
	git tag old
	echo 2 > virt/kvm/kvm_main.c
	commit two
}

commit() {
	git add -A
	git commit -qm "$1"
}

everything() { (cd "$LINUX" && find . -type f -printf '%p %T@ ' -exec sha256sum {} \; | sort); }

# cannot_validate RANGE WORDS: status 2, these words, and the tree as before.
cannot_validate() {
	local before
	before=$(everything)
	run "$TOP/scripts/validate.py" BASE="$LINUX" SERIES="$1"
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"$2"* ]]
	[ "$before" = "$(everything)" ]
}

@test "a range without commits" { cannot_validate main..main "is empty"; }

@test "a repository that the environment names, as git does for a hook, is not asked" {
	git init -q "$BATS_TEST_TMPDIR/other"
	export GIT_DIR=$BATS_TEST_TMPDIR/other/.git GIT_WORK_TREE=$BATS_TEST_TMPDIR/other
	cannot_validate main..main "is empty"
}

@test "a range that is none" { cannot_validate main "is not a range"; }

@test "a commit that is not there" { cannot_validate old..yours "no commit 'yours'"; }

@test "a merge in the range" {
	git switch -qc side old
	echo 3 > more
	commit three
	git merge -q --no-edit main
	cannot_validate old..side "has a merge in it"
}

@test "a range from the beginning of time" {
	git switch -q --orphan new
	echo 3 > more
	commit three
	cannot_validate old..new "stands on nothing"
}

@test "a base that is too old" {
	printf 'VERSION = 6\nPATCHLEVEL = 7\n' > Makefile
	commit "another time"
	git tag early
	echo 4 > more
	commit four
	cannot_validate early..main "stands on Linux 6.7"
}

@test "a tree that shows its owner a part of its files is walked along whole" {
	git sparse-checkout set virt
	[ ! -e tools ]
	mkdir "$BATS_TEST_TMPDIR/walk"
	"$TOP/scripts/checkout.sh" "$LINUX/.git" main "$BATS_TEST_TMPDIR/walk"
	[ -e "$BATS_TEST_TMPDIR/walk/tools/testing/selftests/kvm/lib/kvm_util.c" ]
	[ ! -e tools ]
}

@test "a base without KVM's selftests" {
	git rm -qr tools
	commit "no tests"
	git tag none
	echo 4 > more
	commit four
	cannot_validate none..main "has no tools/testing/selftests/kvm/lib/kvm_util.c"
}

@test "changes in no commit" {
	echo 5 > virt/kvm/kvm_main.c
	cannot_validate old..main "changes that are in no commit"
}

@test "a folder that is no git tree" {
	LINUX=$BATS_TEST_TMPDIR/plain
	mkdir "$LINUX"
	cannot_validate old..main "is no git tree"
}

@test "a series whose base has gone on since stands on the commit that it began from" {
	git switch -qc side old
	echo 3 > more
	commit three
	run env PYTHONPATH="$TOP/scripts" /usr/bin/python3 -c \
		"import series; print(series.from_range('$LINUX', 'main..side').patches[0].commit)"
	[ "$output" = "$(git rev-parse old)" ]
}

@test "a repository that shares its index and has hooks stays as it is" {
	local before tree=$BATS_TEST_TMPDIR/tree
	git config core.splitIndex true
	printf '#!/bin/sh\ntouch "$GIT_DIR/was-here"\n' > .git/hooks/post-index-change
	chmod 755 .git/hooks/post-index-change
	mkdir "$tree"
	before=$(everything)
	"$TOP/scripts/checkout.sh" "$LINUX/.git" main "$tree"
	"$TOP/scripts/checkout.sh" "$LINUX/.git" old "$tree"
	diff <(echo "$before") <(everything)
	[ "$(cat "$tree/virt/kvm/kvm_main.c")" = 1 ]
}

@test "no file is written under a compiler that a killed walk left behind" {
	local tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/out"
	"$TOP/scripts/checkout.sh" "$LINUX/.git" old "$tree"
	exec 8> "$tree/out/.lock"
	flock 8
	"$TOP/scripts/checkout.sh" "$LINUX/.git" main "$tree" 2> "$BATS_TEST_TMPDIR/said" 3>&- 8>&- &
	until grep -q "waiting for it" "$BATS_TEST_TMPDIR/said"; do
		kill -0 $!
		sleep 0.1
	done
	[ "$(cat "$tree/virt/kvm/kvm_main.c")" = 1 ]
	exec 8>&-
	wait $!
	[ "$(cat "$tree/virt/kvm/kvm_main.c")" = 2 ]
}

@test "what a killed walk left checking out is waited for" {
	local held=$BATS_TEST_TMPDIR/held tree=$BATS_TEST_TMPDIR/tree
	mkdir "$BATS_TEST_TMPDIR/bin" "$tree"
	# A git that has the index locked until it may go on.
	mkfifo "$held"
	cat > "$BATS_TEST_TMPDIR/bin/git" <<- END
		#!/bin/bash
		[[ " \$* " != *" read-tree "* ]] || { touch "\$GIT_INDEX_FILE.lock" && read -r < "$held" && rm "\$GIT_INDEX_FILE.lock"; }
		exec "$(command -v git)" "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/bin/git"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$TOP/scripts/checkout.sh" "$LINUX/.git" old "$tree" 3>&- &
	exec 8<> "$held"
	until [ -e "$tree/.index.lock" ]; do
		sleep 0.1
	done
	kill -9 $!
	wait $! || true
	"$TOP/scripts/checkout.sh" "$LINUX/.git" main "$tree" 2> "$BATS_TEST_TMPDIR/said" 3>&- 8>&- &
	until grep -q "an earlier checkout of .* has yet to end; waiting for it" "$BATS_TEST_TMPDIR/said"; do
		kill -0 $!
		sleep 0.1
	done
	[ -e "$tree/.index.lock" ]
	echo go >&8
	exec 8>&-
	wait $!
	[ "$(cat "$tree/virt/kvm/kvm_main.c")" = 2 ]
}

@test "sparse looks at what it is asked about, however make names it, and at all if that is nothing" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho looks "$@"\n' > "$BATS_TEST_TMPDIR/bin/sparse"
	chmod 755 "$BATS_TEST_TMPDIR/bin/sparse"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	export SPARSE_FILES=$'kvm/hyp/exception.c\nvirt/kvm/kvm_main.c'
	[[ $("$TOP/scripts/sparse.sh" -m64 ../kvm/hyp/vhe/../exception.c) == looks*-m64\ ../kvm/hyp/vhe/../exception.c ]]
	[[ $("$TOP/scripts/sparse.sh" ../arch/arm64/kvm/../../../virt/kvm/kvm_main.c) == looks* ]]
	[ -z "$("$TOP/scripts/sparse.sh" ../kvm/exception.c)" ]
	# What Linux tries it with.
	[[ $("$TOP/scripts/sparse.sh" /tmp/tried) == looks* ]]
	SPARSE_FILES=
	[[ $("$TOP/scripts/sparse.sh" ../kvm/exception.c) == looks* ]]
}

@test "a range without a tree, and a tree without a range" {
	run "$TOP/scripts/validate.py" SERIES=old..main
	[ "$status" -eq 2 ]
	[[ $output == *"Give BASE=/path/to/linux"* ]]
	run "$TOP/scripts/validate.py" BASE="$LINUX"
	[ "$status" -eq 2 ]
	[[ $output == *"needs SERIES="* ]]
}
