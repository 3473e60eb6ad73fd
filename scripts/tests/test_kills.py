# SPDX-License-Identifier: GPL-2.0
"""What the command of the mutants says of a mutant, on verdicts made up for it."""

import unittest

import mutants
from children import CouldNotRun
from kills import kill, table, verdict

CLAUSES = {"t.a": "bits", "t.b": "memory"}
HEAD = "// SPDX-License-Identifier: GPL-2.0\n// What it breaks.\n"


def judged(clause="bits", **verdicts):
    """VERDICTS: case="pass fail", a verdict a host."""
    return kill([(f"t.{name}", host, each) for name, all_of_it in verdicts.items()
                 for host, each in zip(("vhe", "nvhe"), all_of_it.split())], clause, CLAUSES)


def read(text):
    return mutants.read_mutant("m", text, {"bits", "memory"})


class Kills(unittest.TestCase):
    def test_green_verdicts_leave_a_survivor(self):
        self.assertEqual(verdict(judged(a="pass skip", b="xfail pass")), "survived")

    def test_a_case_without_a_verdict_found_nothing(self):
        self.assertEqual(verdict(judged(a="missing missing")), "survived")

    def test_no_verdict_at_all_leaves_a_survivor(self):
        self.assertEqual(verdict(judged()), "survived")

    def test_each_red_verdict_kills_on_any_host(self):
        for red in ("fail", "timeout", "crash"):
            killed = judged(a=f"pass {red}", b="pass pass")
            self.assertEqual(verdict(killed), "killed")
            self.assertEqual(killed.right, [("t.a", "nvhe")])

    def test_a_case_of_another_clause_is_not_enough(self):
        self.assertEqual(verdict(judged(a="pass pass", b="fail fail")), "by another clause")

    def test_what_belongs_to_no_case_has_no_clause(self):
        self.assertEqual(verdict(kill([("host.between_cases", "vhe", "crash")], "bits", CLAUSES)), "by another clause")

    def test_the_table_names_the_first_case_of_the_clause(self):
        mutant = read(HEAD + "// Clause: bits\n// Files: x.c\n")
        row = table([mutant], [judged(b="fail pass", a="pass fail")])[1].split()
        self.assertEqual(row, ["m", "bits", "killed", "2", "1", "t.a", "on", "nvhe"])


class Heads(unittest.TestCase):
    def test_all_that_a_head_may_say(self):
        mutant = read(HEAD + "// Clause: bits\n// Earlier: 0123456789ab\n"
                      "// Hosts: a b\n// Files: x.c y.c\n@@\n@@\n-a\n")
        self.assertEqual(mutant, ("m", "What it breaks.", "bits", "0123456789ab", ["a", "b"], ["x.c", "y.c"]))

    def test_heads_that_say_too_little_or_too_much(self):
        for rest in ("", "// Clause: bits\n", "// Files: x.c\n", "// Clause: bits\n// Files: x.c\n// More: x\n",
                     "// and so on\n// Clause: bits\n// Files: x.c\n"):
            with self.assertRaises(CouldNotRun, msg=rest):
                read(HEAD + rest)

    def test_a_clause_that_is_not_there(self):
        with self.assertRaisesRegex(CouldNotRun, "There are: bits, memory"):
            read(HEAD + "// Clause: bit\n// Files: x.c\n")

    def test_a_pattern_that_matches_no_mutant(self):
        with self.assertRaisesRegex(CouldNotRun, "no mutant matches MUTANTS='nothing-like-it'"):
            mutants.choose(["nothing-like-it"], {"bits"})


if __name__ == "__main__":
    unittest.main()
