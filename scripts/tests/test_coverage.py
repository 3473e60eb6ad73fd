# SPDX-License-Identifier: GPL-2.0
"""What counts as ours and as reached, on what gcov and git might say."""

import json
import tempfile
import unittest
from pathlib import Path

import coverage
from children import CouldNotRun
from stream import Boot, read_ktap

DIFF = """\
--- a/arch/x.c
+++ b/arch/x.c
@@ -10,0 +11,3 @@ context
+a
@@ -20 +24 @@
-b
+c
@@ -30,2 +33,0 @@
-d
--- /dev/null
+++ b/arch/x_test.c
@@ -0,0 +1,9 @@
+t
"""


def told(count, branches=(), line=11):
    return {"data_file": "x.gcda", "files": [{"file": "../arch/x.c", "lines": [
        {"line_number": line, "count": count, "function_name": "f",
         "branches": [{"count": branch} for branch in branches]}]}]}


class Ours(unittest.TestCase):
    def test_added_lines_but_for_those_of_tests(self):
        self.assertEqual(coverage.our_lines(DIFF), {"arch/x.c": {11, 12, 13, 24}})


class Reached(unittest.TestCase):
    def counts(self, *each):
        counts = {}
        for one in each:
            coverage.add_counts(counts, one)
        lines = coverage.ours(counts, "arch/x.c", {11, 12})
        return ({number: line.count for number, line in lines.items()},
                [count for line in lines.values() for count in line.branches.values()])

    def test_what_one_boot_reached_is_reached(self):
        self.assertEqual(self.counts(told(0, (0, 0)), told(2, (0, 2))), ({11: 2}, [0, 2]))

    def test_other_people_s_lines_do_not_count(self):
        self.assertEqual(self.counts(told(1, (1,), line=14)), ({}, []))


class Reasons(unittest.TestCase):
    reasons = [coverage.Reason("never", "x.c", ["return 0;"], ["*if (x)"])]

    def test_a_line_with_its_reason(self):
        self.assertEqual(coverage.judge([("x.c", 3, "return 0;")], self.reasons),
                         ([("x.c", 3, "return 0;", "never")], []))

    def test_a_line_without_one(self):
        _, wrong = coverage.judge([("x.c", 3, "return 0;"), ("x.c", 5, "return 1;")], self.reasons)
        self.assertEqual(wrong, ["x.c:5: not reached, and not-reached.ini does not say why: return 1;"])

    def test_the_reason_of_another_file(self):
        _, wrong = coverage.judge([("y.c", 3, "return 0;")], self.reasons)
        self.assertEqual(len(wrong), 2)

    def test_a_reason_for_a_line_that_was_reached(self):
        _, wrong = coverage.judge([], self.reasons)
        self.assertEqual(wrong, ["not-reached.ini: [never] names lines that were reached, or are not there: return 0;"])

    def test_a_file_of_which_nothing_is_counted(self):
        whole = coverage.Reason("at EL2", "x.c", [], [])
        self.assertEqual(coverage.not_counted(["x.c"], [whole, *self.reasons]), ([("x.c", "at EL2")], []))
        with self.assertRaisesRegex(CouldNotRun, "nothing was counted of x.c.*gcov.config"):
            coverage.not_counted(["x.c"], self.reasons)
        self.assertEqual(coverage.not_counted([], [whole]),
                         ([], ["not-reached.ini: [at EL2] names a file that is counted, or is not ours: x.c"]))

    def test_a_reason_for_a_whole_file_is_none_for_a_line(self):
        self.assertEqual(coverage.judge([], [coverage.Reason("at EL2", "x.c", [], [])]), ([], []))

    def test_a_line_of_which_a_branch_was_not_taken(self):
        reason = ([("x.c", 4, "f: if (x)", "never")], [])
        self.assertEqual(coverage.judge([("x.c", 4, "f: if (x)")], self.reasons, "branches"), reason)
        _, wrong = coverage.judge([("x.c", 4, "if (y)")], [], "branches")
        self.assertEqual(wrong,
                         ["x.c:4: a branch of it was not taken, and not-reached.ini does not say why: if (y)"])

    def test_a_branch_that_was_taken_after_all(self):
        self.assertEqual(coverage.judge([], self.reasons, "branches", {("x.c", "if (x)")}), ([], []))
        _, wrong = coverage.judge([], self.reasons, "branches")
        self.assertEqual(len(wrong), 1)

    def test_a_file_that_says_too_little(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
            file.write("[never]\nlines = x.c\n")
            file.flush()
            with self.assertRaisesRegex(CouldNotRun, "needs the keys bases and file"):
                coverage.read_reasons("7", Path(file.name))

    def test_a_reason_is_one_of_a_base(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
            file.write("[never]\nbases = 6.12\nfile = x.c\nlines =\n\treturn 0;\n"
                       "branches =\n\t*if (x)\n")
            file.flush()
            self.assertEqual(coverage.read_reasons("6.12", Path(file.name)), self.reasons)
            self.assertEqual(coverage.read_reasons("7", Path(file.name)), [])


class Runs(unittest.TestCase):
    def test_the_notes_of_an_object_are_found_in_its_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in ("arm.gcno", "hyp/vhe/switch.gcno", "vgic/vgic.gcno"):
                notes = Path(folder, "arch/arm64/kvm", path)
                notes.parent.mkdir(parents=True, exist_ok=True)
                notes.touch()
                self.assertEqual(coverage.notes_of(Path(folder), notes.stem), notes)
            self.assertIsNone(coverage.notes_of(Path(folder), "timer"))

    def test_the_kernel_is_that_of_the_hosts_which_ran(self):
        with tempfile.TemporaryDirectory() as folder:
            for hosts, kernel in ((["vhe", "nvhe"], "out.edge.gcov"), (["nohz", "vhe"], "out.edge.gcov.nohz")):
                Path(folder, "summary.json").write_text(json.dumps({"hosts": hosts}), encoding="utf-8")
                self.assertEqual(coverage.kernel_of(Path(folder), Path("/t")), Path("/t", kernel))

    def test_what_a_kernel_counted_comes_out_by_its_file(self):
        boot = Boot()
        read_ktap(b"    0.100 g 0.100000 x.gcda 00ff\n    0.200 q 0.200000 power off\n", boot)
        self.assertEqual(boot.profile, {"x.gcda": b"\x00\xff"})

    def test_a_run_of_a_kernel_that_does_not_count(self):
        with tempfile.TemporaryDirectory() as folder, \
                self.assertRaisesRegex(CouldNotRun, "make run HOST=all CONFIG='edge gcov'"):
            coverage.read_counts(Path(folder), Path(folder))


if __name__ == "__main__":
    unittest.main()
