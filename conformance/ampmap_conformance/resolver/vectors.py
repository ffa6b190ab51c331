"""The vectors that this kit was built with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from .. import reference
from ..cases.renames import Renames
from ..cases.selection import parse
from ..reference.types import AuthVector, AuthVectors

FILE = "auth-vectors.json"


def load(path: Path | None = None) -> AuthVectors:
    """The vectors in `path`, by default the packaged ones. Raises pydantic.ValidationError if they are invalid."""
    file = path or resources.files(reference) / FILE
    return AuthVectors.model_validate_json(file.read_text(encoding="utf-8"))


@cache
def names() -> tuple[tuple[str, str], ...]:
    """Requirement and case of each packaged vector, read without the rest of it being validated."""
    data = json.loads((resources.files(reference) / FILE).read_text(encoding="utf-8"))
    return tuple((vector["requirement"], vector["case"]) for vector in data["vectors"])


def vector_id(vector: AuthVector) -> str:
    """`<requirement>[<case>]`."""
    return f"{vector.requirement}[{vector.case}]"


def select_vectors(
    vectors: Iterable[AuthVector], renames: Renames, *, select: Iterable[str] = (), skip: Iterable[str] = ()
) -> tuple[AuthVector, ...]:
    """Those that are selected, in their order. Raises UsageError for a pattern that matches nothing."""
    everything = tuple(vectors)
    names = tuple((vector.requirement, vector.case) for vector in everything)
    include, exclude = parse(select, names, "--select", renames), parse(skip, names, "--skip", renames)
    return tuple(
        vector
        for vector in everything
        if (not include or any(pattern.matches(vector.requirement, vector.case) for pattern in include))
        and not any(pattern.matches(vector.requirement, vector.case) for pattern in exclude)
    )
