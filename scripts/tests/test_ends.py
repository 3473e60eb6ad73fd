#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""However a command of the bench ends, its status says which of the three ends it was."""

import ast
import subprocess
import sys
import unittest
from pathlib import Path

COMMANDS = [path for path in Path(__file__).parent.parent.glob("*.py") if "ends.main(" in path.read_text("utf-8")]


def ends(work):
    """Exit status and words of a command whose work is the expression WORK."""
    done = subprocess.run([sys.executable, "-c", "import ends, sys, children\n"
                           f"sys.exit(ends.main('how to use it', lambda words: {work}))"],
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

    def test_interrupted_while_it_loads(self):
        done = subprocess.run([sys.executable, "-c", "import ends, os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
                               "print('goes on')"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("interrupted. The same command starts again", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_each_command_loads_its_end_first(self):
        self.assertIn("run.py", {path.name for path in COMMANDS})
        for path in COMMANDS:
            with self.subTest(path.name):
                first = next(each for each in ast.parse(path.read_text("utf-8")).body
                             if isinstance(each, (ast.Import, ast.ImportFrom)))
                self.assertEqual(ast.unparse(first), "import ends")


if __name__ == "__main__":
    unittest.main()
