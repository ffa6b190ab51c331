"""Compares two reports case by case. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from types import MappingProxyType

from ..cases.renames import Renames
from ..verdicts import Verdict
from .facts import clients_line
from .model import Report, Result


@unique
class Standing(StrEnum):
    """What a verdict says of the target."""

    WORKS = "works"
    TOLERATED = "tolerated"
    """It does not do as the rule has it, and that is put up with."""
    UNSEEN = "unseen"
    BROKEN = "broken"


STANDINGS: Mapping[Verdict, Standing] = MappingProxyType(
    {
        Verdict.PASS: Standing.WORKS,
        Verdict.UNEXPECTED_PASS: Standing.WORKS,
        Verdict.WARN: Standing.TOLERATED,
        Verdict.KNOWN_FAILURE: Standing.TOLERATED,
        Verdict.NOT_APPLICABLE: Standing.UNSEEN,
        Verdict.NOT_TESTABLE: Standing.UNSEEN,
        Verdict.BLOCKED: Standing.UNSEEN,
        Verdict.FAIL: Standing.BROKEN,
        Verdict.FLAKY: Standing.BROKEN,
        Verdict.ERROR: Standing.BROKEN,
    }
)


@dataclass(frozen=True)
class Change:
    """One case whose verdict differs; None where the case is in one of the reports only."""

    id: str
    before: Verdict | None
    after: Verdict | None
    reason: str


@dataclass(frozen=True)
class Difference:
    """What changed from one report to another, each part in the order of the newer report."""

    regressions: tuple[Change, ...]
    """What worked and no longer does (nor is seen to), what is broken now and was not, and red cases that show more."""
    fixes: tuple[Change, ...]
    """What works now and did not, or was not seen to."""
    changed: tuple[Change, ...]
    """Other verdicts that differ."""
    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    notes: tuple[str, ...]
    """What else differs between the two runs and may explain it."""


def difference(old: Report, new: Report) -> Difference:
    """What changed from `old` to `new`. A requirement that was renamed in between is compared with its earlier self."""
    renames = Renames.of({**old.rules, **new.rules})
    before, after = _by_present_id(old, renames), _by_present_id(new, renames)
    found: dict[str, list[Change]] = {name: [] for name in ("regressions", "fixes", "changed")}
    for name, result in after.items():
        if name not in before:
            continue
        if before[name].verdict is not result.verdict:
            found[_kind(standing(before[name]), standing(result))].append(_change(name, before[name], result))
        elif told := _behind(before[name], result):
            found["regressions"].append(replace(_change(name, before[name], result), reason=told))
    return Difference(
        **{kind: tuple(changes) for kind, changes in found.items()},
        new=tuple(_change(name, None, result) for name, result in after.items() if name not in before),
        gone=tuple(_change(name, result, None) for name, result in before.items() if name not in after),
        notes=(*_notes(old, new), *renames.notices(result.requirement for result in (*old.results, *new.results))),
    )


def _behind(before: Result, after: Result) -> str:
    """What a red case shows that it did not show before, though its verdict is the same; empty for nothing."""
    known = {one.code for one in before.observations}
    new = [f"{one.reason} ({one.code})" for one in after.observations if one.code not in known]
    return f"new in it: {'; '.join(new)}" if known and new and after.scored else ""


def _by_present_id(report: Report, renames: Renames) -> dict[str, Result]:
    return {
        f"{renames.present(result.requirement)}{result.id.removeprefix(result.requirement)}": result
        for result in report.results
    }


def standing(result: Result) -> Standing:
    """What a result says of the target; what does not score is put up with."""
    found = STANDINGS[result.verdict]
    return Standing.TOLERATED if found is Standing.BROKEN and not result.scored else found


def _kind(was: Standing, became: Standing) -> str:
    if was is became:
        return "changed"
    if became is Standing.WORKS:
        return "fixes"
    return "regressions" if was is Standing.WORKS or became is Standing.BROKEN else "changed"


def _change(name: str, before: Result | None, after: Result | None) -> Change:
    return Change(
        id=name,
        before=before.verdict if before else None,
        after=after.verdict if after else None,
        reason=after.reason if after else "",
    )


def _notes(old: Report, new: Report) -> list[str]:
    pairs = (
        ("target", old.target.name, new.target.name),
        ("target version", old.target.version, new.target.version),
        ("edition", old.reference.edition, new.reference.edition),
        ("reference", old.reference.digest, new.reference.digest),
        ("kit", old.kit.version, new.kit.version),
        ("depth", old.selection.depth, new.selection.depth),
        ("clients", clients_line(old), clients_line(new)),
    )
    notes = [f"{what}: {before or 'none'}, now {after or 'none'}" for what, before, after in pairs if before != after]
    for which, report in (("old", old), ("new", new)):
        if report.summary.interrupted:
            notes.append(f"the {which} run was interrupted")
        if not report.selection.is_whole:
            notes.append(f"the {which} run was of a part of the suite")
    return notes
