# SPDX-License-Identifier: GPL-2.0
"""What a run tells the suite, and what it knows of somebody's own tree."""

import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import job


class Environment(unittest.TestCase):
    def settings(self, environment, tests=job.DEFAULTS["TESTS"]):
        with mock.patch.dict("os.environ", environment, clear=True):
            return job.tests_environment(False, tests)

    def test_a_run_by_itself_takes_ten_thousand_random_steps(self):
        steps = self.settings({})
        self.assertEqual(steps, [f"KVM_USER_IRQ_STEPS={job.QUICK_STEPS}"])
        self.assertLessEqual(10000, job.QUICK_STEPS * len(job.DEFAULTS["HOST"].split()))

    def test_whoever_says_how_many_gets_them(self):
        self.assertEqual(self.settings({"KVM_USER_IRQ_STEPS": "7"}), ["KVM_USER_IRQ_STEPS=7"])

    def test_another_choice_of_tests_has_the_suite_s_own_number(self):
        self.assertEqual(self.settings({}, "user_irq_*"), [])


class Own(unittest.TestCase):
    def test_what_stock_does_wrong_is_foreseen_of_a_path_if_that_is_said_to_be_stock(self):
        for base, tree, foreseen in (("6.12", "", True), ("6.12", "stock", True), ("/linux", "", False),
                                     ("/linux", "stock", True)):
            values = job.checked({**job.DEFAULTS, "BASE": base, "TREE": tree})
            self.assertEqual(bool(values["FORESEEN"]), foreseen, (base, tree))

    def test_its_commit_is_known_or_that_it_has_changed_since(self):
        with tempfile.TemporaryDirectory() as folder:
            def git(*words):
                return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True,
                                      env={"PATH": "/usr/bin:/bin", "HOME": folder}).stdout.strip()

            whose = {"source": str(Path(folder).resolve())}
            self.assertEqual(job._whose(folder), whose)
            git("init", "-q")
            (Path(folder) / "Makefile").write_text("a")
            git("add", "Makefile")
            git("-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "c")
            commit = git("rev-parse", "HEAD")
            self.assertEqual(job._whose(folder), {**whose, "commit": commit})
            (Path(folder) / "new").write_text("no part of the commit")
            self.assertEqual(job._whose(folder), {**whose, "commit": commit})
            (Path(folder) / "Makefile").write_text("b")
            self.assertEqual(job._whose(folder), {**whose, "changed_since": commit})


if __name__ == "__main__":
    unittest.main()
