# SPDX-License-Identifier: GPL-2.0
"""Reads kernel/deviations.ini: the verdicts that stock Linux is known to give."""

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from children import CouldNotRun
from inifile import read_sections
from verdicts import VERDICTS

FILE = Path(__file__).resolve().parent.parent / "kernel" / "deviations.ini"
KVM = "arch/arm64/kvm"
_KEYS = {"bases", "hosts", "verdict", "cases", "at", "fault"}
# Between verdicts of which a race decides.
_OR = " or "


class DeviationError(CouldNotRun):
    """The file cannot be used; the text says where, why and what to do."""


@dataclass
class Deviation:
    title: str
    verdict: str
    fault: str
    bases: list
    hosts: list
    cases: list
    # (file under KVM, pattern over functions, word) of each place at fault, and the lines of the Linux at hand.
    places: list = field(default_factory=list)
    lines: list = field(default_factory=list)

    @property
    def verdicts(self):
        return self.verdict.split(_OR)

    def covers(self, case):
        return any(fnmatchcase(case.host, host) for host in self.hosts) and \
            any(fnmatchcase(case.name, name) for name in self.cases)


def read_all(path=FILE):
    deviations = []
    for title, values in read_sections(path, DeviationError).items():
        if set(values) != _KEYS:
            raise DeviationError(f"{path}: [{title}] needs the keys {', '.join(sorted(_KEYS))} and no others.")
        for verdict in values["verdict"].split(_OR):
            if verdict not in VERDICTS:
                raise DeviationError(f"{path}: [{title}] knows a verdict '{verdict}'. "
                                     f"There are: {', '.join(VERDICTS)}, with '{_OR.strip()}' between them.")
        deviations.append(Deviation(title, values["verdict"], values["fault"], values["bases"].split(),
                                    values["hosts"].split(), values["cases"].split(),
                                    [_place(path, title, line) for line in values["at"].splitlines()]))
    return deviations


def _place(path, title, line):
    file, *rest = line.split()
    if len(rest) not in (1, 2):
        raise DeviationError(f"{path}: [{title}] is at '{line}'. A place is FILE FUNCTION[|FUNCTION…] [WORD].")
    return file, rest[0], rest[1] if rest[1:] else ""


def line_of(text, functions, word):
    """Which line of TEXT, in kernel style, is the first with WORD in one of the FUNCTIONS; 0 if there is none."""
    begins = re.compile(rf"\w.*\b(?:{functions})\([^;]*$")
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        inside = bool(begins.match(line)) or inside and line != "}"
        if inside and word in line:
            return number
    return 0


def locate(deviations, source):
    """Fills in the lines at fault of the Linux at SOURCE. A place that is gone from there is told as that."""
    for deviation in deviations:
        deviation.lines = []
        for file, functions, word in deviation.places:
            path = source / KVM / file
            number = line_of(path.read_text(encoding="utf-8"), functions, word) if path.exists() else 0
            deviation.lines.append(f"{KVM}/{file}:{number}" if number else
                                   f"no '{' '.join(filter(None, (functions, word)))}' in {KVM}/{file}")
    return deviations


def read_deviations(version, path=FILE):
    """Those of Linux VERSION, such as 6.12.117."""
    return [deviation for deviation in read_all(path) if any(fnmatchcase(version, base) for base in deviation.bases)]


def apply(case, deviations):
    """Turns the failure that a deviation foresees into an xfail; anything else that it does not foresee stays."""
    for deviation in deviations:
        if not deviation.covers(case):
            continue
        if case.verdict == "pass" and "pass" in deviation.verdicts:
            return
        if case.verdict in deviation.verdicts:
            # A hang stays a timeout, and a crash a crash, for people to see.
            case.verdict = "xfail" if case.verdict == "fail" else case.verdict
            where = f" ({', '.join(deviation.lines)})" if deviation.lines else ""
            case.reason = f"{deviation.title}: {deviation.fault}{where}"
            case.foreseen = True
        elif case.verdict != "skip":
            case.reason = f"{case.verdict}, and kernel/deviations.ini foresees {deviation.verdict} ({deviation.title})"
            case.verdict = "fail"
        return
