# SPDX-License-Identifier: GPL-2.0
"""What validation is asked for: nothing that it could call as it should be without a look."""

import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import series
from children import CouldNotRun
from series import Patch
from validate import check_patterns, checkpatch, read_arguments


def records(*names, built=True):
    return {0: {"built": built, "cases": [{"name": name} for name in names]}}


class Asked(unittest.TestCase):
    def test_no_host_and_no_tests(self):
        for word, says in (("HOST= ", "HOST is empty"), ("TESTS=\t", "TESTS is empty")):
            with self.assertRaisesRegex(CouldNotRun, says):
                read_arguments([word])

    def test_all_hosts_are_those_of_the_base(self):
        hosts = read_arguments(["HOST=all"])["HOST"].split()
        self.assertIn("vhe", hosts)
        self.assertNotIn("nested", hosts)
        self.assertIn("nested", read_arguments(["HOST=all", "BASE=7"])["HOST"].split())

    def test_a_pattern_needs_a_case(self):
        # A program that has but one verdict may have had the case.
        check_patterns(["t", "t.a*", "u", "u.a", "arch_*"], records("t.ab", "u", "arch_timer"))
        with self.assertRaisesRegex(CouldNotRun, "no case matches TESTS='t.nonsense'. There are:\n  t.ab"):
            check_patterns(["t.nonsense"], records("t.ab"))

    def test_a_series_that_never_builds_has_no_cases(self):
        check_patterns(["t"], records(built=False))


class Space(unittest.TestCase):
    def test_a_disk_without_room_for_a_linux_is_named_before_one_is_written(self):
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.object(series.shutil, "disk_usage", return_value=SimpleNamespace(free=17 << 20)), \
                mock.patch.object(series.subprocess, "run", return_value=SimpleNamespace(returncode=0)):
            tree = Path(folder) / "walk"
            with self.assertRaisesRegex(CouldNotRun, "17 MiB are free .* needs 2500. Make room"):
                series.Series.check_out(SimpleNamespace(git_dir="x"), Patch(1, "a" * 40, ""), tree)
            # The next patch changes some files of it only.
            (tree / ".index").touch()
            series.Series.check_out(SimpleNamespace(git_dir="x"), Patch(1, "a" * 40, ""), tree)


class Checkpatch(unittest.TestCase):
    def said(self, script, published):
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder).resolve()
            (tree / "scripts").mkdir()
            (tree / "scripts/checkpatch.pl").write_text(script, encoding="utf-8")
            theirs = SimpleNamespace(patches=[Patch(0, "", ""), Patch(1, "", "")], mail=lambda patch: b"a mail",
                                     checkpatch=(), published=published, git_dir="/their/.git")
            return [line.replace(folder, "TREE") for line in checkpatch(theirs, tree)[1]]

    def test_commits_are_looked_up_where_the_series_is_and_never_in_our_repository(self):
        script = 'use Cwd; print getcwd(), " ", $ENV{GIT_DIR} // "none", "\\n";'
        self.assertEqual(self.said(script, "a" * 40), ["checkpatch: TREE /their/.git"])
        self.assertEqual(self.said(script, ""), ["checkpatch: TREE none"])

    def test_a_status_without_a_word_is_told(self):
        self.assertEqual(self.said("exit 0;", ""), [])
        self.assertEqual(self.said("exit 3;", ""), ["checkpatch: it ended with status 3 and said nothing"])


if __name__ == "__main__":
    unittest.main()
