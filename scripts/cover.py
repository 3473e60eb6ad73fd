#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Writes the text of the series' cover letter: kernel/patches/cover.txt, a base's own, and the verdicts of each patch.

usage: cover.py BASE

The verdicts are those of the newest `make validate` whose patches make the very
trees that this series makes; if there is none, the letter says so. Exit status: 0,
or 2 if it could not run.
"""

import json
import sys

import greens
import job
from job import TOP
from series import OurSeries
from table import aligned
from verdicts import VERDICTS

PATCHES = TOP / "kernel/patches"


def newest_validation(results, trees):
    """What the newest validation found that walked along these trees, or None."""
    for path in sorted(results.glob("*-validate*/matrix.json"), reverse=True):
        found = json.loads(path.read_text(encoding="utf-8"))
        if not path.parent.name.endswith(".partial") and [patch.get("tree") for patch in found["patches"]] == trees:
            return found
    return None


def _turned_green(before, after):
    """"4: cap 2, timer 2": the cases that are green now and were not, a program at a time."""
    green = [name.partition(".")[0].removeprefix("user_irq_") for (host, name), verdict in after.items()
             if greens.is_green(verdict) and not greens.is_green(before.get((host, name), ""))]
    programs = ", ".join(f"{name} {green.count(name)}" for name in sorted(set(green)))
    return f"{len(green)}: {programs}" if green else "-"


def verdicts(found):
    """A line a patch: how many of each verdict, and what turned green with it."""
    shown = [verdict for verdict in VERDICTS
             if any(case["verdict"] == verdict for patch in found["patches"] for case in patch["cases"])]
    rows, notes, before = [["patch", *shown]], ["turns green"], None
    for patch in found["patches"]:
        after = greens.verdicts_of(patch)
        counts = list(after.values())
        rows.append([str(patch["number"]), *(str(counts.count(verdict)) for verdict in shown)])
        note = "does not build" if not patch["built"] else "" if before is None else _turned_green(before, after)
        notes.append(f"{note}   not as it says!" if patch["wrong"] else note)
        before = after if patch["built"] else before
    names = {case["name"] for patch in found["patches"] for case in patch["cases"]}
    programs = sorted({name.partition(".")[0] for name in names if not name.startswith("host.")})
    yield (f"What each patch does to {len(names)} cases, those of {', '.join(programs)}, "
           f"on {' and '.join(found['hosts'])}; 0 is what the series stands on:")
    yield ""
    yield from (f"  {row}   {note}".rstrip() for row, note in zip(aligned(rows, str.rjust), notes))


def prose(base):
    """The letter's own words."""
    texts = [path.read_text(encoding="utf-8") for path in (PATCHES / "cover.txt", PATCHES / base / "cover.txt")
             if path.exists()]
    return "\n".join("\n".join(line for line in text.splitlines() if not line.startswith("#")) + "\n"
                     for text in texts)


def cover(words):
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    series = OurSeries(words[0])
    found = newest_validation(TOP / "results", [series.tree_id(patch) for patch in series.patches])
    told = verdicts(found) if found else ["What each patch does to the verdicts is not known: no `make validate`",
                                          "has walked along this series."]
    # "Linux 7.3.4, the parts …"
    linux = series.git("log", "-1", "--format=%s", "baseline^").partition(",")[0]
    print("\n".join([prose(words[0]), f"The patches stand on Debian's source of {linux}, without the capability.", "",
                     *told]))
    return 0


if __name__ == "__main__":
    sys.exit(job.main(__doc__, cover))
