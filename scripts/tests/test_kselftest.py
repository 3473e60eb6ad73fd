#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The kselftest way in, with a folder of installed programs that does not come from a build."""

import contextlib
import fcntl
import io
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import job
import kselftest
import native
from children import CouldNotRun
from deviations import Deviation

ENVIRONMENT = {"TARGETS": "kvm", "BASE": "6.12", "TREE": "", "HOST": "", "TESTS": "user_irq_cap user_irq_pmu",
               "FORMAT": ".gz"}


class Installed(unittest.TestCase):
    """INSTALLED stands for what selftests.sh leaves."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.installed = self.folder / "place/installed"
        for name in ("user_irq_cap", "user_irq_pmu"):
            self.write(f"kvm/{name}", "# FIXTURE")
        self.write("kselftest-list.txt", "kvm:user_irq_cap\nkvm:user_irq_pmu\n")
        # What each selftests.sh leaves: the programs of its own build, or those of another that came right after it.
        self.stamps = ["a/user_irq_cap a/user_irq_pmu"]
        self.used = self.folder / "used"
        environment = {**ENVIRONMENT, "KSFT_INSTALL_PATH": str(self.used)}
        known = {"user_irq_cap": "a/user_irq_cap", "user_irq_pmu": "a/user_irq_pmu"}
        for patch in (mock.patch.dict(os.environ, environment), mock.patch("kselftest.need_kvm", lambda: None),
                      mock.patch("kselftest.programs_of", lambda tree: known),
                      mock.patch("kselftest.start", lambda script, *_: script),
                      mock.patch("kselftest.path_of", self.path_of)):
            patch.start()
            self.addCleanup(patch.stop)

    def path_of(self, script):
        if script == "selftests.sh":
            self.write("../.installed", self.stamps.pop(0) + "\n")
            self.write("../.lock", "")
        return self.installed

    def is_locked(self):
        with open(self.installed / "../.lock", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def write(self, path, text):
        file = self.installed / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)


CAP = ("# selftests: kvm: user_irq_cap", "# 1..1", "# ok 1 a.x", "ok 1 selftests: kvm: user_irq_cap")
PMU = ("# selftests: kvm: user_irq_pmu", "# 1..1", "# ok 1 a.x", "ok 2 selftests: kvm: user_irq_pmu")


class Natively(Installed):
    """The base's runner ends with 0, whatever it says."""

    def run_tests(self, *lines, end="\n", status=0, more=""):
        """(status, standard output, standard error)"""
        said = "\n".join(("TAP version 13", "1..2", *lines)) + end
        (self.folder / "said").write_bytes(said.encode(errors="surrogateescape"))
        self.write("run_kselftest.sh", f"#!/bin/sh\ncd $(dirname $0)\ncat {self.folder}/said\n{more}\nexit {status}\n")
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            found = kselftest.run_natively()
        return found, out.getvalue(), err.getvalue()

    def fails(self, *lines, says, **options):
        status, _, words = self.run_tests(*lines, **options)
        self.assertEqual(status, 1)
        self.assertIn(says, words)

    def test_all_pass_and_the_runners_words_stay_as_they_are(self):
        status, said, _ = self.run_tests(*CAP, *PMU)
        self.assertEqual((status, said), (0, "\n".join(("TAP version 13", "1..2", *CAP, *PMU, ""))))

    def test_a_skip_with_a_reason(self):
        self.assertEqual(self.run_tests(*CAP[:2], "# ok 1 a.x # SKIP no PMU here", CAP[3], *PMU)[0], 0)

    def test_a_case_that_fails(self):
        self.fails(*CAP, *PMU[:2], "# not ok 1 a.x", "not ok 2 selftests: kvm: user_irq_pmu # exit=1",
                   says="fail")

    def test_an_assertion_that_is_reported_as_a_skip(self):
        self.fails(CAP[0], "# ==== Test Assertion Failure ====", "#   lib/kvm_util.c:5: fd >= 0",
                   "# 1..0 # SKIP - Access denied - Exiting", "ok 1 selftests: kvm: user_irq_cap # SKIP", *PMU,
                   says="an assertion failed")

    def test_a_skip_without_a_reason(self):
        self.fails(CAP[0], "# 1..1", "# ok 1 a.x # SKIP", CAP[3], *PMU, says="skip without a reason")

    def test_a_plan_of_which_less_came(self):
        self.fails(*CAP, PMU[0], "# 1..9", *PMU[2:], says="missing")

    def test_a_program_without_a_result(self):
        self.fails(*CAP, PMU[0], PMU[3], says="gave no verdict on any case")

    def test_a_program_that_the_runner_did_not_come_to(self):
        self.fails(*CAP, says="the program did not run")

    def test_a_line_that_was_cut(self):
        self.fails(*CAP, *PMU[:3], "ok 2 selftests: kvm: user_irq_pmu", end="", says="user_irq_pmu")

    def test_bytes_that_are_no_utf8_and_lines_with_a_return(self):
        self.assertEqual(self.run_tests(*CAP[:2], "# \udcff\rok 1 b.x", *CAP[2:], *PMU)[0], 0)

    def test_no_build_replaces_what_runs(self):
        self.write("../.lock", "")
        _, said, _ = self.run_tests(*CAP, *PMU, more="flock -n ../.lock echo replaced || echo kept")
        self.assertEqual(said.splitlines()[-1], "kept")
        self.assertFalse(self.is_locked())

    def test_another_build_that_came_first(self):
        self.stamps.insert(0, "a/user_irq_timer")
        self.assertEqual(self.run_tests(*CAP, *PMU)[0], 0)
        self.assertEqual(self.stamps, [])

    def test_a_program_has_as_long_as_in_the_emulated_host(self):
        _, said, _ = self.run_tests(*CAP, *PMU, more="echo $*")
        self.assertEqual(said.splitlines()[-1], f"-c kvm -o {native.SECONDS}")
        self.assertIn(f'"-o", "{native.SECONDS}"', (job.SCRIPTS / "guest/init.c").read_text("utf-8"))

    def test_the_deviations_of_a_kernel_that_is_said_to_be_stock(self):
        wrong = (*CAP, *PMU[:2], "# not ok 1 a.x", "not ok 2 selftests: kvm: user_irq_pmu # exit=1")
        known = [Deviation("it forgets", "fail", "x.c", ["6.12.*"], ["*"], ["user_irq_pmu.a.*"])]

        def deviations(version):
            self.assertEqual(version, os.uname().release)
            return known

        self.stamps *= 3
        with mock.patch("deviations.read_deviations", deviations):
            self.fails(*wrong, says="1 of 2 verdicts not as expected")
            os.environ["TREE"] = "stock"
            status, _, words = self.run_tests(*wrong)
            self.assertEqual(status, 0)
            self.assertIn("it forgets: x.c", words)
            # One that is gone is as loud as it is in the emulated host.
            self.fails(*CAP, *PMU, says="foresees fail")

    def test_a_runner_that_fails(self):
        with self.assertRaisesRegex(CouldNotRun, "status 3"):
            self.run_tests(*CAP, *PMU, status=3)


class Emulated(Installed):
    """What the bench is told to run."""

    def chosen(self, tests, **arguments):
        os.environ["TESTS"] = tests
        os.environ.update({f"KSELFTEST_{name}_ARGS": value for name, value in arguments.items()})
        return kselftest.chosen_tests()

    def test_arguments_of_one_program_are_its_cases(self):
        self.assertEqual(self.chosen("user_irq_cap user_irq_pmu", USER_IRQ_CAP="-r cap.x -r cap.y"),
                         ["user_irq_cap.cap.x", "user_irq_cap.cap.y", "user_irq_pmu"])
        self.assertIn("user_irq_cap.cap.x", self.chosen("user_irq_*", USER_IRQ_CAP="-r cap.x"))

    def test_a_program_of_linux_itself(self):
        self.assertEqual(self.chosen("set_id_regs", SET_ID_REGS="-r x.y"), ["set_id_regs.x.y"])

    def test_two_choices_of_one_programs_cases(self):
        for pattern in ("user_irq_cap.cap.*", "user_irq_*.cap.*"):
            with self.assertRaisesRegex(CouldNotRun, "KSELFTEST_USER_IRQ_CAP_ARGS.*both"):
                self.chosen(pattern, USER_IRQ_CAP="-r cap.x")
        self.assertEqual(self.chosen("user_irq_pmu.counter.*", USER_IRQ_CAP="-r cap.x"), ["user_irq_pmu.counter.*"])


class Install(Installed):
    def test_no_build_replaces_what_is_copied(self):
        with mock.patch("shutil.copytree", lambda *_, **__: self.assertTrue(self.is_locked())), \
                contextlib.redirect_stdout(io.StringIO()):
            kselftest.install()
        self.assertFalse(self.is_locked())

    def files(self, folder):
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def test_programs_of_an_earlier_choice_do_not_stay(self):
        self.write("kvm/user_irq_old", "")
        self.write("kselftest/old.sh", "")
        self.stamps *= 3
        with contextlib.redirect_stdout(io.StringIO()):
            kselftest.install()
            for path in ("kvm/user_irq_old", "kselftest/old.sh"):
                (self.installed / path).unlink()
            (self.used / "mine").touch()
            kselftest.install()
            self.assertEqual(self.files(self.used), sorted([*self.files(self.installed), "mine"]))
            kselftest.gen_tar()
        packed = subprocess.run(["tar", "-tf", self.used / "kselftest-packages/kselftest.tar.gz"], check=True,
                                capture_output=True, text=True).stdout
        self.assertIn("kvm/user_irq_cap", packed)
        self.assertNotIn("old", packed)

    def test_a_folder_of_somebodys_own_is_kept(self):
        (self.used / "kvm").mkdir(parents=True)
        (self.used / "kvm/mine").touch()
        with self.assertRaisesRegex(CouldNotRun, "used/kvm is there, and .*used holds no kselftest"):
            kselftest.install()
        self.assertEqual(self.files(self.used), ["kvm/mine"])

    def test_after_an_installation_that_was_interrupted(self):
        def full(_installed, destination, **_):
            (destination / "kvm").mkdir(parents=True)
            raise OSError(28, "No space left on device")

        self.stamps *= 2
        with mock.patch("shutil.copytree", full), self.assertRaisesRegex(CouldNotRun, "No space left"):
            kselftest.install()
        with contextlib.redirect_stdout(io.StringIO()):
            kselftest.install()
        self.assertEqual(self.files(self.used), self.files(self.installed))

    def test_a_program_that_did_not_build(self):
        self.write("../failed/user_irq_pmu", "user_irq_pmu.c:1: error")
        with self.assertRaisesRegex(CouldNotRun, "did not build: user_irq_pmu"):
            kselftest.install()

    def test_a_folder_that_cannot_be_made(self):
        os.environ["KSFT_INSTALL_PATH"] = "/proc/nowhere"
        with self.assertRaisesRegex(CouldNotRun, "cannot install in /proc/nowhere: .*Give KSFT_INSTALL_PATH="):
            kselftest.install()
        self.assertFalse(self.is_locked())


if __name__ == "__main__":
    unittest.main()
