# SPDX-License-Identifier: GPL-2.0
"""junit.xml has every verdict, under a name that JUnit knows, with its log."""

import unittest
from xml.etree import ElementTree

import junit
from verdicts import VERDICTS, Case

ABOUT = {"base": "6.12.117", "tree": "series", "hosts": ["vhe"], "patches": 12}
TAGS = {"pass": None, "skip": "skipped", "xfail": "skipped", "fail": "failure",
        "timeout": "error", "crash": "error", "missing": "error"}


def written(*cases):
    return ElementTree.fromstring(junit.text(list(cases), ABOUT))


class Junit(unittest.TestCase):
    def test_each_verdict_has_its_tag_and_keeps_its_word(self):
        for verdict in VERDICTS:
            case = written(Case("user_irq_a.x.y", "vhe", verdict, reason="so", log=["line"])).find(".//testcase")
            self.assertEqual((case.get("classname"), case.get("name")), ("user_irq_a", "x.y"))
            children = list(case)
            if TAGS[verdict] is None:
                self.assertEqual(children, [])
                continue
            self.assertEqual([child.tag for child in children], [TAGS[verdict]])
            self.assertEqual(children[0].get("message"), f"{verdict}: so")
            self.assertEqual(children[0].text, "line")

    def test_control_characters_and_markup_leave_it_readable(self):
        case = Case("user_irq_a.x", "vhe", "fail", reason="<a>&\x1b[31m\x00", log=["]]>\x07", "\x7f"])
        failure = written(case).find(".//failure")
        self.assertTrue(failure.get("message").startswith("fail: <a>&"))
        self.assertIn("]]>", failure.text)

    def test_counts(self):
        suite = written(Case("a.b", "vhe", "pass"), Case("a.c", "vhe", "fail"), Case("a.d", "vhe", "crash"),
                        Case("a.e", "vhe", "skip")).find("testsuite")
        self.assertEqual([suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")],
                         ["vhe", "4", "1", "1", "1"])


if __name__ == "__main__":
    unittest.main()
