"""Puts the loaded documents together into one reference. Pure: same spec, same bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .load import Spec
from .vendored.platforms import Platform
from .vendored.reference import Reference

BASE_EDITION = "amp-0.0.1760587291"


class UnknownEditionError(LookupError):
    """The spec has no edition of this id; `known` are those that it has."""

    def __init__(self, edition: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no edition is called {edition!r}; known: {', '.join(known)}")
        self.known = known


def compile_reference(spec: Spec, edition: str = BASE_EDITION) -> Reference:
    """The reference of one edition.

    `spec` must have passed the checks: nothing is verified again here. Raises UnknownEditionError.
    """
    facts = {kind: {key: fact.value for key, fact in located.items()} for kind, located in spec.facts.items()}
    editions = facts.pop("editions")
    if edition not in editions:
        raise UnknownEditionError(edition, tuple(editions))
    platforms = {name: _platform(name, kinds) for name, kinds in spec.platforms.items()}
    reference = Reference.model_construct(
        schema_version=1, digest="", edition=editions[edition], platforms=platforms, **facts
    )
    return reference.model_copy(update={"digest": digest_of(reference)})


def _platform(name: str, kinds: Any) -> Platform:
    facts = {kind: {key: fact.value for key, fact in located.items()} for kind, located in kinds.items()}
    (about,) = facts.pop("about").values()
    return Platform.model_construct(id=name, about=about, **facts)


def plain(reference: Reference) -> dict[str, Any]:
    """The reference as JSON values. What the spec leaves out stays out: absent is not None."""
    return reference.model_dump(mode="json", exclude_unset=True)


def digest_of(reference: Reference) -> str:
    """`sha256:<hex>` over the canonical JSON of everything but the digest itself."""
    data = {key: value for key, value in plain(reference).items() if key != "digest"}
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
