# SPDX-License-Identifier: GPL-2.0
"""Holds what each patch did to the verdicts against what it says that it does.

A patch names the cases that it turns green (a line "Green: PATTERN..."): they are not green
before it and pass with it. Nothing green turns red, and a case that no patch names keeps its verdict. Of cases that
a race decides it names those that it makes pass each time ("Steady: PATTERN..."): before it they fail or pass.
What does not tell how a case went is held against each patch that has it: the one before it having it, too,
makes nothing of it.
"""

from collections import Counter
from fnmatch import fnmatchcase

from verdicts import Case, unexpected

# The red verdicts, each worse than those before it. From one back to a better one is no change that a patch would
# have to name: what hangs before it may fail at once with it.
_RED = ("fail", "timeout", "crash", "missing")
# What the reason of a pass begins with that was none before the case got more time.
TRIED_AGAIN = "not in haste: "
SIGNS = {"pass": ".", "xfail": "x", "skip": "s", "fail": "F", "timeout": "T", "crash": "C", "missing": "M"}
# A patch that has no verdicts, for it does not build.
NOTHING = " "


def is_green(verdict):
    return verdict == "pass"


def _changes(before, after):
    """Whether the verdict AFTER is a change that a patch has to name; None: there is none."""
    if before in _RED and after in _RED:
        return _RED.index(after) > _RED.index(before)
    return before != after


def verdicts_of(record):
    return {(case["host"], case["name"]): case["verdict"] for case in record["cases"]}


def fallen(patch, before, record):
    """The cases (host, name) that fail or skip with PATCH and should pass: it names them, or they did BEFORE.

    RECORD is what it leaves, BEFORE the record that it stands on. A crash, a timeout or no verdict is final.
    """
    earlier = verdicts_of(before)
    return sorted((host, name) for (host, name), now in verdicts_of(record).items()
                  if now == "fail" and _matches(name, [*patch.green, *patch.steady])
                  # A case may skip for what did not come in the little time that it had.
                  or now == "skip" and earlier.get((host, name)) == "fail"
                  or now in ("fail", "skip") and is_green(earlier.get((host, name))))


def _untried(case):
    """Why a verdict does not tell how its case went, or an empty string."""
    if case["name"].startswith("host.") or case["verdict"] == "missing":
        return ", ".join(filter(None, (case["verdict"], case["reason"])))
    # Its cases are forced to run, and whether they may fail is not asked here.
    return unexpected(Case(**case), "series", True) if case["verdict"] == "skip" else ""


def _matches(name, patterns):
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _cases(patch, before, record, racing):
    """Sentences on cases whose verdict is not what the patch says. BEFORE: {(host, case): verdict}, or None.

    RACING: patterns over cases that a later patch makes steady.
    """
    wrong, after = [], verdicts_of(record)
    silent = {(case["host"], case["name"]): why for case in record["cases"] if (why := _untried(case))}
    for host, name in sorted({*(before or ()), *after}):
        was, now = ((each or {}).get((host, name)) for each in (before, after))
        named, steady = _matches(name, patch.green), _matches(name, patch.steady)
        by_chance = _matches(name, racing) and {was, now} == {"pass", "fail"}
        what = f"{name} on {host}"
        of_a_case, compared = not name.startswith("host."), before is not None
        if of_a_case and named and is_green(was):
            wrong.append(f"{what}: named as turned green, and passes before it already")
        elif of_a_case and named and not is_green(now) and (now != "skip" or compared and was != "skip"):
            wrong.append(f"{what}: named as turned green, and the verdict is {now or 'none'}")
        elif of_a_case and steady and now not in ("pass", "skip"):
            wrong.append(f"{what}: named as steady, and the verdict is {now or 'none'}")
        elif of_a_case and compared and not (named or steady or by_chance) and _changes(was, now):
            wrong.append(f"{what}: {was or 'no verdict'} before it, {now or 'no verdict'} with it, "
                         "and it does not name that")
        elif (host, name) in silent:
            wrong.append(f"{what}: {silent[host, name]}")
    return wrong


def _program(pattern):
    return pattern.partition(".")[0]


def _asked_for(pattern, after, patterns, known):
    """Whether cases that a patch names by PATTERN have to be among those that ran, AFTER: {(host, case): verdict}.

    They may be of a program that was not asked for, or only some of whose cases were; but one that is not KNOWN
    is a mistake.
    """
    whole = {_program(name) for _, name in after
             if not any(fnmatchcase(name, each) for each in patterns if "." in each)}
    return any(fnmatchcase(program, _program(pattern)) for program in whole) or \
        known is not None and not any(fnmatchcase(program, _program(pattern)) for program in known)


def _names(patch, after, patterns, known):
    """Sentences on what the patch names, and is not there."""
    named = [*(("Green", pattern) for pattern in patch.green), *(("Steady", pattern) for pattern in patch.steady)]
    return [f"{word}: {pattern} matches no case" for word, pattern in named
            if not any(fnmatchcase(name, pattern) for _, name in after)
            and _asked_for(pattern, after, patterns, known)]


def not_shown(patch, before, record, patterns=(), known=None):
    """Sentences on those patterns of a patch of which half is not shown. BEFORE: the record that it stands on.

    PATTERNS and KNOWN as judge() has them.

    Others' tests skip without what a patch brings, so that is no fault; but it is not red, either.
    """
    told, others, earlier, verdicts = [], [], verdicts_of(before), verdicts_of(record)
    for pattern in (*patch.green, *patch.steady):
        mine = {case: verdict for case, verdict in verdicts.items() if fnmatchcase(case[1], pattern)}
        if not mine and not _asked_for(pattern, verdicts, patterns, known):
            others.append(_program(pattern))
        elif set(mine.values()) == {"skip"}:
            told.append(f"not shown here, its cases skip: {pattern}")
        elif any(is_green(verdict) and earlier.get(case, "skip") == "skip" for case, verdict in mine.items()):
            told.append(f"not shown red, cases of it skip before it or have no verdict: {pattern}")
    return told + ([f"not asked for here: cases of {', '.join(dict.fromkeys(others))}"] if others else [])


def notes(patches, records, patterns, known):
    """{number: sentences of not_shown(), on what passed when it was tried again, and on what nobody compiled}."""
    told, before = {}, {"cases": []}
    for patch in patches:
        record = records[patch.number]
        told[patch.number] = not_shown(patch, before, record, patterns, known) if record["built"] else []
        told[patch.number] += [f"passes only with more time: {case['name']} on {case['host']}"
                               for case in record["cases"]
                               if is_green(case["verdict"]) and case["reason"].startswith(TRIED_AGAIN)]
        if patch.number and record["uncompiled"]:
            told[patch.number].append(f"not compiled here: {', '.join(record['uncompiled'])}")
        if patch.number and any(name.startswith("tools/testing/selftests/") for name in record["changed"]):
            told[patch.number].append("changes tests, which are built once, as the end of the series has them")
        before = record if record["built"] else before
    return told


def _without_a_look(records, hosts):
    """Sentences on hosts that did not test a thing. A host may skip all until the patch that brings what it needs."""
    tried = {case["host"] for record in records.values() for case in record["cases"]
             if case["verdict"] in ("pass", "fail", "xfail")}
    return [f"{host}: no case passes or fails there, with any patch" for host in hosts if host not in tried]


def judge(patches, records, checkpatch, hosts, patterns=(), known=None):
    """{number: sentences on what is not as it should be}, of what the series stands on, too.

    CHECKPATCH: what it says of each patch, by number. HOSTS: their names. PATTERNS: those that chose programs
    and cases, of the KNOWN programs.
    """
    wrong, before, said = {}, None, Counter()
    dark = _without_a_look(records, hosts)
    for patch in patches:
        record = records[patch.number]
        # A file that warned like this before may do so again, and as often.
        counted = Counter(line for line in record["warnings"] if line != record["error"])
        news = sorted((counted - said).elements())
        if record["built"]:
            # What a patch changes is compiled again, so it may not warn any more.
            said = Counter({line: times for line, times in said.items()
                            if line.partition(": ")[0] not in record["changed"]})
        said |= counted
        mine = [] if patch.number == 0 else [*checkpatch.get(patch.number, ()), *news]
        if not record["built"]:
            mine.append(f"does not build: {record['error']}")
        else:
            mine += _cases(patch, before, record,
                           [pattern for later in patches if later.number > patch.number for pattern in later.steady])
            mine += _names(patch, verdicts_of(record), patterns, known)
            mine += dark
            before = verdicts_of(record)
        wrong[patch.number] = mine
    return wrong


def sentence(wrong, records):
    """What there is to say of all patches; WRONG as judge() has it, what the series stands on under 0."""
    patches = {number: sentences for number, sentences in wrong.items() if number}
    bad = sum(bool(sentences) for sentences in patches.values())
    # If that does not build, the first patch that does has nothing to be compared with.
    first = next((number for number, record in records.items() if record["built"]), 0)
    alone = int(bool(first) and not wrong[first])
    if bad:
        told = f"{bad} of {len(patches)} patches not as they say"
    elif alone:
        told = f"{len(patches) - alone} of {len(patches)} patches as they say"
    else:
        told = f"all {len(patches)} patches as they say"
    told += f", {alone} not compared" if alone else ""
    if not wrong[0]:
        return told
    return f"what the series stands on {'is not as it should be' if records[0]['built'] else 'does not build'}; {told}"


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
