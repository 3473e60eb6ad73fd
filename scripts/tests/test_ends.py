#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""However a command of the bench ends, its status says which of the three ends it was."""

import subprocess
import sys
import unittest


def ends(work):
    """Exit status and words of a command whose work is the expression WORK."""
    done = subprocess.run([sys.executable, "-c", "import sys, job, children\n"
                           f"sys.exit(job.main('how to use it', lambda words: {work}))"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


class Ends(unittest.TestCase):
    def test_a_status_of_its_own(self):
        self.assertEqual(ends("1"), (1, ""))

    def test_what_nobody_thought_of_is_no_verdict(self):
        status, words = ends("{}['moon']")
        self.assertEqual(status, 2)
        self.assertRegex(words, "Traceback(.*\n)*.*KeyError: 'moon'. This is a defect of the bench. .*report")

    def test_a_file_that_is_not_there(self):
        status, words = ends("open('/proc/nowhere')")
        self.assertEqual(status, 2)
        self.assertIn("No such file or directory: /proc/nowhere", words)
        self.assertNotIn("Traceback", words)


if __name__ == "__main__":
    unittest.main()
