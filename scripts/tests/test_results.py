#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a run leaves behind, and the hosts it runs on."""

import json
import re
import tempfile
import unittest
from pathlib import Path

import results
import table
from hosts import HOSTS, HostError, known_hosts, read_host
from verdicts import EXCERPT, VERDICTS, Case

ABOUT = {"base": "6.12.1", "tree": "series", "hosts": ["vhe", "nvhe"], "patches": 7}
SECONDS = {"setup": 0.0, "build": 1.234, "boot": 0.5, "tests": 2.0, "total": 4.0}
CASES = [
    Case("t.a.x", "vhe", "pass", 0.25),
    Case("t.a.y", "vhe", "skip", 0.1, "no PMU here"),
    Case("t.a.z", "vhe", "fail", 0.1, "t.c:3: 0 == 1", ["t.c:3: 0 == 1"]),
    Case("u", "vhe", "missing", 0.0, "did not build: u.c:1: error"),
    Case("t.a.x", "nvhe", "timeout", 1.0, "silent for 45 s"),
    Case("host.boot", "nvhe", "crash", 0.0, "WARNING: CPU: 0"),
]


class Folder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name) / "results"

    def tearDown(self):
        self.temporary.cleanup()

    def test_two_runs_of_one_second_have_folders_of_their_own(self):
        first, second = results.new_run(self.folder, "series"), results.new_run(self.folder, "series")
        self.assertNotEqual(first, second)
        third = results.new_run(self.folder, "series")
        self.assertNotIn(results.complete(first), (second, third))

    def test_latest_points_at_the_last_complete_run(self):
        first = results.complete(results.new_run(self.folder, "series"))
        results.new_run(self.folder, "series")
        self.assertEqual((self.folder / "latest").resolve(), first.resolve())
        second = results.complete(results.new_run(self.folder, "stock"))
        self.assertEqual((self.folder / "latest").resolve(), second.resolve())
        self.assertTrue(first.is_dir())

    def test_what_is_written(self):
        partial = results.new_run(self.folder, "series")
        for number in (1, 2):
            (partial / f"vhe-{number}.console").write_text(f"    0.1 boot {number}\n")
            (partial / f"vhe-{number}.ktap").write_text("")
        boots = [("vhe", number, str(partial / f"vhe-{number}")) for number in (1, 2)]
        results.write(partial, CASES, ABOUT, SECONDS, boots)
        self.assertEqual(sorted(path.name for path in partial.iterdir()),
                         ["console.log", "junit.xml", "results.ktap", "summary.json"])
        self.assertEqual((partial / "console.log").read_text().count("=== vhe, boot"), 2)
        summary = json.loads((partial / "summary.json").read_text())
        self.assertEqual(list(summary), ["base", "tree", "hosts", "patches", "verdicts", "cases", "seconds"])
        self.assertEqual(list(summary["verdicts"]), list(VERDICTS))
        self.assertEqual(sum(summary["verdicts"].values()), len(CASES))
        self.assertEqual(summary["cases"][0], {"name": "t.a.x", "host": "vhe", "verdict": "pass", "seconds": 0.25})
        self.assertEqual(summary["seconds"]["build"], 1.23)


class Ktap(unittest.TestCase):
    def test_nested(self):
        self.assertEqual(results.ktap_text(CASES, ABOUT), """\
KTAP version 1
# Linux 6.12.1, series, 7 patches
1..2
  KTAP version 1
  1..2
    KTAP version 1
    1..3
    ok 1 a.x
    ok 2 a.y # SKIP no PMU here
    # t.c:3: 0 == 1
    not ok 3 a.z # t.c:3: 0 == 1
  not ok 1 t
    KTAP version 1
    1..1
    not ok 1 u # ERROR missing: did not build: u.c:1: error
  not ok 2 u
not ok 1 vhe
  KTAP version 1
  1..2
    KTAP version 1
    1..1
    not ok 1 a.x # TIMEOUT silent for 45 s
  not ok 1 t
    KTAP version 1
    1..1
    not ok 1 boot # ERROR crash: WARNING: CPU: 0
  not ok 2 host
not ok 2 vhe
""".replace("not ok 2 vhe", "not ok 2 nvhe"))


class Table(unittest.TestCase):
    def test_each_case_that_is_not_a_pass_is_named(self):
        text = table.text(CASES, ABOUT["hosts"], {("vhe", "t.a.z"): "fail", ("vhe", "u"): "missing",
                                                  ("nvhe", "t.a.x"): "timeout", ("nvhe", "host.boot"): "crash"})
        for words in ("1 pass, 1 fail, 1 skip", "skip on vhe: t.a.y: no PMU here", "      | t.c:3: 0 == 1",
                      "missing vhe  u: did not build", "timeout nvhe t.a.x: silent"):
            self.assertIn(words, text)

    def test_a_long_log_is_shown_in_part(self):
        case = Case("t.a.z", "vhe", "fail", 0.1, "t.c:3: 0 == 1", [f"line {number}" for number in range(100)])
        text = table.text([case], ["vhe"], {("vhe", "t.a.z"): "fail"})
        self.assertEqual(text.count("      | "), EXCERPT)
        self.assertIn("| line 99", text)


class Hosts(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "mine.host").write_bytes(text if isinstance(text, bytes) else text.encode())
            return read_host("mine", Path(folder))

    def test_ours_can_be_read(self):
        for name in known_hosts():
            self.assertTrue(read_host(name).about)

    def test_no_mode_passes_for_another(self):
        """Each by the words of Linux 6.12, and nVHE by those of 6.8 too."""
        for name, said in (("vhe", "kvm [1]: VHE mode initialized successfully"),
                           ("nvhe", "kvm [1]: Hyp nVHE mode initialized successfully"),
                           ("nvhe", "kvm [1]: Hyp mode initialized successfully"),
                           ("nested", "kvm [1]: VHE+NV2 mode initialized successfully"),
                           ("pkvm", "kvm [1]: Protected hVHE mode initialized successfully")):
            for other in ("vhe", "nvhe", "nested", "pkvm"):
                with self.subTest(said=said, host=other):
                    self.assertEqual(bool(re.search(read_host(other).says, said)), other == name)

    def test_what_is_wrong_is_named(self):
        good = (HOSTS / "vhe.host").read_text()
        last = len(good.splitlines()) + 1
        for text, words in ((good + "COLOUR=red\n", f"mine.host:{last}: unknown key 'COLOUR'. Known keys: ABOUT"),
                            (good + "CPU=max\n", "CPU is given twice"),
                            (good.replace("SMP=2", "SMP=two"), "SMP=two is not a number"),
                            (good.replace("SMP=2", "SMP=0"), "SMP=0 is not a number from 1 on"),
                            (good.replace("SMP=2", "SMP=²"), "SMP=² is not a number"),
                            (good + "QEMU=-device 'virtio\n", "QEMU=-device 'virtio: No closing quotation"),
                            (b"ABOUT=caf\xe9\n", "mine.host is not UTF-8"),
                            (good.replace("SAYS=", "SAYS=("), "is not a regular expression: missing )"),
                            ("ABOUT=nothing\n", "MACHINE, CPU, SMP, MEMORY, SAYS missing")):
            with self.assertRaises(HostError) as raised:
                self.read(text)
            self.assertIn(words, str(raised.exception))

    def test_an_unknown_host(self):
        with self.assertRaisesRegex(HostError, "unknown host 'moon'. There are: .*vhe"):
            read_host("moon")


if __name__ == "__main__":
    unittest.main()
