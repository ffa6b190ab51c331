"""The report of a comparison: its shape, what of it is accepted, and how it is shown as Markdown and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from ..load.spec_only_shapes import AcceptedChange
from ..vendored.base import Json, Shape
from .changes import ABSENT, EDITION, Change, Plain, differences
from .diff_rule import DiffRule, Gravity
from .migrations import migration, shown
from .severity import TABLE, rule_for


class Side(Shape):
    """One of the two references that were compared."""

    edition: str
    digest: str


class ReportedChange(Shape):
    """One difference. `before` and `after` are left out where there was or is nothing, which null is not."""

    path: str
    """As `ampmap explain` takes it."""
    change: Literal["added", "removed", "changed", "renamed", "items added", "items removed", "reordered"]
    severity: Literal["breaking", "addition", "note"]
    rule: str
    """The row of the table that decided the severity."""
    reason: str
    before: Json = None
    after: Json = None
    items: tuple[Json, ...] = ()
    """The items of a list that came or went."""
    renamed_from: str | None = None
    successor: str | None = None
    """What took the place of something that is gone, where the spec says so."""
    migration: str | None = None
    """What to do about a breaking change."""
    accepted: str | None = None
    """The note under which a breaking change was accepted."""


class DiffReport(Shape):
    """Every difference between two references."""

    schema_version: Literal[1] = 1
    old: Side
    new: Side
    counts: dict[Literal["breaking", "addition", "note"], int]
    changes: tuple[ReportedChange, ...]

    @property
    def breaking(self) -> tuple[ReportedChange, ...]:
        """The breaking changes that are not accepted."""
        return tuple(change for change in self.changes if change.severity == "breaking" and change.accepted is None)


def report(old: Plain, new: Plain, accepted: Mapping[str, AcceptedChange] | None = None) -> DiffReport:
    """Compares two references as plain data; `accepted` are notes on breaking changes by their names."""
    notes = {change.path: change.note for change in (accepted or {}).values()}
    changes = tuple(_reported(change, rule_for(change), notes) for change in differences(old, new))
    counts = Counter(change.severity for change in changes)
    return DiffReport(
        schema_version=1,
        old=_side(old),
        new=_side(new),
        counts={gravity.value: counts[gravity.value] for gravity in Gravity},
        changes=changes,
    )


def idle(accepted: Mapping[str, AcceptedChange], diff: DiffReport) -> tuple[str, ...]:
    """The names of accepted changes that the report does not list as breaking, and that can be removed."""
    breaking = {change.path for change in diff.changes if change.severity == "breaking"}
    return tuple(name for name, change in accepted.items() if change.path not in breaking)


def _side(reference: Plain) -> Side:
    return Side(edition=reference[EDITION]["id"], digest=reference["digest"])


def _reported(change: Change, row: DiffRule, notes: Mapping[str, str]) -> ReportedChange:
    given: dict[str, Any] = {
        "path": change.path,
        "change": change.kind.value,
        "severity": row.gravity.value,
        "rule": row.id,
        "reason": row.reason,
    }
    optional = {
        "before": change.before,
        "after": change.after,
        "items": change.items or ABSENT,
        "renamed_from": change.renamed_from or ABSENT,
        "successor": change.successor or ABSENT,
    }
    given |= {name: value for name, value in optional.items() if value is not ABSENT}
    if row.gravity is Gravity.BREAKING:
        given["migration"] = migration(change, row) or None
        given["accepted"] = notes.get(change.path)
    return ReportedChange(**given)


# --- formats


def render_json(diff: DiffReport) -> str:
    """The report as JSON; the schema is `report_schema`."""
    return json.dumps(diff.model_dump(mode="json", exclude_unset=True), ensure_ascii=False, indent=2) + "\n"


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    schema = DiffReport.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "ampmap diff"}


TITLES: Mapping[str, str] = {"breaking": "Breaking", "addition": "Additions", "note": "Notes"}


def render_markdown(diff: DiffReport) -> str:
    """The report for people: breaking changes with what to do about them, then additions, then notes."""
    same = diff.old.edition == diff.new.edition
    names = (diff.old.digest[:19], diff.new.digest[:19]) if same else (diff.old.edition, diff.new.edition)
    lines = [f"# From `{names[0]}` to `{names[1]}`", ""]
    lines.append(summary(diff))
    for gravity, title in TITLES.items():
        changes = [change for change in diff.changes if change.severity == gravity]
        if changes:
            lines += ["", f"## {title}", ""]
            lines += [line for change in changes for line in _markdown_lines(change)]
    return "\n".join(lines) + "\n"


def summary(diff: DiffReport) -> str:
    """How many changes there are of each gravity, as one sentence."""
    if not diff.changes:
        return "No differences."
    counts = diff.counts
    breaking, addition, note = counts["breaking"], counts["addition"], counts["note"]
    return (
        f"{breaking} breaking {'change' if breaking == 1 else 'changes'}, "
        f"{addition} {'addition' if addition == 1 else 'additions'}, {note} {'note' if note == 1 else 'notes'}."
    )


def _markdown_lines(change: ReportedChange) -> list[str]:
    lines = [f"- `{change.path}` {what(change)}"]
    if change.severity == "breaking":
        lines.append(f"    - Why it matters: {change.reason}")
        if change.migration:
            lines.append(f"    - What to do: {change.migration}")
        if change.accepted:
            lines.append(f"    - Accepted: {' '.join(change.accepted.split())}")
    return lines


def what(change: ReportedChange) -> str:
    """What happened, in words that follow the path: `changed from ... to ...`."""
    items = ", ".join(shown(item) for item in change.items)
    instead = f"; `{change.successor}` takes its place" if change.successor else ""
    words = {
        "added": "added" + _of_value(change.after),
        "removed": "removed" + _of_value(change.before) + instead,
        "changed": f"changed from {shown(change.before)} to {shown(change.after)}",
        "renamed": f"renamed from `{change.renamed_from}`",
        "items added": f"has additional {items}",
        "items removed": f"no longer has {items}",
        "reordered": "has the same items in another order",
    }
    return words[change.change]


def _of_value(value: Json) -> str:
    """The value of a field that came or went; a whole fact or mapping is too much for a line."""
    return "" if isinstance(value, dict) else f": {shown(value)}"


def rule_rows() -> tuple[DiffRule, ...]:
    """The table of rules, for the page that shows it."""
    return TABLE
