#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The traps once more, with a real kernel, a real runner and programs that set them.

usage: boot_planted.py IMAGE GUEST-FOLDER SELFTESTS-FOLDER
SELFTESTS-FOLDER is the base's tools/testing/selftests.
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import hostrun
from hosts import read_host

HERE = Path(__file__).resolve().parent
PROGRAMS = ("planted_cut", "planted_eacces", "planted_escape", "planted_flood", "planted_forger", "planted_halt",
            "planted_late", "planted_oops", "planted_quiet", "planted_reset", "planted_skip", "planted_unbuilt",
            "planted_unlisted")
# So that a hang and a flood show soon: in a real run these are far away.
LIMITS = ["--silence", "30", "--most-bytes", str(1 << 20)]


def install(folder, selftests, programs):
    """What the base's "make install" leaves, with the planted PROGRAMS in it."""
    binary = folder / "planted"
    subprocess.run(["aarch64-linux-gnu-gcc", "-static", "-O2", "-Wall", "-I", selftests, "-o", binary,
                    HERE / "planted/planted.c"], check=True)
    installed = folder / "installed"
    shutil.copytree(selftests / "kselftest", installed / "kselftest")
    shutil.copy(selftests / "run_kselftest.sh", installed)
    (installed / "kvm").mkdir()
    names = [name for name in programs if name != "planted_unbuilt"]
    for name in names:
        shutil.copy(binary, installed / "kvm" / name)
    (installed / "kselftest-list.txt").write_text("".join(f"kvm:{name}\n" for name in names))
    return installed


def boot(folder, guest, given, programs):
    """The host with the planted PROGRAMS; GIVEN is what the command line gave."""
    installed = install(folder, given.selftests, programs)
    plan = hostrun.Plan(given.image, guest, installed, programs, folder, ["planted_*"], [])
    hostrun.BOOT_LIMITS = LIMITS
    one, = hostrun.boot_hosts([read_host("vhe")], plan, folder)
    return one


class Given:
    """The command line: paths."""
    image = guest = selftests = None


class WithoutTimeout(unittest.TestCase):
    """Where there is no timeout(1), the runner waits for a hung program for ever, and says nothing of it."""

    def test_it_is_told(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copytree(Given.guest, folder / "guest")
            (folder / "guest/timeout").chmod(0o644)
            cases = boot(folder, folder / "guest", Given, ["planted_quiet"]).verdicts.cases
        self.assertEqual(cases["host.init"].verdict, "crash")
        self.assertIn("no /usr/bin/timeout", cases["host.init"].reason)


class Planted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        one = boot(cls.folder, Given.guest, Given, PROGRAMS)
        cls.boots = one.boots
        cls.cases = one.verdicts.cases

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def verdicts(self, program):
        return [getattr(self.cases.get(f"{program}.global.{case}"), "verdict", None)
                for case in ("before", "trap", "after")]

    def test_quiet(self):
        self.assertEqual(self.verdicts("planted_quiet"), ["pass", "pass", "pass"])

    def test_a_host_that_halts_costs_one_case(self):
        self.assertEqual(self.verdicts("planted_halt"), ["pass", "timeout", "pass"])

    def test_a_host_that_resets_costs_one_case(self):
        self.assertEqual(self.verdicts("planted_reset"), ["pass", "crash", "pass"])

    def test_a_flood_costs_one_case(self):
        self.assertEqual(self.verdicts("planted_flood"), ["pass", "fail", "pass"])

    def test_what_the_kernel_says_in_a_case(self):
        self.assertEqual(self.verdicts("planted_oops"), ["pass", "crash", "pass"])

    def test_what_the_kernel_says_after_the_last_verdict(self):
        self.assertIn("planted after the last verdict",
                      "".join(case.reason for case in self.cases.values() if case.verdict == "crash"))

    def test_eacces(self):
        self.assertEqual(self.verdicts("planted_eacces"), ["pass", "fail", "pass"])

    def test_a_skip_and_its_neighbours(self):
        self.assertEqual(self.verdicts("planted_skip"), ["pass", "skip", "fail"])

    def test_forged_ktap_on_the_console(self):
        self.assertEqual(self.verdicts("planted_forger"), ["pass", "fail", "pass"])

    def test_control_characters(self):
        self.assertEqual(self.verdicts("planted_escape"), ["pass", "fail", "pass"])
        self.assertIn("\\x1b[2J\\x07\\x0dx", "".join(self.cases["planted_escape.global.trap"].log))

    def test_half_a_verdict(self):
        self.assertEqual(self.verdicts("planted_cut"), ["pass", "fail", "missing"])

    def test_a_program_that_lists_no_case(self):
        self.assertEqual(self.verdicts("planted_unlisted"), ["pass", "pass", "pass"])

    def test_a_program_that_did_not_build(self):
        self.assertEqual(self.cases["planted_unbuilt"].verdict, "missing")

    def test_no_more_boots_than_it_takes(self):
        # All together until the flood; then each case alone: flood, halt, reset, and the last.
        self.assertEqual(len(self.boots), 5)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        sys.exit(2)
    Given.image, Given.guest, Given.selftests = (Path(word).resolve() for word in sys.argv[1:])
    unittest.main(argv=sys.argv[:1])
