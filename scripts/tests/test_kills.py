# SPDX-License-Identifier: GPL-2.0
"""What the command of the mutants says of a mutant, on verdicts made up for it."""

import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import job
import mutants
import walk
from children import CouldNotRun
from hosts import read_host
from kills import kill, table, verdict
from series import Patch

CLAUSES = {"t.a": "bits", "t.b": "memory"}
HEAD = "// SPDX-License-Identifier: GPL-2.0\n// What it breaks.\n"


def judged(shows=(), **verdicts):
    """VERDICTS: case="pass fail", a verdict a host."""
    return kill([(f"t.{name}", host, each) for name, all_of_it in verdicts.items()
                 for host, each in zip(("vhe", "nvhe"), all_of_it.split())], "bits", CLAUSES, shows)


def read(text):
    return mutants.read_mutant("7/m.cocci", text, {"bits", "memory"})


class Kills(unittest.TestCase):
    def test_green_verdicts_leave_a_survivor(self):
        self.assertEqual(verdict(judged(a="pass skip", b="xfail pass")), "survived")

    def test_a_case_without_a_verdict_found_nothing(self):
        self.assertEqual(verdict(judged(a="missing missing")), "survived")

    def test_no_verdict_at_all_leaves_a_survivor(self):
        self.assertEqual(verdict(judged()), "survived")

    def test_a_failure_kills_on_any_host(self):
        killed = judged(a="pass fail", b="pass pass")
        self.assertEqual(verdict(killed), "killed")
        self.assertEqual(killed.right, [("t.a", "nvhe")])

    def test_a_case_that_met_a_crash_or_a_hang_found_nothing(self):
        for ended in ("timeout", "crash"):
            killed = judged(a=f"pass {ended}", b="pass pass")
            self.assertEqual(verdict(killed), "by a crash or hang")
            self.assertEqual(killed.right, [])

    def test_unless_that_is_how_the_mutant_shows(self):
        killed = judged(("crash",), a="pass crash", b="pass pass")
        self.assertEqual((verdict(killed), killed.right), ("killed", [("t.a", "nvhe")]))
        self.assertEqual(verdict(judged(("crash",), a="pass timeout")), "by a crash or hang")
        self.assertEqual(verdict(judged(("crash",), a="pass fail")), "killed")

    def test_a_case_of_another_clause_is_not_enough(self):
        self.assertEqual(verdict(judged(a="pass pass", b="fail fail")), "by another clause")
        self.assertEqual(verdict(judged(a="crash pass", b="fail fail")), "by another clause")
        self.assertEqual(verdict(judged(("crash",), b="crash fail")), "by another clause")

    def test_what_belongs_to_no_case_has_no_clause(self):
        self.assertEqual(verdict(kill([("host.between_cases", "vhe", "crash")], "bits", CLAUSES, ("crash",))),
                         "by another clause")

    def test_the_table_names_the_first_case_of_the_clause(self):
        mutant = read(HEAD + "// Clause: bits\n// Files: x.c\n")
        row = table([mutant], [judged(b="fail pass", a="pass fail")])[1].split()
        self.assertEqual(row, ["m", "bits", "killed", "2", "1", "t.a", "on", "nvhe"])

    def test_the_table_names_what_ended_in_a_crash(self):
        mutant = read(HEAD + "// Clause: bits\n// Files: x.c\n")
        row = table([mutant], [judged(a="pass crash")])[1]
        self.assertIn("by a crash or hang  0      0              t.a on nvhe", row)


class Heads(unittest.TestCase):
    def test_all_that_a_head_may_say(self):
        mutant = read(HEAD + "// Clause: bits\n// Earlier: 0123456789ab\n"
                      "// Hosts: a b\n// Shows: crash timeout\n// Files: x.c y.c\n@@\n@@\n-a\n")
        self.assertEqual(mutant, ("m", "What it breaks.", "bits", "0123456789ab", ["a", "b"], ["crash", "timeout"],
                                  ["x.c", "y.c"], "7/m.cocci"))

    def test_heads_that_say_too_little_or_too_much(self):
        for rest in ("", "// Clause: bits\n", "// Files: x.c\n", "// Clause: bits\n// Files: x.c\n// More: x\n",
                     "// and so on\n// Clause: bits\n// Files: x.c\n"):
            with self.assertRaises(CouldNotRun, msg=rest):
                read(HEAD + rest)

    def test_a_clause_that_is_not_there(self):
        with self.assertRaisesRegex(CouldNotRun, "There are: bits, memory"):
            read(HEAD + "// Clause: bit\n// Files: x.c\n")

    def test_a_way_to_show_that_is_none(self):
        with self.assertRaisesRegex(CouldNotRun, "There are: timeout, crash"):
            read(HEAD + "// Clause: bits\n// Shows: panic\n// Files: x.c\n")

    def test_a_pattern_that_matches_no_mutant(self):
        with self.assertRaisesRegex(CouldNotRun, "no mutant of Linux 6.12 matches MUTANTS='nothing-like-it'"):
            mutants.choose("6.12", ["nothing-like-it"], {"bits"})

    def test_a_base_has_mutants_of_its_own_beside_those_of_all(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(mutants, "FOLDER", Path(folder)):
            for rule in ("b.cocci", "6.12/c.cocci", "7/a.cocci"):
                (Path(folder) / rule).parent.mkdir(exist_ok=True)
                (Path(folder) / rule).write_text(HEAD + "// Clause: bits\n// Files: x.c\n", encoding="utf-8")
            self.assertEqual([(one.name, one.rule) for one in mutants.choose("7", ["*"], {"bits"})],
                             [("b", "b.cocci"), ("a", "7/a.cocci")])


@contextmanager
def walk_of(hosts, *mutants_hosts):
    with mock.patch.object(walk.Walk, "_build_tests"), tempfile.TemporaryDirectory() as folder, \
         mock.patch.object(walk, "TOP", Path(folder)):
        series = mock.Mock(tree_id=lambda patch: f"tree {patch.number}", changed=lambda patch: [], config="edge")
        series.name = "6.12"
        found = [mutants.Mutant(f"m{n}", "", "bits", "", own, [], [], "") for n, own in enumerate(mutants_hosts)]
        one = mutants.MutantWalk(series, [read_host(name) for name in hosts], found)
        one.content = ""
        yield one


class Environments(unittest.TestCase):
    def test_the_series_itself_runs_under_what_its_mutants_run_under(self):
        settings = []
        with walk_of(["vhe"], []) as one, mock.patch.object(mutants, "boot_hosts", return_value=[]), \
             mock.patch.dict("os.environ", {"KVM_USER_IRQ_STEPS": "123"}), \
             mock.patch.object(one, "plan", lambda folder, patterns, env, **options: settings.append(env)):
            for number in (0, 1):
                one.boot(Patch(number, "", ""), Path())
        self.assertIn("KVM_USER_IRQ_STEPS=123", settings[0])
        self.assertLess({"KVM_USER_IRQ_FORCE=1", f"KVM_USER_IRQ_BOUND={job.PATIENT_BOUND}"}, set(settings[0]))
        self.assertEqual(settings, [settings[0]] * len(settings))


class Keys(unittest.TestCase):
    """Under which name the verdict of a mutant is kept, by which hosts are asked for."""

    @staticmethod
    def keys(*hosts):
        with walk_of(*hosts) as one:
            return [one.key(Patch(number, "", "")) for number in range(len(one.mutants) + 1)]

    def test_another_mutants_hosts_make_no_difference(self):
        before = self.keys(["vhe"], [], ["nvhe", "nogic-vhe"], [])
        after = self.keys(["vhe"], [], ["nvhe", "nogic-vhe"], ["nogic-vhe"])
        first = self.keys(["vhe"], ["nogic-vhe"], ["nvhe", "nogic-vhe"], [])
        self.assertEqual(before[1:3], after[1:3])
        self.assertEqual(before[2], first[2])

    def test_what_the_random_programs_are_told_does(self):
        before = self.keys(["vhe"], [])
        with mock.patch.dict("os.environ", {"KVM_USER_IRQ_STEPS": "123"}):
            self.assertNotEqual(before, self.keys(["vhe"], []))

    def test_its_own_hosts_do(self):
        asked, named = self.keys(["vhe"], []), self.keys(["vhe"], ["nvhe"])
        self.assertNotEqual(asked[1], named[1])
        self.assertNotEqual(asked[1], self.keys(["vhe", "nvhe"], [])[1])

    def test_the_series_itself_is_tried_on_all(self):
        self.assertNotEqual(self.keys(["vhe"], [])[0], self.keys(["vhe"], ["nvhe"])[0])


if __name__ == "__main__":
    unittest.main()
