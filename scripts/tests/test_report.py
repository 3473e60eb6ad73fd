#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""report.html shows every verdict once, loads nothing, and nothing that a test wrote becomes markup."""

import re
import unittest
from html.parser import HTMLParser
from types import SimpleNamespace

import report
from hosts import known_hosts, read_host
from report import Cell, Column, Page
from series import Patch
from verdicts import VERDICTS, Case

FACTS = {"base": "6.12.1", "tree": "series", "hosts": ["vhe", "nvhe"], "patches": 7, "started": 1800000000.5}
SENTENCES = {"t.a.pass": "It is told."}
SECONDS = {"setup": 0.0, "total": 4.0}
EVIL = "</pre><script>alert(1)</script>&\"'>\x1b[31m\0"


class Parsed(HTMLParser):
    """Tags with their attributes; texts by the id of the section that they stand in."""
    VOID = {"meta", "input", "wbr"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.problems = [], [], []
        self.sections, self.cells = {}, []
        self.feed(text)
        self.close()
        self.problems += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.problems.append(f"</{tag}>")
        else:
            self.open.pop()

    def handle_data(self, data):
        for tag, attrs in self.open:
            if tag == "section":
                self.sections[attrs["id"]] = self.sections.get(attrs["id"], "") + data
        if self.open and self.open[-1][0] == "a" and self.open[-2][0] == "td":
            self.cells.append((self.open[-1][1], self.open[-2][1].get("class"), data))

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def shown(cases, unexpected=(), hosts=("vhe", "nvhe"), patches=()):
    page = report.page_of_run(cases, FACTS, SECONDS, [read_host(name) for name in hosts],
                              dict.fromkeys(unexpected, "why"), list(patches), SENTENCES)
    return Parsed(report.text(page))


class Report(unittest.TestCase):
    def well_formed(self, parsed):
        self.assertEqual(parsed.problems, [])
        ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
        self.assertEqual(len(ids), len(set(ids)))
        for attrs in parsed.all("a"):
            if attrs["href"].startswith("#"):
                self.assertIn(attrs["href"][1:], ids)
        for attrs in parsed.all("label"):
            self.assertIn(attrs["for"], ids)
        return parsed

    def test_each_verdict_has_a_cell_with_its_own_sign_and_a_section(self):
        cases = [Case(f"t.a.{verdict}", host, verdict, 0.25, f"because {verdict} on {host}", ["line 1", "line 2"])
                 for verdict in VERDICTS for host in FACTS["hosts"]]
        parsed = self.well_formed(shown(cases))
        self.assertEqual([(link["class"], text) for link, _, text in parsed.cells],
                         [(verdict, report.SIGNS[verdict]) for verdict in VERDICTS for _ in FACTS["hosts"]])
        self.assertEqual(len(set(report.SIGNS.values())), len(VERDICTS))
        for (link, _, _), case in zip(parsed.cells, cases):
            section = parsed.sections[link["href"][1:]]
            for words in (case.name, case.verdict, case.reason, case.host, "0.250 s", "line 1\nline 2",
                          SENTENCES.get(case.name, "")):
                self.assertIn(words, section)

    def test_what_is_not_as_expected_is_marked(self):
        cases = [Case("t.a", "vhe", "fail"), Case("t.a", "nvhe", "fail")]
        parsed = self.well_formed(shown(cases, [("nvhe", "t.a")]))
        self.assertEqual([marked for _, marked, _ in parsed.cells], [None, "unexpected"])
        self.assertNotIn("not as expected", parsed.sections["c0-0"])
        self.assertIn("not as expected", parsed.sections["c0-1"])

    def test_filters_hide_only_what_they_say(self):
        cases = [Case(name, "vhe", verdict) for name, verdict in (("t.good", "pass"), ("t.skips", "skip"),
                                                                  ("t.bad", "fail"), ("u.good", "pass"))]
        parsed = self.well_formed(shown(cases, [("vhe", "t.bad")]))
        rows = [attrs.get("class") for attrs in parsed.all("tr") if "class" in attrs]
        self.assertEqual(rows, ["all-pass all-expected", "all-expected", "", "all-pass all-expected"])
        self.assertEqual([attrs["class"] for attrs in parsed.all("tbody")], ["", "all-pass all-expected"])
        for rule in ("#only-not-pass:checked ~ table .all-pass,", "#only-unexpected:checked ~ table .all-expected {"):
            self.assertIn(rule, report.STYLE)

    def test_a_case_that_ran_on_one_host_only(self):
        parsed = self.well_formed(shown([Case("host.boot", "nvhe", "crash")]))
        self.assertEqual(parsed.all("td"), [{"title": "not run here"}, {}])

    def test_with_nothing(self):
        text = report.text(report.page_of_run([], FACTS, SECONDS, [read_host("vhe")], {}, [], {}))
        self.well_formed(Parsed(text))
        self.assertIn("There is no verdict.", text)

    def test_on_all_hosts(self):
        hosts = known_hosts()
        parsed = self.well_formed(shown([Case("t.a", host, "pass") for host in hosts], hosts=hosts))
        self.assertEqual(len(parsed.cells), len(hosts))

    def test_what_a_test_wrote_stays_text(self):
        case = Case(f"t.{EVIL}", "vhe", "fail", 0.0, EVIL, [EVIL])
        page = report.page_of_run([case], FACTS, SECONDS, [read_host("vhe")], {}, [EVIL], {case.name: EVIL})
        text = report.text(page)
        parsed = self.well_formed(Parsed(text))
        self.assertEqual(parsed.all("script"), [])
        self.assertEqual(re.findall(r"[\x00-\x08\x0b-\x1f\x7f]", text), [])
        self.assertEqual(parsed.sections["c0-0"].count("<script>alert(1)</script>&\"'>\\x1b[31m\\x00"), 4)

    def test_nothing_is_loaded_and_nothing_runs(self):
        parsed = shown([Case("t.a", "vhe", "pass")], patches=["0001-a.patch"])
        self.assertEqual({tag for tag, _ in parsed.tags} & {"script", "link", "img", "iframe", "object", "base"}, set())
        self.assertNotRegex(report.STYLE, r"url\(|@import")
        for attrs in parsed.all("a"):
            self.assertNotRegex(attrs["href"], r"^[a-z]+:|^/")
        self.assertIn("patches/0001-a.patch", [attrs["href"] for attrs in parsed.all("a")])

    def test_columns_of_a_patch_stand_under_its_title(self):
        columns = [Column(host, "", patch, f"patches/{patch}") for patch in ("1", "2") for host in ("vhe", "nvhe")]
        cells = {("t.a", index): Cell("fail" if index < 2 else "pass", True) for index in range(4)}
        parsed = self.well_formed(Parsed(report.text(Page("series", [], columns, cells, [], {}))))
        groups = [attrs["colspan"] for attrs in parsed.all("th") if attrs.get("class") == "group"]
        self.assertEqual(groups, ["2", "2"])
        self.assertIn("2, nvhe", parsed.sections["c0-3"])
        self.assertEqual([link["class"] for link, _, _ in parsed.cells], ["fail", "fail", "pass", "pass"])

    def test_a_validation_outlines_what_is_not_as_a_patch_says(self):
        series = SimpleNamespace(name="linux", published="a" * 40,
                                 patches=[Patch(0, "", "base"), Patch(1, "", "mend it")])
        record = {"built": True, "seconds": {"build": 8.2, "tests": 10.1}, "cases": [
            {"name": "t.a", "host": "vhe", "verdict": "fail", "seconds": 0, "reason": "", "log": []}]}
        wrong = {0: [], 1: ["t.a on vhe: named as turned green, and the verdict is fail", "x.c: a new warning"]}
        page = report.page_of_validation(series, [read_host("vhe")], {0: record, 1: record}, wrong,
                                         {0: [], 1: ["not asked for here: u.b"]}, {})
        parsed = self.well_formed(Parsed(report.text(page)))
        self.assertEqual([outlined for _, outlined, _ in parsed.cells], [None, "unexpected"])
        self.assertIn("named as turned green, and the verdict is fail", parsed.sections["c0-1"])
        self.assertEqual(page.facts, ["1 of 1 patches not as they say", "Patch 1: x.c: a new warning",
                                      "Patch 1: not asked for here: u.b",
                                      "Patch 1: verdicts not as it says, outlined below: 1"])
        self.assertEqual([column.link for column in page.columns], ["patch-00/results.ktap", "patch-01/patch.txt"])
        self.assertEqual([file for _, files in page.links for file in files if file.endswith(".txt")],
                         ["matrix.txt", "patch-01/patch.txt"])
        self.assertIn("fail, not as expected: t.a, 1 ✗ mend it, vhe", [link["title"] for link, _, _ in parsed.cells])
        self.assertIn("The patch's seconds: build 8, tests 10", parsed.sections["c0-1"])
        self.assertIn("patch-01/patch.txt", [attrs["href"] for attrs in parsed.all("a")][-1:])

    def test_a_base_of_others_that_does_not_build_leads_to_its_log(self):
        series = SimpleNamespace(name="linux", published="a" * 40, patches=[Patch(0, "", "base"), Patch(1, "", "x")])
        broken = {"built": False, "seconds": {}, "cases": []}
        page = report.page_of_validation(series, [read_host("vhe")], {0: broken, 1: broken}, {0: ["x"], 1: ["x"]},
                                         {0: [], 1: []}, {})
        self.assertEqual([column.link for column in page.columns], ["patch-00/build.log", "patch-01/patch.txt"])


if __name__ == "__main__":
    unittest.main()
