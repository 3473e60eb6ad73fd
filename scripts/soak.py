#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The suite many times over: what fails once in a hundred runs shows here.

usage: soak.py N=10 [BASE=6.12] [TREE=series] [HOST='vhe nvhe …'] [TESTS='user_irq_*'] [CONFIG=] [FORCE=1]

Runs the tests in N rounds on each host, each round in a fresh boot, and counts
the verdicts. results/<soak>/soak.json is written anew after each round. A round
that gave a verdict not as expected keeps its channels in a folder beside it, and
the verdict is listed, with what runs its random program again. Each round has random
programs of its own, unless KVM_USER_IRQ_SEED fixes them, and so many steps that all
rounds have a million, unless KVM_USER_IRQ_STEPS says how many, or they are too few.
Exit status: 0 all verdicts as expected, 1 one is not, 2 it could not run or was
interrupted.
"""

import ends

import json
import os
import re
import shutil
import sys
import threading
import time
from collections import deque

import job
import results
from children import CHILDREN, CouldNotRun
from ends import say
from hostrun import HostRun, drop_kernel
from job import TOP
from table import aligned, random_programs, random_sentence
from verdicts import VERDICTS, count, explained, in_words

DEFAULTS = {**job.DEFAULTS, "N": "10", "TESTS": "user_irq_*"}
SAY_EVERY = 5
# Of random programs, over all rounds; of one round as many as in a run of the suite, and no more than it can
# do while nothing else shows that the host is alive.
STEPS, LEAST_STEPS, MOST_STEPS = 1000000, 10000, 100000
_REPLAY = re.compile(r"KVM_USER_IRQ_SEED=\S+(?: KVM_USER_IRQ_STEPS=\S+)?")


def replay(case):
    """What runs the random program again at which CASE failed, or an empty string."""
    # The last that it named: a case with many programs names the one at fault when it knows it.
    found = [match[0] for match in map(_REPLAY.search, case.log) if match]
    return found[-1] if found else ""


def steps_of_a_round(rounds):
    return min(max(-(-STEPS // rounds), LEAST_STEPS), MOST_STEPS)


class Tally:
    """What the rounds gave so far, and the file that always has it."""

    def __init__(self, path, facts, rounds):
        self.path, self.rounds = path, rounds
        self.facts = facts
        self.complete = dict.fromkeys(facts["hosts"], 0)
        self.verdicts = {host: dict.fromkeys(VERDICTS, 0) for host in facts["hosts"]}
        self.unexpected = []
        self.random = dict.fromkeys(("steps", "undecided", "compared"), 0)
        self.write(0.0)

    def add(self, host, number, cases, wrong, seconds):
        self.complete[host] += 1
        for verdict, n in count(cases).items():
            self.verdicts[host][verdict] += n
        for key, number_of in zip(self.random, random_programs(cases)):
            self.random[key] += number_of
        for case in cases:
            if (why := wrong.get((case.host, case.name))):
                self.unexpected.append({"host": host, "round": number, "name": case.name, "verdict": case.verdict,
                                        "reason": explained(case, why), "replay": replay(case), "log": case.log})
        if not cases:
            self.unexpected.append({"host": host, "round": number, "name": "", "verdict": "missing",
                                    "reason": "the round gave no verdict at all", "replay": "", "log": []})
        self.write(seconds)

    def write(self, seconds):
        told = {"base": self.facts["base"], "tree": self.facts["tree"], "hosts": self.facts["hosts"],
                "rounds": self.rounds, "complete": self.complete, "verdicts": self.verdicts,
                "random": self.random, "unexpected": self.unexpected, "seconds": round(seconds, 1)}
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        new.replace(self.path)

    def text(self):
        # A verdict that never came needs no column, but for the two that say how good it is.
        shown = [verdict for verdict in VERDICTS
                 if verdict in ("pass", "fail") or any(self.verdicts[host][verdict] for host in self.verdicts)]
        rows = [["", "rounds", *shown]]
        rows += [[host, str(self.complete[host]), *(str(self.verdicts[host][verdict]) for verdict in shown)]
                 for host in self.verdicts]
        lines = aligned(rows, str.rjust)
        if self.random["compared"]:
            lines += ["", random_sentence(*self.random.values())]
        if self.unexpected:
            lines += ["", "Not as expected:"]
        for one in self.unexpected:
            again = f"   again: {one['replay']}" if one["replay"] else ""
            lines.append(f"  {one['verdict']:8}{one['host']:11} round {one['round']}: "
                         f"{one['name']}: {one['reason']}{again}")
        return "\n".join(["", *lines, ""])


class Progress:
    """Says now and then how far the rounds are."""

    def __init__(self, total):
        self.total, self.done = total, 0
        self.start = self.said = time.monotonic()

    def step(self, unexpected):
        self.done += 1
        now = time.monotonic()
        if now - self.said >= SAY_EVERY and self.done < self.total:
            self.said = now
            left = (now - self.start) / self.done * (self.total - self.done)
            say(f"{self.done} of {self.total} rounds, {unexpected} verdicts not as expected, "
                f"about {left / 60:.0f} min to go")


class Round:
    """One boot, or as many as it takes, of all the tests on one host."""

    def __init__(self, host, number, mine, slots):
        self.host, self.number = host.name, number
        self.folder = mine.folder / f"{host.name}-round-{number}"
        self.folder.mkdir()
        self.thread = HostRun(host, mine.plan, self.folder, slots)
        self.thread.start()


def rounds(mine, number):
    """Yields the rounds as they end, as many at once as there are CPUs."""
    at_once = len(os.sched_getaffinity(0))
    slots = threading.Semaphore(at_once)
    waiting = deque((host, n) for n in range(1, number + 1) for host in mine.hosts)
    running = []
    while waiting or running:
        while waiting and len(running) < at_once:
            running.append(Round(*waiting.popleft(), mine, slots))
        # With a timeout, so that a signal gets through.
        running[0].thread.join(0.1)
        for one in [one for one in running if not one.thread.is_alive()]:
            running.remove(one)
            if one.thread.problem:
                raise one.thread.problem
            yield one


def soak(words):
    start = time.monotonic()
    values = job.read_arguments(words, DEFAULTS)
    if not values["N"].isdecimal() or not int(values["N"]):
        raise CouldNotRun(f"N={values['N']} is no number of rounds. Give one from 1 on, such as N=200.")
    number = int(values["N"])
    mine = job.prepare(values, {}, "-soak")
    if not any(setting.startswith("KVM_USER_IRQ_STEPS=") for setting in mine.plan.env):
        mine.plan.env.append(f"KVM_USER_IRQ_STEPS={steps_of_a_round(number * len(mine.hosts))}")
    tally = Tally(mine.folder / "soak.json", mine.facts, number)
    say(f"Linux {mine.facts['base']}, {mine.facts['tree']}: {number} rounds on each of {', '.join(mine.facts['hosts'])}"
        f"   (so far: {tally.path.relative_to(TOP)})")
    progress = Progress(number * len(mine.hosts))
    try:
        for one in rounds(mine, number):
            if not progress.done:
                mine.check_patterns([one.thread])
            cases = one.thread.verdicts.sorted_cases()
            wrong = mine.judge(cases)
            tally.add(one.host, one.number, cases, wrong, time.monotonic() - start)
            if not wrong and cases:
                shutil.rmtree(one.folder)
            progress.step(len(tally.unexpected))
    except BaseException:
        CHILDREN.stop()
        if progress.done:
            print(tally.text())
            say(f"what there was stays in {mine.folder.relative_to(TOP)}")
        else:
            shutil.rmtree(mine.folder)
        raise
    drop_kernel(mine.plan.image)
    folder = results.complete(mine.folder, latest=False)
    print(tally.text())
    total = sum(sum(verdicts.values()) for verdicts in tally.verdicts.values())
    print(f"Linux {mine.facts['base']}, {mine.facts['tree']}{', forced' if mine.forced else ''}, "
          f"{number} rounds: {in_words(len(tally.unexpected), total)}.")
    print(f"Results: {folder.relative_to(TOP)}   Seconds: {time.monotonic() - start:.0f}")
    return 1 if tally.unexpected else 0


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, soak))
