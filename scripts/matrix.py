#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The suite over hosts, trees and bases: a run for each base and tree, and one table of them all.

usage: matrix.py [BASE='6.12 …'] [TREE='stock baseline series'] [HOST='vhe nvhe …'] [TESTS='user_irq_cap …'] [CONFIG=]

BASE, TREE and HOST are lists. A path as BASE is run as stock. On the baseline
the cases run although the kernel does not advertise the capability, so that they
fail rather than skip. Each run keeps results of its own; the table is in
results/<matrix>/ as well, and is written anew after each run. A run that could
not run is a row that says so.
Exit status: 0 all verdicts as expected, 1 one is not, 2 a run could not run.
"""

import ends

import json
import sys
import time

import job
import results
from children import CHILDREN, CouldNotRun
from ends import say
from hosts import read_host
from job import TOP
from run import run
from table import aligned, counts
from trees import TREES, is_path
from verdicts import count

DEFAULTS = {**{key: value for key, value in job.DEFAULTS.items() if key != "FORCE"}, "TREE": ""}


def pairs(values):
    """Which trees of which bases."""
    for base in dict.fromkeys(values["BASE"].split()):
        trees = values["TREE"].split() or (["stock"] if is_path(base) else TREES)
        for tree in dict.fromkeys(trees):
            yield base, tree


class Matrix:
    """What the runs gave so far, and the files that always have it."""

    def __init__(self, hosts, folder):
        self.hosts, self.folder = hosts, folder
        self.rows, self.notes, self.runs = [["", *hosts]], [], []

    def add(self, outcome):
        about = outcome.job.facts
        rest = {host: [case for case in outcome.cases if case.host == host] for host in self.hosts}
        self.rows.append([f"{outcome.job.title}{', forced' if outcome.job.forced else ''}",
                          *(counts(cases) + (" !" if any((case.host, case.name) in outcome.wrong for case in cases)
                                             else "") for cases in rest.values())])
        self.notes.append(f"{outcome.sentence()}   ({outcome.folder.relative_to(TOP)})")
        self.runs.append({"base": about["base"], "tree": about["tree"], "forced": outcome.job.forced,
                          "results": outcome.folder.name,
                          "verdicts": {host: count(cases) for host, cases in rest.items()},
                          "unexpected": [{"host": host, "name": name, "why": why}
                                         for (host, name), why in outcome.wrong.items()]})
        self.write()

    def add_problem(self, base, tree, problem):
        self.rows.append([f"{base}, {tree}", *("could not run" for _ in self.hosts)])
        self.notes.append(f"{base}, {tree}: {problem}")
        self.runs.append({"base": base, "tree": tree, "problem": problem})
        self.write()

    def text(self):
        return "\n".join([*aligned(self.rows), "", *self.notes]) + "\n"

    def write(self):
        (self.folder / "matrix.txt").write_text(self.text(), encoding="utf-8")
        (self.folder / "matrix.json").write_text(json.dumps({"hosts": self.hosts, "runs": self.runs}, indent=1) + "\n",
                                                 encoding="utf-8")


def fill(matrix, wanted):
    """Runs what was WANTED; returns the worst exit status of a run."""
    worst = 0
    for number, values in enumerate(wanted, 1):
        say(f"run {number} of {len(wanted)}: {values['BASE']}, {values['TREE']}")
        try:
            outcome = run(values)
        except CouldNotRun as error:
            CHILDREN.stop()
            CHILDREN.restart()
            matrix.add_problem(values["BASE"], values["TREE"], str(error))
            worst = 2
        else:
            matrix.add(outcome)
            worst = max(worst, outcome.status)
    return worst


def fill_and_tell(words):
    start = time.monotonic()
    values = job.take_words(words, DEFAULTS)
    wanted = [job.checked({**values, "BASE": base, "TREE": tree, "FORCE": "1" if tree == "baseline" else ""})
              for base, tree in pairs(values)]
    if not wanted:
        raise CouldNotRun("BASE is empty. Leave it out for the default: 6.12.")
    hosts = [*dict.fromkeys(name for each in wanted for name in each["HOST"].split())]
    for name in hosts:
        read_host(name)
    matrix = Matrix(hosts, results.new_run(TOP / "results", "matrix"))
    status = fill(matrix, wanted)
    folder = results.complete(matrix.folder, latest=False)
    print(f"\n{matrix.text()}")
    if any("!" in cell for row in matrix.rows for cell in row):
        print("!: verdicts that are not as expected; report.html of that run has them.")
    print(f"Results: {folder.relative_to(TOP)}   Seconds: {time.monotonic() - start:.0f}")
    return status


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, fill_and_tell))
