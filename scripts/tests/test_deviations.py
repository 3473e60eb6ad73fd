# SPDX-License-Identifier: GPL-2.0
"""What a declared deviation does to a verdict, and what it does not."""

import tempfile
import unittest
from pathlib import Path

from deviations import FILE, DeviationError, apply, read_deviations
from verdicts import Case, unexpected

TEXT = """
[it lies]
bases = 6.12.*
hosts = vhe
verdict = {verdict}
cases = user_irq_a.*.lies
fault = a file, a function
"""


def judged(verdict, name="user_irq_a.x.lies", host="vhe", declared="fail", version="6.12.117"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deviations.ini"
        path.write_text(TEXT.format(verdict=declared), encoding="utf-8")
        case = Case(name, host, verdict)
        apply(case, read_deviations(version, path))
        return case.verdict, unexpected(case, "stock", False)


class Deviations(unittest.TestCase):
    def test_a_failure_that_is_foreseen_is_an_xfail(self):
        self.assertEqual(judged("fail"), ("xfail", ""))

    def test_a_pass_that_was_not_foreseen_is_loud(self):
        verdict, why = judged("pass")
        self.assertEqual(verdict, "fail")
        self.assertTrue(why)

    def test_another_way_to_fail_is_loud(self):
        for verdict in ("timeout", "crash", "missing"):
            self.assertTrue(judged(verdict)[1], verdict)

    def test_a_hang_that_is_foreseen_stays_a_timeout(self):
        self.assertEqual(judged("timeout", declared="timeout"), ("timeout", ""))

    def test_other_cases_hosts_and_bases_are_not_covered(self):
        self.assertEqual(judged("fail", name="user_irq_a.x.other")[1], "fail")
        self.assertEqual(judged("fail", host="nvhe")[1], "fail")
        self.assertEqual(judged("fail", version="6.13.1")[1], "fail")

    def test_a_race_may_pass(self):
        self.assertEqual(judged("pass", declared="fail or pass"), ("pass", ""))
        self.assertEqual(judged("fail", declared="fail or pass"), ("xfail", ""))
        self.assertTrue(judged("crash", declared="fail or pass")[1])

    def test_a_skip_stays_a_skip(self):
        self.assertEqual(judged("skip"), ("skip", ""))

    def test_an_unknown_verdict_is_named(self):
        with self.assertRaisesRegex(DeviationError, "red"):
            judged("fail", declared="red")

    def test_the_project_s_own_file_can_be_read(self):
        self.assertTrue(read_deviations("6.12.117", FILE))


if __name__ == "__main__":
    unittest.main()
