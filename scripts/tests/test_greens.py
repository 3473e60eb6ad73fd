# SPDX-License-Identifier: GPL-2.0
"""What validation says of a series, on verdicts made up for it."""

import unittest

from greens import judge, matrix, not_shown, sentence
from series import Patch


def record(built=True, warnings=(), **verdicts):
    """VERDICTS: case="pass fail", a verdict a host."""
    cases = [{"host": host, "name": f"t.{name}", "verdict": verdict, "reason": ""}
             for name, each in verdicts.items() for host, verdict in zip(("vhe", "nvhe"), each.split())]
    return {"built": built, "error": "x.c: it broke", "warnings": list(warnings), "cases": cases,
            "seconds": {}}


def judged(*records, green=(), checkpatch=()):
    """What is wrong with the last patch; GREEN is what that one names."""
    patches = [Patch(number, "", "") for number in range(len(records))]
    patches[-1].green = list(green)
    wrong = judge(patches, dict(enumerate(records)), {patches[-1].number: list(checkpatch)})
    return wrong[patches[-1].number]


class NotShown(unittest.TestCase):
    def test_what_skips_on_every_host(self):
        patch = Patch(1, "", "")
        patch.green = ["t.a", "t.[bc]", "t.[cd]", "u.*"]
        after = record(a="skip skip", b="skip pass", c="skip skip", d="skip skip")
        self.assertEqual(not_shown(patch, record(), after),
                         ["not shown here, its cases skip: t.a", "not shown here, its cases skip: t.[cd]"])

    def test_what_skipped_before_it(self):
        patch = Patch(1, "", "", ["t.a", "t.b", "t.c"])
        before = record(a="skip fail", b="fail fail", c="skip fail")
        self.assertEqual(not_shown(patch, before, record(a="pass pass", b="pass pass", c="skip pass")),
                         ["not shown red, cases of it skip before it: t.a"])


class Chosen(unittest.TestCase):
    def test_cases_that_were_not_asked_for_are_not_missed(self):
        patches = [Patch(0, "", ""), Patch(1, "", "", ["t.a", "t.b"])]
        records = {0: record(a="fail fail"), 1: record(a="pass pass")}
        self.assertEqual(judge(patches, records, {})[1], ["Green: t.b matches no case"])
        self.assertEqual(judge(patches, records, {}, ["t.a"])[1], [])

    def test_a_case_that_first_comes_with_a_patch_is_held_against_what_it_says(self):
        self.assertEqual(len(judged(record(), record(a="pass fail"))), 2)


class Greens(unittest.TestCase):
    def test_a_named_case_that_turns_green_is_as_it_should_be(self):
        self.assertEqual(judged(record(a="fail fail"), record(a="pass pass"), green=["t.a"]), [])

    def test_a_patch_that_changes_nothing_names_nothing(self):
        self.assertEqual(judged(record(a="fail pass", b="skip skip"), record(a="fail pass", b="skip skip")), [])

    def test_a_case_that_turns_green_unnamed(self):
        self.assertEqual(judged(record(a="fail fail"), record(a="fail pass")),
                         ["t.a on nvhe: fail before it, pass with it, and it does not name that"])

    def test_a_green_case_that_turns_red(self):
        for verdict in ("fail", "timeout", "crash", "missing"):
            self.assertEqual(judged(record(a="pass pass"), record(a=f"{verdict} pass")),
                             [f"t.a on vhe: pass before it, {verdict} with it, and it does not name that"])

    def test_a_green_case_that_is_gone(self):
        self.assertEqual(judged(record(a="pass pass", b="pass pass"), record(b="pass pass")),
                         [f"t.a on {host}: pass before it, no verdict with it, and it does not name that"
                          for host in ("nvhe", "vhe")])

    def test_a_green_case_that_skips(self):
        self.assertEqual(len(judged(record(a="pass pass"), record(a="skip pass"))), 1)

    def test_a_named_case_that_stays_red(self):
        self.assertEqual(judged(record(a="fail fail"), record(a="pass fail"), green=["t.*"]),
                         ["t.a on nvhe: named as turned green, and the verdict is fail"])

    def test_a_named_case_that_was_green(self):
        self.assertEqual(judged(record(a="pass fail"), record(a="pass pass"), green=["t.a"]),
                         ["t.a on vhe: named as turned green, and passes before it already"])

    def test_a_named_case_that_a_host_cannot_run(self):
        self.assertEqual(judged(record(a="skip fail"), record(a="skip pass"), green=["t.a"]), [])

    def test_a_name_without_a_case(self):
        self.assertEqual(judged(record(a="pass pass"), record(a="pass pass"), green=["t.b"]),
                         ["Green: t.b matches no case"])

    def test_a_name_of_a_program_that_was_not_asked_for(self):
        self.assertEqual(judged(record(a="pass pass"), record(a="pass pass"), green=["u.b"]), [])

    def test_one_red_is_as_red_as_another(self):
        self.assertEqual(judged(record(a="timeout fail"), record(a="fail crash")), [])

    def test_a_complaint_outside_the_cases(self):
        after = record(a="pass pass")
        after["cases"].append({"host": "vhe", "name": "host.boot", "verdict": "crash", "reason": ""})
        self.assertEqual(judged(record(a="pass pass"), after), ["host.boot on vhe: crash, which was not there before"])

    def test_a_patch_that_does_not_build_and_the_next_one(self):
        broken = record(built=False)
        self.assertEqual(judged(record(a="fail fail"), broken), ["does not build: x.c: it broke"])
        broken["warnings"] = ["x.c: it broke", "y.c: unused"]
        self.assertEqual(judged(record(a="fail fail"), broken), ["y.c: unused", "does not build: x.c: it broke"])
        self.assertEqual(judged(record(a="fail fail"), broken, record(a="pass pass"), green=["t.a"]), [])

    def test_a_new_warning(self):
        old = record(warnings=["a.c: old"])
        self.assertEqual(judged(old, record(warnings=["a.c: old", "b.c: new"])), ["b.c: new"])

    def test_checkpatch(self):
        self.assertEqual(judged(record(), record(), checkpatch=["checkpatch: too long"]), ["checkpatch: too long"])


class Sentence(unittest.TestCase):
    def test_the_base_is_no_patch(self):
        self.assertEqual(sentence({0: [], 1: [], 2: []}), "all 2 patches as they say")
        self.assertEqual(sentence({0: [], 1: ["x"], 2: []}), "1 of 2 patches not as they say")
        self.assertEqual(sentence({0: ["x"], 1: []}),
                         "what the series stands on does not build; all 1 patches as they say")


class Matrix(unittest.TestCase):
    def test_a_sign_a_host_and_a_column_a_patch(self):
        records = {0: record(a="fail timeout"), 1: record(built=False), 2: record(a="pass skip")}
        self.assertEqual(matrix([Patch(n, "", "") for n in records], records, ["vhe", "nvhe"]),
                         ["case  0  1  2", "t.a  FT    .s"])

    def test_nothing(self):
        self.assertEqual(matrix([Patch(0, "", "")], {0: record(built=False)}, ["vhe"]), [])
