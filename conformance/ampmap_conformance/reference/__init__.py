"""What is generated from the spec, and all that the kit knows of it; committed, so that no build is needed.

May import nothing of the kit but `errors` and `files`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from .types import (
    EDITION,
    NEWEST,
    NEWEST_PROXIED,
    Json,
    KnownEdition,
    Reference,
    digest_of,
    edition_meant,
)

WHOLE = "reference.json"
OVER = "over"
"""The key that names an edition of which a file below `editions/` states the changes alone."""


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

    `edition` is an id, or a name as `types.edition_meant` reads it.
    A file that `ampmap build reference` wrote into `editions/` holds what an edition changes; the whole reference that
    it lies over is read beside that folder. Raises UnknownEditionError; OSError or pydantic.ValidationError when a file
    is not a reference of these types.
    """
    if path is not None:
        return _reference(path, path.parent.parent / WHOLE)
    packaged = resources.files(__name__)
    return _reference(packaged / _file(edition or EDITION), packaged / WHOLE)


def proxied_providers(edition: str) -> frozenset[str]:
    """The ids of the providers whose calls an edition sends through a proxy, read without the rest being validated."""
    return frozenset(provider["id"] for provider in _facts(edition, "providers") if provider["via_proxy"])


def edition_serving(path: str) -> str | None:
    """The newest edition whose client calls a path below this provider's base or of this family, or None."""
    found = [edition for base, edition in _bases() if path == base or path.startswith(f"{base}/")]
    return found[-1] if found else None


@cache
def _bases() -> tuple[tuple[str, str], ...]:
    """Each base path of a provider and of a management family, with each edition that has it, in order of builds."""
    return tuple(
        (base, edition)
        for edition in editions()
        for base in (
            *(provider["base_path"] for provider in _facts(edition, "providers") if provider["via_proxy"]),
            *(path.removesuffix("/*") for family in _facts(edition, "management") for path in family["paths"]),
        )
    )


def digest() -> str:
    """The digest of the base edition's reference, read without the rest of it being validated."""
    return str(json.loads((resources.files(__name__) / WHOLE).read_text(encoding="utf-8"))["digest"])


def _reference(file: Path | Traversable, base: Path | Traversable) -> Reference:
    text = file.read_text(encoding="utf-8")
    if (changes := _changes(text)) is not None:
        text = json.dumps(_with_changes(json.loads(base.read_text(encoding="utf-8")), changes))
    return Reference.model_validate_json(text)


def _changes(text: str) -> dict[str, Json] | None:
    """What a file changes of another reference; None for a file that is whole, or no reference at all."""
    if f'"{OVER}"' not in text:  # the usual file is not read twice
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) and OVER in data else None


def _with_changes(base: Mapping[str, Json], changes: Mapping[str, Json]) -> dict[str, Json]:
    """The reference that lies over another one, in the order of its ids; null takes away a fact, a kind or a key."""
    data = {**base, **{key: _changed(key, base.get(key), value) for key, value in changes.items()}}
    whole = _stated({key: value for key, value in data.items() if key != OVER})
    return {**whole, "digest": digest_of(whole)}


def _changed(key: str, below: Json, value: Json) -> Json:
    if key == "edition" or not isinstance(below, dict):
        return value
    facts: dict[str, Json] = {} if value is None else {**below, **value}
    return _stated(facts)


def _stated(values: Mapping[str, Json]) -> dict[str, Json]:
    return {id_: value for id_, value in sorted(values.items()) if value is not None}


def _file(edition: str) -> str:
    known = editions()
    meant = edition if edition in known else edition_meant(edition, [_known(each) for each in known])
    if meant is None:
        raise UnknownEditionError(edition, (*known, NEWEST, NEWEST_PROXIED))
    return WHOLE if meant == EDITION else f"editions/{meant}.json"


def _known(edition: str) -> KnownEdition:
    proxied = any(provider["via_proxy"] for provider in _facts(edition, "providers"))
    return KnownEdition(edition, _stated_by(edition).get("edition", {})["built"], proxied)


def _facts(edition: str, kind: str) -> list[dict[str, Any]]:
    """The facts of one kind as JSON values, without the rest of the reference being validated."""
    changes = _stated_by(edition).get(kind, {})
    facts = {} if changes is None else {**_stated_by(EDITION)[kind], **changes}
    return [fact for fact in facts.values() if fact is not None]


@cache
def _stated_by(edition: str) -> dict[str, Any]:
    """What the file of an edition states: the whole reference for the base, what it changes for the others."""
    data: dict[str, Any] = json.loads((resources.files(__name__) / _file(edition)).read_text(encoding="utf-8"))
    return data
