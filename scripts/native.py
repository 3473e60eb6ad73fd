# SPDX-License-Identifier: GPL-2.0
"""Runs installed tests on this machine, by the base's runner, and judges them as those of an emulated host.

The runner ends with 0 whatever became of the tests, and its KTAP goes out as it is.
So that one place judges, what it says is put down as init reports it (scripts/guest/init.c).
"""

import os
import subprocess
import sys
import time

import deviations
import table
from children import CHILDREN, CouldNotRun
from hostrun import has_cases
from hostverdicts import HostVerdicts
from stream import CUT, read_boot
from verdicts import in_words, unexpected

HOST = "this-machine"
# What a program has in the emulated host, too (scripts/guest/init.c): the base's own 120 s are too few.
SECONDS = 900


class _Report:
    """What init would have written."""

    def __init__(self):
        self.data = bytearray()
        self.start = time.monotonic()

    def add(self, kind, text, cut=b""):
        now = time.monotonic() - self.start
        self.data += b"%9.3f %s %.6f %s%s\n" % (now, kind, now, text, cut)


def _follow(installed, report):
    runner = CHILDREN.start([installed / "run_kselftest.sh", "-c", "kvm", "-o", str(SECONDS)], stdout=subprocess.PIPE)
    for line in runner.stdout:
        print(line.decode(errors="backslashreplace"), end="", flush=True)
        whole = line.endswith(b"\n")
        report.add(b"o", line.rstrip(b"\r\n"), b"" if whole else CUT.encode())
    status, _ = CHILDREN.wait(runner)
    if status:
        raise CouldNotRun(f"run_kselftest.sh ended with status {status}. What it said stands above.")
    report.add(b"x", b"0")
    report.add(b"q", b"end")


def run(installed, tree):
    """Returns the exit status. The table goes where errors go, so that the KTAP stands alone.

    The kernel is whatever this machine runs. TREE: what the user says that this is, or nothing; then it is judged
    as stock, and none of the deviations of stock is foreseen.
    """
    # In the runner's order.
    lines = (installed / "kselftest-list.txt").read_text(encoding="utf-8").splitlines()
    programs = [line.removeprefix("kvm:") for line in lines if line.startswith("kvm:")]
    report = _Report()
    for name in programs:
        if has_cases(installed / "kvm" / name):
            report.add(b"n", name.encode())
        report.add(b"p", name.encode())
    _follow(installed, report)

    verdicts = HostVerdicts(HOST, programs)
    verdicts.add_boot(read_boot(report.data, b""), "off", "")
    cases = verdicts.sorted_cases()
    if tree == "stock":
        foreseen = deviations.read_deviations(os.uname().release)
        for case in cases:
            deviations.apply(case, foreseen)
    wrong = {(case.host, case.name): why for case in cases if (why := unexpected(case, tree or "stock", False))}
    print(table.text(cases, [HOST], wrong), file=sys.stderr)
    print(f"kselftest: {in_words(len(wrong), len(cases))}", file=sys.stderr)
    return 1 if wrong or not cases else 0
