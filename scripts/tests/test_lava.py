#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A LAVA job is valid, its monitors read what init reports, and its verdicts are held against ours."""

import contextlib
import io
import re
import tempfile
import threading
import types
import unittest
from pathlib import Path
from unittest import mock

import yaml

try:
    from lava_common import schemas
    from lava_common.schemas import device as device_schema
except ImportError:
    schemas = None

import check
import job
import lava
import lavajob
import lavaresults
from children import CouldNotRun
from hosts import known_hosts, read_host
from verdicts import Case

PROGRAMS = ["user_irq_cap", "user_irq_pmu"]
URLS = {"kernel": "https://lab.example/Image", "ramdisk": "https://lab.example/initramfs.cpio"}


@unittest.skipUnless(schemas, "the package lava-common is not installed: Debian 12 alone has it")
class Schema(unittest.TestCase):
    def test_a_job_of_each_host(self):
        for name in known_hosts():
            urls = {**URLS, **({"dtb": "https://lab.example/a.dtb"} if read_host(name).without else {})}
            with self.subTest(name):
                schemas.validate(lavajob.job("a title", read_host(name), PROGRAMS, urls))

    def test_its_device(self):
        device_schema.validate(lavajob.device(read_host("vhe"), "qemu-system-aarch64"))


class Job(unittest.TestCase):
    def test_the_device_has_el2_and_a_gicv3(self):
        for told in (lavajob.context(read_host("vhe"))["machine"],
                     " ".join(lavajob.device(read_host("vhe"), "q")["actions"]["boot"]["methods"]["qemu"]
                              ["parameters"]["options"])):
            self.assertIn("virt,virtualization=on,gic-version=3", told)

    def test_what_a_host_adds_to_qemu_and_the_kernel(self):
        self.assertIn("-icount shift=0,sleep=off", lavajob.context(read_host("icount"))["extra_options"])
        images = lavajob.job("", read_host("nvhe"), PROGRAMS, URLS)["actions"][0]["deploy"]["images"]
        self.assertIn(" kvm-arm.mode=nvhe ", images["kernel"]["image_arg"])

    def test_a_complaint_of_the_kernel_ends_the_job(self):
        images = lavajob.job("", read_host("vhe"), PROGRAMS, URLS)["actions"][0]["deploy"]["images"]
        self.assertIn(" panic_on_warn=1", images["kernel"]["image_arg"])
        self.assertIn(" -no-reboot", images["kernel"]["image_arg"])


def monitored(stream, programs):
    """What LAVA makes of STREAM, which arrives character by character: (suite, case, result), and what is left."""
    found, buffer, stream = [], "", iter(stream)

    def expect(*patterns):
        nonlocal buffer
        for character in stream:
            buffer += character
            matches = [match for match in (re.search(pattern, buffer) for pattern in patterns) if match]
            if matches:
                first = min(matches, key=lambda match: match.start())
                buffer = buffer[first.end():]
                return first
        raise EOFError(found)

    for monitor in lavajob.job("", read_host("vhe"), programs, URLS)["actions"][2]["test"]["monitors"]:
        expect(monitor["start"])
        while (match := expect(monitor["end"], monitor["pattern"])).re.pattern != monitor["end"]:
            found.append((monitor["name"], match["test_case_id"], monitor["fixupdict"][match["result"]]))
    return found


# How a machine ends that lived to its end.
OFF = "x 1.900000 0\r\nq 2.000000 power off\r\n[    2.1] reboot: Power down\r\n"


def forwarded(*lines):
    return "".join(f"o 1.000002 {line}\r\n" for line in lines)


class Monitor(unittest.TestCase):
    def run_of_cap(self, *lines):
        stream = forwarded("# selftests: kvm: user_irq_cap", *lines) + OFF
        return [(case, result) for _, case, result in monitored(stream, ["user_irq_cap"])]

    def test_results(self):
        self.assertEqual(self.run_of_cap("# ok 1 cap.a", "# not ok 2 cap.b", "# ok 3 cap.c # SKIP no PMU",
                                         "# ok 4 cap.d # XFAIL known", "# not ok 5 cap.e # TIMEOUT 45 seconds"),
                         [("cap.a", "pass"), ("cap.b", "fail"), ("cap.c", "skip"), ("cap.d", "pass"),
                          ("cap.e", "fail")])

    def test_a_reason_may_hold_any_word(self):
        self.assertEqual(self.run_of_cap("# ok 1 cap.a # was no SKIP", "# not ok 2 cap.b # SKIP ok"),
                         [("cap.a", "pass"), ("cap.b", "fail")])

    def test_what_is_no_result_of_a_case(self):
        self.assertEqual(self.run_of_cap("# TAP version 13", "# 1..2", "# #  RUN  cap.a ...", "# # ok 7 cap.x",
                                         "# ok 2 # SKIP the library's own", "# # Totals: pass:1 fail:0"), [])

    def test_a_program_as_a_whole(self):
        self.assertEqual(self.run_of_cap("not ok 1 selftests: kvm: user_irq_cap # exit=1"), [("user_irq_cap", "fail")])
        self.assertEqual(self.run_of_cap("ok 1 selftests: kvm: user_irq_cap # SKIP"), [("user_irq_cap", "skip")])

    def test_a_console_line_that_init_breaks(self):
        stream = forwarded("# selftests: kvm: user_irq_cap") + "[    1.0] kvm: a wo" + forwarded("# ok 1 cap.a") + \
            f"rd\r\n{OFF}"
        self.assertEqual(monitored(stream, ["user_irq_cap"]), [("user_irq_cap", "cap.a", "pass")])

    def test_each_program_has_its_own_suite(self):
        stream = forwarded("# selftests: kvm: user_irq_cap", "# ok 1 cap.a", "ok 1 selftests: kvm: user_irq_cap",
                           "# selftests: kvm: user_irq_pmu", "# ok 1 pmu.a", "ok 2 selftests: kvm: user_irq_pmu")
        self.assertEqual(monitored(stream + OFF, PROGRAMS),
                         [("user_irq_cap", "cap.a", "pass"), ("user_irq_cap", "user_irq_cap", "pass"),
                          ("user_irq_pmu", "pmu.a", "pass"), ("user_irq_pmu", "user_irq_pmu", "pass")])

    def test_a_machine_that_died_never_comes_to_an_end(self):
        ran = forwarded("# selftests: kvm: user_irq_cap", "# ok 1 cap.a")
        # Amid the cases, before a program, after the last case, in powering off.
        for stream in (f"{ran}[    1.0] Kernel panic\r\n", f"{ran}x 1.900000 0\r\n", f"{ran}{OFF}"):
            self.assertRaises(EOFError, monitored, stream, PROGRAMS)
        for end in ("x 1.900000 0\r\n", OFF.partition("reboot")[0]):
            self.assertRaises(EOFError, monitored, ran + end, ["user_irq_cap"])


def logged(**told):
    if told["definition"] != "lava":
        told["extra"] = {"test_case_id": told["case"]}
    return yaml.safe_dump({"lvl": "results", "msg": told}, default_flow_style=True, default_style='"', width=9999)


END = logged(definition="lava", case="job", result="pass")


class Results(unittest.TestCase):
    def test_of_a_job_that_came_to_its_end(self):
        log = '{"lvl": "target", "msg": "o 1.0 # ok 1 cap.b"}\n' + \
            logged(definition="user_irq_cap", case="cap.a", result="pass") + END
        self.assertEqual(lavaresults.read(log), ({"user_irq_cap.cap.a": "pass"}, True))

    def test_of_one_that_did_not(self):
        # LAVA takes a job whose last monitor waited in vain for a job well done.
        for log in ("", logged(definition="lava", case="job", result="fail"),
                    logged(definition="lava", case="lava-test-monitor", result="pass"),
                    logged(definition="lava", case="lava-test-monitor", result="fail") + END):
            self.assertEqual(lavaresults.read(log), ({}, False))

    def test_two_results_for_one_case(self):
        twice = 2 * logged(definition="user_irq_cap", case="cap.a", result="pass")
        self.assertEqual(lavaresults.read(twice)[0], {"user_irq_cap.cap.a": "fail"})

    def test_a_program_that_failed_though_no_case_did(self):
        self.assertEqual(lavaresults.of_cases({"p.a": "pass", "p.p": "fail"}), {"p.a": "pass", "p.exit": "fail"})
        self.assertEqual(lavaresults.of_cases({"p.a": "fail", "p.p": "fail"}), {"p.a": "fail"})
        self.assertEqual(lavaresults.of_cases({"p.a": "pass", "p.p": "pass"}), {"p.a": "pass"})
        self.assertEqual(lavaresults.of_cases({"p2.a": "fail", "p.p": "fail"}), {"p2.a": "fail", "p.exit": "fail"})


class Differences(unittest.TestCase):
    def differences(self, verdict, theirs):
        return lavaresults.differences([Case("p.a", "vhe", verdict)], theirs)

    def test_equal(self):
        for verdict, theirs in (("pass", "pass"), ("xfail", "pass"), ("skip", "skip"), ("fail", "fail"),
                                ("timeout", "fail"), ("crash", "fail")):
            self.assertEqual(self.differences(verdict, {"p.a": theirs}), [])
        self.assertEqual(self.differences("missing", {}), [])

    def test_what_is_foreseen_of_stock_is_a_failure_to_lava(self):
        for verdict in ("xfail", "timeout", "crash"):
            case = Case("p.a", "vhe", verdict)
            case.foreseen = True
            self.assertEqual(lavaresults.differences([case], {"p.a": "fail"}), [])
            self.assertEqual(lavaresults.differences([case], {"p.a": "pass"}), [("p.a", "fail", "pass")])

    def test_not_equal(self):
        for verdict, theirs in (("pass", "fail"), ("pass", "skip"), ("skip", "pass"), ("fail", "pass"),
                                ("missing", "pass")):
            self.assertEqual(self.differences(verdict, {"p.a": theirs}), [("p.a", verdict, theirs)])
        self.assertEqual(self.differences("pass", {}), [("p.a", "pass", "nothing")])
        self.assertEqual(self.differences("pass", {"p.a": "pass", "p.b": "pass"}), [("p.b", "nothing", "pass")])


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        (self.top / "Image").write_bytes(b"kernel")
        self.plan = types.SimpleNamespace(programs=PROGRAMS, built=PROGRAMS, image=self.top / "Image",
                                          harness=dict.fromkeys(PROGRAMS, True), initramfs=lambda *_: b"ramdisk")

        @contextlib.contextmanager
        def built(*_):
            yield Path("6.12-series"), self.plan

        for patch in (mock.patch.object(job, "built", built), mock.patch.object(lava, "TOP", self.top),
                      mock.patch.object(job, "TOP", self.top),
                      mock.patch.object(lava, "run_lava", mock.Mock(side_effect=AssertionError("it ran"))),
                      mock.patch.object(lava, "qemu_of", lambda host: "qemu-system-aarch64")):
            patch.start()
            self.addCleanup(patch.stop)

    def work(self, *words):
        with contextlib.redirect_stdout(io.StringIO()):
            return lava.work(list(words))

    def urls(self):
        told = yaml.safe_load((self.top / "build/lava/6.12-series-vhe/job.yaml").read_text(encoding="utf-8"))
        return {name: image["url"] for name, image in told["actions"][0]["deploy"]["images"].items()}

    def test_the_files_are_where_the_job_says(self):
        self.assertEqual(self.work("job"), 0)
        read = {name: Path(url.removeprefix("file://")).read_bytes() for name, url in self.urls().items()}
        self.assertEqual(read, {"kernel": b"kernel", "ramdisk": b"ramdisk"})

    def test_the_files_of_a_lab(self):
        self.work("job", "URL=https://lab.example/")
        self.assertEqual(self.urls(), URLS)

    def test_what_cannot_be_a_job(self):
        self.plan.harness["user_irq_pmu"] = False
        for words, why in ((["job", "HOST=vhe nvhe"], "one device"), (["job", "HOST=raspi3b"], "no virtio"),
                           (["walk"], "unknown command 'walk'"), ([], "unknown command ''"),
                           (["job"], "user_irq_pmu: did not build"), (["run", "URL=https://a"], "URL is for a lab")):
            with self.subTest(words), self.assertRaisesRegex(CouldNotRun, why):
                self.work(*words)

    def test_two_at_once(self):
        with job.alone("lava", ""):
            second = threading.Thread(target=self.work, args=("job",), daemon=True)
            with mock.patch.object(job, "say") as said:
                second.start()
                while not said.called:
                    self.assertTrue(second.is_alive(), "it did not wait")
            self.assertFalse((self.top / "build/lava").exists())
        second.join(60)
        self.assertTrue((self.top / "build/lava/6.12-series-vhe/job.yaml").exists())

    def test_no_lava_run(self):
        # The words by which make check knows it.
        absent = next(part.absent for part in check.checks("6.12") if "lava-run" in part.name)
        with mock.patch("shutil.which", lambda _: None), \
                self.assertRaisesRegex(CouldNotRun, f"{absent}.*not installed"):
            self.work("run")
        with mock.patch("shutil.which", lambda _: "lava-run"), mock.patch("os.geteuid", lambda: 1000), \
                self.assertRaisesRegex(CouldNotRun, f"{absent}.*root only"):
            self.work("run")


class Run(unittest.TestCase):
    """lava-run's part is played."""

    def status(self, theirs, ended=True, ours="pass", expected=0):
        outcome = types.SimpleNamespace(cases=[Case("p.a", "vhe", ours)], status=expected, sentence=lambda: "")
        with mock.patch.object(lava, "run_lava", lambda _: (theirs, ended)), \
                mock.patch.object(lava, "run", lambda _: outcome), contextlib.redirect_stdout(io.StringIO()):
            return lava.compare({}, read_host("vhe"), Path())

    def test_status(self):
        self.assertEqual(self.status({"p.a": "pass"}), 0)
        self.assertEqual(self.status({"p.a": "fail"}), 1)
        self.assertEqual(self.status({}), 1)
        self.assertEqual(self.status({"p.a": "pass"}, ended=False), 1)
        self.assertEqual(self.status({"p.a": "fail"}, ours="fail", expected=1), 1)


if __name__ == "__main__":
    unittest.main()
