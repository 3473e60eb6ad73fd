# SPDX-License-Identifier: GPL-2.0
"""Writes a run's results: its folder, results.ktap, junit.xml, summary.json and console.log."""

import json
import os
import shutil
import time
from pathlib import Path

import junit
from verdicts import count

# How a verdict that is neither pass nor fail stands in KTAP.
_DIRECTIVES = {"skip": "SKIP", "xfail": "XFAIL", "timeout": "TIMEOUT", "crash": "ERROR", "missing": "ERROR"}
_OK = ("pass", "skip", "xfail")


def new_run(results, tree):
    """A folder that no other run has. Until the run is complete it is called NAME.partial."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        name = f"{stamp}-{tree}" if number == 1 else f"{stamp}-{tree}-{number}"
        partial = results / f"{name}.partial"
        try:
            partial.mkdir(parents=True)
        except FileExistsError:
            continue
        if (results / name).exists():
            partial.rmdir()
            continue
        return partial
    raise FileExistsError(f"no free name for a run in {results}")


def complete(partial, latest=True):
    """Gives the run its name and, if it is to be the LATEST, points 'latest' at it, each in one step."""
    run = partial.with_suffix("")
    partial.rename(run)
    if not latest:
        return run
    link = run.parent / f".latest.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(run.name)
    link.replace(run.parent / "latest")
    return run


def _result_line(number, verdict, name, reason):
    line = f"{'ok' if verdict in _OK else 'not ok'} {number} {name}"
    directive = _DIRECTIVES.get(verdict)
    if directive:
        detail = f"{verdict}: {reason}" if directive == "ERROR" else reason
        line += f" # {directive} {detail}".rstrip()
    elif reason:
        line += f" # {reason}"
    return line


def _worst(cases):
    return "pass" if all(case.verdict in _OK for case in cases) else "fail"


def _grouped(cases, key):
    groups = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return groups


def ktap_text(cases, about):
    """Nested KTAP: hosts, their programs, their cases."""
    hosts = _grouped(cases, lambda case: case.host)
    lines = ["KTAP version 1", f"# Linux {about['base']}, {about['tree']}, {about['patches']} patches",
             f"1..{len(hosts)}"]
    for host_number, (host, host_cases) in enumerate(hosts.items(), 1):
        programs = _grouped(host_cases, lambda case: case.name.partition(".")[0])
        lines += ["  KTAP version 1", f"  1..{len(programs)}"]
        for number, (program, program_cases) in enumerate(programs.items(), 1):
            lines += ["    KTAP version 1", f"    1..{len(program_cases)}"]
            for case_number, case in enumerate(program_cases, 1):
                name = case.name.partition(".")[2] or case.name
                if case.verdict != "pass":
                    lines += [f"    # {line}" for line in case.log]
                lines.append("    " + _result_line(case_number, case.verdict, name, case.reason))
            lines.append("  " + _result_line(number, _worst(program_cases), program, ""))
        lines.append(_result_line(host_number, _worst(host_cases), host, ""))
    return "\n".join(lines) + "\n"


def summary(cases, about, seconds):
    return {
        "base": about["base"], "tree": about["tree"], "hosts": about["hosts"], "patches": about["patches"],
        # Of somebody's own tree: where it is, and its commit, or the one that it has changed since.
        **{key: about[key] for key in ("source", "commit", "changed_since") if key in about},
        "verdicts": count(cases),
        "cases": [{"name": case.name, "host": case.host, "verdict": case.verdict, "seconds": case.seconds}
                  for case in cases],
        "seconds": {key: round(value, 2) for key, value in seconds.items()},
    }


def write_console(folder, boots):
    """BOOTS: (host, number of the boot, prefix of its files). One log, each boot under a heading."""
    with open(folder / "console.log", "wb") as log:
        for host, number, prefix in boots:
            log.write(f"=== {host}, boot {number}\n".encode())
            with open(f"{prefix}.console", "rb") as console:
                shutil.copyfileobj(console, log)
    for _, _, prefix in boots:
        for path in Path(prefix).parent.glob(f"{Path(prefix).name}.*"):
            path.unlink()


def write(folder, cases, about, seconds, boots):
    (folder / "results.ktap").write_text(ktap_text(cases, about), encoding="utf-8")
    (folder / "junit.xml").write_text(junit.text(cases, about), encoding="utf-8")
    with open(folder / "summary.json", "w", encoding="utf-8") as file:
        json.dump(summary(cases, about, seconds), file, indent=1)
        file.write("\n")
    # The channels go only when all that comes from them is there.
    write_console(folder, boots)
