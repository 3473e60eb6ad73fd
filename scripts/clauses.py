#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Writes Documentation/clauses.md: each sentence of the specification, its cases, and their verdicts.

usage: clauses.py write|check

The sentences stand in Documentation/clauses.ini; which one a case tests stands in
the case's own comment. The verdicts are those that a run of each tree is judged
by. "check" writes nothing, and fails if the page is not what "write" would make
of it. Exit status: 0 good, 1 a case without a sentence or a sentence without a
case, or a page that is not current, 2 it could not run.
"""

import itertools
import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import deviations
from children import CouldNotRun
from inifile import read_sections
from programs import OURS
from verdicts import Case, unexpected

TOP = Path(__file__).resolve().parent.parent
TABLE = TOP / "Documentation/clauses.ini"
PAGE = TOP / "Documentation/clauses.md"
ORIGINS = {"specification": "What the specification says", "consequence": "What a VMM relies on besides"}

_MACRO = re.compile(r"^(\w*TEST\w*)\((.*)", re.M)
# Where the arguments of each macro that makes a case name the fixture and the case.
_MAKES_CASE = {"TEST": (None, 0), "TEST_SIGNAL": (None, 0), "TEST_F": (0, 1), "TEST_F_SIGNAL": (0, 1),
               "TEST_F_TIMEOUT": (0, 1)}
_MAKES_NONE = {"TEST_HARNESS_MAIN"}
_VARIANT = re.compile(r"^FIXTURE_VARIANT_ADD\((\w+), *(\w+)\)", re.M)
_COMMENT_BEFORE = re.compile(r"/\*(?:(?!\*/).)*\*/\n\Z", re.S)
_NEEDS = re.compile(r"^ \* Needs: (\S+)\n \*/\n", re.M)
_CLAUSE = re.compile(r"^ \* Clause: (\S+)\n \*/\n\Z", re.M)


class ClauseError(CouldNotRun):
    """The annotations do not fit together; the text has a line for each that does not."""


@dataclass
class Clause:
    name: str
    says: str
    origin: str
    untested: str


@dataclass
class Tested:
    """A case as its source has it: one for all variants of its fixture."""
    program: str
    fixture: str
    variants: list
    name: str
    clause: str
    place: str
    # What "make run" has to be told for the case to run: "TREE=series", or "CONFIG=edge" on the series.
    needs: str = ""

    def names(self):
        """As runs name it, variant by variant."""
        return [".".join(part for part in (self.program, self.fixture, variant, self.name) if part)
                for variant in self.variants or [""]]

    def short(self):
        several = f"{{{','.join(self.variants)}}}" if len(self.variants) > 1 else "".join(self.variants)
        return ".".join(part for part in (self.program, self.fixture, several, self.name) if part)


def read_clauses(path=TABLE):
    clauses = []
    for name, values in read_sections(path, ClauseError).items():
        if not {"says", "from"} <= set(values) <= {"says", "from", "untested"} or values["from"] not in ORIGINS:
            raise ClauseError(f"{path.name}: [{name}] needs says, from ({' or '.join(ORIGINS)}), may have untested, "
                              "and nothing else.")
        clauses.append(Clause(name, values["says"], values["from"], values.get("untested", "")))
    return clauses


def cases_of(text, program):
    variants = {}
    for fixture, variant in _VARIANT.findall(text):
        variants.setdefault(fixture, []).append(variant)
    cases = []
    needs = _NEEDS.search(text)
    for match in _MACRO.finditer(text):
        macro, arguments = match[1], [word.strip(" )") for word in match[2].split(",")]
        place = f"{program}.c:{text.count(chr(10), 0, match.start()) + 1}"
        if macro in _MAKES_NONE:
            continue
        if macro not in _MAKES_CASE:
            raise ClauseError(f"{place}: unknown macro {macro}. Teach scripts/clauses.py what cases it makes.")
        fixture_at, name_at = _MAKES_CASE[macro]
        fixture = "global" if fixture_at is None else arguments[fixture_at]
        comment = _COMMENT_BEFORE.search(text[:match.start()])
        clause = _CLAUSE.search(comment[0]) if comment else None
        cases.append(Tested(program, fixture, variants.get(fixture, []), arguments[name_at],
                            clause[1] if clause else "", place, needs[1] if needs else ""))
    return cases


def read_cases(folder=OURS):
    return [case for path in sorted(folder.glob("user_irq_*.c"))
            for case in cases_of(path.read_text(encoding="utf-8"), path.stem)]


def sentences():
    """{name of a case, as runs name it: the sentence that it tests}"""
    says = {clause.name: clause.says for clause in read_clauses()}
    return {name: says[case.clause] for case in read_cases() if case.clause in says for name in case.names()}


def needs():
    """{name of a case, as runs name it: what it needs}, of those that need anything"""
    return {name: case.needs for case in read_cases() if case.needs for name in case.names()}


def problems(clauses, cases, known_deviations):
    """A line for each thing that does not fit."""
    names = {clause.name for clause in clauses}
    for case in cases:
        if not case.clause:
            yield f"{case.place}: {case.name} names no clause. End the comment before it with \" * Clause: ID\"."
        elif case.clause not in names:
            yield f"{case.place}: {case.name} names a clause '{case.clause}'. There are: {', '.join(sorted(names))}."
    for clause in clauses:
        tested = any(case.clause == clause.name for case in cases)
        if tested and clause.untested:
            yield f"{TABLE.name}: [{clause.name}] has cases. Take out why it is untested."
        if not tested and not clause.untested:
            yield f"{TABLE.name}: no case tests [{clause.name}]. Write one, or say why by \"untested\"."
    every = [name for case in cases for name in case.names()]
    for deviation in known_deviations:
        for pattern in deviation.cases:
            if not any(fnmatchcase(name, pattern) for name in every):
                yield f"{deviations.FILE.name}: [{deviation.title}] names '{pattern}', and there is no such case."


def _stock(case, known_deviations):
    told = []
    for deviation in known_deviations:
        deviating = [any(fnmatchcase(name, pattern) for pattern in deviation.cases) for name in case.names()]
        if any(deviating):
            where = f"`{' '.join(deviation.bases)}`"
            if not all(deviating):
                where += f", of `{' '.join(itertools.compress(case.variants, deviating))}`"
            if deviation.hosts != ["*"]:
                where += f", hosts `{' '.join(deviation.hosts)}`"
            told.append(f"{deviation.verdict} on {where}: {deviation.title}".replace("|", "\\|"))
    return "<br>".join(told) or "pass"


def _demanded(case, tree):
    """The verdict that a run of TREE, its cases running whether or not the kernel has the capability, must give."""
    return next(verdict for verdict in ("pass", "fail")
                if not unexpected(Case(case.names()[0], "", verdict), tree, forced=True))


def _verdicts(case, known_deviations):
    baseline, series = (_demanded(case, tree) for tree in ("baseline", "series"))
    if case.needs.startswith("CONFIG="):
        return f"skip | {baseline} with `{case.needs}` | {series} with `{case.needs}`"
    return f"{'skip' if case.needs.startswith('TREE=') else _stock(case, known_deviations)} | {baseline} | {series}"


def page(clauses, cases, known_deviations):
    lines = ["<!-- SPDX-License-Identifier: GPL-2.0 -->",
             "<!-- Written by `make clauses` from clauses.ini and the cases' own comments. Do not edit. -->",
             "# The specification, sentence by sentence", "",
             "Which cases of the suite hold a kernel to each sentence about `KVM_CAP_ARM_USER_IRQ`, and the verdict",
             "that a run on each tree has to give, or it ends with status 1. `make check` runs all three; what fails",
             "on stock `kernel/deviations.ini` explains. A case that a host cannot run, or whose lines the kernel's",
             "version has not, skips, and says why.", ""]
    for origin, title in ORIGINS.items():
        lines += [f"## {title}", ""]
        for clause in [clause for clause in clauses if clause.origin == origin]:
            lines += [f"### {clause.name}", "", clause.says, ""]
            if clause.untested:
                lines += [f"No case: {clause.untested}", ""]
                continue
            lines += ["| case | stock | baseline | series |", "|---|---|---|---|"]
            lines += [f"| `{case.short()}` | {_verdicts(case, known_deviations)} |"
                      for case in cases if case.clause == clause.name]
            lines.append("")
    return "\n".join(lines)


def main():
    if sys.argv[1:] not in (["write"], ["check"]):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 0 if sys.argv[1:] == ["help"] else 2
    try:
        clauses, cases, known_deviations = read_clauses(), read_cases(), deviations.read_all()
        wrong = list(problems(clauses, cases, known_deviations))
        if wrong:
            raise ClauseError("\n".join(wrong))
        text = page(clauses, cases, known_deviations)
    except ClauseError as error:
        print(f"clauses: {error}", file=sys.stderr)
        return 1
    except (OSError, deviations.DeviationError) as error:
        print(f"clauses: {error}", file=sys.stderr)
        return 2
    if sys.argv[1] == "write":
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"clauses: {PAGE.relative_to(TOP)} is not what the cases and clauses.ini make of it. Run: make clauses",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
