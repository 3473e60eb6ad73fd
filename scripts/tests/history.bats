#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A base's history is made whole or not at all, and says what is wrong with kernel/.
# The real base, and a copy of kernel/ that each test may spoil.

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COPY=$BATS_TEST_TMPDIR/project
	mkdir -p "$COPY/build"
	cp -r "$TOP/kernel" "$TOP/scripts" "$COPY"
	ln -s "$TOP/build/base" "$COPY/build/base"
	HISTORY=$COPY/build/history/6.12
	cd "$COPY" || return
}

sums_of_history() { (cd "$HISTORY" && find . -type f -exec sha256sum {} + | sort); }

# What a failed attempt may leave: the history of before, and nothing else.
is_unchanged() {
	[ "$(sums_of_history)" = "$before" ]
	[ "$(find build/history -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 1 ]
}

@test "a second call does nothing" {
	scripts/history.sh 6.12
	touch "$HISTORY/.git/untouched"
	run scripts/history.sh 6.12
	[ "$status" -eq 0 ]
	[ -e "$HISTORY/.git/untouched" ]
}

@test "who goes along a history while it is made anew finds each commit of it" {
	local before
	scripts/history.sh 6.12
	before=$(git -C "$HISTORY" rev-parse series)
	sed -i '1s/Mask/Cover/' kernel/patches/0001-*.patch
	echo "// more" >> kernel/baseline/publish.cocci
	scripts/history.sh 6.12
	[ "$before" != "$(git -C "$HISTORY" rev-parse series)" ]
	git -C "$HISTORY" archive "$before" > /dev/null
}

@test "a repository that the environment names, as git does for a hook, stays as it is" {
	local before other=$BATS_TEST_TMPDIR/other
	git init -q -b main "$other"
	everything() { (cd "$other" && find . -type f -printf '%p %T@ ' -exec sha256sum {} \; | sort); }
	before=$(everything)
	GIT_DIR=$other/.git GIT_INDEX_FILE=$other/.git/index GIT_WORK_TREE=$other scripts/tree.sh 6.12 series
	[ "$before" = "$(everything)" ]
	[ "$(git -C "$HISTORY" log -1 --format=%an series)" = kvm-user-irq ]
}

@test "somebody's own tree has no series, and costs no history" {
	scripts/history.sh 6.12
	before=$(sums_of_history)
	run scripts/history.sh "$COPY/build/base/6.12/"
	[ "$status" -eq 2 ]
	[[ $output == *"Give BASE=6.12 or 7"* ]]
	is_unchanged
}

@test "a patch that does not apply is named, with the file, and the history of before stays" {
	scripts/history.sh 6.12
	before=$(sums_of_history)
	sed -i 's/^ .*KVM_CAP_X86_DISABLE_EXITS.*/ #define NOT_THERE/' kernel/patches/*-uapi.patch
	run scripts/history.sh 6.12
	[ "$status" -eq 2 ]
	[[ $output == *-uapi.patch*"does not apply"*include/uapi/linux/kvm.h* ]]
	[[ $output =~ include/uapi/linux/kvm.h:[0-9]+ ]]
	is_unchanged
}

# How many patches the series of a base has: those of all bases, and its own.
patches_of() {
	find kernel/patches "kernel/patches/$1" -maxdepth 1 -name '*.patch' -printf '%f\n' | sort -u | wc -l
}

# The same series comes of what stands elsewhere or under other names.
is_the_same() {
	[ "$(git -C "$HISTORY" rev-parse 'series^{tree}')" = "$same" ]
}

@test "a base's own hooks take the place of a patch's, file by file" {
	scripts/history.sh 6.12
	same=$(git -C "$HISTORY" rev-parse 'series^{tree}')
	mkdir -p kernel/patches/6.12
	sed '1,/^---$/d; /^diff.*tools/,$d' kernel/patches/0004-uapi.patch > kernel/patches/6.12/0004-uapi.patch
	sed -i '/^diff.*uapi.linux/,$s/^ .*KVM_CAP_X86_DISABLE_EXITS.*/ #define NOT_THERE/' kernel/patches/0004-uapi.patch
	scripts/history.sh 6.12
	is_the_same
	[ "$(git -C "$HISTORY" log --format=%s baseline..series | sort | uniq -d)" = "" ]
	before=$(sums_of_history)
	sed -i 's/^ .*KVM_CAP_X86_DISABLE_EXITS.*/ #define NOT_THERE/' kernel/patches/6.12/0004-uapi.patch
	run scripts/history.sh 6.12
	[ "$status" -eq 2 ]
	[[ $output == *"6.12/0004-uapi.patch does not apply"*include/uapi/linux/kvm.h* ]]
	is_unchanged
}

@test "a base's own names for what the hooks speak of" {
	scripts/history.sh 6.12
	same=$(git -C "$HISTORY" rev-parse 'series^{tree}')
	sed -i 's/kvm_timer_should_fire/another_name/' kernel/patches/*.patch
	run scripts/history.sh 6.12
	[ "$status" -eq 2 ]
	mkdir -p kernel/patches/6.12
	echo 's/another_name/kvm_timer_should_fire/' > kernel/patches/6.12/names.sed
	scripts/history.sh 6.12
	is_the_same
}

@test "a patch of one base alone comes in the order of the names" {
	mkdir -p kernel/patches/6.12
	mv kernel/patches/0004-uapi.patch kernel/patches/6.12/
	run scripts/history.sh 6.12
	[ "$status" -eq 0 ]
	subject=$(sed -n '1s/^Subject: //p' kernel/patches/6.12/0004-uapi.patch)
	place=$(printf '%s\n' kernel/patches/*.patch kernel/patches/6.12/*.patch | sed 's,.*/,,' | LC_ALL=C sort |
		grep -nxF 0004-uapi.patch | cut -d: -f1)
	[ "$(git -C "$HISTORY" log --reverse --format=%s baseline..series | sed -n "${place}p")" = "$subject" ]
}

@test "a rule that matches nothing is named, with the file" {
	sed -i 's/irqchip_in_kernel/another_name/' kernel/baseline/wake-up.cocci
	run scripts/history.sh 6.12
	[ "$status" -eq 2 ]
	[[ $output == *kernel/baseline/wake-up.cocci*arch/arm64/kvm/arm.c* ]]
	[ ! -e "$HISTORY" ]
}

@test "stock 7 does not need rules that match, its series does" {
	rm build/base
	mkdir build/base
	ln -s "$TOP/build/base/6.12" build/base/7
	sed -i 's/irqchip_in_kernel/another_name/' kernel/baseline/wake-up.cocci
	run scripts/tree.sh 7 series
	[ "$status" -eq 2 ]
	[[ $output == *kernel/baseline/wake-up.cocci*arch/arm64/kvm/arm.c* ]]
	run scripts/tree.sh 7 stock
	[ "$status" -eq 0 ]
	[[ $output == *kernel/baseline/wake-up.cocci*"taken as it is"* ]]
	cmp "$TOP/build/base/6.12/arch/arm64/kvm/arm.c" build/trees/7-stock/arch/arm64/kvm/arm.c
}

# As much of the base as a history and a tree need, as it came out of the package that is named.
small_base() {
	rm -rf build/base
	mkdir -p build/base/6.12
	(cd "$TOP/build/base/6.12" && cp -r --parents Documentation/virt/kvm arch/arm64/{include,kvm} include/kvm \
		include/linux/kvm_host.h include/uapi/linux/kvm.h tools/arch/arm64/include tools/include/uapi/linux/kvm.h \
		virt/kvm Makefile scripts arch/x86/Makefile lib/ctype.c "$COPY/build/base/6.12")
	cp -r build/base/6.12 build/base/7
	echo "linux-source-6.12_$1_all.deb" | tee build/base/7/.package > build/base/6.12/.package
}

@test "a base that moves takes its trees along, whole or not at all" {
	local tree made before
	small_base 6.12.117-1
	for tree in "6.12 series" "6.12 baseline" "6.12 walk baseline" "7 stock"; do
		scripts/tree.sh $tree
	done
	mkdir -p build/trees/6.12-series/out
	cp build/trees/6.12-series/.index build/trees/6.12-series/out/.built
	touch build/trees/6.12-series/out/{.lock,ctype.o}
	before=$(scripts/history.sh 6.12 && git -C "$HISTORY" rev-parse series)

	small_base 6.12.118-1
	echo '/* of 118 */' | tee -a build/base/6.12/lib/ctype.c >> build/base/7/lib/ctype.c
	sed -i 's/^SUBLEVEL = .*/SUBLEVEL = 118/' build/base/*/Makefile
	# Nothing that is newer, as a package's files are not.
	find build/base -type f -exec touch -d 2020-01-01 {} +
	for tree in "6.12 baseline" "6.12 series" "6.12 walk baseline" "7 stock"; do
		made=$(scripts/tree.sh $tree)
		grep -q 'of 118' "$made/lib/ctype.c"
		grep -qx 'SUBLEVEL = 118' "$made/Makefile"
		# Those of the other base.
		[ ! -e "$made/out" ]
	done
	[ "$(git -C "$HISTORY" rev-parse series)" != "$before" ]
	[ -z "$(find build/trees -mindepth 1 -maxdepth 1 -name '.*.??????')" ]

	# Another package of the same version, and a second call.
	small_base 6.12.118-2
	touch "$made/../6.12-series/here"
	scripts/tree.sh 6.12 series
	[ ! -e build/trees/6.12-series/here ]
	touch "$made/../6.12-series/here"
	scripts/tree.sh 6.12 series
	[ -e build/trees/6.12-series/here ]
}

@test "a mutant whose rule matches nothing is an error, not a survivor" {
	cp -r "$TOP/Documentation" "$TOP/hosts" .
	sed -i 's/irqchip_in_kernel/another_name/' kernel/mutants/wake-up-removed.cocci
	run scripts/mutants.py MUTANTS=wake-up-removed
	[ "$status" -eq 2 ]
	[[ $output == *kernel/mutants/wake-up-removed.cocci*arch/arm64/kvm/arm.c* ]]
}

@test "what a lost rule leaves of the feature is shown" {
	rm kernel/baseline/pmu.cocci
	run scripts/history.sh 6.12
	[ "$status" -eq 2 ]
	[[ $output == *arch/arm64/kvm/pmu-emul.c*kvm_pmu_update_run* ]]
}

@test "a whole file that a patch names and nobody wrote is named" {
	rm kernel/arch/arm64/kvm/user_irq.c
	run scripts/history.sh 6.12
	[ "$status" -eq 2 ]
	[[ $output == *run-loop.patch*kernel/arch/arm64/kvm/user_irq.c* ]]
}

@test "a disk that is known to be too full" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho Avail\necho 17\n' > "$BATS_TEST_TMPDIR/bin/df"
	chmod 755 "$BATS_TEST_TMPDIR/bin/df"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run scripts/history.sh 6.12
	[ "$status" -eq 2 ]
	[[ $output == *"17 MiB are free"*"Make room"* ]]
	[ ! -e "$HISTORY" ]
}

@test "an interrupted attempt leaves nothing that the next one trusts" {
	setsid scripts/history.sh 6.12 3>&- &
	local made=
	while [ -z "$made" ]; do
		kill -0 $!
		made=$(find build/history -mindepth 1 -maxdepth 1 -type d -name '.6.12.*' 2> /dev/null || true)
	done
	kill -KILL -- -$!
	wait $! || true
	[ -d "$made" ]
	run scripts/history.sh 6.12
	[ "$status" -eq 0 ]
	[ "$(git -C "$HISTORY" rev-list --count baseline..series)" -eq "$(patches_of 6.12)" ]
}

@test "the mails make the series on the baseline, by git am" {
	run scripts/format-series.sh
	[ "$status" -eq 0 ]
	[[ $output == *"proven by git am"* ]]
	[ "$(find build/mails/6.12 -name '*.patch' ! -name '0000-*' | wc -l)" -eq "$(patches_of 6.12)" ]
}

@test "mails that git am does not take leave nothing in the history" {
	local before
	scripts/format-series.sh
	before=$(find build/mails -type f -exec sha256sum {} + | sort)
	mkdir bin
	printf '#!/bin/sh\ncase " $* " in *" am "*) exit 1 ;; esac\nexec /usr/bin/git "$@"\n' > bin/git
	chmod 755 bin/git
	PATH=$PWD/bin:$PATH run scripts/format-series.sh
	[ "$status" -eq 2 ]
	[[ $output == *"git am does not take the mails"* ]]
	[ "$(git -C "$HISTORY" worktree list | wc -l)" -eq 1 ]
	[ -z "$(ls "$HISTORY/.git/worktrees" 2> /dev/null)" ]
	[ "$before" = "$(find build/mails -type f -exec sha256sum {} + | sort)" ]
	[ -z "$(find build/mails -name '.*')" ]
}

@test "the cover letter says what the series does, and what validation found of these very patches" {
	local cover=build/mails/6.12/0000-cover-letter.patch
	scripts/format-series.sh
	grep -q "^Why not remove the feature?$" "$cover"
	grep -q " files changed, " "$cover"
	grep -q "is not known: no .make validate.$" "$cover"
	mkdir -p results/1-validate
	local about
	about=$(PYTHONPATH=scripts /usr/bin/python3 -c "import job, json, validate, walk; print(json.dumps({
		'base': job.base_of(job.TOP / 'build/base/6.12'), 'hosts': ['vhe', 'nvhe'],
		'suite': walk.content_of(job.TOP / 'tools'),
		'tests': validate.DEFAULTS['TESTS'].split(), 'patches': []})[:-2])")
	git -C "$HISTORY" log --reverse --format=%T stock..series | awk -v about="$about" '
		{ printf "%s{\"number\": %d, \"tree\": \"%s\", \"built\": true, \"wrong\": [], \"cases\": [",
			NR == 1 ? about : ", ", NR - 1, $1
		  printf "{\"host\": \"vhe\", \"name\": \"user_irq_cap.a\", \"verdict\": \"%s\"}]}", NR < 4 ? "fail" : "pass" }
		END { print "]}" }' > results/1-validate/matrix.json
	scripts/format-series.sh
	grep -qxF "  2        0" "$cover"
	grep -qxF "  3        1" "$cover"
	[ -z "$(grep "is not known" "$cover")" ]
}

@test "each mutant's rule still matches the series, of each base that is here" {
	for base in "$TOP"/build/base/*/; do
		base=$(basename "$base")
		history=$(scripts/history.sh "$base")
		for rule in kernel/mutants/*.cocci kernel/mutants/"$base"/*.cocci; do
			mapfile -t files < <(sed -n 's,^// Files: ,,p' "$rule" | tr ' ' '\n')
			rm -rf mutated && mkdir mutated
			git -C "$history" archive series -- "${files[@]}" | tar -x -C mutated
			scripts/apply-rule.sh "$PWD/$rule" mutated
		done
	done
}

@test "the lines at fault of each deviation are in stock, of each base that is here" {
	for base in "$TOP"/build/base/*/; do
		PYTHONPATH=scripts /usr/bin/python3 -c "
from pathlib import Path
from deviations import locate, read_deviations
from job import version_of
base = Path('$base')
known = locate(read_deviations(version_of(base)), base)
gone = [(deviation.title, line) for deviation in known for line in deviation.lines if line.startswith('no ')]
assert known and not gone, gone"
	done
}
