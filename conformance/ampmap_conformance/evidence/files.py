"""The committed evidence: its shapes, and the parts that are out of date.

Readers outside this package (the site) use the JSON Schema beside each file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ..refproxy.defects import DEFECTS, Defect
from .consequences import because, consequences
from .matrix import Kills

FOLDER = Path("conformance/evidence")
"""Where the files are in a checkout."""
MATRIX = "kill-matrix.json"
DEGENERATE = "degenerate.json"


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DefectRow(_Shape):
    """What a proxy with one defect breaks."""

    summary: str
    """What the proxy does, in a sentence."""
    seen_in: str | None
    """Where a real proxy did it: `owner/repo#number` or `owner/repo@commit`."""
    kills: Mapping[str, str]
    """Each requirement that the defect is about, with the first case that failed."""
    also: Mapping[str, str]
    """Requirements of which a sample noticed it too, each with the id of the consequence that explains it; `defect`
    stands for the defect's own row."""


class KillMatrix(_Shape):
    """Which requirements a proxy with each defect breaks."""

    made_from: str
    edition: str
    defects: Mapping[str, DefectRow]
    requirements: Mapping[str, tuple[str, ...]]
    """For each requirement the defects that are about it, and that it noticed."""
    consequences: Mapping[str, str]
    """Why a defect breaks a requirement that it is not about, by the id of the reason."""


class Degenerates(_Shape):
    """What servers pass that do the same whatever they are asked."""

    made_from: str
    edition: str
    servers: Mapping[str, DegenerateRow]
    deserved: Mapping[str, str]
    """Why such a server meets a requirement, by requirement."""


class DegenerateRow(_Shape):
    """Requirements that one of them passes although it is not a proxy."""

    summary: str
    observed: tuple[str, ...] = Field(description="`must` requirements of which a case passes, with an observer")
    blind: tuple[str, ...] = Field(description="and without one")
    weaker: tuple[str, ...] = Field(description="`should` and `may` requirements of which a case passes either way")


def matrix_of(kills: Iterable[Kills], requirements: Iterable[str], edition: str) -> KillMatrix:
    """The matrix as it is written down, sorted."""
    rows = {one.defect: _row(DEFECTS[one.defect], one) for one in sorted(kills, key=lambda one: one.defect)}
    return KillMatrix(
        made_from="`nox -s defects`: a sample of every requirement against a proxy with each defect",
        edition=edition,
        defects=rows,
        requirements={
            name: tuple(defect for defect, row in rows.items() if name in row.kills) for name in sorted(requirements)
        },
        consequences={id_: " ".join(one.reason.split()) for id_, one in sorted(consequences().items())},
    )


def _row(defect: Defect, one: Kills) -> DefectRow:
    others = (name for name in one.cases if name not in defect.breaks)
    return DefectRow(
        summary=defect.summary,
        seen_in=defect.seen_in,
        kills={name: case for name, case in one.cases.items() if name in defect.breaks},
        also={name: because(defect, name) or "" for name in others},
    )


def stale(matrix: KillMatrix, requirements: Iterable[str]) -> list[str]:
    """Where a committed matrix differs from the current tables; nothing is probed."""
    known = set(requirements)
    found = [f"{name} is no longer a defect" for name in matrix.defects if name not in DEFECTS]
    found += [f"{name} is a new requirement" for name in known if name not in matrix.requirements]
    found += [f"{name} is no longer a requirement" for name in matrix.requirements if name not in known]
    for name, defect in DEFECTS.items():
        row = matrix.defects.get(name)
        if row is None:
            found.append(f"{name} is a new defect")
        elif (row.summary, row.seen_in, set(row.kills)) != (defect.summary, defect.seen_in, set(defect.breaks)):
            found.append(f"the row of {name} has changed")
        else:
            found += [
                f"the reason of {other} in the row of {name} has changed"
                for other, why in row.also.items()
                if because(defect, other) != why
            ]
    return sorted(found)


def read_matrix(folder: Path = FOLDER) -> KillMatrix:
    """The committed matrix. Raises OSError, and pydantic's ValidationError for an invalid file."""
    return KillMatrix.model_validate_json((folder / MATRIX).read_bytes())


def read_degenerates(folder: Path = FOLDER) -> Degenerates:
    """The committed scores. Raises OSError, and pydantic's ValidationError for an invalid file."""
    return Degenerates.model_validate_json((folder / DEGENERATE).read_bytes())


def schema_of(shape: type[BaseModel]) -> bytes:
    """The JSON Schema (2020-12) of a file."""
    told = {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape.model_json_schema(mode="serialization")}
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


SCHEMAS: Mapping[str, type[BaseModel]] = {
    "kill-matrix.schema.json": KillMatrix,
    "degenerate.schema.json": Degenerates,
}
"""The schema files beside the evidence, with what they describe."""
