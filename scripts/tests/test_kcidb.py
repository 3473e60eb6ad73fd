#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""kcidb.json is valid whatever a run gave, and says what it gave."""

import copy
import hashlib
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import kcidb
import kcidb_rules
import patchset
from deviations import Deviation, apply
from hosts import read_host
from verdicts import VERDICTS, Case

FACTS = {"base": "6.12.1", "tree": "stock", "hosts": ["vhe", "nvhe"], "patches": 0,
         "compiler": "aarch64-linux-gnu-gcc 12", "started": 1800000000.25}
DEVIATIONS = [Deviation("it forgets", "fail", "arch/arm64/kvm/arm.c: past it", ["6.*"], ["*"], ["t.line.*"])]


def written(cases, deviations=(), patches=()):
    hosts = [read_host(name) for name in FACTS["hosts"]]
    return json.loads(kcidb.text(kcidb.of_run(cases, FACTS, deviations, hosts, "20270115-stock",
                                              Path("/srv/results/20270115-stock"), list(patches))))


class Valid(unittest.TestCase):
    def valid(self, report):
        self.assertEqual(kcidb_rules.broken(report), [])
        return report

    def test_each_verdict_on_each_host_is_a_test(self):
        cases = [Case(f"t.a.{verdict}", host, verdict, 0.25, "so", ["line"])
                 for host in FACTS["hosts"] for verdict in VERDICTS]
        tests = self.valid(written(cases))["tests"]
        self.assertEqual([test["status"] for test in tests],
                         2 * ["PASS", "FAIL", "SKIP", "FAIL", "FAIL", "FAIL", "MISS"])
        self.assertEqual([test["misc"]["verdict"] for test in tests], 2 * list(VERDICTS))
        self.assertEqual(tests[1]["path"], "kselftest.kvm.t.a.fail")
        self.assertEqual((tests[1]["comment"], tests[1]["log_excerpt"], tests[1]["duration"]), ("so", "line", 0.25))
        self.assertNotIn("log_excerpt", tests[0])
        self.assertNotEqual(tests[0]["environment"], tests[7]["environment"])

    def test_no_case_at_all(self):
        self.assertEqual(self.valid(written([]))["tests"], [])

    def test_what_a_program_may_have_written(self):
        report = self.valid(written([Case("t..a b/ü.\0.x", "vhe", "fail", 0.0, "a\0b", ["\0", "x" * 40000 + "end"]),
                                     Case("host.after_last_case", "vhe", "crash", 0.0, "WARNING:")]))
        test, after = report["tests"]
        self.assertEqual(test["path"], "kselftest.kvm.t.a_b__._.x")
        self.assertTrue(test["log_excerpt"].endswith("xend"))
        self.assertEqual(len(test["log_excerpt"]), 16384)
        self.assertEqual(after["path"], "host.after_last_case")

    def test_a_deviation_is_an_issue_and_each_of_its_cases_an_incident(self):
        cases = [Case("t.line.a", "vhe", "fail"), Case("t.line.a", "nvhe", "pass"), Case("t.line.b", "vhe", "skip"),
                 Case("t.other", "vhe", "fail")]
        for case in cases:
            apply(case, DEVIATIONS)
        report = self.valid(written(cases, DEVIATIONS))
        issue, = report["issues"]
        self.assertEqual((issue["report_subject"], issue["comment"]), ("it forgets", "arch/arm64/kvm/arm.c: past it"))
        self.assertEqual([(incident["test_id"], incident["present"]) for incident in report["incidents"]],
                         [("kvm_user_irq:20270115-stock/vhe/t.line.a", True),
                          ("kvm_user_irq:20270115-stock/nvhe/t.line.a", False)])
        self.assertEqual([test["status"] for test in report["tests"]], ["FAIL", "FAIL", "SKIP", "FAIL"])

    def test_an_issue_is_the_same_in_each_run_until_its_text_changes(self):
        cases = [Case("t.line.a", "vhe", "fail")]
        first, again = (written(cases, DEVIATIONS)["issues"][0]["id"] for _ in range(2))
        moved = Deviation("it forgets", "fail", "elsewhere", ["6.*"], ["*"], ["t.line.*"])
        other = written(cases, [moved])["issues"][0]["id"]
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_a_failure_that_the_test_itself_declares(self):
        report = self.valid(written([Case("t.x", "vhe", "xfail", 0.0, "not yet")]))
        self.assertEqual(report["issues"][0]["comment"], "not yet")
        self.assertTrue(report["incidents"][0]["present"])


class Validation(unittest.TestCase):
    def test_each_patch_is_a_checkout_and_a_build_with_its_tests(self):
        case = {"name": "t.a", "host": "vhe", "verdict": "fail", "seconds": 0.5, "reason": "so", "log": ["line"]}
        built = {"built": True, "error": "", "compiler": "gcc 12", "cases": [case], "seconds": {"build": 8.0}}
        broken = {"built": False, "error": "x.c: error: \0", "compiler": "", "cases": [], "seconds": {"build": 2.0}}
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("1", "2")]
            for path in files:
                path.write_text(f"{path.name}\n")
            patches = [("patch-00", None, built), ("patch-01", files[0], broken), ("patch-02", files[1], built)]
            report = json.loads(kcidb.text(kcidb.of_validation(
                patches, {**FACTS, "commit": "a" * 40}, [read_host("vhe")], "20270115-validate",
                Path("/srv/results/20270115-validate"))))
            self.assertEqual([one["patchset_hash"] for one in report["checkouts"]],
                             ["", patchset.digest(files[:1]), patchset.digest(files)])
        self.assertEqual(kcidb_rules.broken(report), [])
        self.assertEqual({one["git_commit_hash"] for one in report["checkouts"]}, {"a" * 40})
        self.assertEqual([one.get("compiler") for one in report["builds"]], ["gcc 12", None, "gcc 12"])
        self.assertEqual([len(one["patchset_files"]) for one in report["checkouts"]], [0, 1, 2])
        self.assertEqual([one["status"] for one in report["builds"]], ["PASS", "FAIL", "PASS"])
        self.assertEqual(report["builds"][1]["log_url"], "file:///srv/results/20270115-validate/patch-01/build.log")
        self.assertEqual([one["build_id"] for one in report["tests"]],
                         [f"kvm_user_irq:20270115-validate/patch-0{number}/arm64" for number in (0, 2)])

    def test_a_range_shows_what_is_known_of_the_linux_that_it_stands_on(self):
        def told(verdict):
            case = {"name": "t.line.a", "host": "vhe", "verdict": verdict, "seconds": 0.5, "reason": "", "log": []}
            record = {"built": True, "error": "", "compiler": "gcc 12", "cases": [case], "seconds": {"build": 8.0}}
            report = json.loads(kcidb.text(kcidb.of_validation(
                [("patch-00", None, record)], {**FACTS, "commit": "a" * 40}, [read_host("vhe")], "20270115-validate",
                Path("/srv/results/20270115-validate"), DEVIATIONS)))
            self.assertEqual(kcidb_rules.broken(report), [])
            # The record stays as it is: what a patch did is judged by it.
            self.assertEqual(case["verdict"], verdict)
            return [(test["status"], test["misc"]["verdict"]) for test in report["tests"]], \
                [incident["present"] for incident in report["incidents"]]

        self.assertEqual(told("fail"), ([("FAIL", "xfail")], [True]))
        # A patch of the range may mend it.
        self.assertEqual(told("pass"), ([("PASS", "pass")], [False]))
        self.assertEqual(told("crash"), ([("FAIL", "crash")], [False]))


class Rules(unittest.TestCase):
    """The description finds what it is there to find."""

    def test_each_broken_rule_is_named(self):
        good = written([Case("t.line.a", "vhe", "xfail", 0.0, "so", ["line"])], DEVIATIONS)
        self.assertEqual(kcidb_rules.broken(good), [])

        def set_in(kind, key, value):
            bad = copy.deepcopy(good)
            bad[kind][0][key] = value
            return bad

        for bad, words in ((set_in("tests", "path", "a..b"), "tests[0].path"),
                           (set_in("tests", "path", "a b"), "tests[0].path"),
                           (set_in("tests", "log_excerpt", "x" * 16385), "log_excerpt"),
                           (set_in("tests", "status", "XFAIL"), "status"),
                           (set_in("tests", "colour", "red"), "colour"),
                           (set_in("tests", "comment", None), "comment"),
                           (set_in("tests", "misc", {"a": [None]}), "report.tests.0.misc.a.0 is null"),
                           (set_in("tests", "build_id", "kvm_user_irq:none"), "no build_id"),
                           (set_in("incidents", "test_id", "kvm_user_irq:none"), "no test_id"),
                           (set_in("checkouts", "start_time", "yesterday"), "start_time"),
                           (set_in("checkouts", "patchset_hash", "abc"), "patchset_hash"),
                           ({**good, "tests": good["tests"] * 2}, "is there 2 times"),
                           ({**good, "version": {"major": 4, "minor": 3}}, "version")):
            self.assertIn(words, "\n".join(kcidb_rules.broken(bad)))


class Patchset(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def git(self, *words):
        subprocess.run(["git", "-C", self.folder / "history", "-c", "user.name=a", "-c", "user.email=a@example.org",
                        "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null", *words],
                       check=True, capture_output=True)

    def test_the_patches_are_those_on_top_of_the_base(self):
        (self.folder / "history").mkdir()
        self.git("init", "-b", "stock")
        for branch in ("stock", "baseline", "series"):
            self.git("checkout", "-B", branch)
            (self.folder / "history/file").write_text(f"{branch}\n")
            self.git("add", "file")
            self.git("commit", "-m", f"To {branch}")
        names = {tree: [path.name for path in patchset.write(self.folder / "history", tree, self.folder / tree)]
                 for tree in ("stock", "baseline", "series")}
        self.assertEqual(names, {"stock": [], "baseline": ["0001-To-baseline.patch"],
                                 "series": ["0001-To-baseline.patch", "0002-To-series.patch"]})

    def test_the_hash_is_as_the_public_rule_has_it(self):
        files = [self.folder / "1", self.folder / "2"]
        for number, path in enumerate(files):
            path.write_text(f"patch {number}\n")
        shell = subprocess.run("sha256sum 1 2 | cut -c-64 | sha256sum | cut -c-64", shell=True, cwd=self.folder,
                               check=True, capture_output=True, text=True).stdout.strip()
        self.assertEqual(patchset.digest(files), shell)
        self.assertNotEqual(patchset.digest(files[::-1]), shell)
        self.assertEqual(patchset.digest([]), "")
        self.assertNotEqual(patchset.digest([files[0]]), hashlib.sha256(files[0].read_bytes()).hexdigest())

    def test_a_report_names_them(self):
        files = [self.folder / "0001-a.patch"]
        files[0].write_text("a\n")
        report = written([], (), files)
        self.assertEqual(kcidb_rules.broken(report), [])
        self.assertEqual(report["checkouts"][0]["patchset_files"],
                         [{"name": "0001-a.patch", "url": "file:///srv/results/20270115-stock/patches/0001-a.patch"}])
        self.assertEqual(report["checkouts"][0]["patchset_hash"], patchset.digest(files))


if __name__ == "__main__":
    unittest.main()
