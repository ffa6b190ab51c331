"""When two spellings of a name mean the same."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_DATE: Final = re.compile(r"-(?:\d{2}-\d{4}|\d{4,8})$")
_RELEASE: Final = re.compile(r"^(?:-(?:instruct|preview|latest|exp))*(?:-\d{2}-\d{4}|-\d{4,8})?$")
"""What the id of a release adds to the name of its model: kind of release and date."""


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """The name without case and punctuation: `Claude Sonnet 4.5` and `claude-sonnet-4-5` are one."""
    return "-".join(re.findall(r"[^\W_]+", name.casefold()))


def is_release_of(release: str, model: str) -> bool:
    """Whether an id, folded, is that of a release of a model: the model's name, a kind of release, a date."""
    return release.startswith(model) and _RELEASE.match(release[len(model) :]) is not None


def models_of_release(release: str) -> list[str]:
    """Every name of which an id, folded, may be a release, itself included."""
    ends = (*(place for place, letter in enumerate(release) if letter == "-" and place), len(release))
    return [release[:end] for end in ends if is_release_of(release, release[:end])]


def without_date(model: str) -> str:
    """The id of a model without the date of its release: `claude-sonnet-4-5` for `claude-sonnet-4-5-20250929`."""
    return _DATE.sub("", model)


def release_date(model: str) -> str:
    """The date in an id as text that sorts, e.g. `20250929`; empty where it has none."""
    found = _DATE.search(folded(model))
    if found is None:
        return ""
    month, _, year = found.group().strip("-").partition("-")
    return f"{year}{month}"
