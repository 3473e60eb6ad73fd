# SPDX-License-Identifier: GPL-2.0
"""What a person reads at the end of a run."""

import re

from verdicts import VERDICTS, excerpt, explained

# What user_irq_model says of its random programs.
_STEPS = re.compile(r"\bsteps: (\d+), undecided: (\d+) of (\d+)")
_MOST_IN_FULL = 10


def counts(cases):
    return ", ".join(f"{n} {verdict}" for verdict in VERDICTS
                     if (n := sum(case.verdict == verdict for case in cases))) or "-"


def aligned(rows, adjust=str.ljust):
    """Lines of columns as wide as their widest cell; ADJUST is for all of them but the first."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), *(adjust(cell, width) for cell, width in zip(row[1:], widths[1:]))])
            .rstrip() for row in rows]


def _programs(cases, hosts):
    names = list(dict.fromkeys(case.name.partition(".")[0] for case in cases))
    rows = [["", *hosts]]
    for name in names:
        mine = [case for case in cases if case.name.partition(".")[0] == name]
        rows.append([name, *(counts([c for c in mine if c.host == host]) for host in hosts)])
    return aligned(rows)


def random_programs(cases):
    """How many steps they had, how many comparisons were undecided, and of how many."""
    said = [match.groups() for case in cases for match in map(_STEPS.search, case.log) if match]
    return [sum(map(int, each)) for each in zip(*said)] or [0, 0, 0]


def random_sentence(steps, undecided, compared):
    return (f"Random programs: {steps} steps, {compared} comparisons with the model, "
            f"{100 * undecided / compared:.1f} % of these undecided.")


def _groups(cases):
    """Cases that are as they should be and yet no pass: a line for each reason."""
    groups = {}
    for case in cases:
        reason = case.reason if case.verdict in ("skip", "xfail") else ""
        groups.setdefault((case.verdict, reason), []).append(case)
    lines = []
    for (verdict, reason), members in groups.items():
        hosts = ", ".join(dict.fromkeys(case.host for case in members))
        names = list(dict.fromkeys(case.name for case in members))
        what = ", ".join(names) if len(names) <= 3 else f"{len(names)} cases"
        lines.append(f"{verdict} on {hosts}: {what}{': ' if reason else ''}{reason}")
    return lines


def text(cases, hosts, unexpected):
    """UNEXPECTED: for each case that is not as it should be (why), keyed by (host, name)."""
    lines = ["", *_programs(cases, hosts), ""]
    expected = [c for c in cases if c.verdict != "pass" and (c.host, c.name) not in unexpected]
    if expected:
        lines += ["As expected, and not a pass:", *(f"  {line}" for line in _groups(expected)), ""]
    steps, undecided, compared = random_programs(cases)
    if compared:
        lines += [random_sentence(steps, undecided, compared), ""]
    wrong = [c for c in cases if (c.host, c.name) in unexpected]
    if wrong:
        lines.append("Not as expected:")
        width = max(len(host) for host in hosts) + 1
        for number, case in enumerate(wrong):
            reason = explained(case, unexpected[case.host, case.name])
            lines.append(f"  {case.verdict:8}{case.host:{width}}{case.name}: {reason}")
            if number < _MOST_IN_FULL:
                lines += [f"      | {line}" for line in excerpt(case.log)]
        lines.append("")
    return "\n".join(lines)
