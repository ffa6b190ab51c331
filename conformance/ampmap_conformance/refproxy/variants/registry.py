"""What an unusual proxy is, the list that the modules of variants fill, and what they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from ...wire.messages import Headers
from ..behaviour import CORRECT, Behaviour
from ..exchange import RoutedExchange
from ..headers import answer_coding

Chunks: TypeAlias = AsyncIterator[bytes]
Change = Callable[[Behaviour], Behaviour]


@dataclass(frozen=True, slots=True)
class Variant:
    """A correct proxy that is unusual."""

    id: str
    summary: str
    policy: Mapping[str, Any]
    """What such a proxy says of itself in its target file, beside what the embedded one says."""
    change: Change = field(repr=False)


_REGISTRY: dict[str, Variant] = {}
VARIANTS: Mapping[str, Variant] = MappingProxyType(_REGISTRY)
"""Every variant by id."""


def variant(id_: str, **policy: Any) -> Callable[[Change], Change]:
    """Register a function that makes a behaviour unusual; its docstring is the summary."""

    def register(change: Change) -> Change:
        _REGISTRY[id_] = Variant(id_, " ".join((change.__doc__ or "").split()), policy, change)
        return change

    return register


def build_variant(id_: str) -> Behaviour:
    """The correct behaviour in the way of a variant. Raises LookupError for an unknown id, naming it."""
    if id_ not in VARIANTS:
        raise LookupError(f"no variant is called {id_!r}")
    return VARIANTS[id_].change(CORRECT)


def on_its_way(right: Behaviour, change: Callable[[RoutedExchange, Headers, Chunks], Chunks]) -> Behaviour:
    """The behaviour with a change to the bodies of answers."""

    def chunks(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        return change(exchange, headers, right.response_body(exchange, headers, given))

    return replace(right, response_body=chunks)


def is_plain_stream(headers: Headers) -> bool:
    """Whether an answer is a stream of events without a coding."""
    return (headers.get("content-type") or "").startswith("text/event-stream") and answer_coding(headers) == "identity"
