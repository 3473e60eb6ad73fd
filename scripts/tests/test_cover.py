# SPDX-License-Identifier: GPL-2.0
"""The cover letter: which validation it takes its verdicts from, and how it tells them."""

import json
import tempfile
import unittest
from pathlib import Path

import cover
from job import QUICK


def patch(number, tree="", built=True, wrong=(), **verdicts):
    """VERDICTS: case="pass fail", a verdict a host."""
    cases = [{"host": host, "name": f"user_irq_{name.replace('__', '.')}", "verdict": verdict}
             for name, each in verdicts.items() for host, verdict in zip(("vhe", "nvhe"), each.split())]
    return {"number": number, "tree": tree, "built": built, "wrong": wrong, "cases": cases}


class Matrix(unittest.TestCase):
    def told(self, *patches):
        return [*cover.matrix({"hosts": ["vhe", "nvhe"], "patches": patches})]

    def test_green_cases_of_each_program(self):
        lines = self.told(patch(0, cap__a="fail fail", timer__b="fail skip"),
                          patch(1, cap__a="pass fail", timer__b="pass skip"),
                          patch(2, cap__a="pass pass", timer__b="pass skip"))
        self.assertIn("summed over vhe, nvhe", lines[0])
        self.assertEqual(lines[3:], ["  patch  cap  timer",
                                     "  all      2      2",
                                     "  0        0      0",
                                     "  1        1      1",
                                     "  2        2      1"])

    def test_a_patch_that_does_not_build(self):
        lines = self.told(patch(0, cap__a="fail fail"), patch(1, built=False, wrong=["does not build"]),
                          patch(2, cap__a="pass pass"))
        self.assertEqual(lines[-2:], ["  1        -   not as it says!", "  2        2"])

    def test_what_happened_outside_every_case_is_no_program(self):
        one = patch(0, cap__a="pass pass")
        one["cases"].append({"host": "vhe", "name": "host.boot", "verdict": "crash"})
        self.assertEqual(self.told(one)[3:], ["  patch  cap", "  all      2", "  0        2"])


class Newest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def validation(self, name, *trees, **values):
        (self.folder / name).mkdir()
        found = {"series": name, "base": "6.12.1", "hosts": ["vhe", "nvhe"], "tests": QUICK.split(), "suite": "s",
                 "patches": [patch(number, tree) for number, tree in enumerate(trees)], **values}
        (self.folder / name / "matrix.json").write_text(json.dumps(found), encoding="utf-8")

    def newest(self):
        found = cover.newest_validation(self.folder, "6.12.1", ["a", "b"], "s")
        return found and found["series"]

    def test_the_newest_complete_one_of_these_trees(self):
        self.assertIsNone(self.newest())
        self.validation("1-validate", "a", "b")
        self.validation("2-validate", "a", "b")
        self.validation("3-validate", "a", "c")
        self.validation("4-validate.partial", "a", "b")
        self.assertEqual(self.newest(), "2-validate")

    def test_one_that_was_killed_as_it_wrote(self):
        self.validation("1-validate", "a", "b")
        (self.folder / "2-validate.partial").mkdir()
        (self.folder / "2-validate.partial/matrix.json").write_text('{"patches": [', encoding="utf-8")
        self.assertEqual(self.newest(), "1-validate")

    def test_one_that_looked_at_less_or_by_another_suite_or_at_another_base(self):
        self.validation("1-validate", "a", "b", hosts=["vhe", "nvhe", "icount"], tests=["user_irq_*"])
        for number, values in enumerate(({"hosts": ["vhe"]}, {"tests": ["user_irq_cap"]}, {"base": "6.12.2"},
                                         {"suite": "t"}, {"tests": [f"{name}.*.one" for name in QUICK.split()]}), 2):
            self.validation(f"{number}-validate", "a", "b", **values)
        self.assertEqual(self.newest(), "1-validate")

    def test_one_of_before_it_was_kept_what_was_looked_at(self):
        self.validation("1-validate", "a", "b")
        path = self.folder / "1-validate/matrix.json"
        found = json.loads(path.read_text(encoding="utf-8"))
        del found["base"], found["tests"]
        path.write_text(json.dumps(found), encoding="utf-8")
        self.assertIsNone(self.newest())


if __name__ == "__main__":
    unittest.main()
