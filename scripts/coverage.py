#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a run reached of our kernel code, line by line and branch by branch.

usage: coverage.py [BASE=6.12] [RUN=results/latest]

RUN is a run of CONFIG='edge gcov' on the series; all its hosts and boots count together.
Ours are the lines that the series adds to C files and headers. A line that was not
reached, one with a branch that was never taken, and a C file of which nothing is
counted need their reason in kernel/not-reached.ini. Exit status: 0 each has one, 1 one
has none, a reason is out of date, or too few lines were reached, 2 it could not run.
"""

import ends

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, namedtuple
from fnmatch import fnmatchcase

import job
from children import CouldNotRun
from hosts import config_for, read_host
from inifile import read_sections
from job import TOP
from table import aligned

DEFAULTS = {"BASE": "6.12", "RUN": "results/latest"}
REASONS = TOP / "kernel/not-reached.ini"
# So much of the lines has to be reached, in percent, whatever the reasons for the others.
FLOOR = 98
_RUN_FIRST = "make run HOST=all CONFIG='edge gcov' TESTS='user_irq_*'"
# KUnit's test runs at a boot of its own.
_TESTS = "_test.c"

# LINES were not reached, or have BRANCHES that were not; of a section with neither, nothing of the file is counted.
Reason = namedtuple("Reason", "title file lines branches")


def our_lines(diff):
    """{file: numbers of the lines that DIFF, without context, adds}"""
    lines, name = {}, None
    for line in diff.splitlines():
        if line.startswith("+++ "):
            name = line.removeprefix("+++ b/")
        elif (hunk := re.match(r"@@ \S+ \+(\d+)(?:,(\d+))? @@", line)):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            lines.setdefault(name, set()).update(range(first, first + count))
    return {name: numbers for name, numbers in lines.items() if numbers and not name.endswith(_TESTS)}


class Line:
    """How often a line and its branches were taken, summed over what gcov said of each object and boot."""

    def __init__(self):
        self.count, self.function, self.branches = 0, "", Counter()


def add_counts(counts, told):
    """Adds what gcov said of an object to COUNTS, {file: {number: Line}}. A header's line may be in several."""
    for source in told["files"]:
        # Its path is from a kernel's folder, which is in the tree.
        lines = counts.setdefault(os.path.normpath(os.path.join("out", source["file"])), {})
        for said in source["lines"]:
            line = lines.setdefault(said["line_number"], Line())
            line.count += said["count"]
            line.function = said.get("function_name", "")
            for number, branch in enumerate(said["branches"]):
                line.branches[told["data_file"], line.function, number] += branch["count"]


def ours(counts, name, numbers):
    """{number: Line} of those lines of a file that a compiler made code of."""
    return {number: line for number, line in counts.get(name, {}).items() if number in numbers}


def read_reasons(base, path=REASONS):
    """Those that hold for the series of BASE."""
    reasons = []
    for title, values in read_sections(path, CouldNotRun).items():
        if not {"bases", "file"} <= set(values) <= {"bases", "file", "lines", "branches"}:
            raise CouldNotRun(f"{path.name}: [{title}] needs the keys bases and file, may have lines and branches, "
                              "and no others.")
        lines, branches = ([line.strip() for line in values.get(key, "").splitlines() if line.strip()]
                           for key in ("lines", "branches"))
        if base in values["bases"].split():
            reasons.append(Reason(title, values["file"], lines, branches))
    return reasons


def judge(missed, reasons, key="lines", ours_too=()):
    """MISSED: [(file, number, text)]. Returns ([(file, number, text, reason)], complaints).

    KEY: which of a reason's lists, of shell patterns, is about them. OURS_TOO: {(file, text)} that may have a reason
    in vain, for a race may decide whether a branch is taken.
    """
    listed, wrong = [], []
    for name, number, text in missed:
        why = next((reason.title for reason in reasons if reason.file == name and
                    any(fnmatchcase(text, pattern) for pattern in getattr(reason, key))), None)
        listed.append((name, number, text, why or "NO REASON"))
        if not why:
            what = "not reached" if key == "lines" else "a branch of it was not taken"
            wrong.append(f"{name}:{number}: {what}, and {REASONS.name} does not say why: {text}")
    there = {(name, text) for name, _, text in missed} | set(ours_too)
    for reason in reasons:
        wrong += [f"{REASONS.name}: [{reason.title}] names {key} that were reached, or are not there: {pattern}"
                  for pattern in getattr(reason, key)
                  if not any(name == reason.file and fnmatchcase(text, pattern) for name, text in there)]
    return listed, wrong


def not_counted(names, reasons):
    """NAMES: C files of which nothing was counted. Returns ([(file, reason)], complaints)."""
    why = {reason.file: reason.title for reason in reasons
           if not reason.lines and not reason.branches}
    for name in names:
        if name not in why:
            raise CouldNotRun(f"nothing was counted of {name}. Name it in kernel/configs/optional/gcov.config, "
                              f"then: {_RUN_FIRST}\nIf it cannot be counted, say why in kernel/{REASONS.name}.")
    return [(name, why[name]) for name in names], \
        [f"{REASONS.name}: [{title}] names a file that is counted, or is not ours: {name}"
         for name, title in why.items() if name not in names]


def kernel_of(run, tree):
    """The folder of the kernel that RUN booted: CONFIG='edge gcov', and what its hosts ask for."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    hosts = [read_host(name) for name in summary["hosts"]]
    return tree / ".".join(["out", *config_for(hosts, "edge gcov")])


def notes_of(kernel, stem):
    """What the compiler noted of an object. None if it is no file of KVM's, but another of that name."""
    return next((kernel / "arch/arm64/kvm").rglob(f"{stem}.gcno"), None)


def read_counts(run, tree):
    boots = sorted((run / "gcov").glob("*"))
    if not boots:
        raise CouldNotRun(f"{run} has nothing that a kernel counted. Run: {_RUN_FIRST}")
    kernel = kernel_of(run, tree)
    counts = {}
    for boot in boots:
        with tempfile.TemporaryDirectory() as folder:
            for data in boot.glob("*.gcda"):
                notes = notes_of(kernel, data.stem)
                if not notes:
                    continue
                shutil.copy(data, folder)
                shutil.copy(notes, folder)
                done = subprocess.run(["aarch64-linux-gnu-gcov", "--json-format", "--stdout", "--branch-probabilities",
                                       data.name], cwd=folder, capture_output=True, text=True, check=False)
                if done.returncode or "mismatch" in done.stderr:
                    raise CouldNotRun(f"gcov cannot read {data}: {done.stderr.strip()} Is {tree.name} still what ran? "
                                      f"Run: {_RUN_FIRST}")
                add_counts(counts, json.loads(done.stdout))
    return counts


def share(reached, all_of_them):
    return f"{reached} of {all_of_them}" if all_of_them else "-"


def coverage(words):
    values = job.take_words(words, DEFAULTS)
    tree = TOP / f"build/trees/{values['BASE']}-series"
    diff = subprocess.run(["git", "-C", TOP / "build/history" / values["BASE"], "diff", "-U0", "baseline..series", "--",
                           "*.c", "*.h"], capture_output=True, text=True, check=False)
    if diff.returncode:
        raise CouldNotRun(f"no series of {values['BASE']} yet. Run: {_RUN_FIRST}")
    counts = read_counts(TOP / values["RUN"], tree)
    rows, missed, one_way, texts, uncounted, totals = [("", "lines", "branches")], [], [], set(), [], [0, 0, 0, 0]
    for name, numbers in sorted(our_lines(diff.stdout).items()):
        lines = ours(counts, name, numbers)
        if not lines:
            # Of a header, and of some lines, a compiler makes no code.
            if name.endswith(".c") and name not in counts:
                uncounted.append(name)
                rows.append((name, "not counted", "-"))
            continue
        branches = [count for line in lines.values() for count in line.branches.values()]
        found = [sum(bool(line.count) for line in lines.values()), len(lines), sum(map(bool, branches)), len(branches)]
        rows.append((name, share(*found[:2]), share(*found[2:])))
        totals = [total + number for total, number in zip(totals, found)]
        source = (tree / name).read_text(encoding="utf-8").splitlines()
        for number, line in sorted(lines.items()):
            text = f"{line.function}: {source[number - 1].strip()}"
            texts.add((name, text))
            if not line.count:
                missed.append((name, number, text))
            elif not all(line.branches.values()):
                one_way.append((name, number, text))
    reasons = read_reasons(values["BASE"])
    uncounted, wrong = not_counted(uncounted, reasons)
    missed, of_lines = judge(missed, reasons)
    one_way, of_branches = judge(one_way, reasons, "branches", texts)
    wrong += of_lines + of_branches
    print("\n".join(aligned(rows)))
    if uncounted:
        print("\nNot counted:")
        print("\n".join(f"  {name}   ({why})" for name, why in uncounted))
    for heading, listed in (("Not reached", missed), ("Reached, but for a branch", one_way)):
        if listed:
            print(f"\n{heading}:")
            print("\n".join(f"  {name}:{number}: {text}   ({why})" for name, number, text, why in listed))
    percent = 100 * totals[0] / max(totals[1], 1)
    print(f"\n{share(*totals[:2])} lines ({percent:.1f} %) and {share(*totals[2:])} branches "
          "of our kernel code reached.")
    if percent < FLOOR:
        wrong.append(f"That is less than {FLOOR} %. If the run was of all hosts and of user_irq_*, cases are missing.")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, coverage))
