#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Validates a series patch by patch: each builds, boots, and turns green what it says.

usage: validate.py [BASE=6.12] [SERIES=] [HOST='vhe nvhe'] [TESTS='user_irq_cap …']

Without SERIES it is our own series on BASE. SERIES=v6.12..mybranch is a range of
commits in the git tree BASE=/path/to/linux, which is only read. A patch names the
cases that it turns green in lines of its message like "Green: user_irq_timer.*",
and those that failed now and then before it by "Steady: PATTERN".
Without TESTS the quick programs run, and those that a patch names which names none
of them; what else is named is told as not asked for. The cases run whether or not
the capability is advertised. Exit status: 0 all as the patches say, 1 something is
not, 2 it could not run.
"""

import ends

import json
import os
import shutil
import subprocess
import sys
import time

import deviations
import greens
import job
import kcidb
import report
import results
from children import CouldNotRun
from hosts import read_host
from job import TOP
from series import OurSeries, from_range
from trees import is_path
from walk import Walk, alone

DEFAULTS = {"BASE": "6.12", "SERIES": "", "HOST": "vhe nvhe", "TESTS": job.QUICK}


def read_arguments(words):
    values = job.take_words(words, DEFAULTS)
    if values["SERIES"] and not is_path(values["BASE"]):
        raise CouldNotRun(f"SERIES= is a range in a git tree, and BASE={values['BASE']} is none. "
                          "Give BASE=/path/to/linux.")
    if is_path(values["BASE"]) and not values["SERIES"]:
        raise CouldNotRun(f"BASE={values['BASE']} needs SERIES=, a range of its commits like v6.12..mybranch.")
    return job.chosen(values, DEFAULTS)


def check_patterns(patterns, records):
    """If nothing builds, there is no case that a pattern could match."""
    if any(record["built"] for record in records.values()):
        job.check_patterns(patterns, {case["name"] for record in records.values() for case in record["cases"]})


def checkpatch(series, tree):
    """What checkpatch says, by the patch's number."""
    said, env = {}, dict(os.environ)
    if series.published:
        # It looks up the commits that a message names. Ours stand in no repository that knows Linux' commits, and it
        # runs where it finds none: in the tree.
        env["GIT_DIR"] = str(series.git_dir)
    for patch in series.patches[1:]:
        done = subprocess.run(
            ["perl", tree / "scripts/checkpatch.pl", "--no-tree", "--quiet", "--terse", "--strict", "--show-types",
             *series.checkpatch, "-"], input=series.mail(patch), capture_output=True, check=False, cwd=tree, env=env)
        lines = [line for line in (done.stdout + done.stderr).decode(errors="backslashreplace").splitlines()
                 if line.strip() and not line.startswith("total:")]
        if done.returncode and not lines:
            lines = [f"it ended with status {done.returncode} and said nothing"]
        said[patch.number] = [f"checkpatch: {line}" for line in lines]
    return said


def summary(series, hosts, records, wrong, notes):
    lines = ["", *greens.matrix(series.patches, records, [host.name for host in hosts]), "",
             f"In a cell, a sign each for {', '.join(host.name for host in hosts)}: "
             + ", ".join(f"{sign} {verdict}" for verdict, sign in greens.SIGNS.items()) + ".", ""]
    for patch in series.patches:
        record, bad = records[patch.number], wrong[patch.number]
        seconds = ", ".join(f"{key} {value:.0f}" for key, value in record["seconds"].items())
        lines.append(f"{patch.number:3} {'ok    ' if not bad else 'not ok'} {patch.subject}   (seconds: {seconds})")
        lines += [f"        {sentence}" for sentence in (*bad, *notes[patch.number])]
    return "\n".join(lines) + "\n"


def where_the_time_went(walk, total):
    parts = ", ".join(f"{what} {seconds:.0f}" for what, seconds in walk.seconds.items())
    clean = walk.clean_build()
    compared = f"; {total / clean:.1f} times a clean build, which took {clean} here" if clean else ""
    return f"Seconds: {total:.0f} for {walk.walked} of {len(walk.series.patches)} kernels ({parts}){compared}"


def write_results(series, walk, hosts, records, text, wrong, notes, facts):
    partial = results.new_run(TOP / "results", "validate")
    patches = []
    for patch in series.patches:
        folder = shutil.copytree(walk.state / walk.key(patch), partial / f"patch-{patch.number:02}")
        mail = folder / "patch.txt"
        if patch.number or not series.published:
            mail.write_bytes(series.mail(patch))
        patches.append((folder.name, mail if mail.exists() else None, records[patch.number]))
    facts = {**facts, "base": job.version_of(walk.tree), "commit": series.published}
    # Ours stands on the baseline, of which these say nothing.
    known = deviations.read_deviations(facts["base"]) if series.published else []
    told = kcidb.of_validation(patches, facts, hosts, partial.stem, partial.with_suffix(""), known)
    (partial / "kcidb.json").write_text(kcidb.text(told), encoding="utf-8")
    (partial / "matrix.txt").write_text(text, encoding="utf-8")
    patches = [{"number": patch.number, "subject": patch.subject, "tree": series.tree_id(patch),
                "green": patch.green, "steady": patch.steady, "wrong": wrong[patch.number],
                "not_shown": notes[patch.number], **records[patch.number]}
               for patch in series.patches]
    (partial / "matrix.json").write_text(json.dumps(
        {"series": series.name, "base": job.base_of(walk.tree), "hosts": [host.name for host in hosts],
         "tests": walk.patterns, "suite": walk.suite,
         "patches": patches}, indent=1) + "\n", encoding="utf-8")
    page = report.page_of_validation(series, hosts, records, wrong, notes, job.sentences())
    (partial / "report.html").write_text(report.text(page), encoding="utf-8")
    return results.complete(partial)


def validate(words):
    start, facts = time.monotonic(), {"started": time.time()}
    values = read_arguments(words)
    hosts = [read_host(name) for name in dict.fromkeys(values["HOST"].split())]
    series = from_range(values["BASE"], values["SERIES"]) if values["SERIES"] else OurSeries(values["BASE"])
    with alone():
        walk = Walk(series, hosts, values["TESTS"].split(), values["TESTS"] == DEFAULTS["TESTS"])
        records = walk.go()
        check_patterns(walk.patterns, records)
        wrong = greens.judge(series.patches, records, checkpatch(series, walk.tree),
                             [host.name for host in hosts], walk.patterns, walk.known)
        notes = greens.notes(series.patches, records, walk.patterns, walk.known)
        text = summary(series, hosts, records, wrong, notes)
        spent = where_the_time_went(walk, time.monotonic() - start)
        folder = write_results(series, walk, hosts, records, f"{text}\n{spent}\n", wrong, notes, facts)
    print(text)
    print(f"{series.name}: {greens.sentence(wrong, records)}.")
    print(f"Results: {folder.relative_to(TOP)}")
    print(spent)
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, validate))
