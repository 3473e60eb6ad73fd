#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""No case without a sentence, no sentence without a case, and a page that says so."""

import contextlib
import dataclasses
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import clauses
import job
from clauses import Clause, ClauseError, cases_of, page, problems, read_clauses
from deviations import Deviation
from hosts import Host, read_host
from verdicts import Case

SOURCE = """\
/*
 * What the file is about.
 *
 * Clause: wrong
 */

FIXTURE_VARIANT_ADD(line, vtimer) { .line = 1 };
FIXTURE_VARIANT_ADD(line, ptimer) {
    .line = 2,
};

/*
 * A line rises.
 *
 * Clause: notified
 */
TEST_F(line, rises)
{
    TEST_ASSERT(1, "TEST(no, case)");
}

/*
 * Before there is a VM.
 *
 * Clause: version
 */
TEST(asks)
{
}

/*
 * It takes long.
 *
 * Clause: notified
 */
TEST_F_TIMEOUT(slow, waits, 99)
{
}

TEST_HARNESS_MAIN
"""
CLAUSES = [Clause("notified", "It is told.", "specification", ""), Clause("version", "A number.", "consequence", ""),
           Clause("edge", "Once.", "specification", "no such device")]
DEVIATIONS = [Deviation("it forgets", "fail", "a file", ["6.12.*"], ["*"], ["user_irq_a.line.*.rises"])]


def broken(source=SOURCE, sentences=CLAUSES, known=()):
    return "\n".join(problems(sentences, cases_of(source, "user_irq_a"), known))


class Cases(unittest.TestCase):
    def test_each_macro_is_a_case_with_the_clause_of_its_own_comment(self):
        found = [(case.names(), case.clause) for case in cases_of(SOURCE, "user_irq_a")]
        self.assertEqual(found, [(["user_irq_a.line.vtimer.rises", "user_irq_a.line.ptimer.rises"], "notified"),
                                 (["user_irq_a.global.asks"], "version"), (["user_irq_a.slow.waits"], "notified")])

    def test_a_macro_that_is_not_known_is_no_silence(self):
        with self.assertRaisesRegex(ClauseError, "user_irq_a.c:17: unknown macro KVM_TEST"):
            cases_of(SOURCE.replace("TEST_F(line", "KVM_TEST(line"), "user_irq_a")

    def test_the_project_s_own(self):
        cases = clauses.read_cases()
        self.assertTrue(cases)
        self.assertEqual(list(problems(read_clauses(), cases, [])), [])


class Problems(unittest.TestCase):
    def test_none(self):
        self.assertEqual(broken(known=DEVIATIONS), "")

    def test_a_case_without_a_clause(self):
        for less in (SOURCE.replace(" *\n * Clause: version\n", ""),
                     SOURCE.replace(" */\nTEST(asks)", " */\n\nTEST(asks)"),
                     SOURCE.replace(" * Clause: version\n", " * Clause: version\n * and more\n")):
            self.assertIn("asks names no clause", broken(less))

    def test_a_clause_that_is_not_there(self):
        self.assertIn("user_irq_a.c:27: asks names a clause 'versions'. There are: edge, notified, version.",
                      broken(SOURCE.replace("Clause: version", "Clause: versions")))

    def test_a_sentence_without_a_case(self):
        self.assertIn("no case tests [more]", broken(sentences=[*CLAUSES, Clause("more", "", "specification", "")]))

    def test_a_sentence_that_is_tested_after_all(self):
        self.assertIn("[edge] has cases", broken(SOURCE.replace("Clause: version", "Clause: edge"), CLAUSES))

    def test_a_deviation_of_no_case(self):
        gone = [Deviation("it forgets", "fail", "a file", ["6.12.*"], ["*"], ["user_irq_a.line.*.gone"])]
        self.assertIn("[it forgets] names 'user_irq_a.line.*.gone'", broken(known=gone))

    def test_a_table_that_cannot_be_used(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clauses.ini"
            for text in ("says = 1\n", "[a]\nsays = 1\n", "[a]\nsays = 1\nfrom = nowhere\n",
                         "[a]\nsays = 1\nfrom = specification\ncolour = red\n"):
                path.write_text(text, encoding="utf-8")
                with self.assertRaisesRegex(ClauseError, "clauses.ini"):
                    read_clauses(path)


class Sentences(unittest.TestCase):
    def test_each_case_of_a_run_finds_its_own(self):
        found = clauses.sentences()
        says = {clause.name: clause.says for clause in read_clauses()}
        self.assertEqual(found["user_irq_timer.line.ptimer.rises_in_wfi"], says["notified"])

    def test_a_run_goes_on_without_them(self):
        with mock.patch.object(clauses, "read_cases", side_effect=ClauseError("a.c:1: unknown macro")), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(job.sentences(), {})
            self.assertEqual(job.needs_given({"TREE": "series", "CONFIG": "edge"}, [read_host("vhe")]), {})
        self.assertEqual(said.getvalue().count("a.c:1: unknown macro"), 2)


class Needs(unittest.TestCase):
    def needs(self, tree, config="", host="vhe"):
        return set(job.needs_given({"TREE": tree, "CONFIG": config}, [read_host(host)]).values())

    def test_a_run_gives_what_it_was_told_to(self):
        self.assertEqual(self.needs("series"), {"TREE=series"})
        self.assertEqual(self.needs("series", "edge gcov"), {"TREE=series", "CONFIG=edge"})
        self.assertEqual(self.needs("series", host="nested"), {"TREE=series", "kvm-arm.mode=nested"})

    def test_no_other_tree_has_it(self):
        for tree in ("stock", "baseline"):
            self.assertEqual(self.needs(tree, "edge"), set())


class Skips(unittest.TestCase):
    """What a host's file says of skips holds for our cases on our bases."""

    def skips(self, name, base="6.12"):
        hosts = [read_host("vhe"), Host("board", {"SKIPS": "no GICv3 * | one CPU: *"}), Host("other", {})]
        one = job.Job({"BASE": base}, hosts, None, None, {}, None, [], [], {})
        return [one.skips(Case(name, host, "skip")) for host in ("board", "other")]

    def test_a_host_names_them_or_has_none(self):
        self.assertEqual(self.skips("user_irq_timer.a"), [["no GICv3 *", "one CPU: *"], []])

    def test_of_others_tests_and_trees_any_skip_is_good(self):
        self.assertEqual(self.skips("psci_test"), [["*"], ["*"]])
        self.assertEqual(self.skips("user_irq_timer.a", "/somebody's/linux"), [["*"], ["*"]])


class Page(unittest.TestCase):
    def test_each_sentence_has_its_cases_and_their_verdicts(self):
        text = page(CLAUSES, cases_of(SOURCE, "user_irq_a"), DEVIATIONS)
        for row in ("| `user_irq_a.line.{vtimer,ptimer}.rises` | fail on `6.12.*`: it forgets | fail | pass |",
                    "| `user_irq_a.global.asks` | pass | fail | pass |", "No case: no such device"):
            self.assertIn(row, text.splitlines())
        self.assertLess(text.index("### notified"), text.index("user_irq_a.slow.waits"))
        self.assertLess(text.index("user_irq_a.slow.waits"), text.index("### version"))

    def test_a_deviation_of_some_variants_names_them(self):
        deviation = dataclasses.replace(DEVIATIONS[0], cases=["user_irq_a.line.ptimer.rises"])
        text = page(CLAUSES, cases_of(SOURCE, "user_irq_a"), [deviation])
        self.assertIn("`user_irq_a.line.{vtimer,ptimer}.rises` | fail on `6.12.*`, of `ptimer`: it forgets |", text)

    def test_a_program_that_needs_another_kernel_skips_without(self):
        source = SOURCE.replace(" * Clause: wrong\n", " * Needs: CONFIG=edge\n")
        text = page(CLAUSES, cases_of(source, "user_irq_a"), DEVIATIONS)
        with_it = "with `CONFIG=edge`"
        self.assertIn(f"| `user_irq_a.slow.waits` | skip | fail {with_it} | pass {with_it} |", text.splitlines())

    def test_a_program_for_our_own_kernel_skips_on_stock(self):
        source = SOURCE.replace(" * Clause: wrong\n", " * Needs: TREE=series\n")
        text = page(CLAUSES, cases_of(source, "user_irq_a"), DEVIATIONS)
        self.assertIn("| `user_irq_a.slow.waits` | skip | fail | pass |", text.splitlines())


if __name__ == "__main__":
    unittest.main()
