#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The main job: builds a tree, boots it on hosts, runs the tests, gives the verdicts.

usage: run.py [BASE=6.12] [TREE=] [HOST='vhe nvhe'] [TESTS='user_irq_*'] [CONFIG=] [FORCE=1]

BASE is 6.12, 7, or the path of somebody's own Linux tree, which stays untouched.
TREE is series, baseline or stock; the default is series, and stock for a path.
TESTS are shell patterns over programs (user_irq_timer) or cases
(user_irq_timer.line.*). FORCE=1 makes the cases run although the kernel does not
advertise the capability. Exit status: 0 all verdicts as expected, 1 one is not,
2 it could not run.
"""

import fcntl
import re
import shutil
import signal
import subprocess
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

import deviations
import results
import table
from children import CHILDREN, CouldNotRun, Interrupted
from hostrun import Plan, boot_hosts
from hosts import HostError, known_hosts, read_host
from programs import choose_programs, programs_of
from trees import TREES, default_tree
from verdicts import unexpected

TOP = Path(__file__).resolve().parent.parent
SCRIPTS = TOP / "scripts"
DEFAULTS = {"BASE": "6.12", "TREE": "", "HOST": "vhe nvhe", "TESTS": "user_irq_*", "CONFIG": "", "FORCE": ""}


def say(text):
    print(f"run: {text}", file=sys.stderr, flush=True)


def step(script, *arguments):
    """Runs a script of ours and returns the last line that it printed."""
    status, output = CHILDREN.wait(CHILDREN.start([SCRIPTS / script, *arguments], stdout=subprocess.PIPE, text=True))
    if status:
        raise CouldNotRun(f"{script} could not do its part; what it said stands above.")
    return output.strip().rpartition("\n")[2]


def read_arguments(words):
    values = dict(DEFAULTS)
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or key not in DEFAULTS:
            raise CouldNotRun(f"unknown argument '{word}'. There are: {', '.join(f'{key}=' for key in DEFAULTS)}.")
        values[key] = value or DEFAULTS[key]
    values["TREE"] = values["TREE"] or default_tree(values["BASE"])
    if values["TREE"] not in TREES:
        raise CouldNotRun(f"unknown TREE '{values['TREE']}'. There are: {', '.join(TREES)}.")
    if values["FORCE"] not in ("", "0", "1"):
        raise CouldNotRun(f"FORCE={values['FORCE']} is neither 0 nor 1.")
    for key in ("HOST", "TESTS"):
        if not values[key].split():
            raise CouldNotRun(f"{key} is empty. Leave it out for the default: {DEFAULTS[key]}.")
    if values["HOST"] == "all":
        values["HOST"] = " ".join(known_hosts())
    return values


def prepare(values, seconds):
    """Everything up to the first boot, with no other run in between that builds the same tree."""
    start = time.monotonic()
    tree = Path(step("tree.sh", values["BASE"], values["TREE"]))
    seconds["setup"] = time.monotonic() - start
    patterns = values["TESTS"].split()
    known = programs_of(tree)
    programs = choose_programs(patterns, known)

    start = time.monotonic()
    guest = Path(step("guest.sh"))
    # All of ours, whichever were chosen, so that another choice need not install them anew.
    to_build = sorted({*programs, *(name for name in known if name.startswith("user_irq_"))})
    tests = Path(step("selftests.sh", str(tree), *(known[name] for name in to_build))).parent
    image = Path(step("build.sh", str(tree), *values["CONFIG"].split()))
    seconds["build"] = time.monotonic() - start
    forced = values["FORCE"] == "1"
    return tree, Plan(image, guest, tests / "stripped", programs, tests / "failed", patterns, forced)


def about(values, tree, hosts):
    makefile = (tree / "Makefile").read_text(encoding="utf-8")
    version, patchlevel, sublevel, extra = (re.search(rf"^{key} =[ \t]*(.*)$", makefile, re.M)[1]
                                            for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION"))
    patches = 0
    if values["TREE"] == "series":
        history = TOP / "build/history" / tree.name.removesuffix("-series")
        patches = int(subprocess.run(["git", "-C", history, "rev-list", "--count", "baseline..series"],
                                     check=True, capture_output=True, text=True).stdout)
    return {"base": f"{version}.{patchlevel}.{sublevel}{extra}", "tree": values["TREE"],
            "hosts": [host.name for host in hosts], "patches": patches}


def check_patterns(plan, runs):
    """A pattern over cases that none matched is a mistake of the caller's."""
    names = {case for one in runs for case in one.verdicts.cases}
    # A program that has but one verdict, on the whole of it, may have had the case.
    whole = names & set(plan.programs)
    for pattern in plan.patterns:
        program = pattern.partition(".")[0]
        if not any(fnmatchcase(name, pattern) for name in names) and not any(fnmatchcase(n, program) for n in whole):
            known = sorted(set().union(names, *(one.known for one in runs)))
            raise CouldNotRun(f"no case matches TESTS='{pattern}'. There are:\n  " + "\n  ".join(known))


def run(words):
    start = time.monotonic()
    seconds = {"setup": 0.0, "build": 0.0, "boot": 0.0, "tests": 0.0, "total": 0.0}
    values = read_arguments(words)
    hosts = [read_host(name) for name in dict.fromkeys(values["HOST"].split())]
    forced = values["FORCE"] == "1"

    (TOP / "build").mkdir(exist_ok=True)
    with open(TOP / "build" / f".run-{values['TREE']}.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is building this tree; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        tree, plan = prepare(values, seconds)
        partial = results.new_run(TOP / "results", values["TREE"])
        # A later run may build another kernel in the same place.
        plan.image = Path(shutil.copy(plan.image, partial / "Image"))

    facts = about(values, tree, hosts)
    what = f"Linux {facts['base']}, {values['TREE']}"
    if "/" in values["BASE"]:
        what += f" of {values['BASE']}"
    say(f"{what}: {len(plan.programs)} programs on {', '.join(facts['hosts'])}"
        f"   (console: {partial.relative_to(TOP)})")
    try:
        runs = boot_hosts(hosts, plan, partial)
        check_patterns(plan, runs)
    except CouldNotRun:
        CHILDREN.stop()
        shutil.rmtree(partial)
        raise
    except (Interrupted, KeyboardInterrupt):
        CHILDREN.stop()
        say(f"what there was stays in {partial.relative_to(TOP)}")
        raise

    plan.image.unlink()
    cases = [case for one in runs for case in one.verdicts.sorted_cases()]
    if values["TREE"] == "stock":
        foreseen = deviations.read_deviations(facts["base"])
        for case in cases:
            deviations.apply(case, foreseen)
    seconds["boot"] = max(one.boot_seconds for one in runs)
    seconds["tests"] = max(one.test_seconds for one in runs)
    seconds["total"] = time.monotonic() - start
    results.write(partial, cases, facts, seconds, [boot for one in runs for boot in one.boots])
    folder = results.complete(partial)

    wrong = {(case.host, case.name): why for case in cases if (why := unexpected(case, values["TREE"], forced))}
    print(table.text(cases, facts["hosts"], wrong))
    times = ", ".join(f"{key} {value:.1f}" for key, value in seconds.items())
    verdict = f"{len(wrong)} of {len(cases)} verdicts not as expected" if wrong else \
        f"all {len(cases)} verdicts as expected"
    print(f"{what}{', forced' if forced else ''}: {verdict}.")
    print(f"Results: {folder.relative_to(TOP)}   Seconds: {times}")
    return 1 if wrong or not cases else 0


def main():
    if sys.argv[1:] in (["help"], ["--help"], ["-h"]):
        print(__doc__)
        return 0

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    # SIGINT too: who is started in the background of a shell inherits that it is ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        return run(sys.argv[1:])
    except (CouldNotRun, HostError, deviations.DeviationError) as error:
        say(error)
    except (KeyboardInterrupt, Interrupted):
        CHILDREN.stop()
        say("interrupted. The same command starts again; what was complete is kept.")
    except OSError as error:
        CHILDREN.stop()
        say(f"{error.strerror}: {error.filename or ''}. If the disk is full, make room; "
            "then run the same command again.")
    return 2


if __name__ == "__main__":
    sys.exit(main())
