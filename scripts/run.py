#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The main job: builds a tree, boots it on hosts, runs the tests, gives the verdicts.

usage: run.py [BASE=6.12] [TREE=] [HOST='vhe nvhe …'] [TESTS='user_irq_cap …'] [CONFIG=] [FORCE=1]

BASE is 6.12, 7, or the path of somebody's own Linux tree, which stays untouched.
TREE is series, baseline or stock; the default is series, and stock for a path.
TESTS are shell patterns over programs (user_irq_timer) or cases
(user_irq_timer.line.*); the default is the quick ones, user_irq_* all. FORCE=1
makes the cases run although the kernel does not advertise the capability. The
suite's random programs take KVM_USER_IRQ_SEED and KVM_USER_IRQ_STEPS from the
environment. Exit status: 0 all verdicts as expected, 1 one is not, 2 it could not run.
"""

import ends

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import job
import kcidb
import report
import results
import table
from children import CHILDREN, CouldNotRun, Interrupted
from ends import say
from hostrun import boot_hosts, drop_kernel
from job import TOP
from trees import is_path
from verdicts import in_words


@dataclass
class Outcome:
    """A complete run: its CASES, those of them that are WRONG as job.Job.judge() has it, and its results' FOLDER."""
    job: job.Job
    cases: list
    wrong: dict
    seconds: dict
    folder: Path

    @property
    def status(self):
        return 1 if self.wrong or not self.cases else 0

    def sentence(self):
        return f"{self.job.title}{', forced' if self.job.forced else ''}: " \
            f"{in_words(len(self.wrong), len(self.cases))}."


def run(values):
    """One run, of what job.read_arguments() gave."""
    start = time.monotonic()
    seconds = {"setup": 0.0, "build": 0.0, "boot": 0.0, "tests": 0.0, "total": 0.0}
    mine = job.prepare(values, seconds)
    facts, plan, partial = mine.facts, mine.plan, mine.folder
    say(f"{mine.title}: {len(plan.programs)} programs on {', '.join(facts['hosts'])}"
        f"   (console: {partial.relative_to(TOP)})")
    try:
        runs = boot_hosts(mine.hosts, plan, partial)
        mine.check_patterns(runs)
    except CouldNotRun:
        CHILDREN.stop()
        shutil.rmtree(partial)
        raise
    except (Interrupted, KeyboardInterrupt, OSError):
        CHILDREN.stop()
        drop_kernel(plan.image)
        say(f"what there was stays in {partial.relative_to(TOP)}")
        raise

    drop_kernel(plan.image)
    cases = [case for one in runs for case in one.verdicts.sorted_cases()]
    wrong = mine.judge(cases)
    seconds["boot"] = max(one.boot_seconds for one in runs)
    seconds["tests"] = max(one.test_seconds for one in runs)
    seconds["total"] = time.monotonic() - start
    results.write(partial, cases, facts, seconds, [boot for one in runs for boot in one.boots])
    run_folder = partial.with_suffix("")
    told = kcidb.of_run(cases, facts, mine.foreseen, mine.hosts, run_folder.name, run_folder, mine.patches)
    (partial / "kcidb.json").write_text(kcidb.text(told), encoding="utf-8")
    page = report.page_of_run(cases, facts, seconds, mine.hosts, wrong, [path.name for path in mine.patches],
                              job.sentences())
    (partial / "report.html").write_text(report.text(page), encoding="utf-8")
    return Outcome(mine, cases, wrong, seconds, results.complete(partial))


def run_and_tell(words):
    outcome = run(job.read_arguments(words, job.DEFAULTS))
    print(table.text(outcome.cases, outcome.job.facts["hosts"], outcome.wrong))
    times = ", ".join(f"{key} {value:.1f}" for key, value in outcome.seconds.items())
    print(outcome.sentence())
    if outcome.wrong and is_path(outcome.job.values["BASE"]) and not outcome.job.values["FORESEEN"]:
        print("If this tree has Linux's own KVM_CAP_ARM_USER_IRQ, TREE=stock foresees what is known to be wrong there.")
    print(f"Results: {outcome.folder.relative_to(TOP)}   Seconds: {times}")
    return outcome.status


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, run_and_tell))
