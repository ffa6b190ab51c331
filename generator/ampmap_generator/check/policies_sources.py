"""The policy on where in a source a fact was read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..load.findings import Severity
from ..load.suggest import did_you_mean
from ..load.yaml_nodes import Node
from ..vendored.base import Fact, Source
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex

WHOLE: Final = ("Whole page", "Introduction", "Opening paragraph")
"""Places that every document has."""
_DETAIL: Final = re.compile(r"(?:,| /| >|:| and) ?")
"""What stands between a heading and a place below it."""


@rule("unknown-heading", Severity.ERROR)
def unknown_heading(index: SpecIndex) -> Iterator[Wrong]:
    """A locator (`at`) begins with a heading that its source has, where the source lists its `headings`.

    Several places are separated by semicolons, and a place below a heading by a comma, a slash or `>`. A reader who
    follows the locator has to find the place.
    """
    headings = {fact.id: source.headings for fact, source in facts(index, Source) if source.headings}
    for fact, _ in facts(index, Fact):
        for reference in _references(fact.node):
            source, at = reference.child("id"), reference.child("at")
            if source is None or at is None or str(source.value) not in headings:
                continue
            known = (*headings[str(source.value)], *WHOLE)
            for place in str(at.value).split(";"):
                if not _begins_with_heading(place.strip(), known):
                    message = f"`{source.value}` has no heading `{place.strip()}`"
                    yield Wrong(at.location, message, did_you_mean(place.strip(), list(known)))


def _references(node: Node) -> Iterator[Node]:
    """Every reference to a source in a fact, those of its parts too."""
    if isinstance(node.value, dict) and node.child("id") is not None and node.child("at") is not None:
        yield node
    for _, below in node.children() if isinstance(node.value, dict | list) else ():
        yield from _references(below)


def _begins_with_heading(place: str, known: tuple[str, ...]) -> bool:
    """Whether a place is a heading, or one with a place below it; a heading may be cut at its colon."""
    names = {name for heading in known for name in (heading, heading.partition(":")[0])}
    return any(
        place == name or (place.startswith(name) and _DETAIL.match(place[len(name) :]) is not None) for name in names
    )
