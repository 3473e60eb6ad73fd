# SPDX-License-Identifier: GPL-2.0
"""Reads kernel/deviations.ini: the verdicts that stock Linux is known to give."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from children import CouldNotRun
from inifile import read_sections
from verdicts import VERDICTS

FILE = Path(__file__).resolve().parent.parent / "kernel" / "deviations.ini"
_KEYS = {"bases", "hosts", "verdict", "cases", "fault"}
# Ends a verdict that a race decides: the case may pass as well.
_OR_PASS = " or pass"


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
    may_pass: bool = False

    def covers(self, case):
        return any(fnmatchcase(case.host, host) for host in self.hosts) and \
            any(fnmatchcase(case.name, name) for name in self.cases)


def read_all(path=FILE):
    deviations = []
    for title, values in read_sections(path, DeviationError).items():
        if set(values) != _KEYS:
            raise DeviationError(f"{path}: [{title}] needs the keys {', '.join(sorted(_KEYS))} and no others.")
        verdict = values["verdict"].removesuffix(_OR_PASS)
        if verdict not in VERDICTS:
            raise DeviationError(f"{path}: [{title}] knows a verdict '{verdict}'. "
                                 f"There are: {', '.join(VERDICTS)}, each with '{_OR_PASS.strip()}' or without.")
        deviations.append(Deviation(title, verdict, values["fault"], values["bases"].split(), values["hosts"].split(),
                                    values["cases"].split(), may_pass=verdict != values["verdict"]))
    return deviations


def read_deviations(version, path=FILE):
    """Those of Linux VERSION, such as 6.12.117."""
    return [deviation for deviation in read_all(path) if any(fnmatchcase(version, base) for base in deviation.bases)]


def apply(case, deviations):
    """Turns the failure that a deviation foresees into an xfail; anything else that it does not foresee stays."""
    for deviation in deviations:
        if not deviation.covers(case):
            continue
        if case.verdict == deviation.verdict:
            # A hang stays a timeout, and a crash a crash, for people to see.
            case.verdict = "xfail" if case.verdict == "fail" else case.verdict
            case.reason = f"{deviation.title}: {deviation.fault}"
            case.foreseen = True
        elif case.verdict != "skip" and not (deviation.may_pass and case.verdict == "pass"):
            case.reason = f"{case.verdict}, and kernel/deviations.ini foresees {deviation.verdict} ({deviation.title})"
            case.verdict = "fail"
        return
