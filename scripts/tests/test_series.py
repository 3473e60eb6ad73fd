# SPDX-License-Identifier: GPL-2.0
import subprocess
import tempfile
import unittest
from pathlib import Path

from series import Series


class Touched(unittest.TestCase):
    """Which files a walk looks at."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
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
                path.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)

    def series(self):
        return Series("linux", Path(self.place.name, ".git"), self.base, "HEAD")

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
