#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""When a machine that says nothing has hung, and when its time did not count."""

import io
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import boot

LIMITS = SimpleNamespace(silence=45, most_bytes=1 << 20)


class Silence(unittest.TestCase):
    def watched(self, steps):
        """How it ends. A step: the seconds since the one before, and what the machine says then, if anything."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        console, ktap = (boot.Channel(Path(folder.name) / name) for name in ("console", "ktap"))
        now, steps = 0.0, iter(steps)

        def select(_selector, timeout):
            nonlocal now
            try:
                seconds, says = next(steps)
            except StopIteration:
                # It powers off.
                console.theirs.close()
                ktap.theirs.close()
                return [(SimpleNamespace(data=channel), 1) for channel in (console, ktap)]
            now += seconds
            if says:
                channel = console if says == "kernel" else ktap
                channel.theirs.sendall(b"b a beat\n" if says == "beat" else b"o a line\n")
                return [(SimpleNamespace(data=channel), 1)]
            return []

        with mock.patch.object(boot.selectors.DefaultSelector, "select", select), \
                mock.patch.object(boot.time, "monotonic", lambda: now), redirect_stderr(io.StringIO()):
            how = boot.watch(SimpleNamespace(wait=lambda: 1), console, ktap, SimpleNamespace(name="vhe"), LIMITS)
        for channel in (console, ktap):
            channel.close(0)
            channel.theirs.close()
        return how[0]

    def test_who_says_nothing_for_long_has_hung(self):
        self.assertEqual(self.watched([(boot.STEP, False)] * 100), "hung")

    def test_who_says_something_now_and_then_has_not(self):
        self.assertEqual(self.watched(([(boot.STEP, False)] * 80 + [(0.1, True)]) * 3), "died")

    def test_time_in_which_nobody_ran_does_not_count(self):
        self.assertEqual(self.watched([(0.1, True), (300, False), (boot.STEP, False), (0.1, True)]), "died")

    def test_time_after_it_does(self):
        self.assertEqual(self.watched([(300, False)] + [(boot.STEP, False)] * 100), "hung")

    def test_who_beats_and_has_no_line_has_hung(self):
        self.assertEqual(self.watched([(0.1, True)] + [(boot.STEP, False), (boot.STEP, "beat")] * 200), "hung")

    def test_who_beats_seldom_has_not_yet(self):
        seldom = ([(boot.STEP, False)] * 40 + [(0.1, "beat")])
        self.assertEqual(self.watched([(0.1, True)] + seldom * 20), "died")
        self.assertEqual(self.watched([(0.1, True)] + seldom * 40), "hung")

    def test_a_kernel_that_talks_and_talks_has_hung(self):
        self.assertEqual(self.watched([(0.1, True), (0.1, "beat")] + [(boot.STEP, "kernel")] * 400), "hung")


if __name__ == "__main__":
    unittest.main()
