#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whatever is no pass comes with lines that tell more, in junit.xml too, however little was said."""

import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

import hostrun
import junit
from hostverdicts import HostVerdicts
from test_verdicts import Machine

ABOUT = {"base": "6.12", "tree": "series", "hosts": ["vhe"], "patches": 1}
HUNG = {"how": "hung", "why": "silent for 45 s"}


class Excerpts(unittest.TestCase):
    def setUp(self):
        self.verdicts = HostVerdicts("vhe", ["t"])

    def boots(self, machine, how="off", why=""):
        self.verdicts.add_boot(machine.boot(), how, why, ["words of the console"])

    def texts(self):
        """{name: text} of what is no pass, as junit.xml has it."""
        self.verdicts.finish()
        page = ElementTree.fromstring(junit.text(self.verdicts.sorted_cases(), ABOUT))
        found = {f"{case.get('classname')}.{case.get('name')}": case[0].text or ""
                 for case in page.iter("testcase") if len(case)}
        self.assertTrue(found)
        for name, text in found.items():
            self.assertTrue(text.strip(), name)
        return found

    def test_a_hang_at_boot_and_what_no_boot_reached(self):
        m = Machine()
        m.ktap.clear()
        self.boots(m, **HUNG)
        self.verdicts.give_up("no boot reached it")
        self.assertEqual(self.texts(), {"host.boot": "words of the console", "t.t": "words of the console"})

    def test_a_machine_that_says_nothing_at_all(self):
        m = Machine()
        m.ktap.clear()
        self.verdicts.add_boot(m.boot(), "hung", "silent for 45 s", [])
        self.assertEqual(list(self.texts()), ["host.boot"])

    def test_a_hang_after_the_last_case(self):
        m = Machine()
        m.whole_program("t", "a.x")
        self.boots(m, **HUNG)
        self.assertEqual(self.texts(), {"host.after_last_case": "words of the console"})

    def test_a_hang_that_no_later_boot_explains_has_its_own_console(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        m.passes(1, "a.x")
        self.boots(m, **HUNG)
        m = Machine()
        m.alone("t", "a.y")
        m.switches_off()
        self.verdicts.add_boot(m.boot(), "off", "", ["words of a boot that went well"])
        self.assertEqual(self.texts(), {"host.between_cases": "words of the console"})

    def test_a_hang_of_a_case_that_said_nothing(self):
        m = Machine()
        m.alone("t", "a.x", ends=False)
        self.boots(m, **HUNG)
        self.assertEqual(self.texts(), {"t.a.x": "words of the console"})

    def test_a_case_that_its_program_did_not_come_to(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        m.passes(1, "a.x")
        m.inner("dying words")
        m.ends("t", ok=False, directive=" # exit=134")
        m.switches_off()
        self.boots(m)
        self.assertEqual(self.texts(), {"t.a.y": "dying words"})

    def test_a_program_without_a_word_of_its_own(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t")
        m.inner("1..0 # SKIP - no PMU here")
        m.ends("t", directive=" # SKIP")
        m.switches_off()
        self.boots(m)
        self.assertEqual(self.texts(), {"t.a.x": "1..0 # SKIP - no PMU here"})

    def test_a_result_without_a_word_before_it(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        m.passes(1, "a.x")
        m.inner("not ok 2 a.y")
        m.ends("t", ok=False)
        m.switches_off()
        self.boots(m)
        self.assertIn("not ok 2 a.y", self.texts()["t.a.y"])

    def test_words_of_init(self):
        m = Machine()
        m.whole_program("t", "a.x")
        m.init("e", "no /usr/bin/timeout")
        m.switches_off()
        self.boots(m)
        self.assertEqual(list(self.texts()), ["host.init"])


class Files(unittest.TestCase):
    """Where the lines come from."""

    def test_a_program_that_did_not_build(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "t").write_text("make: Entering\nt.c:1: error: planted\n", encoding="utf-8")
            why, log = hostrun.why_not_built(Path(folder) / "t")
            self.assertEqual((why, log), ("t.c:1: error: planted", ["make: Entering", "t.c:1: error: planted"]))
            self.assertTrue(all(hostrun.why_not_built(Path(folder) / "u")))
        verdicts = HostVerdicts("vhe", ["t"])
        verdicts.not_built("t", why, log)
        self.assertEqual(verdicts.cases["t"].log, log)

    def test_the_end_of_a_console(self):
        data = b"".join(b"%9.3f [    1.000000] line %d\n" % (number, number) for number in range(100))
        lines = hostrun.end_of_console(data + b"  101.000 \x1b[2Jcut\x00cut\n")
        self.assertEqual(lines[-2:], ["[    1.000000] line 99", "\\x1b[2Jcut\\x00cut"])
        self.assertEqual(len(lines), hostrun.TAIL)


if __name__ == "__main__":
    unittest.main()
