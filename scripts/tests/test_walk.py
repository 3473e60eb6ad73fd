#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a compiler said of a patch is not lost when a walk is killed, or is one of several."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import walk
from series import Patch


class Warnings(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.top = Path(temporary.name)
        self.log = self.top / "build/log/build-6.12-walk-out.edge.log"
        self.log.parent.mkdir(parents=True)
        self.enterContext(mock.patch.object(walk, "TOP", self.top))
        self.time = 1

    def walk(self):
        """One that begins now, of the same series."""
        series = mock.Mock(tree_id=lambda patch: f"tree{patch.number}", config="edge")
        series.name = "6.12"
        with mock.patch.object(walk.Walk, "_build_tests"):
            return walk.Walk(series, [], [])

    def compiles(self, text):
        self.log.write_text(text)
        # Two that come within one tick of the clock are still two.
        self.time += 1
        os.utime(self.log, (self.time + 4000000000, self.time + 4000000000))

    def warnings(self, one, number):
        said = one._warnings(Patch(number, "", ""))[1]
        read = one.tree / one.out / ".log-read"
        os.utime(read, (self.time + 4000000000, self.time + 4000000000))
        return said

    def test_those_of_a_build_that_was_killed_are_those_of_its_patch(self):
        one = self.walk()
        self.assertEqual(self.warnings(one, 1), [])
        self.compiles("a.c:1: warning: first")
        again = self.walk()
        self.warnings(again, 1)
        self.compiles("b.c:1: warning: second")
        self.assertEqual(self.warnings(again, 1), ["a.c: first", "b.c: second"])

    def test_those_of_one_patch_are_not_those_of_the_next(self):
        one = self.walk()
        self.compiles("a.c:1: warning: first")
        self.assertEqual(self.warnings(one, 1), ["a.c: first"])
        self.assertEqual(self.warnings(one, 2), [])

    def test_a_walk_that_compiles_nothing_anew_knows_what_an_earlier_one_heard(self):
        self.compiles("a.c:1: warning: first")
        self.warnings(self.walk(), 0)
        self.assertEqual(self.warnings(self.walk(), 0), ["a.c: first"])


if __name__ == "__main__":
    unittest.main()
