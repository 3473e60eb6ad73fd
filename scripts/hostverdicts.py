# SPDX-License-Identifier: GPL-2.0
"""Gives each case of one host its verdict, over as many boots as that takes, and is never silent.

A first boot runs all programs at once. What they print reaches init some time
after they printed it, so when the machine dies or the kernel complains, the case
that seems to run need not be the one at fault. Cases from that moment on are
therefore run again, in a fresh boot and each alone ("careful"), until there is
none without a verdict.
"""

from verdicts import KEPT, Case, excerpt, failure, judge, judge_skip

# Where a verdict stands that belongs to no case.
BEFORE, BETWEEN, AFTER, INIT = "host.boot", "host.between_cases", "host.after_last_case", "host.init"


def _timed_out(program):
    return program.directive.startswith("TIMEOUT")


def _lost(program):
    """The cases that should have a verdict and have none, in the order in which they run."""
    if program.listed:
        got = {result.name for result in program.results}
        return [name for name in program.listed if name not in got]
    count = len(program.results)
    return [f"case_{number}" for number in range(count + 1, (program.plan or 0) + 1)]


def _verdict_of_end(how):
    return {"hung": "timeout", "flood": "fail"}.get(how, "crash")


class HostVerdicts:
    def __init__(self, host, programs):
        self.host = host
        self.programs = list(programs)
        self.cases = {}
        self.ended = set()
        self.known = set()
        self.careful = False
        # (verdict, reason, log) of what a careful boot has yet to explain.
        self.unexplained = None
        # The last lines of the last boot's console.
        self.console = []

    def set(self, name, verdict, reason="", log=(), seconds=0.0):
        kept = excerpt(log, KEPT)
        if not kept and verdict != "pass":
            kept = self.console or ["(not a line came)"]
        self.cases[name] = Case(name, self.host, verdict, round(seconds, 6), reason, kept)

    def pending(self):
        return [name for name in self.programs if name not in self.ended]

    def done(self):
        """The cases that a further boot need not run, as init compares them."""
        return sorted({*self.cases, *(f"{name}." for name in self.cases if name in self.programs)})

    def not_built(self, program, why, log=()):
        self.ended.add(program)
        self.set(program, "missing", f"did not build: {why}", log)

    def sorted_cases(self):
        order = {name: index for index, name in enumerate(self.programs)}
        return sorted(self.cases.values(), key=lambda case: order.get(case.name.partition(".")[0], len(order)))

    def add_boot(self, boot, how, why, console=()):
        """Takes in a boot that ended HOW, with these last lines; returns whether it brought the run any further."""
        self.console = [*console]
        before = set(self.cases), set(self.ended), self.careful
        died = how != "off" or not boot.powered_off
        for program in boot.programs:
            self.known.update(f"{program.name}.{case}" for case in program.listed)
        if boot.careful:
            self._take_careful(boot, died, how, why)
        else:
            self._take_together(boot, died, how, why)
        if boot.release and not boot.says:
            self.set(BEFORE, "crash", "the kernel did not say what the host file promises (SAYS)")
        for text in boot.errors:
            self.set(INIT, "crash", text)
        return (set(self.cases), self.ended, self.careful) != before

    def give_up(self, reason):
        """No further boot will come: what has no verdict is missing."""
        for name in sorted(self.known - set(self.cases)):
            self.set(name, "missing", reason)
        for program in self.pending():
            if not self._cases_of(program):
                self.set(program, "missing", reason)
            self.ended.add(program)

    def finish(self):
        """What no careful boot explained is still a verdict."""
        if self.unexplained:
            self.set(BETWEEN, *self.unexplained)

    def _cases_of(self, program):
        return [case for name, case in self.cases.items() if name == program or name.startswith(f"{program}.")]

    # All programs in one boot

    def _take_together(self, boot, died, how, why):
        doubtful = self._take_complaints(boot)
        for program in boot.programs:
            if any(result.end >= doubtful for result in program.results) or (died and not program.ended):
                self._take_results(program, doubtful)
            else:
                self._take_results(program)
                self._take_end(program)
        if not died:
            # Those that init did not choose: none of their cases is asked for, or all are done.
            self.ended.update(set(self.programs) - {program.name for program in boot.programs})
        elif boot.programs and all(program.ended for program in boot.programs):
            self.set(AFTER, _verdict_of_end(how), why)
        elif boot.listed_at is None:
            if BEFORE not in self.cases:
                self.set(BEFORE, _verdict_of_end(how), why)
        elif self.unexplained is None:
            self.unexplained = (_verdict_of_end(how), why, self.console)
        if self.unexplained:
            self.careful = True

    def _take_complaints(self, boot):
        """Places what the kernel said outside the tests; returns when it said the first thing amid them."""
        for splat in boot.splats:
            if splat.place == "tests":
                self.unexplained = ("crash", splat.text, splat.log)
                return splat.when
            self._complain(BEFORE if splat.place == "boot" else AFTER, splat)
        return float("inf")

    def _complain(self, place, splat):
        if place not in self.cases:
            self.set(place, "crash", splat.text, splat.log)

    # Each case alone

    def _take_careful(self, boot, died, how, why):
        for program in boot.programs:
            case = program.listed[0] if program.listed else ""
            splat = next((s for s in boot.splats if s.running.split() == [program.name, *program.listed]), None)
            culprit = died and program is boot.programs[-1] and not program.finished
            self._take_results(program)
            if culprit:
                verdict = "crash" if splat and how == "died" else _verdict_of_end(how)
                self._blame(program, case, verdict, splat.text if splat else why, splat.log if splat else ())
            else:
                self._take_end(program)
                if splat:
                    self._blame(program, case, "crash", splat.text, splat.log)
            # Its other cases may be yet to come.
            self.ended.discard(program.name)
        if not died:
            self.ended.update(self.programs)
        elif boot.programs[-1].finished:
            self.set(BETWEEN, _verdict_of_end(how), why)
        # Between two cases alone is as much "after" as what comes after the last.
        for splat in boot.splats:
            if splat.place != "tests":
                self._complain(BEFORE if splat.place == "boot" else AFTER, splat)

    def _blame(self, program, case, verdict, why, log=()):
        name = f"{program.name}.{case}".rstrip(".")
        self.set(name, verdict, why, [*log] or program.log)
        self.unexplained = None

    # One program

    def _take_results(self, program, until=float("inf")):
        seen = set()
        for result in program.results:
            if result.end >= until:
                break
            name = f"{program.name}.{result.name}"
            verdict, reason = judge(result)
            if name in seen:
                verdict, reason = "fail", "two result lines for one case"
            elif program.listed and result.name not in program.listed:
                verdict, reason = "fail", "a result line for a case that the program does not list"
            seen.add(name)
            log = result.log if verdict == "pass" else result.log or program.lines
            self.set(name, verdict, reason, log, result.end - result.start)

    def _take_end(self, program):
        """A program that ended, or that the runner never came to."""
        lost = _lost(program)
        if lost and _timed_out(program) and program.listed:
            # The runner's time was up for all of it; the other cases get a further boot.
            self.set(f"{program.name}.{program.running or lost[0]}", "timeout", program.directive, program.log)
            return
        self.ended.add(program.name)
        planned, came = program.plan, len(program.results)
        if planned is not None and came > planned or program.listed and not lost and came != planned:
            self.set(f"{program.name}.plan", "fail",
                     f"the plan says {'nothing' if planned is None else f'{planned} cases'}, and {came} came",
                     program.log)
        if program.plan == 0 and program.plan_skip is not None and not program.results:
            verdict, reason = judge_skip(program.plan_skip, program.lines)
            for name in [f"{program.name}.{case}" for case in lost] or [program.name]:
                self.set(name, verdict, reason, program.lines)
            return
        for case in lost:
            self._take_lost(program, case)
        if not self._cases_of(program.name):
            self._take_single(program)
        elif program.started and not program.ok and \
                all(case.verdict in ("pass", "skip", "xfail") for case in self._cases_of(program.name)):
            self.set(f"{program.name}.exit", "timeout" if _timed_out(program) else "fail",
                     f"every case has its verdict, and still the program failed: {program.directive}",
                     program.log or program.lines)

    def _take_lost(self, program, case):
        name = f"{program.name}.{case}"
        if case == program.running:
            self.set(name, "fail", f"the program ended in it ({program.directive})", program.log)
        else:
            self.set(name, "missing", "no verdict came" if program.started else "the program did not run",
                     program.log or program.lines)

    def _take_single(self, program):
        """A program that reports no cases is one case."""
        if not program.started:
            verdict, reason = "missing", "the program did not run"
        elif not program.ok:
            verdict = "timeout" if _timed_out(program) else "fail"
            reason = failure(program.lines) or program.directive
        elif program.directive.startswith("SKIP"):
            verdict, reason = judge_skip(program.directive.removeprefix("SKIP").strip(), program.lines)
        elif program.harness or program.plan is not None:
            verdict, reason = "missing", "it ended well, and gave no verdict on any case"
        else:
            verdict, reason = "pass", ""
        self.set(program.name, verdict, reason, program.lines)
