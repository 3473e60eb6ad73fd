# SPDX-License-Identifier: GPL-2.0
"""Says whether a mutant was killed, and by a case of the clause that it breaks."""

from collections import namedtuple

from table import aligned

# What a case gives on a kernel that it finds wrong. One that is missing found nothing.
RED = ("fail", "timeout", "crash")

# CASES: those that are red; RIGHT: those of them that test the mutant's clause.
Kill = namedtuple("Kill", "cases right")


def kill(cases, clause, clause_of):
    """CASES: (name, host, verdict); CLAUSE_OF: {name of a case: clause that it tests}."""
    red = [(name, host) for name, host, verdict in cases if verdict in RED]
    return Kill(red, [(name, host) for name, host in red if clause_of.get(name) == clause])


def verdict(killed):
    if killed.right:
        return "killed"
    return "by another clause" if killed.cases else "survived"


def table(mutants, kills):
    """KILLS: a Kill a mutant."""
    rows = [("mutant", "breaks", "verdict", "cases", "of the clause", "the first of them")]
    for mutant, killed in zip(mutants, kills):
        first = next(iter(killed.right or killed.cases), None)
        rows.append((mutant.name, mutant.clause, verdict(killed), str(len(killed.cases)), str(len(killed.right)),
                     f"{first[0]} on {first[1]}" if first else ""))
    return aligned(rows)
