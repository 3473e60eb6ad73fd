# SPDX-License-Identifier: GPL-2.0
"""Judges what the boots of one host said: a verdict for every case, and never silence."""

import re
from dataclasses import dataclass, field

VERDICTS = ("pass", "fail", "skip", "xfail", "timeout", "crash", "missing")
EXCERPT = 12

# How 6.12's KVM library reports a failed assertion whose errno happens to be
# EACCES: the message of the assertion, and then a skip.
_ASSERTION = re.compile(r"Test Assertion Failure|Access denied - Exiting")
_HARNESS_TIMEOUT = re.compile(r"Test terminated by timeout")
_NAMELESS_SKIP = re.compile(r"(?:ok \d+|1\.\.0) *# *SKIP *(?:- *)?(.*)$")
_NOISE = re.compile(r"# +(?:OK|FAIL) +\S+$")


@dataclass
class Case:
    name: str
    host: str
    verdict: str
    seconds: float = 0.0
    reason: str = ""
    log: list = field(default_factory=list)


def _excerpt(log):
    log = [line for line in log if not _NOISE.match(line)]
    return log if len(log) <= EXCERPT else [*log[:EXCERPT // 2], "…", *log[-EXCERPT // 2 + 1:]]


def _judge_skip(reason, log):
    """A skip is as good as its reason."""
    if any(_ASSERTION.search(line) for line in log):
        return "fail", "an assertion failed, and was reported as a skip"
    if reason.lower() in ("", "unknown"):
        # The harness says "unknown" where the case skipped by the KVM library,
        # which leaves its reason in a line of its own.
        told = [match[1] for match in map(_NAMELESS_SKIP.search, log) if match and match[1]]
        if not told:
            return "fail", "skip without a reason"
        reason = told[-1]
    return "skip", reason.removeprefix("- ")


def _failure(log):
    """The line that says what went wrong, for the table."""
    log = [line for line in log if line.strip("# ") and not _NOISE.match(line)]
    for index, line in enumerate(log):
        if "Test Assertion Failure" in line and index + 1 < len(log):
            return log[index + 1].strip()
    for line in log:
        if re.search(r"[\w/.-]+\.c:\d+:", line):
            return line.lstrip("# ")
    return log[-1].lstrip("# ") if log else ""


def _judge(result):
    if result.directive == "SKIP":
        return _judge_skip(result.reason, result.log)
    if result.directive == "XFAIL":
        return "xfail", result.reason
    if result.directive == "XPASS":
        return "fail", "passed, though declared to fail"
    if result.directive == "TODO":
        return "fail", "a TODO is no verdict"
    if result.ok:
        return "pass", ""
    if any(_HARNESS_TIMEOUT.search(line) for line in result.log) or result.directive == "TIMEOUT":
        return "timeout", "the harness ended it"
    return "fail", result.reason or _failure(result.log)


class HostVerdicts:
    """The cases of one host, over as many boots as it took."""

    def __init__(self, host, programs):
        self.host = host
        self.cases = {}
        self.programs = list(programs)
        self.ends = {}
        self.spans = []
        self.unknown = []
        self.listed = set()

    def _set(self, name, verdict, reason="", log=(), seconds=0.0):
        self.cases[name] = Case(name, self.host, verdict, round(seconds, 6), reason, _excerpt(list(log)))

    def done(self):
        """What a further boot need not run: names as init compares them."""
        programs = [f"{name}." for name, ended in self.ends.items() if ended]
        return sorted(set(self.cases) | set(programs))

    def pending(self):
        return [name for name in self.programs if not self.ends.get(name)]

    def add_boot(self, boot, how, why):
        """Takes in one boot that ended HOW, and returns whether it brought anything new."""
        before = len(self.cases) + sum(self.ends.values())
        fatal = how != "off" or not boot.powered_off
        self.spans = []
        for program in boot.programs:
            self.listed.update(f"{program.name}.{case}" for case in program.listed)
            self._take_results(program)
            self._take_end(program, fatal, how, why)
        self.unknown = boot.unlisted
        if not fatal:
            ran = {program.name for program in boot.programs}
            self.ends.update({name: True for name in self.pending() if name not in ran})
        self._take_console(boot, how, why, fatal)
        return len(self.cases) + sum(self.ends.values()) > before

    def _take_results(self, program):
        seen = {}
        known = set(program.listed)
        for result in program.results:
            name = f"{program.name}.{result.name}"
            verdict, reason = _judge(result)
            if name in seen:
                verdict, reason = "fail", "two result lines for one case"
            elif known and result.name not in known:
                verdict, reason = "fail", "a result line for a case that the program does not list"
            seen[name] = result
            self._set(name, verdict, reason, result.log, result.end - result.start)
            self.spans.append((name, result.start, result.end))
        if program.plan is not None and len(program.results) > program.plan:
            self._set(f"{program.name}.plan", "fail",
                      f"the plan says {program.plan} cases, and {len(program.results)} came", program.log)

    def _lost(self, program):
        """Names of the cases that should have a verdict and have none, the one that ran first."""
        got = {result.name for result in program.results}
        if program.listed:
            return [name for name in program.listed if name not in got]
        missing = (program.plan or 0) - len(program.results)
        return [f"case_{len(program.results) + 1 + n}" for n in range(missing)]

    def _take_end(self, program, fatal, how, why):
        name = program.name
        lost = self._lost(program)
        timed_out = program.directive.startswith("TIMEOUT")
        again = (fatal and not program.ended) or (timed_out and bool(lost))
        if program.plan_skip is not None and program.plan == 0 and program.ended:
            self._skipped_program(program, lost or [""])
            lost = []
        elif again and program.started:
            self._interrupted(program, lost, how, why)
            return
        elif again:
            return
        for case in lost:
            running = case == program.running
            reason = (f"the program ended in it ({program.directive or 'ok'})" if running else
                      "no verdict came" if program.started else "the program did not run")
            self._set(f"{name}.{case}", "fail" if running else "missing", reason,
                      program.log if running else ())
        self.ends[name] = True
        self._judge_end(program, bool(lost))

    def _interrupted(self, program, lost, how, why):
        """The case that was running has its verdict; a further boot runs the rest."""
        hung = how == "hung" or program.directive.startswith("TIMEOUT")
        running = program.running if program.running in lost else (lost[0] if not program.listed and lost else "")
        verdict = "timeout" if hung else "crash"
        reason = why or program.directive
        if running:
            self._set(f"{program.name}.{running}", verdict, reason, program.log)
        elif not lost:
            self._set(f"{program.name}.exit", verdict, reason, program.log)
            self.ends[program.name] = True
        if not program.listed:
            # Without a list of its cases nothing can run the rest alone.
            for case in lost:
                if case != running:
                    self._set(f"{program.name}.{case}", "missing", "not reached")
            self.ends[program.name] = True

    def _skipped_program(self, program, names):
        for case in names:
            verdict, reason = _judge_skip(program.plan_skip, program.lines)
            self._set(f"{program.name}.{case}".rstrip("."), verdict, reason, program.log)

    def _judge_end(self, program, lost):
        """The runner's word on the whole program, where the cases do not explain it."""
        name = program.name
        mine = [case for case in self.cases.values() if case.name.startswith(f"{name}.")]
        if not mine and name not in self.cases:
            self._judge_single(program)
        elif not program.ok and not lost and all(c.verdict in ("pass", "skip", "xfail") for c in mine):
            self._set(f"{name}.exit", "timeout" if program.directive.startswith("TIMEOUT") else "fail",
                      f"every case has its verdict, and still the program failed: {program.directive}",
                      program.log)

    def _judge_single(self, program):
        """A program that reports no cases is one case."""
        if not program.started:
            verdict, reason = "missing", "the program did not run"
        elif not program.ok:
            timed_out = program.directive.startswith("TIMEOUT")
            verdict, reason = "timeout" if timed_out else "fail", _failure(program.lines) or program.directive
        elif program.directive.startswith("SKIP"):
            verdict, reason = _judge_skip(program.directive.removeprefix("SKIP").strip(), program.lines)
        elif program.plan:
            verdict, reason = "missing", f"a plan of {program.plan} cases and no result"
        elif program.harness:
            verdict, reason = "missing", "a program of the harness without a plan"
        else:
            verdict, reason = "pass", ""
        self._set(program.name, verdict, reason, program.lines)

    def _take_console(self, boot, how, why, fatal):
        """A word of the kernel's belongs to the case that ended next: its result line is later than the word."""
        first = min((start for _, start, _ in self.spans), default=None)
        for splat in boot.splats:
            after = [name for name, _, end in self.spans if end >= splat.when]
            if first is not None and splat.when < first:
                name = "host.boot"
            elif after:
                name = after[0]
            else:
                name = self._running(boot) or ("host.after_last_case" if self.spans else "host.boot")
            case = self.cases.get(name)
            if case is None or case.verdict not in ("crash", "timeout"):
                self._set(name, "crash", splat.text, splat.log, case.seconds if case else 0.0)
            elif case.verdict == "crash" and not _is_splat(case.reason, boot):
                self._set(name, "crash", splat.text, splat.log, case.seconds)
        running = self._running(boot)
        if fatal and not running and not any(s.text for s in boot.splats):
            name = "host.after_last_case" if self.spans or boot.status is not None else "host.boot"
            self._set(name, "timeout" if how == "hung" else "crash", why)
        for text in boot.errors:
            self._set("host.init", "crash", text)

    def _running(self, boot):
        for program in boot.programs:
            name = f"{program.name}.{program.running}"
            if program.running and name in self.cases and not program.ended:
                return name
        return ""

    def give_up(self, reason):
        """No further boot will come: what has no verdict is missing."""
        for name in sorted(self.listed - set(self.cases)):
            self._set(name, "missing", reason)
        for program in self.pending():
            if not any(case.startswith(f"{program}.") for case in self.cases) and program not in self.cases:
                self._set(program, "missing", reason)
            self.ends[program] = True

    def not_built(self, program, why):
        self.ends[program] = True
        self._set(program, "missing", f"did not build: {why}")

    def sorted_cases(self):
        order = {name: index for index, name in enumerate(self.programs)}
        return sorted(self.cases.values(), key=lambda c: order.get(c.name.partition(".")[0], len(order)))


def _is_splat(reason, boot):
    return any(splat.text == reason for splat in boot.splats)


def count(cases):
    totals = dict.fromkeys(VERDICTS, 0)
    for case in cases:
        totals[case.verdict] += 1
    return totals


def unexpected(case, tree, forced):
    """Why this verdict is not what TREE should give, or an empty string."""
    if case.verdict == "skip":
        if forced and "KVM_CAP_ARM_USER_IRQ" in case.reason:
            return "skips although it is forced to run"
        return ""
    if tree == "baseline":
        if forced:
            return "" if case.verdict == "fail" else f"{case.verdict} on the baseline, where it has to fail"
        return f"{case.verdict} on the baseline, where it has to skip"
    return "" if case.verdict in ("pass", "xfail") else case.verdict
