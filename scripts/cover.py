#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Writes the text of the series' cover letter: kernel/patches/cover.txt, a base's own, and the verdicts of each patch.

usage: cover.py BASE

The verdicts are those of the newest `make validate` of the suite as it is, on the
default hosts at least and of the default programs, whose patches make the very trees
that this series makes on this base; if there is none, the letter says so. Exit
status: 0, or 2 if it could not run.
"""

import ends

import json
import sys
from fnmatch import fnmatchcase

import greens
import job
from job import TOP
from series import OurSeries
from table import aligned
from validate import DEFAULTS
from walk import content_of

PATCHES = TOP / "kernel/patches"


def _is_whole(found):
    """Whether a validation looked at all that one looks at by default."""
    programs = [pattern for pattern in found.get("tests", ()) if "." not in pattern]
    return set(DEFAULTS["HOST"].split()) <= set(found["hosts"]) and \
        all(any(fnmatchcase(name, pattern) for pattern in programs) for name in DEFAULTS["TESTS"].split())


def newest_validation(results, base, trees, suite):
    """What the newest whole validation by this SUITE found that walked along these trees of this base, or None."""
    for path in sorted(results.glob("*-validate*/matrix.json"), reverse=True):
        # One that was killed may have half of it.
        if path.parent.name.endswith(".partial"):
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        same = found.get("base") == base and found.get("suite") == suite and \
            [patch.get("tree") for patch in found["patches"]] == trees
        if same and _is_whole(found):
            return found
    return None


def _row(programs, verdicts, counts_of):
    """How many of each program's verdicts COUNTS_OF finds."""
    return [str(sum(counts_of(verdict) for (_, name), verdict in verdicts.items()
                    if name.partition(".")[0] == program)) for program in programs]


def matrix(found):
    """Patches against programs: how many cases are green as of each patch."""
    every = [greens.verdicts_of(patch) for patch in found["patches"]]
    programs = sorted({name.partition(".")[0] for verdicts in every for _, name in verdicts
                       if not name.startswith("host.")})
    all_of_them = {case: "" for verdicts in every for case in verdicts}
    rows = [["patch", *(program.removeprefix("user_irq_") for program in programs)],
            ["all", *_row(programs, all_of_them, lambda _: True)]]
    notes = ["", ""]
    for patch, verdicts in zip(found["patches"], every):
        green = _row(programs, verdicts, greens.is_green) if patch["built"] else ["-"] * len(programs)
        rows.append([str(patch["number"]), *green])
        notes.append("   not as it says!" if patch["wrong"] else "")
    yield f"How many cases are green as of each patch, summed over {', '.join(found['hosts'])}; 0 is what the"
    yield "series stands on, - does not build, and all is how many there are:"
    yield ""
    yield from (f"  {row}{note}" for row, note in zip(aligned(rows, str.rjust), notes))


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
    found = newest_validation(TOP / "results", job.base_of(TOP / "build/base" / words[0]),
                              [series.tree_id(patch) for patch in series.patches], content_of(TOP / "tools"))
    told = matrix(found) if found else ["What each patch does to the verdicts is not known: no `make validate`",
                                        "has walked along this series with the suite as it is."]
    # "Linux 7.3.4, the parts …"
    linux = series.git("log", "-1", "--format=%s", "baseline^").partition(",")[0]
    print("\n".join([prose(words[0]), f"The patches stand on Debian's source of {linux}, without the capability.", "",
                     *told]))
    return 0


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, cover))
