# SPDX-License-Identifier: GPL-2.0
"""Reads the verdicts out of lava-run's log, and holds them against ours."""

import yaml

# LAVA has fewer words. What it does not get a verdict on is no result of its job at all.
_IN_LAVA = {"pass": "pass", "xfail": "pass", "skip": "skip", "fail": "fail", "timeout": "fail", "crash": "fail"}
NOTHING = "nothing"


def is_result(line):
    return '"lvl": "results"' in line


def read(log):
    """{PROGRAM.CASE: result}, and whether the job came to its end, with all its actions done."""
    results, actions = {}, {}
    for line in log.splitlines():
        if not is_result(line):
            continue
        told = yaml.load(line, yaml.CSafeLoader)["msg"]
        if told["definition"] == "lava":
            actions[told["case"]] = told["result"]
            continue
        # LAVA's own spelling of a case's name loses its dots.
        name = f"{told['definition']}.{told['extra']['test_case_id']}"
        # A second result for one case is as bad as it is in a run of ours.
        results[name] = "fail" if name in results else told["result"]
    return results, "job" in actions and set(actions.values()) == {"pass"}


def of_cases(results):
    """Less the results of whole programs; one that failed, though no case did, is the case EXIT as in a run."""
    cases = {}
    for name, result in results.items():
        program, _, case = name.partition(".")
        if case != program:
            cases[name] = result
        elif result == "fail" and not any(other.startswith(f"{program}.") and found == "fail"
                                          for other, found in results.items() if other != name):
            cases[f"{program}.exit"] = result
    return cases


def differences(ours, theirs):
    """[(name, our verdict, LAVA's)] where they are not the same."""
    # What is foreseen of stock Linux is no pass by LAVA, which does not know of it.
    expected = {case.name: "fail" if case.foreseen else case.verdict for case in ours}
    told = {name: (expected.get(name, NOTHING), theirs.get(name, NOTHING)) for name in sorted({*expected, *theirs})}
    return [(name, our, their) for name, (our, their) in told.items() if _IN_LAVA.get(our, NOTHING) != their]
