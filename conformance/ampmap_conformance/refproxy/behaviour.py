"""The decisions of a proxy as one value of small functions: what is right, and what a defect replaces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ..meanings import Completion, Conversation
from ..reference.types import Reference
from ..wire.messages import Headers
from . import credentials, errors, fallback, headers, live, rewriting, routing, translated, translating
from .config import ProxyConfig
from .exchange import (
    BackEnd,
    Incoming,
    ManagementPath,
    Outgoing,
    OwnAnswer,
    Place,
    ProviderCall,
    Refusal,
    RoutedExchange,
    UpstreamFailure,
)
from .routing import Routes
from .upstream import UpstreamSender

Chunks: TypeAlias = AsyncIterator[bytes]
Forwardable: TypeAlias = ProviderCall | ManagementPath


def is_kept_local(place: Place) -> bool:
    """Whether a place is closed to other machines where the configuration says so."""
    return isinstance(place, ManagementPath)


def relayed_status(_exchange: RoutedExchange, status: int) -> int:
    """The status that the client sees: the upstream's own."""
    return status


def sole_attempt(_exchange: RoutedExchange, _status: int | None) -> RoutedExchange | None:
    """The call that is tried when one has failed: none, for the client decides whether to try again."""
    return None


def answer_patience(config: ProxyConfig) -> float:
    """Seconds until the head of an answer must be there."""
    return config.answer_timeout


def idle_patience(config: ProxyConfig) -> float | None:
    """Seconds of silence in an answer after which it is given up; None for any time."""
    return config.stream_idle_timeout


@dataclass(frozen=True)
class Behaviour:
    """What the pipeline asks, in this order. Every function is pure but for the iterating of chunks."""

    origin_form: Callable[[Incoming], Incoming] = routing.in_origin_form
    place: Callable[[Routes, Incoming], Place] = routing.find_place
    framing_problem: Callable[[Incoming], str | None] = headers.framing_problem
    is_kept_local: Callable[[Place], bool] = is_kept_local
    is_foreign: Callable[[Incoming], bool] = routing.foreign_peer
    authenticate: Callable[[ProxyConfig, Incoming], str | None] = credentials.authenticate
    needs_key: Callable[[Place], bool] = credentials.needs_key
    unauthorised: Callable[[Place, Incoming], Refusal] = errors.unauthorised
    too_large: Callable[[Incoming], bool] = lambda incoming: incoming.too_large
    body_problem: Callable[[Forwardable, Incoming], Refusal | None] = fallback.body_problem
    requested_model: Callable[[Forwardable, Incoming], str | None] = fallback.requested_model
    back_end: Callable[[ProxyConfig, Forwardable, str | None], BackEnd | Refusal] = fallback.back_end
    upstream_base: Callable[[RoutedExchange], str] = routing.upstream_base
    upstream_target: Callable[[RoutedExchange], str] = routing.upstream_target
    upstream_body: Callable[[RoutedExchange], bytes] = rewriting.upstream_body
    upstream_headers: Callable[[RoutedExchange, bytes], Headers] = headers.upstream_headers
    asked: Callable[[RoutedExchange, Conversation], Conversation] = translating.asked
    """What an upstream of another dialect is asked, given what the client said."""
    sender: Callable[[UpstreamSender], UpstreamSender] = lambda client: client
    """The client side as the pipeline uses it: the one that there is."""
    answer_patience: Callable[[ProxyConfig], float] = answer_patience
    idle_patience: Callable[[ProxyConfig], float | None] = idle_patience
    next_attempt: Callable[[RoutedExchange, int | None], RoutedExchange | None] = sole_attempt
    """Asked with the status of an error, or with None when there was no answer."""
    upstream_failed: Callable[[RoutedExchange, UpstreamFailure], Refusal] = errors.upstream_failed
    stand_in: Callable[[RoutedExchange, int | None], OwnAnswer | None] = errors.stand_in
    told: Callable[[RoutedExchange, Completion], Completion] = translated.told
    """What the client is told, given what an upstream of another dialect said; in a stream, what it said so far."""
    response_status: Callable[[RoutedExchange, int], int] = relayed_status
    response_headers: Callable[[RoutedExchange, Headers], Headers] = headers.response_headers
    response_body: Callable[[RoutedExchange, Headers, Chunks], Chunks] = rewriting.response_body
    switches: Callable[[RoutedExchange], bool] = headers.offers_websocket
    """Whether the proxy forwards an offer to change the protocol of a connection."""
    switch_headers: Callable[[RoutedExchange, Headers], Headers] = headers.response_headers
    """What goes back to the client with an offer that the upstream accepted."""
    from_client: Callable[[Chunks], Chunks] = lambda chunks: chunks
    """What passes to the upstream on a connection of another protocol."""
    from_upstream: Callable[[Chunks], Chunks] = lambda chunks: chunks
    ends_both: Callable[[RoutedExchange], bool] = lambda _: True
    """Whether the end of one side of such a connection ends the other one."""
    own_answer: Callable[[Reference, Refusal], OwnAnswer] = errors.own_answer
    hangs_up_behind: Callable[[Refusal], bool] = lambda _: False
    """Whether the connection is closed behind an answer of the proxy's own that does not say so."""
    answers_slow_client: Callable[[Refusal], bool] = lambda _: True
    """Whether a refusal reaches a client whose body came later than its head."""
    ends_with_client: Callable[[RoutedExchange], bool] = lambda _: True
    """Whether the upstream call is dropped when the client goes away."""
    file_text: Callable[[Path], str] = live.file_text
    reloaded: Callable[[ProxyConfig, str], ProxyConfig] = live.reloaded


CORRECT = Behaviour()
"""The executable form of the spec."""


def decide(  # noqa: PLR0911 - one return per gate, in their order
    config: ProxyConfig, routes: Routes, behaviour: Behaviour, incoming: Incoming
) -> RoutedExchange | Refusal:
    """Everything that is decided before an upstream is called."""
    place = behaviour.place(routes, incoming)
    if problem := behaviour.framing_problem(incoming):
        return Refusal(400, problem, errors.about(place), (("Connection", "close"),))
    if config.restrict_management_to_localhost and behaviour.is_kept_local(place) and behaviour.is_foreign(incoming):
        return Refusal(403, "This is served to the local machine alone.", errors.about(place))
    key = behaviour.authenticate(config, incoming)
    if key is None and behaviour.needs_key(place):
        return behaviour.unauthorised(place, incoming)
    if isinstance(place, Refusal):
        return place
    if behaviour.too_large(incoming):
        return Refusal(413, f"The body is larger than {config.body_limit} bytes.", errors.about(place))
    if refusal := behaviour.body_problem(place, incoming):
        return refusal
    return _exchange(config, behaviour, incoming, place, key)


def _exchange(
    config: ProxyConfig, behaviour: Behaviour, incoming: Incoming, place: Forwardable, key: str | None
) -> RoutedExchange | Refusal:
    model = behaviour.requested_model(place, incoming)
    back_end = behaviour.back_end(config, place, model)
    if isinstance(back_end, Refusal):
        return back_end
    exchange = RoutedExchange(config, incoming, place, key, model, back_end)
    return translating.unreadable(exchange) or exchange


def outgoing(behaviour: Behaviour, exchange: RoutedExchange) -> Outgoing:
    """The request that goes to the back end."""
    body = behaviour.upstream_body(exchange)
    lines = behaviour.upstream_headers(exchange, body)
    return Outgoing(
        exchange.incoming.method,
        behaviour.upstream_base(exchange),
        behaviour.upstream_target(exchange),
        headers.offering(lines) if behaviour.switches(exchange) else lines,
        body,
    )


def switched(behaviour: Behaviour, exchange: RoutedExchange, given: Headers) -> Headers:
    """The headers with which the client's offer to change the protocol is accepted."""
    return headers.offering(behaviour.switch_headers(exchange, given))
