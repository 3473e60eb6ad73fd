# SPDX-License-Identifier: GPL-2.0
"""Hosts that run beside each other, on boots made up for it, and what they boot."""

import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import hostrun
from children import CHILDREN, CouldNotRun
from hosts import config_for, read_host
from initramfs import Archive, add_user_space


def boot(one):
    if one.host.name == "nvhe":
        raise CouldNotRun("nvhe could not be started")
    CHILDREN.wait(CHILDREN.start(["sleep", "600"]))


class Hosts(unittest.TestCase):
    def test_one_that_cannot_start_does_not_wait_for_the_others(self):
        self.addCleanup(CHILDREN.restart)
        plan = mock.Mock(failed={}, programs=["t"], enough=lambda cases: False)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(hostrun.HostRun, "_boot", boot), \
                self.assertRaisesRegex(CouldNotRun, "nvhe could not be started"):
            hostrun.boot_hosts([read_host("vhe"), read_host("nvhe")], plan, Path(folder), threading.Semaphore(2))
        self.assertLess(time.monotonic() - began, 300)

    def test_one_kernel_has_what_each_of_them_needs(self):
        hosts = [read_host(name) for name in ("vhe", "raspi3b", "nvhe")]
        self.assertEqual(config_for(hosts, "edge gcov"), ["edge", "gcov", "raspi3b"])
        self.assertEqual(config_for(hosts[:1], ""), [])

    def test_only_the_programs_of_the_run_go_in(self):
        with tempfile.TemporaryDirectory() as folder:
            guest, installed = Path(folder, "guest"), Path(folder, "installed")
            for path in (*(guest / name for name in ("init", "timeout", "busybox")), installed / "run_kselftest.sh",
                         installed / "kvm/settings", installed / "kvm/one", installed / "kvm/two"):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            (installed / "kselftest-list.txt").write_text("kvm:one\nkvm:two\n", encoding="utf-8")
            archive = Archive()
            add_user_space(archive, guest, installed, ["two", "did_not_build"])
        self.assertEqual({name for name in archive.members if name.startswith("kselftest/")},
                         {"kselftest/kselftest-list.txt", "kselftest/run_kselftest.sh", "kselftest/kvm",
                          "kselftest/kvm/settings", "kselftest/kvm/two"})


if __name__ == "__main__":
    unittest.main()
