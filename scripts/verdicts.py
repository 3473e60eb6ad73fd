# SPDX-License-Identifier: GPL-2.0
"""The verdicts: what they are, which one a result is, and which ones a tree should give."""

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

VERDICTS = ("pass", "fail", "skip", "xfail", "timeout", "crash", "missing")
# Lines of a case's log: those that are kept, and those that fit in a table.
KEPT, EXCERPT = 200, 12
LONGEST_LINE = 1000

# How 6.12's KVM library reports a failed assertion whose errno happens to be
# EACCES: the message of the assertion, and then a skip.
_ASSERTION = re.compile(r"Test Assertion Failure|Access denied - Exiting")
# How the harness reports a failed EXPECT, which a SKIP after it overwrites.
_EXPECT = re.compile(r"[\w.-]+\.[ch]:\d+:[\w.-]+:Expected ")
_HARNESS_TIMEOUT = re.compile(r"Test terminated by timeout")
_NAMELESS_SKIP = re.compile(r"(?:ok \d+|1\.\.0) *# *SKIP *(?:- *)?(.*)$")
# Reasons by which the suite says that it tested nothing.
_NO_FEATURE, _NO_KVM = "KVM_CAP_ARM_USER_IRQ is not advertised", "cannot open /dev/kvm"
# And one for want of what not every kernel has.
_NO_SUPPORT = "the kernel has no "
_NOISE = re.compile(r"# +(?:OK|FAIL) +\S+$")


@dataclass
class Case:
    name: str
    host: str
    verdict: str
    seconds: float = 0.0
    reason: str = ""
    log: list = field(default_factory=list)
    # kernel/deviations.ini names this verdict for this case; see scripts/deviations.py.
    foreseen: bool = False


def excerpt(log, most=EXCERPT):
    """At MOST so many lines, from both ends; what was left out in the middle is a line "…"."""
    log = [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
           for line in log if not _NOISE.match(line)]
    return log if len(log) <= most else [*log[:most // 2], "…", *log[-most // 2 + 1:]]


def judge_skip(reason, log):
    """A skip is as good as its reason."""
    if any(_ASSERTION.search(line) for line in log):
        return "fail", "an assertion failed, and was reported as a skip"
    if any(_EXPECT.search(line) for line in log):
        return "fail", "an expectation failed, and the case skipped after it"
    if reason.lower() in ("", "unknown"):
        # The harness says "unknown" where the case skipped by the KVM library,
        # which leaves its reason in a line of its own.
        told = [match[1] for match in map(_NAMELESS_SKIP.search, log) if match and match[1]]
        if not told:
            return "fail", "skip without a reason"
        reason = told[-1]
    return "skip", reason.removeprefix("- ")


def failure(log):
    """The line that says what went wrong, for the table."""
    log = [line for line in log if line.strip("# ") and not _NOISE.match(line)]
    for index, line in enumerate(log):
        if "Test Assertion Failure" in line and index + 1 < len(log):
            return log[index + 1].strip()
    for line in log:
        if re.search(r"[\w/.-]+\.c:\d+:", line):
            return line.lstrip("# ")
    return log[-1].lstrip("# ") if log else ""


def judge(result):
    if result.directive == "SKIP" and result.ok:
        return judge_skip(result.reason, result.log)
    if result.directive == "XFAIL":
        return "xfail", result.reason
    if result.directive == "XPASS":
        return "fail", "passed, though declared to fail"
    if result.directive == "TODO":
        return "fail", "a TODO is no verdict"
    if result.ok and result.directive not in ("ERROR", "TIMEOUT"):
        return "pass", ""
    if any(_HARNESS_TIMEOUT.search(line) for line in result.log) or result.directive == "TIMEOUT":
        return "timeout", "the harness ended it"
    return "fail", result.reason or failure(result.log)


def count(cases):
    totals = dict.fromkeys(VERDICTS, 0)
    for case in cases:
        totals[case.verdict] += 1
    return totals


def in_words(wrong, total):
    """Says of TOTAL verdicts, of which WRONG are not as expected, how it went; scripts/check.py reads it."""
    if not total:
        return "no verdict"
    return f"{wrong} of {total} verdicts not as expected" if wrong else f"all {total} verdicts as expected"


def unexpected(case, tree, forced, given="", skips=("*",)):
    """Why this verdict is not what TREE should give, or an empty string.

    GIVEN: what the case needs of the kernel, if this run has it. SKIPS: patterns over what the host may lack.
    """
    if case.foreseen:
        return ""
    if case.verdict == "skip":
        if case.reason.startswith(_NO_KVM):
            return "skips for want of KVM, which every tree has"
        if case.reason.startswith(_NO_FEATURE) and forced:
            return "skips although it is forced to run"
        if case.reason.startswith(_NO_FEATURE):
            return "" if tree == "baseline" else \
                "skips for want of what is to be tested; FORCE=1, natively KVM_USER_IRQ_FORCE=1, shows what fails then"
        if case.reason.startswith(_NO_SUPPORT):
            return f"skips although it has what it needs, {given}" if given else ""
        if any(fnmatchcase(case.reason, pattern) for pattern in skips):
            return ""
        return f"skips for what hosts/{case.host}.host does not name: if this host cannot do it, add it to SKIPS there"
    if tree == "baseline":
        if forced:
            return "" if case.verdict == "fail" else f"{case.verdict} on the baseline, where it has to fail"
        return f"{case.verdict} on the baseline, where it has to skip"
    return "" if case.verdict in ("pass", "xfail") else case.verdict


def explained(case, why):
    """The reason of a verdict that is not as expected, WHY as above: a skip's own says nothing against it."""
    return f"{case.reason}: {why}" if case.verdict == "skip" else case.reason or why
