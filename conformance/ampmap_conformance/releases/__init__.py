"""Which requirements score in which release of the kit: one file per release, whose set is fixed once it is released.

A requirement that came later runs and is shown, but decides nothing until the next release takes it in. A file with
status `draft` is of the release that is being made: there every requirement scores, less those under `trial`.

May import `reference` and what is below it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ..errors import UsageError
from ..files import read_yaml
from ..reference.types import Requirement
from ..version import UNKNOWN

FOLDER = Path(__file__).parent
HEADER = "# What scores in this release of the kit. It is released, so it is never edited.\n"


class Release(BaseModel):
    """One release file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["draft", "released"]
    requirements: tuple[str, ...] = ()
    """Of a released set: every requirement that scores."""
    trial: tuple[str, ...] = ()
    """Of a draft: requirements that do not score yet."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Release:
        if self.status == "released" and (not self.requirements or self.trial):
            raise ValueError("a released set lists its `requirements` and has no `trial`")
        if self.status == "draft" and self.requirements:
            raise ValueError(
                "a draft includes every requirement; list requirements that do not score yet under `trial`"
            )
        return self

    def scores(self, row: Requirement) -> bool:
        """Whether a requirement decides anything in this release, which may know it by an earlier id."""
        names = {row.id, *row.formerly}
        return bool(names & {*self.requirements}) if self.status == "released" else not names & {*self.trial}


def release_of(kit: str, folder: Path = FOLDER) -> Release:
    """The set of a version of the kit: that of its own file, or of the latest release before it.

    An unknown version (a source tree that is not installed) uses the latest file. Raises UsageError for an invalid
    file, and LookupError if the folder has none.
    """
    files = files_in(folder)
    wanted = None if kit == UNKNOWN else version_of(kit)
    before = [file for version, file in files.items() if wanted is None or version <= wanted]
    if not files:
        raise LookupError(f"{folder} contains no release")
    return read(before[-1] if before else next(iter(files.values())))


def files_in(folder: Path = FOLDER) -> dict[Version, Path]:
    """Every release file by version, oldest first."""
    found = {version_of(file.stem): file for file in folder.glob("*.yaml")}
    return {version: found[version] for version in sorted(version for version in found if version is not None)}


def read(file: Path) -> Release:
    """A release file. Raises UsageError if it is invalid."""
    try:
        return Release.model_validate(read_yaml(file).data)
    except ValidationError as error:
        raise UsageError(f"{file}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from error


def released_text(requirements: Iterable[str]) -> str:
    """The text of a released file."""
    return "\n".join([f"{HEADER}status: released", "requirements:", *(f"  - {name}" for name in requirements), ""])


def digest(file: Path) -> str:
    """By what a released file is known."""
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def version_of(text: str) -> Version | None:
    """A version, as the release that it is made for: `1.2.3rc1` is 1.2.3; None for what is not a version."""
    try:
        return Version(Version(text).base_version)
    except InvalidVersion:
        return None
