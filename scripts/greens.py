# SPDX-License-Identifier: GPL-2.0
"""Holds what each patch did to the verdicts against what it says that it does.

A patch names the cases that it turns green (a line "Green: PATTERN..."): they are not green
before it and pass with it. Nothing green turns red, and a case that no patch names keeps its verdict.
"""

from fnmatch import fnmatchcase

# What a verdict is worth here. A case that hangs before its patch and fails at once after another is red in both.
_WORTH = {"pass": "green", "xfail": "green", "skip": "skip"}
SIGNS = {"pass": ".", "xfail": "x", "skip": "s", "fail": "F", "timeout": "T", "crash": "C", "missing": "M"}
# A patch that has no verdicts, for it does not build.
NOTHING = " "


def _worth(verdict):
    return _WORTH.get(verdict, "red")


def is_green(verdict):
    return _worth(verdict) == "green"


def verdicts_of(record):
    return {(case["host"], case["name"]): case["verdict"] for case in record["cases"]}


def _changes(patch, before, after, patterns):
    """Sentences on cases whose verdict is not what the patch says. BEFORE and AFTER: {(host, case): verdict}."""
    wrong = []
    for host, name in sorted({*before, *after}):
        was, now = (_worth(each[host, name]) if (host, name) in each else None for each in (before, after))
        named = any(fnmatchcase(name, pattern) for pattern in patch.green)
        what = f"{name} on {host}"
        earlier, verdict = (each.get((host, name), "no verdict") for each in (before, after))
        if name.startswith("host."):
            if (host, name) not in before:
                wrong.append(f"{what}: {verdict}, which was not there before")
        elif named and was == "green":
            wrong.append(f"{what}: named as turned green, and passes before it already")
        elif named and now != "green" and not was == now == "skip":
            wrong.append(f"{what}: named as turned green, and the verdict is {verdict}")
        elif not named and was != now:
            wrong.append(f"{what}: {earlier} before it, {verdict} with it, and it does not name that")
    programs = {name.partition(".")[0] for _, name in after
                if not any(fnmatchcase(name, pattern) for pattern in patterns if "." in pattern)}
    for pattern in patch.green:
        # It may be of a program that was not asked for, or only some of whose cases were.
        asked_for = any(fnmatchcase(program, pattern.partition(".")[0]) for program in programs)
        if asked_for and not any(fnmatchcase(name, pattern) for _, name in after):
            wrong.append(f"Green: {pattern} matches no case")
    return wrong


def _worths(record, pattern):
    return {_worth(case["verdict"]) for case in record["cases"] if fnmatchcase(case["name"], pattern)}


def not_shown(patch, before, record):
    """Sentences on those patterns of a patch of which half is not shown. BEFORE: the record that it stands on.

    Others' tests skip without what a patch brings, so that is no fault; but it is not red, either.
    """
    told = []
    for pattern in patch.green:
        if _worths(record, pattern) == {"skip"}:
            told.append(f"not shown here, its cases skip: {pattern}")
        elif "skip" in _worths(before, pattern) and "skip" not in _worths(record, pattern):
            told.append(f"not shown red, cases of it skip before it: {pattern}")
    return told


def judge(patches, records, checkpatch, patterns=()):
    """{number: sentences on what is not as it should be}.

    CHECKPATCH: what it says of each patch, by number. PATTERNS: those that chose programs and cases.
    """
    wrong, before, said = {}, None, set()
    for patch in patches:
        record = records[patch.number]
        news = [line for line in record["warnings"] if line not in {*said, record["error"]}]
        said.update(news)
        mine = [] if patch.number == 0 else [*checkpatch.get(patch.number, ()), *news]
        if not record["built"]:
            mine.append(f"does not build: {record['error']}")
        else:
            after = verdicts_of(record)
            if before is not None:
                mine += _changes(patch, before, after, patterns)
            before = after
        wrong[patch.number] = mine
    return wrong


def sentence(wrong):
    """What there is to say of all patches; WRONG as judge() has it, the base under 0."""
    patches = {number: sentences for number, sentences in wrong.items() if number}
    bad = sum(bool(sentences) for sentences in patches.values())
    told = f"{bad} of {len(patches)} patches not as they say" if bad else f"all {len(patches)} patches as they say"
    return f"what the series stands on does not build; {told}" if wrong[0] else told


def matrix(patches, records, hosts):
    """Cases down, patches across; a cell has a sign a host."""
    names = list(dict.fromkeys(case["name"] for record in records.values() for case in record["cases"]))
    if not names:
        return []
    columns = [(patch, verdicts_of(records[patch.number])) for patch in patches]
    wide = max(2, len(hosts), len(str(len(patches) - 1)))
    width = max(map(len, ["case", *names]))
    lines = [" ".join(["case".ljust(width), *(str(patch.number).rjust(wide) for patch, _ in columns)])]
    for name in names:
        cells = ["".join(SIGNS.get(verdicts.get((host, name)), NOTHING) for host in hosts).rjust(wide)
                 for _, verdicts in columns]
        lines.append(" ".join([name.ljust(width), *cells]))
    return lines
