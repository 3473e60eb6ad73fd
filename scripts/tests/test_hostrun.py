# SPDX-License-Identifier: GPL-2.0
"""Hosts that run beside each other, on boots made up for it."""

import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import hostrun
from children import CHILDREN, CouldNotRun
from hosts import read_host


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


if __name__ == "__main__":
    unittest.main()
