#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A walk along a series, with kernels and verdicts made up for it."""

import json
import os
import tempfile
import time
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import walk
from children import CHILDREN, CouldNotRun, Interrupted
from hosts import read_host
from hostverdicts import HostVerdicts
from series import Patch
from verdicts import Case
from walk import complaints

# A make that compiles each file of source/ that is newer than its object, and a compiler that repeats what the
# file has to say.
BUILD = """
tree=$1 log=$2 status=0 new=
[ ! -e "$tree/full" ] || exit "$(cat "$tree/full")"
[ -e "$tree/out" ] || new=1
mkdir -p "$tree/out"
for source in "$tree"/source/*; do
    object=$tree/out/$(basename "$source").o
    [ "$source" -nt "$object" ] || continue
    cat "$source" >> "$log"
    ! grep -q error "$source" || { status=3; break; }
    cp "$source" "$object"
    touch -r "$source" "$object"
done
[ "$new$status" != 10 ] || echo 7 > "$tree/out/.clean-seconds"
echo "$tree/Image"
exit $status
"""


class Series:
    """Patches that each write one file; {number: (name, text)}."""
    name, config, published = "linux", "", ""

    def __init__(self, writes):
        self.writes = writes
        self.patches = [Patch(number, "", f"patch {number}") for number in (0, *writes)]
        self.tests_from = self.patches[-1]

    def _files(self, patch):
        return {"base": "nothing", **{name: text for n, (name, text) in self.writes.items() if n <= patch.number}}

    def tree_id(self, patch):
        return json.dumps(self._files(patch))

    def changed(self, patch):
        return [f"source/{self.writes[patch.number][0]}"] if patch.number else ["source/base"]

    def sources(self):
        return [f"source/{name}" for name, _ in self.writes.values()]

    def check_out(self, patch, tree):
        """As checkout.sh: what is as it should be keeps its time."""
        (tree / "source").mkdir(parents=True, exist_ok=True)
        files = self._files(patch)
        for path in (tree / "source").iterdir():
            if path.name not in files:
                path.unlink()
        for name, text in files.items():
            path = tree / "source" / name
            if not path.exists() or path.read_text() != text:
                path.write_text(text)


class WithoutKernels(walk.Walk):
    def __init__(self, series, verdict=lambda patch: "pass"):
        self.verdict, self.made, self.booted = verdict, [], []
        with mock.patch.object(walk.Walk, "_build_tests"):
            super().__init__(series, [read_host("vhe")], ["t"])
        self.content = "the same tests"
        self.series.check_out(self.series.tests_from, self.tree)

    def _make(self, variables):
        self.made.append(variables)
        return super()._make(variables)

    def boot(self, patch, folder):
        self.booted.append(patch.number)
        case = Case("t.a", "vhe", self.verdict(patch))
        return [SimpleNamespace(host=self.hosts[0], boots=[], verdicts=mock.Mock(sorted_cases=lambda: [case]))]


class WithoutMachines(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.addCleanup(CHILDREN.restart)
        self.top = Path(temporary.name)
        (self.top / "build/log").mkdir(parents=True)
        script = self.top / "build.sh"
        script.write_text(BUILD)

        def start(name, tree, **options):
            self.assertEqual(name, "build.sh")
            log = self.top / f"build/log/build-{Path(tree).name}-out.log"
            return name, CHILDREN.start(["bash", script, tree, log], stdout=walk.subprocess.PIPE, text=True, **options)

        for name, value in (("TOP", self.top), ("start", start), ("keep_kernel", mock.Mock()),
                            ("drop_kernel", mock.Mock()), ("compiler_of", lambda out: "cc"), ("say", mock.Mock())):
            self.enterContext(mock.patch.object(walk, name, value))
        self.series = Series({1: ("a.c", "a.c:1: warning: first"), 2: ("b.c", "fine")})

    def walk(self, series=None, **options):
        one = WithoutKernels(series or self.series, **options)
        return one, one.go()


class Walks(WithoutMachines):
    def test_each_patch_has_its_record(self):
        one, records = self.walk()
        self.assertEqual([records[n]["warnings"] for n in records], [[], ["a.c: first"], []])
        self.assertEqual(one.booted, [0, 1, 2])
        self.assertEqual([case["name"] for case in records[2]["cases"]], ["t.a"])
        # A build whose time is told, and then with sparse.
        self.assertEqual(one.made, [{}, *3 * [{"KBUILD_CHECKSRC": "1", "SPARSE_FILES": "source/a.c\nsource/b.c"}]])

    def test_the_next_kernel_is_built_while_one_boots(self):
        beside = []

        def verdict(patch):
            # The base is made twice, and each patch once.
            told = time.monotonic() + 60
            while len(one.made) < patch.number + 3 and time.monotonic() < told:
                time.sleep(0.01)
            beside.append(len(one.made) >= patch.number + 3)
            return "pass"

        self.series = Series({**self.series.writes, 3: ("c.c", "fine")})
        one = WithoutKernels(self.series, verdict=lambda patch: verdict(patch) if patch.number < 3 else "pass")
        one.go()
        self.assertEqual(beside, [True] * 3)

    def heard_of_the_base(self, prepare=lambda tree: None, sources=("source/a.c",)):
        """What each build says of a base with a source and a header that complain, and the record's warnings."""
        class Old(Series):
            def _files(self, patch):
                return {"a.c": "a.c:1: warning: old\n", "a.h": "a.h:1: warning: old\n", **super()._files(patch)}

            def changed(self, patch):
                return super().changed(patch) if patch.number else ["source/a.c", "source/a.h"]

            def sources(self):
                return [*sources]

        said = []
        one = WithoutKernels(Old({1: ("b.c", "fine")}))
        prepare(one.tree)
        with mock.patch.object(walk, "complaints", lambda text, *kinds: said.append(text) or complaints(text, *kinds)):
            records = one.go()
        return said[:2], records[0]["warnings"]

    def test_what_was_just_compiled_is_compiled_again_for_sparse_alone(self):
        source, header = "a.c:1: warning: old\n", "a.h:1: warning: old\n"
        told = ["a.c: old", "a.h: old"]
        self.assertEqual(self.heard_of_the_base(), ([source + header + "nothing", source], told))

    def test_of_a_series_without_a_source_all_is(self):
        said, _ = self.heard_of_the_base(sources=())
        self.assertEqual(said[1], "a.c:1: warning: old\na.h:1: warning: old\n")

    def test_after_a_build_that_had_objects_already_all_is_compiled_again(self):
        def interrupted(tree):
            for name in ("a.c", "a.h"):
                (tree / "out").mkdir(exist_ok=True)
                (tree / f"out/{name}.o").touch()

        self.assertEqual(self.heard_of_the_base(interrupted)[1], ["a.c: old", "a.h: old"])

    def test_what_the_base_says_elsewhere_is_heard_when_all_of_it_is_compiled(self):
        class Old(Series):
            def _files(self, patch):
                return {**super()._files(patch), "base": "base:1: warning: old"}

            def changed(self, patch):
                return super().changed(patch) if patch.number else []

        _, records = self.walk(Old({1: ("a.c", "fine")}))
        self.assertEqual([records[n]["warnings"] for n in records], [["base: old"], []])

    def test_what_is_known_is_not_done_again(self):
        _, first = self.walk()
        again, records = self.walk()
        self.assertEqual((again.made, again.booted, records), ([], [], first))

    def test_a_patch_that_changed_is_done_again_and_those_behind_it(self):
        self.walk()
        again, records = self.walk(Series({1: ("a.c", "a.c:1: warning: first"), 2: ("b.c", "b.c:1: warning: new")}))
        self.assertEqual(again.booted, [2])
        self.assertEqual(records[2]["warnings"], ["b.c: new"])

    def test_what_an_earlier_walk_compiled_is_heard_again(self):
        self.walk()
        # The tree is at the end of the series; the new first patch leaves nothing for make to do.
        _, records = self.walk(Series({1: ("b.c", "fine"), 2: ("a.c", "a.c:1: warning: first")}))
        self.assertEqual([records[n]["warnings"] for n in records], [[], [], ["a.c: first"]])

    def test_a_patch_that_does_not_build_is_a_record_of_its_own(self):
        series = Series({1: ("a.c", "a.c:7: error: broken"), 2: ("a.c", "mended")})
        one, records = self.walk(series)
        self.assertEqual((records[1]["built"], records[1]["error"]), (False, "a.c: broken"))
        self.assertEqual(one.booted, [0, 2])
        self.assertTrue((one.state / one.key(series.patches[1]) / "build.log").exists())
        # The next walk tries it again.
        again, _ = self.walk(series)
        self.assertEqual(len(again.made), 1)

    def test_what_the_machine_could_not_do_is_told_of_no_patch(self):
        for status in ("1", "2", "137"):
            one = WithoutKernels(self.series)
            (one.tree / "full").write_text(status)
            with self.assertRaisesRegex(CouldNotRun, "build.sh could not do its part"):
                one.go()
            CHILDREN.restart()
            (one.tree / "full").unlink()
        _, records = self.walk()
        self.assertEqual([record["built"] for record in records.values()], [True, True, True])

    def test_a_walk_that_is_ended_goes_on_where_it_was(self):
        def verdict(patch):
            if patch.number == 1:
                CHILDREN.stop()
                raise Interrupted
            return "pass"

        with self.assertRaises(Interrupted):
            self.walk(verdict=verdict)
        CHILDREN.restart()
        again, records = self.walk()
        self.assertEqual(again.booted, [1, 2])
        self.assertEqual(again.records[1]["warnings"], ["a.c: first"])
        self.assertEqual(sorted(records), [0, 1, 2])

    def test_what_a_build_that_was_killed_said_is_heard(self):
        one = WithoutKernels(self.series)
        one.series.check_out(one.series.patches[1], one.tree)
        # Somebody hears of the base, and nobody of what was compiled behind it, for its build went on alone.
        (one.tree / "out").mkdir()
        for name in ("base", "a.c"):
            (one.tree / f"out/{name}.o").touch()
        (one.tree / "out/.mark").touch()
        for number, name in enumerate(("base.o", ".mark", "a.c.o"), 1):
            os.utime(one.tree / "out" / name, (number, number))
        os.utime(one.tree / "source/a.c", (1, 1))
        one._drop_unheard()
        self.assertEqual([path.name for path in (one.tree / "out").glob("*.o")], ["base.o"])
        (one.tree / "out/a.c.o").touch()
        (one.tree / "out/.built").touch()
        one._drop_unheard()
        self.assertTrue((one.tree / "out/a.c.o").exists())

    def test_what_nothing_is_made_from(self):
        one = WithoutKernels(Series({1: ("x.c", "fine")}))
        (one.tree / "out/kvm/hyp").mkdir(parents=True)
        (one.tree / "out/kvm/hyp/.x.o.cmd").write_text("deps := ../kvm/hyp/vhe/../x.c \\\n  ../include/a.h\n")
        (one.tree / "out/.mark").touch()
        (one.tree / "out/.b.o.cmd").write_text("deps := ../b.S\n")
        for name, time_of_it in (("out/.b.o.cmd", 1), ("out/.mark", 2), ("out/kvm/hyp/.x.o.cmd", 3)):
            os.utime(one.tree / name, (time_of_it, time_of_it))
        for changed in (["kvm/hyp/x.c", "include/a.h", "tools/t.c", "Kconfig"], ["kvm/x.c", "include/a.hh", "b.S"]):
            one.series.changed = lambda patch, changed=changed: changed
            unmade = [name for name in changed if name in ("kvm/x.c", "b.S")]
            self.assertEqual(one._uncompiled(one.series.patches[1]), unmade)

    def test_why_a_boot_could_not_go_on_is_said(self):
        def verdict(_patch):
            CHILDREN.stop()
            raise CouldNotRun("no such machine")

        with self.assertRaisesRegex(CouldNotRun, "no such machine"):
            self.walk(verdict=verdict)

    def test_what_was_killed_half_made_is_no_record(self):
        one = WithoutKernels(self.series)
        half = one.state / ".half"
        half.mkdir()
        (half / "record.json").write_text("{}")
        again, _ = self.walk()
        self.assertFalse(half.exists())
        self.assertEqual(again.booted, [0, 1, 2])


class Haste(WithoutMachines):
    """Cases of our own series get little time at first, for those that cannot pass not to hold the walk up."""

    def looks(self, greens, first, second=()):
        """Walks to a patch that names GREENS; returns its looks, and its cases as {host: case}.

        FIRST and SECOND: the verdicts of t.a in the two looks, by host; patch 0 has it red. A look: (hosts, patterns,
        bound of a wait in seconds, whether a host's CPUs run in turn).
        """
        asked = []

        def boot(hosts, plan, _folder, _slots, _begun):
            bound = next(each.partition("=")[2] for each in plan.env if each.startswith("KVM_USER_IRQ_BOUND="))
            verdicts = dict(first) if plan.options else dict(second)
            asked.append(([host.name for host in hosts], plan.patterns, float(bound), bool(plan.options)))
            runs = []
            for host in hosts:
                told = HostVerdicts(host.name, ["t"])
                told.set("t.a", verdicts[host.name] if len(asked) > 1 else "fail", f"after {bound} s", ["a line"])
                runs.append(SimpleNamespace(host=host, boots=[], verdicts=told))
            return runs

        def plan(_walk, _folder, patterns, env, one_thread=False):
            return SimpleNamespace(patterns=patterns, env=env, options=["--one-thread"] if one_thread else [])

        series = Series({1: ("a.c", "fine")})
        series.patches[1].green = greens
        with mock.patch.object(walk.Walk, "_build_tests"), mock.patch.object(walk.Walk, "plan", plan), \
             mock.patch.object(walk, "boot_hosts", boot):
            one = walk.Walk(series, [read_host("vhe"), read_host("nvhe")], ["t"], True)
            one.content = ""
            one.series.check_out(series.tests_from, one.tree)
            records = one.go()
        return asked[1:], {case["host"]: case for case in records[1]["cases"]}

    BOTH = (["vhe", "nvhe"], ["t"], 0.3, True)

    def test_what_should_pass_gets_more_time_where_it_did_not(self):
        asked, cases = self.looks(["t.*"], {"vhe": "fail", "nvhe": "pass"}, {"vhe": "pass"})
        self.assertEqual(asked, [self.BOTH, (["vhe"], ["t.a"], 3, False)])
        self.assertEqual([(case["verdict"], case["reason"]) for case in cases.values()],
                         [("pass", "not in haste: after 0.3 s"), ("pass", "after 0.3 s")])
        self.assertEqual(cases["vhe"]["log"], ["a line", "(before that, in haste: fail: after 0.3 s)", "a line"])

    def test_what_fails_with_more_time_too_has_failed(self):
        _, cases = self.looks(["t.*"], {"vhe": "fail", "nvhe": "pass"}, {"vhe": "fail"})
        self.assertEqual((cases["vhe"]["verdict"], cases["vhe"]["reason"]), ("fail", "after 3 s"))
        self.assertEqual(len(cases["vhe"]["log"]), 3)

    def test_what_need_not_pass_is_left_at_that(self):
        self.assertEqual(self.looks([], {"vhe": "fail", "nvhe": "fail"})[0], [self.BOTH])

    def test_a_crash_is_not_tried_until_it_passes(self):
        asked, cases = self.looks(["t.*"], {"vhe": "fail", "nvhe": "crash"}, {"vhe": "pass"})
        self.assertEqual(asked[1:], [(["vhe"], ["t.a"], 3, False)])
        self.assertEqual(cases["nvhe"]["verdict"], "crash")

    def test_whose_series_it_is_not_is_given_its_time(self):
        series = Series({})
        series.published = "0123"
        with mock.patch.object(walk.Walk, "_build_tests"):
            self.assertFalse(walk.Walk(series, [read_host("vhe")], ["t"], True).hasty)

    def test_what_should_pass_is_in_the_name_of_a_record(self):
        series = Series({1: ("a.c", "fine"), 2: ("b.c", "fine")})
        with mock.patch.object(walk.Walk, "_build_tests"):
            one = walk.Walk(series, [read_host("vhe")], ["t"], True)
        one.content = ""
        before = [one.key(patch) for patch in series.patches]
        series.patches[1].green = ["t.a"]
        self.assertEqual([one.key(patch) == key for patch, key in zip(series.patches, before)], [True, False, False])


class Key(WithoutMachines):
    def test_what_goes_into_a_record_is_in_its_name(self):
        one = WithoutKernels(self.series)
        patch = self.series.patches[1]
        before = one.key(patch)
        self.assertEqual(one.key(patch), before)
        with mock.patch.object(one.hosts[0], "name", "nvhe"):
            self.assertNotEqual(one.key(patch), before)
        with mock.patch.object(patch, "number", 2), mock.patch.object(one.series, "changed", lambda _patch: ["a.c"]):
            renumbered = one.key(patch)
            self.assertNotEqual(renumbered, before)
            one.series.sources = lambda: ["source/another.c"]
            self.assertEqual(one.key(patch), renumbered)
            one.series.changed = lambda _patch: ["a.h"]
            header = one.key(patch)
            one.series.sources = lambda: ["source/a.c"]
            self.assertNotEqual(one.key(patch), header)
        one.content = "other tests, scripts or another compiler"
        self.assertNotEqual(one.key(patch), before)

    def test_the_scripts_that_make_a_record_are_known(self):
        bench = walk._bench(WithoutKernels(self.series))
        read = Path.read_text
        for name, changes in (("walk.py", True), ("stream.py", True), ("build.sh", True), ("report.py", False)):
            def edited(path, *arguments, name=name, **options):
                return read(path, *arguments, **options) + (" " if path.name == name else "")

            with mock.patch.object(Path, "read_text", edited):
                self.assertEqual(walk._bench(WithoutKernels(self.series)) != bench, changes, name)


class Complaints(unittest.TestCase):
    def test_who_complains_how(self):
        for line, told in (
                ("../arch/arm64/kvm/arm.c:64:1: warning: symbol 'x' was not declared.",
                 "arch/arm64/kvm/arm.c: symbol 'x' was not declared."),
                ("aarch64-linux-gnu-ld: warning: orphan section", "aarch64-linux-gnu-ld: orphan section"),
                ("WARNING: modpost: vmlinux: section mismatch", "modpost: vmlinux: section mismatch"),
                ("../a/b.dts:10.3-15: Warning (reg_format): /x: bad", "a/b.dts: /x: bad"),
                ("arch/arm64/kvm/Kconfig:20:warning: defaults", "arch/arm64/kvm/Kconfig: defaults")):
            self.assertEqual(complaints(line), [told])

    def test_who_does_not(self):
        self.assertEqual(complaints("  CC      arch/arm64/kvm/error.o\nmake[3]: *** [x.o] Error 1\nx.c: note: see"), [])

    def test_those_of_a_source_are_counted_and_of_a_header_as_many_units_tell_one(self):
        text = "\n".join(f"{place}: warning: odd" for place in ("a.h:1", "a.c:1", "a.c:2", "a.h:1"))
        self.assertEqual(complaints(text), ["a.c: odd", "a.c: odd", "a.h: odd"])

    def test_those_that_end_a_build(self):
        self.assertEqual(complaints("a.c:1: warning: odd\na.c:2: fatal error: no x.h\na.c:3: error: no y", ("error",)),
                         ["a.c: no x.h", "a.c: no y"])


if __name__ == "__main__":
    unittest.main()
