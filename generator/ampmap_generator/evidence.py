"""What is committed as evidence: which defect each requirement catches, and how real proxies did. Data, not code.

The files lie in `conformance/evidence/` of a checkout. An installed wheel has none, and neither has a checkout in which
nobody made them: then the pages say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

MATRIX: Final = "kill-matrix.json"
MANIFEST: Final = "manifest.json"


T = TypeVar("T", bound=BaseModel)


class EvidenceError(ValueError):
    """A file of evidence is not what it should be; the message says which and why."""


class _Data(BaseModel):
    """Files of evidence may hold more than the pages show."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Defect(_Data):
    """A fault of the reference proxy, and the requirements that noticed it."""

    kills: tuple[str, ...] = Field(validation_alias=AliasChoices("kills", "killed", "requirements", "breaks"))
    source: str | None = Field(None, validation_alias=AliasChoices("source", "seen_in"))
    """Where a real proxy did it, e.g. `owner/repo#number`."""
    summary: str | None = None


class KillMatrix(_Data):
    """`kill-matrix.json`: defects by id."""

    defects: dict[str, Defect]


class Implementation(_Data):
    """Which proxy was probed."""

    name: str
    version: str
    url: str | None = None


class Held(_Data):
    """How a requirement came out."""

    verdict: str
    reason: str | None = None
    cases: int | dict[str, int] | None = None


class Run(_Data):
    """A run of the kit against a real proxy, per requirement."""

    implementation: Implementation
    requirements: dict[str, Held]
    edition: str | None = None
    kit: str | None = None
    date: str | None = None


class Tally(_Data):
    """How the cases of a requirement came out in a run against the reference proxy."""

    cases: int
    verdicts: dict[str, int | str] = {}


class Manifest(_Data):
    """`manifest.json`: what a default run covers."""

    kit: str
    edition: str
    target: str
    requirements: dict[str, Tally]


@dataclass(frozen=True)
class Evidence:
    """All that is committed; what is missing is None or left out."""

    matrix: KillMatrix | None = None
    manifest: Manifest | None = None
    runs: Mapping[str, Run] = field(default_factory=dict)
    """By the name of the file, without `.json`, sorted."""

    def killers(self, requirement: str) -> tuple[str, ...]:
        """The defects that a requirement catches, sorted."""
        if self.matrix is None:
            return ()
        return tuple(sorted(name for name, defect in self.matrix.defects.items() if requirement in defect.kills))


def read_evidence(folder: Path | None) -> Evidence:
    """The evidence in `folder`; none where it is None or no folder. Raises EvidenceError and OSError."""
    if folder is None or not folder.is_dir():
        return Evidence()
    files = {path.name: path for path in sorted(folder.glob("*.json"))}
    matrix, manifest = files.pop(MATRIX, None), files.pop(MANIFEST, None)
    return Evidence(
        matrix=_matrix(matrix) if matrix else None,
        manifest=_shaped(Manifest, manifest, _json(manifest)) if manifest else None,
        runs={
            path.stem: _shaped(Run, path, data) for path in files.values() for data in [_json(path)] if _is_run(data)
        },
    )


def _matrix(path: Path) -> KillMatrix:
    data = _json(path)
    known = data if isinstance(data, dict) and "defects" in data else {"defects": data}
    return _shaped(KillMatrix, path, known)


def _is_run(data: Any) -> bool:
    return isinstance(data, dict) and "implementation" in data


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EvidenceError(f"{path.name} is no JSON: {error}") from None


def _shaped(shape: type[T], path: Path, data: Any) -> T:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise EvidenceError(f"{path.name}: {where}: {first['msg']}") from None
