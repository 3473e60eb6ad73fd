#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every test of the project: linters, the bench's own tests, KUnit, the suite.

usage: check.py [BASE=6.12]

Goes on after a failure, and says once more at the end what failed. The last line is
"N passed, N failed", where a linter counts as one, and each test and each verdict as
one. Where ../shared has a copy of KCIDB's public schema, or the environment's
KCIDB_SCHEMA names one, kcidb.json is held against that as well.
Exit status: 0 if none failed, 1 if one did, 2 if a part of it could not run.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from children import DIE_TOGETHER, forget_repository
from verdicts import excerpt

forget_repository()
SCRIPTS = Path(__file__).resolve().parent
TOP = SCRIPTS.parent
TESTS = SCRIPTS / "tests"
# KCIDB's public schema, where a copy of it lies beside the project.
SCHEMA = TOP.parent / "shared/kcidb/v5.3.schema.json"
ENVIRONMENT = {**({"KCIDB_SCHEMA": str(SCHEMA)} if SCHEMA.exists() else {}), **os.environ,
               "PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"}
PYTHON = "/usr/bin/python3"
# Somebody's own tree has neither a baseline nor a series, which most of this is about.
BASES = sorted(path.name for path in (TOP / "kernel/patches").iterdir() if path.is_dir())
LINTERS = ("shellcheck", "pyflakes3", "pycodestyle", "codespell", "spdx")


def skipped(output):
    """How many tests of the bench's own this machine could not run, in the words of bats and of unittest."""
    return len(re.findall(r"^ok \d+ .*# skip\b", output, re.M)) + \
        sum(int(n) for n in re.findall(r"^(?:OK|FAILED) \(.*\bskipped=(\d+)", output, re.M))


class Check:
    """One command; COUNT turns its output and exit status into (passed, failed).

    A line with the words ABSENT means that there is nothing to check here; it is kept as WHY_NOT.
    """

    def __init__(self, name, command, count, absent=None):
        self.name, self.command, self.count, self.absent = name, command, count, absent
        self.why_not = self.output = ""

    def run(self):
        print(f"== {self.name}", flush=True)
        start = time.monotonic()
        with subprocess.Popen([*DIE_TOGETHER, *map(str, self.command)], cwd=TOP, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="backslashreplace", env=ENVIRONMENT) as child:
            for line in child.stdout:
                print(line, end="", flush=True)
                self.output += line
                if self.absent and self.absent in line:
                    self.why_not = line.strip()
        if self.why_not:
            print(f"== {self.name}: not checked\n", flush=True)
            return 0, 0, 0, False
        passed, failed = self.count(self.output, child.returncode)
        if child.returncode and not failed:
            failed = 1
        lacking = skipped(self.output)
        told = f", {lacking} skipped" if lacking else ""
        print(f"== {self.name}: {passed} passed, {failed} failed{told}   ({time.monotonic() - start:.0f} s)\n",
              flush=True)
        return passed, failed, lacking, child.returncode not in (0, 1)


# Where an output says what went wrong: a run's table, bats, unittest.
_FAILURES = re.compile(r"^Not as expected:\n(?:.*\S.*\n)+"
                       r"|^(?:#.*\n)*not ok .*\n(?:#.*\n)*"
                       r"|^={70}\n(?:FAIL|ERROR): (?:.*\n)+?(?=={70}\n|-{70}\nRan )", re.M)
_MOST_OF_ONE, _MOST = 20, 60


def failures(output):
    """The lines of a failed check's OUTPUT that say why; its end, where none is known to."""
    told = [[line for line in one.splitlines() if line.strip()] for one in _FAILURES.findall(output)]
    if sum(map(len, told)) > _MOST:
        # The cases of a run without their logs, and each test by its beginning and its end.
        told = [excerpt([line for line in one if not line.startswith("      |")], _MOST_OF_ONE) for one in told]
    return sum(told, []) or output.splitlines()[-_MOST_OF_ONE:]


def one(_output, status):
    return (1, 0) if status == 0 else (0, 1)


def unittests(output, _status):
    ran = re.search(r"^Ran (\d+) tests?", output, re.M)
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
    # Nothing that ran is a failure: a test that cannot be found must not pass.
    return (int(ran[1]) - bad - skipped(output), bad) if ran and int(ran[1]) else (0, 1)


def tap(output, _status):
    done = len(re.findall(r"^ok ", output, re.M))
    failed = len(re.findall(r"^not ok ", output, re.M))
    planned = re.search(r"^1\.\.(\d+)", output, re.M)
    lost = int(planned[1]) - done - failed if planned else 1
    return done - skipped(output), failed + max(lost, 0)


def kunit(output, _status):
    told = re.search(r"^(\d+) KUnit tests passed, (\d+) failed$", output, re.M)
    return (int(told[1]), int(told[2])) if told else (0, 1)


def verdicts(output, _status):
    bad = re.search(r"(\d+) of (\d+) verdicts not as expected", output)
    if bad:
        return int(bad[2]) - int(bad[1]), int(bad[1])
    good = re.search(r"all (\d+) verdicts as expected", output)
    return (int(good[1]), 0) if good else (0, 1)


def suite(base, **values):
    return [SCRIPTS / "run.py", f"BASE={base}", "TESTS=user_irq_*",
            *(f"{key}={value}" for key, value in values.items())]


def checks(base):
    series = TOP / f"build/trees/{base}-series"
    yield from (Check(name, [SCRIPTS / "lint.sh", name], one) for name in LINTERS)
    yield Check("the bench's judgement", [PYTHON, "-m", "unittest", "discover", "-s", TESTS],
                unittests)
    yield Check("every sentence and its cases", [SCRIPTS / "clauses.py", "check"], one)
    yield Check("the suite's model", [TESTS / "model.sh", base], tap)
    on_all = Check("the suite on the series, on all hosts", suite(base, TREE="series", HOST="all"), verdicts)
    yield on_all
    left = re.search(r"^Results: (\S+)", on_all.output, re.M)
    yield Check("what that run left", [PYTHON, TESTS / "left_by_run.py", TOP / left[1] if left else "no results"],
                unittests)
    # With a CPU without a tick among them. The Raspberry Pi makes it the kernel of all hosts but for the edges.
    yield Check("edges, on the series", [SCRIPTS / "run.py", f"BASE={base}", "CONFIG=edge", "TESTS=user_irq_edge",
                                         "HOST=vhe nvhe nogic-vhe nogic-nvhe nohz raspi3b"], verdicts)
    yield Check("the suite on stock Linux", suite(base, TREE="stock", HOST="vhe nvhe"), verdicts)
    yield Check("the suite on the baseline", suite(base, TREE="baseline", HOST="vhe nvhe"), verdicts)
    yield Check("the suite on the baseline, forced", suite(base, TREE="baseline", HOST="vhe nvhe", FORCE="1"), verdicts)
    yield Check("a mutant of the kernel", [SCRIPTS / "mutants.py", f"BASE={base}", "HOST=vhe",
                                           "MUTANTS=publish-not-for-immediate-exit"], one)
    yield Check("a range of patches, killed and validated again", [PYTHON, TESTS / "range_walked.py", base], unittests)
    yield Check("the kernel's linters", [SCRIPTS / "lint-kernel.sh", base], one)
    yield Check("KUnit", [SCRIPTS / "kunit.py", series], kunit)
    yield Check("planted traps, in a real boot",
                [PYTHON, TESTS / "boot_planted.py", series / "out/arch/arm64/boot/Image", TOP / "build/guest",
                 series / "tools/testing/selftests"], unittests)
    yield Check("the history of a base", ["bats", "--tap", TESTS / "history.bats"], tap)
    yield Check("a range that cannot be validated", ["bats", "--tap", TESTS / "validate.bats"], tap)
    yield Check("into a Linux tree and out", ["bats", "--tap", TESTS / "install.bats"], tap)
    yield Check("the contract of kselftest", ["bats", "--tap", TESTS / "kselftest.bats"], tap)
    yield Check("bad input", ["bats", "--tap", TESTS / "bad-input.bats"], tap)
    yield Check("Ctrl-C", ["bats", "--tap", TESTS / "interrupted.bats"], tap)
    # Its packages are many, and Debian 13 has none of them, so it need not be there.
    yield Check("a LAVA job, by lava-run", [SCRIPTS / "lava.py", "run", f"BASE={base}"], verdicts,
                absent="no LAVA job can run here")
    # Last, so that what a newer 7.* brings keeps nobody from the verdicts on 6.12.
    # Debian's suites move on, and may be without one for a while.
    yield Check("Linux 7", [SCRIPTS / "base.sh", "7"], one, absent="is not in Debian's")
    if (TOP / "build/base/7").is_dir():
        yield Check("the mails for Linux 7", [SCRIPTS / "format-series.sh", "7"], one)
        yield Check("the suite on stock Linux 7", suite("7", TREE="stock", HOST="vhe"), verdicts)
        yield Check("the suite on the baseline of Linux 7, forced",
                    suite("7", TREE="baseline", HOST="nested", FORCE="1"), verdicts)
        yield Check("the rules of the mutants of Linux 7, and where it is at fault",
                    ["bats", "--tap", "-f", "of each base that is here", TESTS / "history.bats"], tap)
        yield Check("the suite on the series of Linux 7", suite("7", TREE="series", HOST="vhe nvhe nested pkvm"),
                    verdicts)
        yield Check("where WFI of a nested guest does not trap",
                    [SCRIPTS / "run.py", "BASE=7", "HOST=nested-notrap", "TESTS=user_irq_nested user_irq_delivery"],
                    verdicts)
        yield Check("the kernel's linters on Linux 7", [SCRIPTS / "lint-kernel.sh", "7"], one)
        yield Check("KUnit on Linux 7", [SCRIPTS / "kunit.py", TOP / "build/trees/7-series"], kunit)
        yield Check("edges, on the series of Linux 7",
                    [SCRIPTS / "run.py", "BASE=7", "CONFIG=edge", "HOST=vhe", "TESTS=user_irq_edge"], verdicts)


def main():
    base = "6.12"
    for word in sys.argv[1:]:
        if not word.startswith("BASE="):
            print(__doc__, file=sys.stderr)
            return 0 if word == "help" else 2
        base = word.removeprefix("BASE=") or base
    if base not in BASES:
        print(f"check: unknown BASE '{base}'. There are: {', '.join(BASES)}.", file=sys.stderr)
        return 2
    passed = failed = lacking = 0
    not_checked, wrong = [], []
    could_not_run = False
    start = time.monotonic()
    try:
        for check in checks(base):
            one_passed, one_failed, one_lacking, broken = check.run()
            passed += one_passed
            failed += one_failed
            lacking += one_lacking
            could_not_run = could_not_run or broken
            if one_failed:
                wrong += [f"failed: {check.name}", *(f"    {line}" for line in failures(check.output))]
            if check.why_not:
                not_checked.append(f"not checked: {check.name}: {check.why_not}")
    except KeyboardInterrupt:
        print(*wrong, "check: interrupted. The same command starts again.", sep="\n", file=sys.stderr)
        return 2
    if "KCIDB_SCHEMA" not in ENVIRONMENT:
        not_checked.append(f"not checked: kcidb.json by KCIDB's public schema: there is no {SCHEMA}, "
                           "and KCIDB_SCHEMA names no other copy")
    if lacking:
        print(f"{lacking} of the bench's own tests were skipped; each says why above")
    for line in [*not_checked, *wrong]:
        print(line)
    print(f"{time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {failed} failed")
    if could_not_run:
        return 2
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
