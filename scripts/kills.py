# SPDX-License-Identifier: GPL-2.0
"""Says whether a mutant was killed, and by a case of the clause that it breaks."""

from collections import namedtuple

from table import aligned

# What a case gives on a kernel that it finds wrong. One that is missing found nothing.
FOUND = ("fail",)
# And what it gives when the host crashes or hangs under it, whatever it tests.
ENDED = ("timeout", "crash")

# CASES: those that found something; RIGHT: those of them that test the mutant's clause; ENDED: those that met an end.
Kill = namedtuple("Kill", "cases right ended")


def kill(cases, clause, clause_of, shows=()):
    """CASES: (name, host, verdict); CLAUSE_OF: {name of a case: clause that it tests}.

    SHOWS: those of ENDED by which this mutant has to show, so that they count as found.
    """
    found = [(name, host) for name, host, each in cases if each in (*FOUND, *shows)]
    return Kill(found, [(name, host) for name, host in found if clause_of.get(name) == clause],
                [(name, host) for name, host, each in cases if each in ENDED and each not in shows])


def verdict(killed):
    if killed.right:
        return "killed"
    if killed.cases:
        return "by another clause"
    return "by a crash or hang" if killed.ended else "survived"


def table(mutants, kills):
    """KILLS: a Kill a mutant."""
    rows = [("mutant", "breaks", "verdict", "cases", "of the clause", "the first of them")]
    for mutant, killed in zip(mutants, kills):
        first = next(iter(killed.right or killed.cases or killed.ended), None)
        rows.append((mutant.name, mutant.clause, verdict(killed), str(len(killed.cases)), str(len(killed.right)),
                     f"{first[0]} on {first[1]}" if first else ""))
    return aligned(rows)
