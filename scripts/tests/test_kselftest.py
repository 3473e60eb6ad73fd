#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The kselftest way in, with a folder of installed programs that does not come from a build."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import kselftest
from children import CouldNotRun

ENVIRONMENT = {"TARGETS": "kvm", "BASE": "6.12", "TREE": "", "HOST": "", "TESTS": "user_irq_cap user_irq_pmu",
               "FORMAT": ".gz"}


class Installed(unittest.TestCase):
    """INSTALLED stands for what selftests.sh leaves."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.installed = self.folder / "place/installed"
        for name in ("user_irq_cap", "user_irq_pmu"):
            self.write(f"kvm/{name}", "program")
        for patch in (mock.patch.dict(os.environ, ENVIRONMENT), mock.patch("kselftest.build", lambda: self.installed)):
            patch.start()
            self.addCleanup(patch.stop)

    def write(self, path, text):
        file = self.installed / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)


class Install(Installed):
    def test_a_folder_that_cannot_be_made(self):
        os.environ["KSFT_INSTALL_PATH"] = "/proc/nowhere"
        with self.assertRaisesRegex(CouldNotRun, "cannot install in /proc/nowhere: .*Give KSFT_INSTALL_PATH="):
            kselftest.install()


if __name__ == "__main__":
    unittest.main()
