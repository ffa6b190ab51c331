"""What an unusual proxy is, the list that the modules of variants fill, and what they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from ...target.file import TargetFile
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import RoutedExchange
from ..headers import answer_coding

Chunks: TypeAlias = AsyncIterator[bytes]
Change = Callable[[Behaviour], Behaviour]
Described = Callable[[TargetFile], TargetFile]
Configured = Callable[[ProxyConfig], ProxyConfig]


@dataclass(frozen=True, slots=True)
class Variant:
    """A correct proxy that is unusual."""

    id: str
    summary: str
    policy: Mapping[str, Any]
    """What such a proxy promises in its target file, beside what the embedded one promises."""
    described: Described | None = field(repr=False)
    """What else stands in its target file: given that of the embedded proxy, its own."""
    configured: Configured | None = field(repr=False)
    """What its operator decides otherwise. Models and mappings are as its target file states them."""
    change: Change = field(repr=False)

    @property
    def has_own_file(self) -> bool:
        """Whether its target file is another one than the embedded proxy's, so that its cases are."""
        return bool(self.policy) or self.described is not None

    def file(self, usual: TargetFile) -> TargetFile:
        """Its target file, given the embedded proxy's."""
        promised = usual.model_copy(update={"policy": usual.policy.model_copy(update=dict(self.policy))})
        return promised if self.described is None else self.described(promised)

    def config(self, usual: ProxyConfig) -> ProxyConfig:
        """Its configuration, given the embedded proxy's."""
        return usual if self.configured is None else self.configured(usual)


_REGISTRY: dict[str, Variant] = {}
VARIANTS: Mapping[str, Variant] = MappingProxyType(_REGISTRY)
"""Every variant by id."""


def variant(
    id_: str, *, described: Described | None = None, configured: Configured | None = None, **policy: Any
) -> Callable[[Change], Change]:
    """Register a function that makes a behaviour unusual; its docstring is the summary.

    `described` and `configured` are those of `Variant`, `policy` is what its target file promises.
    """

    def register(change: Change) -> Change:
        summary = " ".join((change.__doc__ or "").split())
        _REGISTRY[id_] = Variant(id_, summary, policy, described, configured, change)
        return change

    return register


def variant_called(id_: str) -> Variant:
    """The variant of that id. Raises LookupError for an unknown one, naming it."""
    if id_ not in VARIANTS:
        raise LookupError(f"no variant is called {id_!r}")
    return VARIANTS[id_]


def on_its_way(right: Behaviour, change: Callable[[RoutedExchange, Headers, Chunks], Chunks]) -> Behaviour:
    """The behaviour with a change to the bodies of answers."""

    def chunks(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        return change(exchange, headers, right.response_body(exchange, headers, given))

    return replace(right, response_body=chunks)


def is_plain_stream(headers: Headers) -> bool:
    """Whether an answer is a stream of events without a coding."""
    return (headers.get("content-type") or "").startswith("text/event-stream") and answer_coding(headers) == "identity"
