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


class Verdicts(unittest.TestCase):
    def told(self, *patches):
        return [*cover.verdicts({"hosts": ["vhe", "nvhe"], "patches": patches})]

    def test_counts_and_what_turns_green(self):
        lines = self.told(patch(0, cap__a="fail fail", timer__b="fail skip"),
                          patch(1, cap__a="pass fail", timer__b="pass skip"),
                          patch(2, cap__a="pass fail", timer__b="pass skip"))
        self.assertEqual(lines[0], "What each patch does to 2 cases, those of user_irq_cap, user_irq_timer, "
                                   "on vhe and nvhe; 0 is what the series stands on:")
        self.assertEqual(lines[2:], ["  patch  pass  fail  skip   turns green",
                                     "  0         0     3     1",
                                     "  1         2     1     1   2: cap 1, timer 1",
                                     "  2         2     1     1   -"])

    def test_a_patch_that_does_not_build_is_passed_over(self):
        lines = self.told(patch(0, cap__a="fail fail"), patch(1, built=False, wrong=["does not build"]),
                          patch(2, cap__a="pass pass"))
        self.assertEqual(lines[-2:], ["  1         0     0   does not build   not as it says!",
                                      "  2         2     0   2: cap 2"])


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
