"""Faults of a crowded proxy in what it sends upstream, and in whom it serves."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour, Forwardable
from ..config import ProxyConfig
from ..errors import about
from ..exchange import Amp, Incoming, Outgoing, Refusal, RoutedExchange
from ..upstream import StreamedAnswer, UpstreamSender, Wrapped
from .crowd import Crowd, under_load


@under_load("bodies-truncated-under-load", breaks=("routing.body-kept",), also=("load.calls-served",))
def bodies_truncated(right: Behaviour) -> Behaviour:
    """Forwards what has come of a body so far when the proxy is crowded."""
    crowd = Crowd()

    def body(exchange: RoutedExchange) -> bytes:
        whole = right.upstream_body(exchange)
        return whole[: len(whole) * 3 // 4] if crowd.is_there else whole

    return replace(crowd.counting(right), upstream_body=body)


@under_load("headers-of-another-call-under-load", breaks=("tenancy.headers-stay-with-their-call",))
def headers_of_another_call(right: Behaviour) -> Behaviour:
    """Keeps the headers of a call in a variable of the module, which the next call has changed when it is read."""
    crowd = Crowd()
    latest: dict[str, str] = {}

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        own = right.upstream_headers(exchange, body)
        found = [(name, latest.get(name.lower(), value) if crowd.is_there else value) for name, value in own]
        latest.update({name.lower(): value for name, value in own if name.lower() in ("traceparent", "x-ampmap-own")})
        return Headers(tuple(found))

    return replace(crowd.counting(right), upstream_headers=headers)


@under_load("amp-key-of-another-under-load", breaks=("tenancy.own-amp-key",))
def amp_key_of_another(right: Behaviour) -> Behaviour:
    """Looks a client's Amp key up in a table that another call changes meanwhile, and finds another client's."""
    crowd = Crowd()

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        others = [key for key in exchange.config.client_keys if key != exchange.key]
        found = others and crowd.is_there and isinstance(exchange.back_end, Amp)
        key = others[0] if found else exchange.key
        return right.upstream_headers(replace(exchange, key=key), body)

    return replace(crowd.counting(right), upstream_headers=headers)


@under_load("client-key-forwarded-under-load", breaks=("headers.client-credential-replaced",))
def client_key_forwarded(right: Behaviour) -> Behaviour:
    """Forwards a crowded call before the step has run that replaces the client's key."""
    crowd = Crowd()

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        lines = right.upstream_headers(exchange, body)
        if not crowd.is_there or exchange.key is None or isinstance(exchange.back_end, Amp):
            return lines
        return lines.adding(("X-Forwarded-Authorization", f"Bearer {exchange.key}"))

    return replace(crowd.counting(right), upstream_headers=headers)


@under_load("invalid-key-accepted-under-load", breaks=("auth.wrong-refused",))
def invalid_key_accepted(right: Behaviour) -> Behaviour:
    """Takes the result of the look-up of another call's key when the proxy is crowded."""
    crowd = Crowd()

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        found = right.authenticate(config, incoming)
        return config.client_keys[0] if found is None and crowd.is_there else found

    return replace(crowd.counting(right), authenticate=authenticate)


@under_load("calls-doubled-under-load", breaks=("routing.reaches-upstream",))
def calls_doubled(right: Behaviour) -> Behaviour:
    """Makes a crowded call again before its answer has come, since it takes long, and drops the first answer."""
    crowd = Crowd()
    turns = itertools.count()

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            if crowd.is_there and next(turns) % 2:
                async with client.send(request):
                    pass
            async with client.send(request) as answer:
                yield answer

        return Wrapped(send)

    counted = crowd.counting(right)
    return replace(counted, sender=lambda client: sender(counted.sender(client)))


@under_load("other-upstream-under-load", breaks=("routing.reaches-upstream",), also=("load.calls-served",))
def other_upstream(right: Behaviour) -> Behaviour:
    """Keeps the chosen upstream in a variable of the module, which the next call has changed when it is read."""
    crowd = Crowd()
    latest: list[str] = []

    def target(exchange: RoutedExchange) -> str:
        own = right.upstream_target(exchange)
        found = latest[0] if latest and crowd.is_there else own
        latest[:] = [own]
        return found

    return replace(crowd.counting(right), upstream_target=target)


@under_load("server-errors-under-load", breaks=("load.calls-served",))
def server_errors(right: Behaviour) -> Behaviour:
    """Fails calls with 500 when the proxy is crowded."""
    crowd = Crowd()

    def problem(place: Forwardable, incoming: Incoming) -> Refusal | None:
        found = right.body_problem(place, incoming)
        return Refusal(500, "The proxy failed.", about(place)) if found is None and crowd.is_there else found

    return replace(crowd.counting(right), body_problem=problem)
