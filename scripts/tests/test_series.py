# SPDX-License-Identifier: GPL-2.0
"""What is read of a git tree, whatever its owner's settings and files are like."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from children import CouldNotRun
from series import NEEDED, Series, from_range


class Repository(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="my linux:")
        self.addCleanup(self.place.cleanup)
        self.git("init", "-q")
        self.commit("base", **{"stays.c": "0", "gone.c": "0", "there.c": "0", "text": "0"})
        self.base = self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments):
        return subprocess.run(["git", "-C", self.place.name, "-c", "user.name=n", "-c", "user.email=e",
                               "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null", *arguments],
                              capture_output=True, text=True, check=True).stdout

    def commit(self, subject, **files):
        for name, text in files.items():
            path = Path(self.place.name, name)
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)

    def series(self):
        return Series("linux", Path(self.place.name, ".git"), self.base, "HEAD")


class Mail(Repository):
    def test_it_is_the_patch_to_the_byte(self):
        self.commit("one", **{"there.c": b"line\r\ncaf\xe9\n"})
        self.git("config", "format.signOff", "true")
        mail = self.series().mail(self.series().patches[1])
        self.assertIn(b"+line\r\n+caf\xe9\n", mail)
        self.assertNotIn(b"Signed-off-by", mail)

    def test_a_patch_that_changes_nothing_has_one(self):
        self.git("commit", "-q", "--allow-empty", "-m", "nothing")
        self.assertIn(b"Subject: [PATCH] nothing", self.series().mail(self.series().patches[1]))


class Range(Repository):
    def test_a_series_without_a_patch(self):
        with self.assertRaisesRegex(CouldNotRun, "the series of linux is empty. Add a patch"):
            self.series()

    def test_its_tree_here_has_a_name_that_linux_builds_in(self):
        self.commit("a base", **{"Makefile": "VERSION = 6\nPATCHLEVEL = 12\n", **{name: "0" for name in NEEDED}})
        self.commit("one", **{"there.c": "1"})
        self.assertRegex(from_range(self.place.name, "HEAD^..HEAD").name, r"^my_linux_\w+-[0-9a-f]{8}$")


class Touched(Repository):
    """Which files a walk looks at."""

    def test_a_patch_has_what_it_leaves(self):
        self.commit("one", **{"new.c": "1", "there.c": "1", "gone.c": None, "text": "1"})
        self.assertEqual(["new.c", "text", "there.c"], sorted(self.series().changed(self.series().patches[1])))

    def test_the_base_has_what_the_series_is_to_touch(self):
        self.commit("one", **{"new.c": "1", "there.c": "1", "gone.c": None, "text": "1"})
        self.assertEqual(["gone.c", "text", "there.c"], sorted(self.series().changed(self.series().patches[0])))
        self.assertEqual(["gone.c", "new.c", "there.c"], sorted(self.series().sources()))

    def test_what_is_changed_back_was_touched(self):
        self.commit("one", **{"there.c": "1", "new.c": "1"})
        self.commit("two", **{"there.c": "0", "new.c": None})
        self.assertEqual(["there.c"], self.series().changed(self.series().patches[0]))
        self.assertEqual(["new.c", "there.c"], sorted(self.series().sources()))
