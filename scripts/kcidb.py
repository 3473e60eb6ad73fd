# SPDX-License-Identifier: GPL-2.0
"""Writes kcidb.json: a run, or a validation, as a report to KernelCI's database, by its schema 5.3.

A run is one checkout, one build of it, and a test for each case on each host. A
declared deviation of stock Linux is an issue, and each case that it names has an
incident, which says whether the issue was there. A validation is a checkout, a
build and these tests for each patch.
"""

import hashlib
import json
import re
from datetime import datetime, timezone

import patchset
from deviations import apply
from verdicts import Case

ORIGIN = "kvm_user_irq"
LONGEST_EXCERPT = 16384
# A case that did not end, or took the kernel with it, found a fault as much as one that failed. So
# did an xfail: that it was to be expected is what its incident says.
STATUS = {"pass": "PASS", "fail": "FAIL", "skip": "SKIP", "xfail": "FAIL",
          "timeout": "FAIL", "crash": "FAIL", "missing": "MISS"}


def _identity(*parts):
    return f"{ORIGIN}:{'/'.join(parts)}"


def _text(text):
    """A string may hold anything but a zero."""
    return text.replace("\0", "\\x00")


def _path(name):
    parts = (re.sub(r"[^a-zA-Z0-9_-]", "_", part) for part in name.split(".") if part)
    # What belongs to no case of a program is none of kselftest's.
    return ".".join(parts if name.startswith("host.") else ("kselftest", "kvm", *parts))


def _test(case, host, build, run, folder):
    test = {
        "id": _identity(run, case.host, _text(case.name)), "origin": ORIGIN, "build_id": build,
        "path": _path(case.name), "status": STATUS[case.verdict], "duration": case.seconds,
        "environment": {"comment": host.about, "misc": {"host": host.name, "qemu": host.machine_arguments()}},
        "misc": {"verdict": case.verdict},
    }
    if case.reason:
        test["comment"] = _text(case.reason)
    if case.verdict != "pass":
        test["log_url"] = (folder / "results.ktap").as_uri()
        test["output_files"] = [{"name": "console.log", "url": (folder / "console.log").as_uri()}]
        if case.log:
            test["log_excerpt"] = _text("\n".join(case.log))[-LONGEST_EXCERPT:]
    return test


def _issue(title, text):
    # What it says is part of what it is, so that its version never changes.
    digest = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()[:16]
    return {"id": _identity("issue", digest), "version": 1, "origin": ORIGIN, "report_subject": _text(title),
            "comment": _text(text), "culprit": {"code": True, "tool": False, "harness": False}}


def _known_issue(case, deviations):
    """The issue that CASE has to show, or None."""
    for deviation in deviations:
        if deviation.covers(case):
            return _issue(deviation.title, deviation.fault)
    if case.verdict == "xfail":
        return _issue(f"{case.name} declares its failure", case.reason or "no reason given")
    return None


def _empty():
    return {"version": {"major": 5, "minor": 3},
            "checkouts": [], "builds": [], "tests": [], "issues": [], "incidents": []}


def _add_checkout(report, run, facts, patches, urls):
    """PATCHES: the files that were applied to the base; URLS: {name: where that file is going to be}."""
    report["checkouts"].append({
        **({"git_commit_hash": facts["commit"]} if facts.get("commit") else {}),
        "id": _identity(run), "origin": ORIGIN, "comment": f"Linux {facts['base']}, {facts['tree']}",
        "start_time": datetime.fromtimestamp(facts["started"], timezone.utc).isoformat(),
        "patchset_hash": patchset.digest(patches),
        "patchset_files": [{"name": name, "url": url} for name, url in urls.items()],
        "valid": True, "misc": {"base": facts["base"], "tree": facts["tree"]},
    })


def _add_build(report, run, compiler, **result):
    # A tree that cannot be configured has met none.
    report["builds"].append({"id": _identity(run, "arm64"), "checkout_id": _identity(run), "origin": ORIGIN,
                             "architecture": "arm64", **({"compiler": compiler} if compiler else {}), **result})


def _add_tests(report, run, folder, cases, hosts, deviations):
    by_name = {host.name: host for host in hosts}
    for case in cases:
        test = _test(case, by_name[case.host], _identity(run, "arm64"), run, folder)
        report["tests"].append(test)
        issue = _known_issue(case, deviations)
        # A case that was not tried says nothing of the issue.
        if issue and case.verdict not in ("skip", "missing"):
            if issue not in report["issues"]:
                report["issues"].append(issue)
            report["incidents"].append({
                "id": f"{test['id']}/{issue['id'].rpartition('/')[2]}", "origin": ORIGIN, "issue_id": issue["id"],
                "issue_version": issue["version"], "test_id": test["id"],
                "present": case.foreseen or case.verdict == "xfail",
            })


def of_run(cases, facts, deviations, hosts, run, folder, patches):
    """FOLDER is where the run's files are going to be, PATCHES the files in it that were applied to the base."""
    report = _empty()
    _add_checkout(report, run, facts, patches,
                  {path.name: (folder / "patches" / path.name).as_uri() for path in patches})
    _add_build(report, run, facts["compiler"], status="PASS")
    _add_tests(report, run, folder, cases, hosts, deviations)
    return report


def _case(recorded, deviations):
    """A case of a record, as one that a deviation foresees if it is. A patch may have mended it, and that stands."""
    case = Case(**recorded)
    known = next((deviation for deviation in deviations if deviation.covers(case)), None)
    if known and case.verdict == known.verdict:
        apply(case, [known])
    return case


def of_validation(patches, facts, hosts, run, folder, deviations=()):
    """PATCHES: (name of its folder in FOLDER, its file or None for a commit that others have, its record), in order.

    FACTS["commit"] is that commit, or empty. DEVIATIONS: those of the Linux that the series stands on.
    """
    report, files, urls = _empty(), [], {}
    for name, file, record in patches:
        mine, place = f"{run}/{name}", folder / name
        if file:
            files.append(file)
            urls[f"{name}.patch"] = (place / file.name).as_uri()
        _add_checkout(report, mine, {**facts, "tree": name}, files, urls)
        if record["built"]:
            _add_build(report, mine, record["compiler"], status="PASS", duration=record["seconds"]["build"])
        else:
            _add_build(report, mine, record["compiler"], status="FAIL", comment=_text(record["error"]),
                       log_url=(place / "build.log").as_uri())
        _add_tests(report, mine, place, [_case(case, deviations) for case in record["cases"]], hosts,
                   deviations)
    return report


def text(report):
    return json.dumps(report, indent=1) + "\n"
