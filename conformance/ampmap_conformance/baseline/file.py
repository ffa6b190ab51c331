"""The baseline: the failures that are known, each with its reason, and until when they are put up with.

A baseline file is a YAML list of entries. A failing case that an entry matches is a known failure; a passing one is an
unexpected pass, so that no entry hides what already works. Entries that are expired, that match nothing which fails, or
that match no case at all make a run red.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ..cases.selection import Pattern
from ..errors import UsageError
from ..files import Document, did_you_mean, read_yaml
from ..report.model import KnownFailure

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
HEADER = (
    "# Known failures, for `ampmap-conformance run --baseline`; `ampmap-conformance baseline update` rewrites it.\n"
)


class Entry(BaseModel):
    """One entry of a baseline file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str
    """As of `--select`, e.g. `headers.*[openai*]`."""
    reason: str = Field(min_length=1)
    """Why it fails."""
    issue: str | None = None
    """URL of the issue that tracks it."""
    owner: str | None = None
    """Who is responsible for it."""
    observations: tuple[str, ...] = ()
    """Codes of what is known to be wrong: a case that shows another one is not excused. Empty for whatever it is."""
    expires: datetime.date | None = None
    """The last day on which it is valid."""

    @field_validator("pattern")
    @classmethod
    def _whole(cls, text: str) -> str:
        if not re.fullmatch(r"[^\[\]]+(\[[^\[\]]*\])?", text):
            raise ValueError(f"`{text}` is not a valid pattern; expected `REQUIREMENT` or `REQUIREMENT[CASE]`")
        return text

    @field_validator("expires", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> Any:
        if not (
            value is None or isinstance(value, datetime.date) or (isinstance(value, str) and ISO_DATE.fullmatch(value))
        ):
            raise ValueError(f"`{value}` is not a valid date; expected YYYY-MM-DD")
        return value

    def matches(self, requirement: str, case: str) -> bool:
        """Whether the entry is about a case."""
        return Pattern(self.pattern).matches(requirement, case)

    def known(self) -> KnownFailure:
        """The entry as a report has it."""
        return KnownFailure.model_validate(self.model_dump(mode="json", exclude={"observations"}))


@dataclass(frozen=True)
class Baseline:
    """The entries of a file, each with its place there."""

    file: Path
    entries: tuple[Entry, ...]
    places: tuple[str, ...]
    """`file:line:column` of each entry."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of the entries."""
        return tuple(entry.pattern for entry in self.entries)


def load(file: Path) -> Baseline:
    """The baseline in `file`. Raises UsageError with file:line:col for every problem in it."""
    document = read_yaml(file)
    data = [] if document.data is None else document.data
    if not isinstance(data, list):
        raise UsageError(f"{document.at(())}: expected a list of entries with `pattern` and `reason`")
    entries: list[Entry] = []
    problems: list[str] = []
    for index, item in enumerate(data):
        try:
            entries.append(Entry.model_validate(item))
        except ValidationError as error:
            problems += [_complaint(document, index, problem) for problem in error.errors()]
            continue
        first = next(place for place, entry in enumerate(entries) if entry.pattern == entries[-1].pattern)
        if first != len(entries) - 1:
            problems.append(
                f"{document.at((index, 'pattern'))}: duplicate entry for `{entries[-1].pattern}`; remove one"
            )
    if problems:
        raise UsageError("\n".join(problems))
    return Baseline(file, tuple(entries), tuple(document.at((index,)) for index in range(len(entries))))


def to_yaml(entries: Iterable[Entry]) -> str:
    """The text of a baseline file; keys without a value are omitted."""
    plain = [_plain(entry) for entry in entries]
    return HEADER + yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes a value out wherever it stands: the reader refuses anchors and aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name of its base
        return True


def _plain(entry: Entry) -> dict[str, Any]:
    plain = entry.model_dump(exclude_none=True, exclude={"observations"})
    return {**plain, "observations": list(entry.observations)} if entry.observations else plain


def _complaint(document: Document, index: int, problem: Any) -> str:
    path = (index, *problem["loc"])
    if problem["type"] == "extra_forbidden":
        key = str(problem["loc"][-1])
        return f"{document.at_key(path)}: unknown key `{key}`{did_you_mean(key, list(Entry.model_fields))}"
    if problem["type"] == "missing":
        return f"{document.at((index,))}: the key `{problem['loc'][-1]}` is missing"
    if not problem["loc"]:
        return f"{document.at((index,))}: expected a mapping with `pattern` and `reason`"
    name = ".".join(str(part) for part in problem["loc"])
    return f"{document.at(path)}: `{name}`: {problem['msg'].removeprefix('Value error, ')}"
