"""The manifest: how many cases of each requirement a run really made, and what they came to.

It is made from emitted results, not from the text of the suite, so that it cannot promise a check that never ran.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ..cases.selection import ON_REQUEST
from ..engine.plan import proxy_rules, seen_outside, suite_checks
from ..errors import UsageError
from ..reference.types import Reference, Requirement
from ..releases import Release
from ..report.model import Report
from ..verdicts import Verdict

MADE_FROM = "the results that a default run emitted (`ampmap-conformance manifest REPORT`), not the text of the suite"


def manifest(report: Report, reference: Reference, release: Release) -> dict[str, Any]:
    """What the results of a whole run cover of the reference's requirements on proxies.

    Raises UsageError for a report of a part of the suite, of another reference, or of a run that was interrupted.
    """
    if not report.selection.is_whole or report.summary.interrupted:
        raise UsageError("a manifest requires the report of a run without --profile, --select and --skip")
    if report.reference.digest != reference.digest:
        raise UsageError(f"the report is for reference {report.reference.digest}, but this kit has {reference.digest}")
    rows, checks = proxy_rules(reference), suite_checks()
    emitted = {name: Counter[str]() for name in rows}
    for result in report.results:
        emitted[result.requirement][_label(rows[result.requirement], result.verdict)] += 1
    tested = {
        name: {
            "level": row.level,
            "scored": release.scores(row),
            "cases": emitted[name].total(),
            "verdicts": dict(sorted(emitted[name].items())),
            "outside": seen_outside(row, checks[name]),
        }
        for name, row in sorted(rows.items())
        if emitted[name]
    }
    return {
        "made_from": MADE_FROM,
        "kit": report.kit.version,
        "edition": report.reference.edition,
        "target": report.target.name,
        "requirements": tested,
        "excluded": {name: row.excluded for name, row in sorted(rows.items()) if row.excluded},
        "on_request": sorted(name for name, row in rows.items() if row.profile in ON_REQUEST),
        "untested": sorted(
            name
            for name, row in rows.items()
            if not emitted[name] and not row.excluded and row.profile not in ON_REQUEST
        ),
    }


def _label(row: Requirement, verdict: Verdict) -> str:
    """The verdict, less what depends on the machine: not every system lets the kit call from elsewhere."""
    depends = "foreign-peer" in row.needs and verdict in (Verdict.PASS, Verdict.NOT_TESTABLE)
    return "pass or not-testable" if depends else verdict.value


def to_json(made: dict[str, Any]) -> bytes:
    """A manifest as a file, with one line for each requirement so that a difference shows."""
    lines = ["{"]
    for key, value in made.items():
        last = "" if key == list(made)[-1] else ","
        if isinstance(value, dict) and value:
            rows = [f'  "{name}": {json.dumps(row, ensure_ascii=False)}' for name, row in value.items()]
            lines += [f' "{key}": {{', ",\n".join(rows), f" }}{last}"]
        else:
            lines.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}{last}')
    return ("\n".join([*lines, "}"]) + "\n").encode()


def drift(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """What differs, one line for each requirement and each other entry."""
    told = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
            told += [f"{key}: {name}: {_short(before.get(name))} is now {_short(after.get(name))}" for name in names]
        else:
            told.append(f"{key}: {_short(before)} is now {_short(after)}")
    return tuple(told)


def _short(value: Any) -> str:
    if isinstance(value, dict) and "cases" in value:
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in value["verdicts"].items())
        return f"{value['cases']} cases ({verdicts})"
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
