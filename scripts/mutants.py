#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks our kernel code in many small ways, one at a time: does the suite see each?

usage: mutants.py [BASE=6.12] [HOST='vhe nvhe'] [MUTANTS='publish-* …']

A mutant is a semantic patch on the series, in kernel/mutants; one in a folder of
a base's name there is for that base alone. Its first comment says what it breaks,
and further ones which clause of Documentation/clauses.ini that is ("Clause:"), the
upstream commit that mended the same ("Earlier:"), the hosts that it needs, if not
HOST ("Hosts:"), and that it crashes or hangs a host ("Shows: crash", "timeout").
Each is built, with CONFIG=edge, and booted, its cases running whether or not the
capability is advertised, and has to be killed by a case that tests that clause:
these cases run first, and the others only if these leave it alive. A case kills by
failing; a crash or a hang counts only of a mutant that says so. Exit status: 0 all killed
so, 1 one is not, 2 it could not run.
"""

import ends

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from fnmatch import fnmatchcase
from pathlib import Path

import clauses
import job
import kills
import results
from children import CouldNotRun
from hostrun import boot_hosts
from hosts import read_host
from job import SCRIPTS, TOP
from series import OurSeries, Patch
from walk import Walk, alone, digest

FOLDER = TOP / "kernel/mutants"
DEFAULTS = {"BASE": "6.12", "HOST": "vhe nvhe", "MUTANTS": "*"}
_KEYS = {"Clause", "Earlier", "Hosts", "Shows", "Files"}
_WHO = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "kvm-user-irq"), ("EMAIL", "kvm-user-irq@example.org"), ("DATE", "@0 +0000"))}

# RULE: its path in FOLDER.
Mutant = namedtuple("Mutant", "name breaks clause earlier hosts shows files rule")


def read_mutant(rule, text, known_clauses):
    """What the comments at the top of a mutant say."""
    lines = [line.removeprefix("// ") for line in text.partition("@@")[0].splitlines()[1:]]
    said = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    if not lines or not {"Clause", "Files"} <= set(said) <= _KEYS or len(said) != len(lines) - 1:
        raise CouldNotRun(f"kernel/mutants/{rule} needs, below the licence, a line that says what it breaks, "
                          f"then Clause: and Files:, may have Earlier:, Hosts: and Shows:, and nothing else above "
                          "its rules.")
    if said["Clause"] not in known_clauses:
        raise CouldNotRun(f"kernel/mutants/{rule} breaks a clause '{said['Clause']}'. "
                          f"There are: {', '.join(sorted(known_clauses))}.")
    shows = said.get("Shows", "").split()
    if not set(shows) <= set(kills.ENDED):
        raise CouldNotRun(f"kernel/mutants/{rule} shows by '{said['Shows']}'. There are: {', '.join(kills.ENDED)}.")
    return Mutant(Path(rule).stem, lines[0], said["Clause"], said.get("Earlier", ""), said.get("Hosts", "").split(),
                  shows, said["Files"].split(), rule)


def choose(base, patterns, known_clauses):
    rules = {path.stem: path for place in (FOLDER, FOLDER / base) for path in sorted(place.glob("*.cocci"))}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in rules):
            raise CouldNotRun(f"no mutant of Linux {base} matches MUTANTS='{pattern}'. There are: {', '.join(rules)}.")
    return [read_mutant(str(path.relative_to(FOLDER)), path.read_text(encoding="utf-8"), known_clauses)
            for name, path in rules.items() if any(fnmatchcase(name, pattern) for pattern in patterns)]


class Mutated(OurSeries):
    """The series itself as number 0, and then a commit on it for each mutant; no branch points at those."""

    def __init__(self, base, mutants):
        super().__init__(base)
        tip = self.patches[-1].commit
        self.patches = [Patch(0, tip, "(the series, which no case may find wrong)")]
        with tempfile.TemporaryDirectory(dir=TOP / "build") as folder:
            for number, mutant in enumerate(mutants, 1):
                self.patches.append(Patch(number, self._commit(tip, mutant, Path(folder) / mutant.name), mutant.name))

    @property
    def tests_from(self):
        return self.patches[0]

    def changed(self, _patch):
        """Nothing of which it matters what a compiler says."""
        return []

    def _commit(self, tip, mutant, folder):
        for name in mutant.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(self.git("show", f"{tip}:{name}"), encoding="utf-8")
        if subprocess.run([SCRIPTS / "apply-rule.sh", FOLDER / mutant.rule, folder], check=False).returncode:
            raise CouldNotRun(f"mutant {mutant.name} cannot be made; the reason stands above.")
        env = {**os.environ, **_WHO, "GIT_INDEX_FILE": str(folder / ".index")}
        self.git("read-tree", tip, env=env)
        for name in mutant.files:
            blob = self.git("hash-object", "-w", str(folder / name)).strip()
            self.git("update-index", "--cacheinfo", f"100644,{blob},{name}", env=env)
        tree = self.git("write-tree", env=env).strip()
        return self.git("commit-tree", "-p", tip, "-m", mutant.breaks, tree, env=env).strip()


class MutantWalk(Walk):
    what, place = "mutant", "mutants"
    sparse = False

    def __init__(self, series, hosts, mutants):
        self.mutants = dict(enumerate(mutants, 1))
        # A mutant's own, so that its verdict outlives a change of another's. The series itself runs on all.
        self.hosts_of = {number: [read_host(name) for name in mutant.hosts] or hosts
                         for number, mutant in self.mutants.items()}
        every = {host.name: host for some in (hosts, *self.hosts_of.values()) for host in some}
        super().__init__(series, list(every.values()), ["user_irq_*"])
        self.clause_of = {name: case.clause for case in clauses.read_cases() for name in case.names()}

    def title(self, patch):
        # Not by a number, which another mutant may get.
        return f"mutant {patch.subject}"

    def key(self, patch):
        mutant = self.mutants.get(patch.number)
        return digest(super().key(patch), *self.cases_of(mutant), *mutant.shows) if mutant else super().key(patch)

    def cases_of(self, mutant):
        """Those that test its clause."""
        return [name for name, clause in self.clause_of.items() if clause == mutant.clause]

    def killed(self, mutant, cases):
        return kills.kill(cases, mutant.clause, self.clause_of, mutant.shows)

    def hosts_for(self, patch):
        return self.hosts_of.get(patch.number, self.hosts)

    def boot(self, patch, folder):
        # The same for the series as for its mutants: a bound that it misses would pass for a kill.
        settings = job.tests_environment(True, bound=job.PATIENT_BOUND)
        if patch.number == 0:
            plan = self.plan(folder, self.patterns, settings)
            runs = boot_hosts(self.hosts, plan, folder, self.jobs)
            red = [case for one in runs for case in one.verdicts.sorted_cases()
                   if case.verdict in (*kills.FOUND, *kills.ENDED, "missing")]
            if red:
                raise CouldNotRun(f"{len(red)} cases find the series itself wrong, the first {red[0].name} on "
                                  f"{red[0].host}: {red[0].reason}. Mend that first: make run TESTS='user_irq_*'")
            return runs
        mutant = self.mutants[patch.number]

        def enough(cases):
            return self.killed(mutant, [(case.name, case.host, case.verdict) for case in cases]).right

        mine = self.cases_of(mutant)
        quick = [name for name in mine if name.partition(".")[0] in job.QUICK.split()]
        runs = []
        for patterns in (quick, [name for name in mine if name not in quick],
                         [name for name in self.clause_of if name not in mine]):
            if not patterns:
                continue
            plan = self.plan(folder, patterns, settings, enough=enough)
            runs += boot_hosts(self.hosts_for(patch), plan, folder, self.jobs,
                               max((one.begun + len(one.boots) for one in runs), default=0))
            if any(enough(one.verdicts.cases.values()) for one in runs):
                break
        return runs

    def _test(self, patch, folder, record):
        if not record["built"]:
            raise CouldNotRun(f"mutant {patch.subject} does not build: {record['error']}. Correct its rule.")
        super()._test(patch, folder, record)


def write_results(walk, mutants, found, text, seconds):
    partial = results.new_run(TOP / "results", "mutants")
    for patch in walk.series.patches:
        name = walk.mutants[patch.number].name if patch.number else "series"
        shutil.copytree(walk.state / walk.key(patch), partial / name)
    told = [{**mutant._asdict(), "hosts": [host.name for host in walk.hosts_of[number]],
             "verdict": kills.verdict(killed),
             "killed_by": [{"case": name, "host": host} for name, host in killed.cases],
             "of_the_clause": [{"case": name, "host": host} for name, host in killed.right],
             "crash_or_hang": [{"case": name, "host": host} for name, host in killed.ended],
             "seconds": walk.records[number]["seconds"]}
            for (number, mutant), killed in zip(walk.mutants.items(), found)]
    (partial / "mutants.json").write_text(json.dumps({"mutants": told, "seconds": round(seconds)}, indent=1) + "\n",
                                          encoding="utf-8")
    (partial / "mutants.txt").write_text(text, encoding="utf-8")
    return results.complete(partial, latest=False)


def run(words):
    start = time.monotonic()
    values = job.take_words(words, DEFAULTS)
    hosts = [read_host(name) for name in dict.fromkeys(values["HOST"].split())]
    mutants = choose(values["BASE"], values["MUTANTS"].split(), {clause.name for clause in clauses.read_clauses()})
    with alone():
        walk = MutantWalk(Mutated(values["BASE"], mutants), hosts, mutants)
        records = walk.go()
        found = [walk.killed(mutant, [(case["name"], case["host"], case["verdict"])
                                      for case in records[number]["cases"]])
                 for number, mutant in walk.mutants.items()]
        text = "\n".join(kills.table(mutants, found)) + "\n"
        folder = write_results(walk, mutants, found, text, time.monotonic() - start)
    print("\n" + text)
    bad = sum(kills.verdict(killed) != "killed" for killed in found)
    print(f"{bad} of {len(found)} mutants not killed by a case of their clause." if bad else
          f"all {len(found)} mutants killed by a case of their clause.")
    print(f"Results: {folder.relative_to(TOP)}   Seconds: {time.monotonic() - start:.0f}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, run))
