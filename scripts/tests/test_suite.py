#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What scripts/suite.py leaves when it is killed on its way, and whose files they are."""

import os
import shutil
import signal
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import suite

KVM = "tools/testing/selftests/kvm"
MAKEFILE = "TEST_GEN_PROGS_arm64 += arm64/psci_test\nLIBKVM += $(LIBKVM_$(ARCH))\n"


def older(self):
    """The files of another version of ours."""
    wanted = WANTED(self)
    first, *_ = wanted
    return {"arm64/user_irq_old.c" if path == first else path: content + b"\n" for path, content in wanted.items()}


WANTED = suite.Selftests.wanted


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.linux = Path(folder.name) / "linux"
        self.kvm = self.linux / KVM
        for name in ("arm64", "include/arm64", "lib/arm64"):
            (self.kvm / name).mkdir(parents=True)
        (self.kvm / "Makefile.kvm").write_text(MAKEFILE, encoding="utf-8")
        (self.kvm / "config").write_text("CONFIG_KVM=y\n", encoding="utf-8")
        self.before = self.files()

    def files(self):
        return {str(path.relative_to(self.linux)): path.read_bytes() for path in self.linux.rglob("*")
                if path.is_file()}

    def has(self, files, message=""):
        """The tree has these FILES; what differs is named."""
        differ = dict(self.files().items() ^ files.items())
        self.assertEqual(sorted(differ), [], message)

    def suite(self, verb):
        with mock.patch.object(sys, "argv", ["suite.py", verb, str(self.linux)]):
            return suite.main()

    def killed(self, verb, number):
        """Kills VERB at its rename of this NUMBER; False when it has no so many."""
        child = os.fork()
        if not child:
            renames = iter(range(1, number))

            def rename(old, new):
                if next(renames, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                os.rename(old, new)

            suite.os.replace = rename
            os._exit(self.suite(verb))
        _, status = os.waitpid(child, 0)
        self.assertIn(status, (0, signal.SIGKILL))
        return status == signal.SIGKILL

    def restore(self, files):
        shutil.rmtree(self.linux)
        for path, content in files.items():
            (self.linux / path).parent.mkdir(parents=True, exist_ok=True)
            (self.linux / path).write_bytes(content)


class Killed(Tree):
    def kills(self, verb, start):
        """The verb's number of renames. After each kill, START being the tree before, ours go all."""
        number = 1
        while self.killed(verb, number):
            self.assertEqual(self.suite("uninstall-from"), 0)
            self.has(self.before, f"killed at rename {number}")
            self.restore(start)
            number += 1
        return number - 1

    def test_an_installation(self):
        self.assertEqual(self.kills("install-into", self.before), len(WANTED(suite.Selftests(self.linux))) + 2)

    def test_the_installation_over_an_older_one(self):
        with mock.patch("suite.Selftests.wanted", older):
            self.assertEqual(self.suite("install-into"), 0)
        start = self.files()
        self.assertGreater(self.kills("install-into", start), 2)

    def test_an_installation_and_once_more(self):
        self.assertEqual(self.suite("install-into"), 0)
        installed = self.files()
        self.restore(self.before)
        for number in (1, 5):
            self.assertTrue(self.killed("install-into", number))
            self.assertEqual(self.suite("install-into"), 0)
            self.has(installed)
            self.restore(self.before)

    def test_an_uninstallation(self):
        self.assertEqual(self.suite("install-into"), 0)
        self.assertEqual(self.kills("uninstall-from", self.files()), 2)


class Owners(Tree):
    def test_a_link_stays_a_link(self):
        for name in ("config", "Makefile.kvm"):
            (self.kvm / name).rename(self.linux / name)
            (self.kvm / name).symlink_to(f"../../../../{name}")
        before = self.files()
        self.assertEqual(self.suite("install-into"), 0)
        for name in ("config", "Makefile.kvm"):
            self.assertTrue((self.kvm / name).is_symlink(), name)
            self.assertIn("kvm-user-irq", (self.linux / name).read_text(encoding="utf-8"))
        (self.linux / ".config.kvm-user-irq").touch()
        self.assertEqual(self.suite("uninstall-from"), 0)
        self.has(before)
        self.assertTrue((self.kvm / "config").is_symlink())

    @unittest.skipIf(os.geteuid(), "only root can give files away")
    def test_a_file_keeps_its_owner_and_mode(self):
        for name, mode in (("config", 0o640), ("Makefile.kvm", 0o664)):
            os.chown(self.kvm / name, 65534, 65533)
            os.chmod(self.kvm / name, mode)
        for verb in ("install-into", "uninstall-from"):
            self.assertEqual(self.suite(verb), 0)
            for name, mode in (("config", 0o640), ("Makefile.kvm", 0o664)):
                found = (self.kvm / name).stat()
                self.assertEqual((found.st_uid, found.st_gid, found.st_mode & 0o7777), (65534, 65533, mode))


if __name__ == "__main__":
    unittest.main()
