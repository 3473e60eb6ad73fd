# SPDX-License-Identifier: GPL-2.0
"""What a declared deviation does to a verdict, and what it does not."""

import tempfile
import unittest
from pathlib import Path

from deviations import FILE, KVM, DeviationError, apply, locate, read_deviations
from verdicts import Case, unexpected

TEXT = """
[it lies]
bases = 6.12.*
hosts = vhe
verdict = {verdict}
cases = user_irq_a.*.lies
at = {place}
fault = a file, a function
"""


LINUX = """\
static void lie(int a);

/* lie( */
static void truth(void)
{
    a = 1;
}

static void lie(int a,
    int b)
{
    b = 2;
    a = 1;
}
"""


def judged(verdict, name="user_irq_a.x.lies", host="vhe", declared="fail", version="6.12.117"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deviations.ini"
        path.write_text(TEXT.format(verdict=declared, place="a.c lie"), encoding="utf-8")
        case = Case(name, host, verdict)
        apply(case, read_deviations(version, path))
        return case.verdict, unexpected(case, "stock", False)


def reason(place):
    """Why a foreseen failure is one, with the PLACE at fault looked for in LINUX."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deviations.ini"
        path.write_text(TEXT.format(verdict="fail", place=place), encoding="utf-8")
        source = Path(folder) / KVM / "a.c"
        source.parent.mkdir(parents=True)
        source.write_text(LINUX, encoding="utf-8")
        case = Case("user_irq_a.x.lies", "vhe", "fail")
        apply(case, locate(read_deviations("6.12.117", path), Path(folder)))
        return case.reason


class Deviations(unittest.TestCase):
    def test_the_line_at_fault_is_told(self):
        self.assertEqual(reason("a.c lie a"), f"it lies: a file, a function ({KVM}/a.c:9)")
        self.assertEqual(reason("a.c lie =\n\ta.c truth|no_more ="),
                         f"it lies: a file, a function ({KVM}/a.c:12, {KVM}/a.c:6)")
        self.assertEqual(reason("a.c lie"), f"it lies: a file, a function ({KVM}/a.c:9)")

    def test_a_place_that_is_gone_is_told(self):
        self.assertIn(f"(no 'truth b' in {KVM}/a.c, no 'lie' in {KVM}/b.c)", reason("a.c truth b\n\tb.c lie"))

    def test_what_is_no_place_is_named(self):
        with self.assertRaisesRegex(DeviationError, "it lies.*'a.c'"):
            reason("a.c")

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

    def test_a_race_may_decide_how_it_fails(self):
        self.assertEqual(judged("fail", declared="fail or crash"), ("xfail", ""))
        self.assertEqual(judged("crash", declared="fail or crash"), ("crash", ""))
        for verdict in ("pass", "timeout"):
            self.assertTrue(judged(verdict, declared="fail or crash")[1], verdict)

    def test_a_skip_stays_a_skip(self):
        self.assertEqual(judged("skip"), ("skip", ""))

    def test_an_unknown_verdict_is_named(self):
        with self.assertRaisesRegex(DeviationError, "red"):
            judged("fail", declared="red")

    def test_the_project_s_own_file_can_be_read(self):
        self.assertTrue(read_deviations("6.12.117", FILE))


if __name__ == "__main__":
    unittest.main()
