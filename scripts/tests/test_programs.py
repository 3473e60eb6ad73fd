# SPDX-License-Identifier: GPL-2.0
"""Which tree is meant, and which programs there are in it, in both layouts of the KVM selftests."""

import tempfile
import unittest
from pathlib import Path

from children import CouldNotRun
from programs import choose_programs, programs_of
from trees import default_tree


class Programs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name)
        self.kvm = self.tree / "tools/testing/selftests/kvm"
        self.kvm.mkdir(parents=True)

    def test_layout_of_6_12(self):
        (self.kvm / "Makefile").write_text("TEST_GEN_PROGS_x86_64 += x86_64/hyperv_cpuid\n"
                                           "TEST_GEN_PROGS_aarch64 += aarch64/psci_test\n"
                                           "TEST_GEN_PROGS_aarch64 += steal_time\n")
        known = programs_of(self.tree)
        self.assertEqual(known["psci_test"], "aarch64/psci_test")
        self.assertEqual(known["steal_time"], "steal_time")
        self.assertEqual(known["user_irq_cap"], "aarch64/user_irq_cap")
        self.assertNotIn("hyperv_cpuid", known)

    def test_layout_of_7(self):
        (self.kvm / "Makefile").write_text("include Makefile.kvm\n")
        (self.kvm / "Makefile.kvm").write_text("TEST_GEN_PROGS_COMMON = demand_paging_test\n"
                                               "TEST_GEN_PROGS_COMMON += dirty_log_test\n"
                                               "TEST_GEN_PROGS_x86 = $(TEST_GEN_PROGS_COMMON)\n"
                                               "TEST_GEN_PROGS_arm64 = $(TEST_GEN_PROGS_COMMON)\n"
                                               "TEST_GEN_PROGS_arm64 += arm64/psci_test\n")
        known = programs_of(self.tree)
        self.assertEqual(known["psci_test"], "arm64/psci_test")
        self.assertEqual(known["demand_paging_test"], "demand_paging_test")
        self.assertEqual(known["dirty_log_test"], "dirty_log_test")
        self.assertEqual(known["user_irq_cap"], "arm64/user_irq_cap")
        self.assertFalse([path for path in known.values() if "$" in path])

    def test_selftests_without_a_makefile_or_a_list_for_arm64(self):
        with self.assertRaisesRegex(CouldNotRun, "has no Makefile.*Give a tree"):
            programs_of(self.tree)
        (self.kvm / "Makefile").write_text("TEST_GEN_PROGS_x86 += x86/hyperv_cpuid\n"
                                           "TEST_GEN_PROGS_COMMON += dirty_log_test\n")
        with self.assertRaisesRegex(CouldNotRun, "Makefile lists no tests for arm64.*Give a tree"):
            programs_of(self.tree)

    def test_choice(self):
        known = {"one": "aarch64/one", "two": "two"}
        self.assertEqual(choose_programs(["t*", "one.case.*"], known), ["one", "two"])
        with self.assertRaisesRegex(CouldNotRun, "There are: one, two"):
            choose_programs(["three"], known)

    def test_default_tree(self):
        self.assertEqual([default_tree(base) for base in ("6.12", "7")], ["series"] * 2)
        self.assertEqual([default_tree(base) for base in ("/linux", "../linux", "./6.12", ".", "..")], ["stock"] * 5)


if __name__ == "__main__":
    unittest.main()
