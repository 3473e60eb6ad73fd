#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a person reads at the end of a run."""

import unittest

from table import text
from verdicts import Case


class RandomPrograms(unittest.TestCase):
    def test_the_undecided_share_of_all_hosts_is_told(self):
        cases = [Case("m.a", host, "pass", log=["steps: 100, undecided: 1 of 50"]) for host in ("vhe", "nvhe")]
        self.assertIn("Random programs: 200 steps, 100 comparisons with the model, 2.0 % of these undecided.",
                      text(cases, ["vhe", "nvhe"], {}))

    def test_without_any_nothing_is_told_of_them(self):
        self.assertNotIn("Random", text([Case("m.a", "vhe", "pass")], ["vhe"], {}))


if __name__ == "__main__":
    unittest.main()
