# SPDX-License-Identifier: GPL-2.0
"""What validation is asked for: nothing that it could call as it should be without a look."""

import unittest

from children import CouldNotRun
from validate import check_patterns, read_arguments


def records(*names, built=True):
    return {0: {"built": built, "cases": [{"name": name} for name in names]}}


class Asked(unittest.TestCase):
    def test_no_host_and_no_tests(self):
        for word, says in (("HOST= ", "HOST is empty"), ("TESTS=\t", "TESTS is empty")):
            with self.assertRaisesRegex(CouldNotRun, says):
                read_arguments([word])

    def test_a_pattern_needs_a_case(self):
        check_patterns(["t", "t.a*", "u", "arch_*"], records("t.ab", "u", "arch_timer"))
        with self.assertRaisesRegex(CouldNotRun, "no case matches TESTS='t.nonsense'. There are:\n  t.ab"):
            check_patterns(["t.nonsense"], records("t.ab"))

    def test_a_series_that_never_builds_has_no_cases(self):
        check_patterns(["t"], records(built=False))


if __name__ == "__main__":
    unittest.main()
