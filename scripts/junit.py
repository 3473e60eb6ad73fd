# SPDX-License-Identifier: GPL-2.0
"""Writes junit.xml: a suite for each host, a case for each verdict."""

from junit_xml import TestCase, TestSuite, to_xml_report_string


def _test_case(case):
    program, _, name = case.name.partition(".")
    test = TestCase(name or program, classname=program, elapsed_sec=case.seconds)
    log = "\n".join(case.log)
    # JUnit has neither xfail nor our ways not to finish; the message keeps the word.
    message = f"{case.verdict}: {case.reason}"
    if case.verdict in ("skip", "xfail"):
        test.add_skipped_info(message, log)
    elif case.verdict == "fail":
        test.add_failure_info(message, log, failure_type=case.verdict)
    elif case.verdict != "pass":
        test.add_error_info(message, log, error_type=case.verdict)
    return test


def text(cases, about):
    suites = [TestSuite(host, [_test_case(case) for case in cases if case.host == host],
                        properties={"base": about["base"], "tree": about["tree"], "patches": about["patches"]})
              for host in about["hosts"]]
    return to_xml_report_string(suites)
