# SPDX-License-Identifier: GPL-2.0
"""Writes kcidb.json: a run as a report to KernelCI's database, by its schema 5.3.

One checkout, one build of it, and a test for each case on each host. A declared
deviation of stock Linux is an issue, and each case that it names has an incident,
which says whether the issue was there.
"""

import hashlib
import json
import re
from datetime import datetime, timezone

import patchset

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


def document(cases, facts, deviations, hosts, run, folder, patches):
    """FOLDER is where the run's files are going to be, PATCHES the files in it that were applied to the base."""
    checkout, build = _identity(run), _identity(run, "arm64")
    report = {
        "version": {"major": 5, "minor": 3},
        "checkouts": [{
            "id": checkout, "origin": ORIGIN, "comment": f"Linux {facts['base']}, {facts['tree']}",
            "start_time": datetime.fromtimestamp(facts["started"], timezone.utc).isoformat(),
            "patchset_hash": patchset.digest(patches),
            "patchset_files": [{"name": path.name, "url": (folder / "patches" / path.name).as_uri()}
                               for path in patches],
            "valid": True, "misc": {"base": facts["base"], "tree": facts["tree"]},
        }],
        "builds": [{"id": build, "checkout_id": checkout, "origin": ORIGIN, "architecture": "arm64",
                    "compiler": facts["compiler"], "status": "PASS"}],
        "tests": [], "issues": [], "incidents": [],
    }
    by_name = {host.name: host for host in hosts}
    for case in cases:
        test = _test(case, by_name[case.host], build, run, folder)
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
    return report


def text(*arguments):
    return json.dumps(document(*arguments), indent=1) + "\n"
