"""What is generated from the spec, and all that the kit knows of it; committed, so that no build is needed.

May import nothing of the kit but `errors` and `files`.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from .types import EDITION, Reference


class UnknownEditionError(LookupError):
    """There is no reference of this edition; `known` are those that there are."""

    def __init__(self, edition: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown edition `{edition}`")
        self.known = known


def editions() -> tuple[str, ...]:
    """The editions that this package was built with: the base first, then in the order of their builds."""
    files = (resources.files(__name__) / "editions").iterdir()
    return (EDITION, *sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json")))


def load(path: Path | None = None, *, edition: str | None = None) -> Reference:
    """The reference in `path`; by default that of `edition`, or of the base, which this package was built with.

    Raises UnknownEditionError; OSError or pydantic.ValidationError when the file is not a reference of these types.
    """
    file = path or resources.files(__name__) / ("reference.json" if edition in (None, EDITION) else _name(edition))
    return Reference.model_validate_json(file.read_text(encoding="utf-8"))


def _name(edition: str | None) -> str:
    known = editions()
    if edition not in known:
        raise UnknownEditionError(str(edition), known)
    return f"editions/{edition}.json"
