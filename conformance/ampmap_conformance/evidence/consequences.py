"""What breaking one requirement leads to: a table of reasons, so that an unlisted kill is an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ..refproxy.defects import Defect

FILE = Path(__file__).with_suffix(".yaml")
ITSELF = "defect"
"""Name of a consequence that is listed in the defect's own row (`also`)."""
ANYTHING = "*"

Patterns = Annotated[tuple[str, ...], Field(min_length=1)]
"""Requirement ids in which `*` stands for any text."""


class Consequence(BaseModel):
    """A defect that breaks one of `of` may break any of `notice` too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    of: Patterns
    notice: Patterns


@cache
def consequences() -> Mapping[str, Consequence]:
    """The table, by id. Raises pydantic's ValidationError for an invalid table."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Consequence]).validate_python(data)


def because(defect: Defect, requirement: str) -> str | None:
    """Which consequence makes a defect break a requirement that it is not about; None where nothing does."""
    if matches(requirement, defect.also):
        return ITSELF
    for id_, one in consequences().items():
        if matches(requirement, one.notice) and any(matches(broken, one.of) for broken in defect.breaks):
            return id_
    return None


def remembers(defect: Defect) -> bool:
    """Whether a defect says that it may break anything: what comes of one call depends on those before it."""
    return ANYTHING in defect.also


def matches(requirement: str, patterns: Iterable[str]) -> bool:
    """Whether a requirement is one of those that the patterns mean."""
    return any(fnmatchcase(requirement, pattern) for pattern in patterns)
