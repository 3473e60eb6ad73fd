# SPDX-License-Identifier: GPL-2.0
"""What a kcidb.json has to be, of the parts of KCIDB 5.3 that ours uses.

This is our description. Where the environment's KCIDB_SCHEMA names the public
schema, a report has to be valid by that as well.
"""

import json
import os
from pathlib import Path

import jsonschema

_ID = {"type": "string", "pattern": r"^[a-z0-9_]+:[^\0]*$"}
_TEXT = {"type": "string", "pattern": r"^[^\0]*$"}
_STATUS = {"enum": ["FAIL", "ERROR", "MISS", "PASS", "DONE", "SKIP"]}
_URL = {"type": "string", "pattern": r"^[a-z]+://[^\s<>\"]+$"}
_FILES = {"type": "array", "items": {
    "type": "object", "required": ["name", "url"], "additionalProperties": False,
    "properties": {"name": {"type": "string", "pattern": r"^[^/\0]+$"}, "url": _URL}}}
_ORIGIN = {"type": "string", "pattern": "^[a-z0-9_]+$"}
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)$"}


def _objects(required, **properties):
    properties = {"id": _ID, "origin": _ORIGIN, **properties}
    return {"type": "array", "items": {"type": "object", "required": ["id", "origin", *required],
                                       "additionalProperties": False, "properties": properties}}


RULES = {
    "type": "object", "required": ["version"], "additionalProperties": False,
    "properties": {
        "version": {"const": {"major": 5, "minor": 3}},
        "checkouts": _objects([], comment=_TEXT, start_time=_MOMENT, patchset_files=_FILES, valid={"type": "boolean"},
                              git_commit_hash={"type": "string", "pattern": "^[0-9a-f]{40}$"},
                              patchset_hash={"type": "string", "pattern": "^$|^[0-9a-f]{64}$"},
                              misc={"type": "object"}),
        "builds": _objects(["checkout_id"], checkout_id=_ID, architecture={"type": "string", "pattern": "^[a-z0-9_]*$"},
                           compiler=_TEXT, status=_STATUS, comment=_TEXT, log_url=_URL, duration={"type": "number"}),
        "tests": _objects(["build_id"], build_id=_ID, status=_STATUS, comment=_TEXT, duration={"type": "number"},
                          path={"type": "string", "pattern": r"^([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?$"},
                          log_url=_URL, output_files=_FILES, misc={"type": "object"},
                          log_excerpt={**_TEXT, "maxLength": 16384},
                          environment={"type": "object", "additionalProperties": False,
                                       "properties": {"comment": _TEXT, "misc": {"type": "object"}}}),
        "issues": _objects(["version"], version={"type": "integer", "minimum": 0}, report_subject=_TEXT, comment=_TEXT,
                           culprit={"type": "object", "additionalProperties": {"type": "boolean"},
                                    "propertyNames": {"enum": ["code", "tool", "harness"]}}),
        "incidents": _objects(["issue_id", "issue_version"], issue_id=_ID, issue_version={"type": "integer"},
                              test_id=_ID, present={"type": "boolean"}),
    },
}


def _schemas():
    yield "our description of KCIDB 5.3", RULES
    if (public := os.environ.get("KCIDB_SCHEMA")):
        yield public, json.loads(Path(public).read_text(encoding="utf-8"))


def _nulls(value, where="report"):
    if value is None:
        yield f"{where} is null"
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _nulls(inner, f"{where}.{key}")


def _loose_ends(report):
    """What a schema cannot say: each object is there once, and what it refers to is there."""
    known = {}
    for kind in ("checkouts", "builds", "tests", "issues", "incidents"):
        ids = [one.get("id") for one in report.get(kind, [])]
        known[kind] = set(ids)
        yield from (f"{kind}: {one} is there {ids.count(one)} times" for one in known[kind] if ids.count(one) > 1)
    for kind, key, to in (("builds", "checkout_id", "checkouts"), ("tests", "build_id", "builds"),
                          ("incidents", "issue_id", "issues"), ("incidents", "test_id", "tests")):
        yield from (f"{kind}: {one['id']}: no {key} {one[key]}" for one in report.get(kind, [])
                    if one[key] not in known[to])


def broken(report):
    """A line for each rule that REPORT breaks."""
    lines = []
    for name, schema in _schemas():
        errors = jsonschema.Draft202012Validator(schema).iter_errors(report)
        lines += [f"{name}: {error.json_path}: {error.message[:200]}" for error in errors]
    lines += _nulls(report)
    return lines or list(_loose_ends(report))
