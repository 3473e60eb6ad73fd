#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What make check counts as passed: nothing that was skipped, lost, or never ran."""

import unittest

import check


class Tap(unittest.TestCase):
    def test_a_skip_is_no_pass(self):
        output = "1..3\nok 1 a\nok 2 b # skip no root\nok 3 c # skip (no kvm)\n"
        self.assertEqual(check.tap(output, 0), (1, 0))
        self.assertEqual(check.skipped(output), 2)

    def test_a_test_that_did_not_come_has_failed(self):
        self.assertEqual(check.tap("1..3\nok 1 a\nnot ok 2 b\n", 1), (1, 2))
        self.assertEqual(check.tap("", 0), (0, 1))


class Unittest(unittest.TestCase):
    def test_a_skip_is_no_pass(self):
        output = "Ran 5 tests in 0.1s\n\nOK (skipped=2)\n"
        self.assertEqual(check.unittests(output, 0), (3, 0))
        self.assertEqual(check.skipped(output), 2)

    def test_failures_and_skips(self):
        output = "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n"
        self.assertEqual(check.unittests(output, 1), (2, 2))

    def test_none_ran(self):
        self.assertEqual(check.unittests("Ran 0 tests in 0.0s\n\nOK\n", 0), (0, 1))


class Verdicts(unittest.TestCase):
    def test_the_last_line_of_a_run(self):
        self.assertEqual(check.verdicts("Linux 6.12, series: all 89 verdicts as expected.", 0), (89, 0))
        self.assertEqual(check.verdicts("Linux 6.12, series: 2 of 89 verdicts not as expected.", 1), (87, 2))
        self.assertEqual(check.verdicts("", 2), (0, 1))


class Failures(unittest.TestCase):
    """The end of a long log is what a CI shows, so what failed has to be there."""

    def test_the_cases_of_a_run(self):
        output = "vhe: 5 s\nNot as expected:\n  fail   vhe a.b: low\n      | a.c:1: low\n\nLinux 7, series: 1 of 2\n"
        self.assertEqual(check.failures(output), ["Not as expected:", "  fail   vhe a.b: low", "      | a.c:1: low"])

    def test_the_tests_of_bats(self):
        output = "1..3\nok 1 a\nnot ok 2 b\n# (in test file x, line 3)\nok 3 c\nsaid later\n"
        self.assertEqual(check.failures(output), ["not ok 2 b", "# (in test file x, line 3)"])

    def test_the_tests_of_unittest(self):
        rule, line = "=" * 70, "-" * 70
        output = f"..F.\n{rule}\nFAIL: test_a (x)\n{line}\nTraceback:\n  no\n\n" \
                 f"{rule}\nERROR: test_b (x)\n{line}\nno b\n\n" \
                 f"{line}\nRan 4 tests in 1s\n\nFAILED (failures=1, errors=1)\n"
        self.assertEqual(check.failures(output), [rule, "FAIL: test_a (x)", line, "Traceback:", "  no",
                                                  rule, "ERROR: test_b (x)", line, "no b"])

    def test_the_model_says_why_before_it_says_what(self):
        output = "1..2\nok 1 a\n# told 1, not 2\nnot ok 2 b\n"
        self.assertEqual(check.failures(output), ["# told 1, not 2", "not ok 2 b"])

    def test_many(self):
        table = "".join(f"  fail   vhe a.{n}: low\n" + 12 * "      | a.c:1: low\n" for n in range(9))
        self.assertEqual(check.failures(f"Not as expected:\n{table}\nLinux 7\n"),
                         ["Not as expected:", *(f"  fail   vhe a.{n}: low" for n in range(9))])
        tests = "".join(f"not ok {n} b\n" + "".join(f"# {n}.{line}\n" for line in range(40)) for n in range(9))
        told = check.failures(tests)
        for n in range(9):
            self.assertIn(f"not ok {n} b", told)
            self.assertIn(f"# {n}.39", told)

    def test_the_end_of_anything_else(self):
        output = "".join(f"{n}\n" for n in range(100))
        self.assertEqual(check.failures(output), [str(n) for n in range(80, 100)])


if __name__ == "__main__":
    unittest.main()
