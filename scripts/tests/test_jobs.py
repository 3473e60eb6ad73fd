# SPDX-License-Identifier: GPL-2.0
"""Jobs are shared with a real make."""

import os
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from jobs import Jobs

# Each recipe notes how many run at that moment: the lines in "now", which it joins and leaves.
MAKEFILE = (
    "all: a b c d e f g h\n"
    "a b c d e f g h:\n"
    "\t@touch now.$@ && ls | grep -c ^now >> seen && sleep 0.05 && rm now.$@\n"
)


def most_at_once(jobs, taken):
    """How many recipes a make runs at once that takes part in JOBS, while TAKEN of them are taken."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Makefile").write_text(MAKEFILE, encoding="utf-8")
        for _ in range(taken):
            jobs.__enter__()
        with jobs:
            subprocess.run(["make", "-s", "-C", folder], check=True, **jobs.for_make())
        for _ in range(taken):
            jobs.__exit__()
        return max(map(int, (Path(folder) / "seen").read_text(encoding="utf-8").split()))


class TheJobs(unittest.TestCase):
    def setUp(self):
        # As many as this process may use, whatever the machine has.
        with mock.patch.object(os, "cpu_count", return_value=7), \
                mock.patch.object(os, "sched_getaffinity", return_value={1, 4, 5}):
            self.jobs = Jobs()

    def test_make_has_all_when_nobody_else_works(self):
        self.assertIn(most_at_once(self.jobs, 0), (2, 3))

    def test_make_leaves_room(self):
        self.assertEqual(most_at_once(self.jobs, 2), 1)

    def test_who_comes_when_all_are_taken_waits_also_after_a_make(self):
        most_at_once(self.jobs, 0)
        comes, came = threading.Event(), threading.Event()

        def come():
            comes.set()
            with self.jobs:
                came.set()

        with self.jobs, self.jobs:
            with self.jobs:
                waiting = threading.Thread(target=come, daemon=True)
                waiting.start()
                self.assertTrue(comes.wait(60))
                self.assertFalse(came.wait(0.2))
            self.assertTrue(came.wait(60))
        waiting.join()


if __name__ == "__main__":
    unittest.main()
