#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The files of a real run of the whole suite all tell the same verdicts, each in its own format.

usage: left_by_run.py FOLDER
"""

import json
import re
import sys
import unittest
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import clauses
import kcidb_rules
import patchset

# How a verdict stands in each format; several share a word in some.
IN_KCIDB = {"pass": "PASS", "skip": "SKIP", "missing": "MISS"}
IN_JUNIT = {"pass": None, "skip": "skipped", "xfail": "skipped", "fail": "failure"}


class LeftByRun(unittest.TestCase):
    folder = None

    @classmethod
    def setUpClass(cls):
        cls.summary = json.loads(cls.text("summary.json"))
        cls.cases = {(case["host"], case["name"]): case["verdict"] for case in cls.summary["cases"]}

    @classmethod
    def text(cls, name):
        return (cls.folder / name).read_text(encoding="utf-8")

    def test_summary(self):
        self.assertEqual(len(self.cases), len(self.summary["cases"]))
        self.assertEqual(sum(self.summary["verdicts"].values()), len(self.cases))
        self.assertEqual({host for host, _ in self.cases}, set(self.summary["hosts"]))

    def test_every_case_that_clauses_knows_has_run_on_every_host(self):
        known = {name for case in clauses.read_cases() for name in case.names()}
        for host in self.summary["hosts"]:
            self.assertEqual({name for where, name in self.cases if where == host}, known)

    def test_ktap(self):
        # The innermost level has the cases; the others sum them up.
        results = re.findall(r"^    ((?:not )?ok) \d+ ", self.text("results.ktap"), re.M)
        self.assertEqual(len(results), len(self.cases))
        self.assertEqual(results.count("ok"), sum(v in ("pass", "skip", "xfail") for v in self.cases.values()))

    def test_junit(self):
        found = {}
        for suite in ElementTree.fromstring(self.text("junit.xml")).iter("testsuite"):
            for case in suite.iter("testcase"):
                # A program without cases is one case, by its own name.
                names = (f"{case.get('classname')}.{case.get('name')}", case.get("name"))
                key = next((suite.get("name"), name) for name in names if (suite.get("name"), name) in self.cases)
                found[key] = next((child.tag for child in case), None)
                for child in case:
                    self.assertTrue((child.text or "").strip(), f"{key}: no log")
        self.assertEqual(found, {key: IN_JUNIT.get(verdict, "error") for key, verdict in self.cases.items()})

    def test_kcidb(self):
        report = json.loads(self.text("kcidb.json"))
        self.assertEqual(kcidb_rules.broken(report), [])
        self.assertEqual(sorted((test["misc"]["verdict"], test["status"]) for test in report["tests"]),
                         sorted((verdict, IN_KCIDB.get(verdict, "FAIL")) for verdict in self.cases.values()))
        checkout, = report["checkouts"]
        files = sorted((self.folder / "patches").glob("*"))
        self.assertEqual([one["name"] for one in checkout["patchset_files"]], [path.name for path in files])
        self.assertEqual(checkout["patchset_hash"], patchset.digest(files))
        for test in report["tests"]:
            if "log_url" in test:
                self.assertTrue(Path(unquote(urlsplit(test["log_url"]).path)).is_file())

    def test_report(self):
        page = self.text("report.html")
        cells = re.findall(r'<td[^>]*><a class="(\w+)" href="#(c\d+-\d+)"', page)
        self.assertEqual(sorted(verdict for verdict, _ in cells), sorted(self.cases.values()))
        sections = re.findall(r'<section [^>]*id="(c[^"]+)"', page)
        self.assertEqual(sorted(section for _, section in cells), sorted(sections))
        for file in re.findall(r'href="([^#"]+)"', page):
            self.assertTrue((self.folder / file).is_file(), file)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    LeftByRun.folder = Path(sys.argv.pop()).resolve()
    unittest.main()
