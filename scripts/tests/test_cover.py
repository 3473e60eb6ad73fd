# SPDX-License-Identifier: GPL-2.0
"""The cover letter: which validation it takes its verdicts from, and how it tells them."""

import json
import tempfile
import unittest
from pathlib import Path

import cover


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
    def validation(self, folder, name, *trees):
        (Path(folder) / name).mkdir()
        (Path(folder) / name / "matrix.json").write_text(json.dumps(
            {"series": name, "patches": [patch(number, tree) for number, tree in enumerate(trees)]}), encoding="utf-8")

    def test_the_newest_complete_one_of_these_trees(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIsNone(cover.newest_validation(Path(folder), ["a", "b"]))
            self.validation(folder, "1-validate", "a", "b")
            self.validation(folder, "2-validate", "a", "b")
            self.validation(folder, "3-validate", "a", "c")
            self.validation(folder, "4-validate.partial", "a", "b")
            self.assertEqual(cover.newest_validation(Path(folder), ["a", "b"])["series"], "2-validate")


if __name__ == "__main__":
    unittest.main()
