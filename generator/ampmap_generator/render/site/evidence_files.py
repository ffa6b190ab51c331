"""Committed evidence: the defects that each requirement catches, and the results of real proxies. Data, not code.

The files lie in `conformance/evidence/` of a checkout. An installed wheel does not have them, nor does a checkout in
which they were not generated: then the pages say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...vendored.base import Shape

FOLDER: Final = "conformance/evidence/"
"""Where the files lie in a checkout, and on the site."""
MATRIX: Final = "kill-matrix.json"
MANIFEST: Final = "manifest.json"
DEGENERATE: Final = "degenerate.json"
MUTANTS: Final = "mutants.json"
HANDED_IN: Final = "implementations"
"""The folder of the runs that others made, which `ampmap-conformance evidence --check` accepts."""
SHAPES: Final = ".schema.json"
"""Ending of the names of files with a JSON Schema instead of evidence."""


T = TypeVar("T", bound=BaseModel)


class EvidenceError(ValueError):
    """A file of evidence is not what it should be; the message says which and why."""


class _Data(Shape):
    """Files of evidence may hold more than the pages show."""

    model_config = ConfigDict(extra="ignore")


class Defect(_Data):
    """A fault of the reference proxy, and the requirements that noticed it."""

    summary: str
    seen_in: str | None
    """Where a real proxy did it, e.g. `owner/repo#number`; None where no thread is known."""
    kills: dict[str, str]
    """Per requirement that it breaks the case that failed."""
    also: dict[str, str] = Field(default_factory=dict)
    """The same for requirements that notice because of what the fault leads to."""


class KillMatrix(_Data):
    """`kill-matrix.json`: defects by id."""

    edition: str
    defects: dict[str, Defect]


class Server(_Data):
    """A server that does the same whatever it is asked."""

    summary: str
    observed: tuple[str, ...]
    """Requirements that it passes although the suite sees both sides."""
    blind: tuple[str, ...]
    """Requirements that it passes where the suite sees the client's side alone."""


class Degenerate(_Data):
    """`degenerate.json`: servers by id, and why a requirement is rightly passed by one of them."""

    servers: dict[str, Server]
    deserved: dict[str, str] = Field(default_factory=dict)


class Implementation(_Data):
    """Which proxy was probed."""

    name: str
    title: str | None = None
    version: str | None = None
    url: str | None = Field(default=None, pattern=r"^https?://[0-9A-Za-z.-]+(:\d+)?(/[0-9A-Za-z._~/%#?=&+-]*)?$")

    @property
    def display_name(self) -> str:
        """Its name for people."""
        return self.title or self.name


class Kit(_Data):
    """Which kit probed it."""

    version: str


class ComparedReference(_Data):
    """Which reference it was held against."""

    edition: str
    digest: str


class RequirementResult(_Data):
    """How a requirement came out."""

    verdict: str
    reason: str | None = None
    issue: str | None = None


class Run(_Data):
    """A run of the kit against a proxy, per requirement."""

    implementation: Implementation
    requirements: dict[str, RequirementResult]
    kit: Kit | None = None
    reference: ComparedReference | None = None
    claims: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    """Empty in evidence of earlier kits."""
    taken: str | None = None
    handed_in: bool = False
    """Whether its makers or users made it; from the folder in which the file lies."""


class Tally(_Data):
    """How the cases of a requirement came out in a run against the reference proxy."""

    cases: int
    verdicts: dict[str, int | str] = Field(default_factory=dict)
    outside: str = ""
    """What of the requirement a run without an observer judges; empty for nothing."""


class Manifest(_Data):
    """`manifest.json`: what a default run covers."""

    kit: str
    edition: str
    target: str
    requirements: dict[str, Tally]


class KilledMutant(_Data):
    """A change of the reference proxy's code that a case noticed."""

    by: str
    level: str


class SurvivingMutant(_Data):
    """A change of the reference proxy's code that no case noticed."""

    line: int
    was: str
    now: str


class Mutants(_Data):
    """`mutants.json`: mutants by id, `module.function#digest`."""

    tool: str
    mutants: int
    """All that there are."""
    judged: int
    """How many of them were drawn."""
    equivalent: dict[str, int]
    """By the reason, how many of those drawn behave as the proxy does."""
    unreached: dict[str, int]
    """By function, how many of those drawn no case runs."""
    aside: dict[str, str]
    killed: dict[str, KilledMutant]
    survived: dict[str, SurvivingMutant]


@dataclass(frozen=True)
class Evidence:
    """All that is committed; what is missing is None or left out."""

    matrix: KillMatrix | None = None
    manifest: Manifest | None = None
    degenerate: Degenerate | None = None
    mutants: Mutants | None = None
    runs: Mapping[str, Run] = field(default_factory=dict)
    """By the path of the file, without `.json`, sorted: our own, then those that were handed in."""

    def killers(self, requirement: str) -> tuple[str, ...]:
        """The defects that a requirement catches, sorted."""
        if self.matrix is None:
            return ()
        return tuple(sorted(name for name, defect in self.matrix.defects.items() if requirement in defect.kills))


def read_evidence(folder: Path | None) -> Evidence:
    """The evidence in `folder`; none where it is None or no folder. Raises EvidenceError and OSError."""
    if folder is None or not folder.is_dir():
        return Evidence()
    files = {path.name: path for path in sorted(folder.glob("*.json")) if not path.name.endswith(SHAPES)}
    handed_in = {f"{HANDED_IN}/{path.stem}": path for path in sorted((folder / HANDED_IN).glob("*.json"))}
    data = {name: _read_json(path) for name, path in files.items()}
    return Evidence(
        matrix=_validate(KillMatrix, files[MATRIX], data[MATRIX]) if MATRIX in data else None,
        manifest=_validate(Manifest, files[MANIFEST], data[MANIFEST]) if MANIFEST in data else None,
        degenerate=_validate(Degenerate, files[DEGENERATE], data[DEGENERATE]) if DEGENERATE in data else None,
        mutants=_validate(Mutants, files[MUTANTS], data[MUTANTS]) if MUTANTS in data else None,
        runs={
            **{path.stem: _validate(Run, path, data[name]) for name, path in files.items() if _is_run(data[name])},
            **{
                name: _validate(Run, path, _read_json(path)).model_copy(update={"handed_in": True})
                for name, path in handed_in.items()
            },
        },
    )


def _is_run(data: Any) -> bool:
    return isinstance(data, dict) and "implementation" in data


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EvidenceError(f"{path.name} is not valid JSON: {error}") from None


def _validate(shape: type[T], path: Path, data: Any) -> T:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise EvidenceError(f"{path.name}: {where}: {first['msg']}") from None
