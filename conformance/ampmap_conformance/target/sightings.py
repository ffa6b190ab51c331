"""What a proxy does with calls, told from what arrives at the observer behind it. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from ..dialects.upstream_calls import UpstreamCalls
from ..reference.types import BodyPolicy, Call
from ..wire.json_text import loads
from ..wire.messages import AMP, UpstreamRequest
from ..wire.sse import covers
from .file import ListPolicy, PagePolicy

Value = TypeVar("Value")

ORDER: tuple[BodyPolicy, ...] = ("verbatim", "rewritten", "translated")
"""From what changes a body least to what changes it most: of several calls in one dialect the last one counts."""


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One call of a provider, and the request that reached an upstream; None where none did."""

    call: Call
    model: str
    """As the client named it."""
    body: bytes
    arrived: UpstreamRequest | None


@dataclass(frozen=True)
class SeenBody:
    """How the calls of a provider in one dialect reached the upstream."""

    policy: BodyPolicy
    dialects: frozenset[str]
    """The dialects in which the upstream was called, where another one was."""
    calls: int
    example: str
    """One of the requests that tell, e.g. `POST /v1/chat/completions at openai`."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the calls of a proxy showed. What they do not tell is None or empty."""

    bodies: Mapping[tuple[str, str], SeenBody] = field(default_factory=dict)
    """By provider and dialect of the client's call."""
    at_amp: tuple[str, ...] = ()
    """Providers whose calls all reached Amp's servers."""
    unavailable: tuple[str, ...] = ()
    """Models whose calls reached Amp's servers while others of their provider did not."""
    mappings: tuple[tuple[str, str], ...] = ()
    """Models for which the upstream was asked for another one."""
    lists: Mapping[str, ListPolicy] = field(default_factory=dict)
    """Who answers lists of models, by provider."""
    routing: Literal["path", "model"] | None = None
    amp_headers: Literal["forwarded", "stripped"] | None = None
    client_key: Literal["proxy", "amp"] | None = None
    pages: Mapping[str, PagePolicy] = field(default_factory=dict)
    """How pages for browsers are served, by management family."""
    lost: str | None = None
    """A call that was answered with success and did not reach the observer; no further ones were made."""
    sent: int = 0
    """Requests that were sent to the proxy."""


def body_of(sighting: Sighting, arrived: UpstreamRequest, known: UpstreamCalls) -> tuple[BodyPolicy, str | None]:
    """What became of the body of a call, and the dialect of what arrived, if that is known."""
    dialect = known.dialect(arrived)
    named = known.model(arrived) or sighting.model
    if arrived.body in (sighting.body, sighting.body.replace(_quoted(sighting.model), _quoted(named))):
        return "verbatim", dialect
    if dialect is not None:
        return "rewritten" if dialect == sighting.call.dialect else "translated", dialect
    return "rewritten" if covers(_less_model(sighting.body), _less_model(arrived.body)) else "translated", None


def told_by(sightings: Iterable[Sighting], known: UpstreamCalls, client_key: str) -> Seen:
    """What calls of several providers show together. `client_key` is the key that they carried."""
    arrived = [(one, one.arrived) for one in sightings if one.arrived is not None]
    personas: dict[str, set[str]] = {}
    for one, request in arrived:
        personas.setdefault(one.call.provider.id, set()).add(request.persona)
    at_amp = tuple(name for name, where in personas.items() if where == {AMP})
    to_amp = [(one, request) for one, request in arrived if request.persona == AMP]
    elsewhere = [(one, known.model(request)) for one, request in arrived if request.persona != AMP]
    keyed = [client_key.encode() in request.raw for _, request in to_amp if client_key]
    return Seen(
        bodies=_bodies(arrived, known, at_amp),
        at_amp=at_amp,
        unavailable=tuple(dict.fromkeys(one.model for one, _ in to_amp if one.call.provider.id not in at_amp)),
        mappings=tuple(dict.fromkeys((one.model, name) for one, name in elsewhere if name not in ("", one.model))),
        client_key=("amp" if all(keyed) else "proxy") if keyed else None,
    )


def usual_body(bodies: Iterable[SeenBody]) -> BodyPolicy | None:
    """The policy of most providers and dialects; None where nothing was seen."""
    policies: list[BodyPolicy] = [seen.policy for seen in bodies]
    policies.sort(key=ORDER.index)
    return most_common(policies)


def most_common(values: Iterable[Value]) -> Value | None:
    """What occurs most often, the first of several that occur as often; None of nothing."""
    return next((value for value, _ in Counter(values).most_common(1)), None)


def _bodies(
    arrived: Iterable[tuple[Sighting, UpstreamRequest]], known: UpstreamCalls, at_amp: Iterable[str]
) -> Mapping[tuple[str, str], SeenBody]:
    found: dict[tuple[str, str], list[tuple[BodyPolicy, str | None, UpstreamRequest]]] = {}
    for one, request in arrived:
        if request.persona != AMP or one.call.provider.id in at_amp:
            place = one.call.provider.id, one.call.dialect
            found.setdefault(place, []).append((*body_of(one, request, known), request))
    return {place: _together(seen) for place, seen in found.items()}


def _together(seen: list[tuple[BodyPolicy, str | None, UpstreamRequest]]) -> SeenBody:
    policies: list[BodyPolicy] = [one for one, _, _ in seen]
    policies.sort(key=ORDER.index)
    policy = policies[-1]
    telling = [(dialect, request) for one, dialect, request in seen if one == policy]
    dialects = {dialect for dialect, _ in telling if dialect is not None and policy == "translated"}
    example = telling[0][1]
    return SeenBody(policy, frozenset(dialects), len(seen), f"{example.method} {example.path} at {example.persona}")


def _quoted(model: str) -> bytes:
    return json.dumps(model).encode()


def _less_model(body: bytes) -> Any:
    try:
        data = loads(body)
    except ValueError:
        return None
    return {name: value for name, value in data.items() if name != "model"} if isinstance(data, dict) else data
