# SPDX-License-Identifier: GPL-2.0
"""What a run tells the suite."""

import unittest
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


if __name__ == "__main__":
    unittest.main()
