"""Real defects of real proxies, by class: what of the suite catches each, or why nothing should."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yaml
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_tests_support.places import EVIDENCE
from pydantic import BaseModel, ConfigDict

FILE = "probe-groups.yaml"


class Group(BaseModel):
    """A class of defects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    caught_by: tuple[str, ...] = ()
    """Requirements."""
    proven_by: tuple[str, ...] = ()
    """Defects of the reference proxy that are of this class."""
    excluded: str | None = None
    """Why no requirement catches it."""


class Sighting(BaseModel):
    """One defect that was seen in the field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str
    thread: str
    """`owner/repo#number` or `owner/repo@commit`."""
    requirement: str | None = None
    """What it breaks, where no defect of the reference proxy cites its thread."""


class ProbeGroups(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: Mapping[str, Group]
    reports: Mapping[str, Sighting]


def read() -> ProbeGroups:
    """The committed table. Raises OSError, and pydantic's ValidationError for an invalid table."""
    return ProbeGroups.model_validate(yaml.safe_load((EVIDENCE / FILE).read_text(encoding="utf-8")))


def gaps(table: ProbeGroups, requirements: Iterable[str]) -> list[str]:
    """What the table lists and the suite does not catch, one sentence each."""
    known, cited = set(requirements), {defect.seen_in for defect in DEFECTS.values()}
    found = [gap for id_, group in table.groups.items() for gap in _gaps(id_, group, known)]
    for id_, report in table.reports.items():
        group = table.groups.get(report.group)
        if group is None:
            found.append(f"{id_}: unknown group {report.group}")
        elif group.excluded is None and report.thread not in cited and report.requirement not in group.caught_by:
            found.append(f"{id_}: no defect cites {report.thread}, and no requirement of its group is named")
    return found + [f"{id_}: no report names it" for id_ in table.groups if not _reported(id_, table)]


def _gaps(id_: str, group: Group, known: set[str]) -> list[str]:
    if (group.excluded is None) != bool(group.caught_by):
        return [f"{id_}: expected either `caught_by` or `excluded`"]
    broken = {name for defect in group.proven_by if defect in DEFECTS for name in DEFECTS[defect].breaks}
    return [
        *(f"{id_}: unknown requirement {name}" for name in group.caught_by if name not in known),
        *(f"{id_}: unknown defect {name}" for name in group.proven_by if name not in DEFECTS),
        *(f"{id_}: no defect of this class breaks {name}" for name in group.caught_by if name not in broken),
    ]


def _reported(id_: str, table: ProbeGroups) -> bool:
    return any(report.group == id_ for report in table.reports.values())
