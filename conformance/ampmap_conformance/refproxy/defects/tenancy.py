"""Faults between clients: what one leaves behind for the next, and what all of them share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from ...reference.types import Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..credentials import given_keys
from ..exchange import Amp, Incoming, ManagementPath, Outgoing, OwnAnswer, Place, Refusal, RoutedExchange
from ..routing import Routes
from ..upstream import StreamedAnswer, UpstreamClient, UpstreamFailedError, UpstreamSender
from .registry import defect
from .streaming import is_event_stream

PLACES = 20
TURN = 2.5
STALL = 4.0
"""Seconds for which the proxy waits for a dropped connection."""


@defect("one-amp-key-for-all", breaks=("tenancy.own-amp-key", "tenancy.own-amp-key-on-management"))
def one_amp_key_for_all(right: Behaviour) -> Behaviour:
    """Calls Amp's servers with one key, for every client."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        if not isinstance(exchange.back_end, Amp):
            return right.upstream_headers(exchange, body)
        shared = replace(exchange.back_end.upstream, keys_by_client={})
        return right.upstream_headers(replace(exchange, back_end=Amp(shared)), body)

    return replace(right, upstream_headers=headers)


@defect(
    "other-clients-key-tried",
    breaks=("tenancy.failure-stays-with-its-key",),
    seen_in="router-for-me/CLIProxyAPI#5188",
)
def other_clients_key_tried(right: Behaviour) -> Behaviour:
    """Tries another client's Amp key when the caller's own fails."""

    def other(exchange: RoutedExchange, status: int | None) -> RoutedExchange | None:
        own = given_keys(exchange.incoming)
        if isinstance(exchange.back_end, Amp) and exchange.key in own:
            foreign = next((key for key in exchange.config.client_keys if key not in own), None)
            return None if foreign is None else replace(exchange, key=foreign)
        return right.next_attempt(exchange, status)

    return replace(right, next_attempt=other)


@defect("unlisted-clients-get-another-key", breaks=("tenancy.unlisted-client-has-the-common-key",))
def unlisted_clients_get_another_key(right: Behaviour) -> Behaviour:
    """Calls Amp's servers with the first client's key for a client that has none."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        back_end = exchange.back_end
        if not isinstance(back_end, Amp) or exchange.key is None or exchange.key in back_end.upstream.keys_by_client:
            return right.upstream_headers(exchange, body)
        first = next(iter(back_end.upstream.keys_by_client.values()), back_end.upstream.key)
        return right.upstream_headers(replace(exchange, back_end=Amp(replace(back_end.upstream, key=first))), body)

    return replace(right, upstream_headers=headers)


@defect("streams-crossed", breaks=("tenancy.no-cross-talk",), also=("tenancy.calls-after-abort", "streaming.*"))
def streams_crossed(right: Behaviour) -> Behaviour:
    """Has places for some streams, and puts the chunks of those above the number into the same one."""
    places: list[int] = []
    shared = [b""]

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        places.append(id(exchange))
        try:
            async for chunk in right.response_body(exchange, headers, given):
                if not is_event_stream(headers) or id(exchange) in places[:PLACES]:
                    yield chunk
                    continue
                shared[0] = chunk
                await asyncio.sleep(0.01)
                yield shared[0]
        finally:
            places.remove(id(exchange))

    return replace(right, response_body=chunks)


@defect("answers-crossed", breaks=("tenancy.answers-stay-with-their-calls",), also=("tenancy.*", "errors.*"))
def answers_crossed(right: Behaviour) -> Behaviour:
    """Keeps the answers for all clients in one place until they are complete."""
    shared = [b""]

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        if is_event_stream(headers) or isinstance(exchange.place, ManagementPath):
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
            return
        shared[0] = b"".join([chunk async for chunk in right.response_body(exchange, headers, given)])
        await asyncio.sleep(0.01)
        yield shared[0]

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        return right.response_headers(exchange, headers).without("content-length")

    return replace(right, response_body=chunks, response_headers=lengthless)


@defect("one-stream-at-a-time", breaks=("tenancy.concurrent-streams",), also=("*",))
def one_stream_at_a_time(right: Behaviour) -> Behaviour:
    """Serves a stream to its end before it begins the next one."""
    turn = asyncio.Lock()

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        if not is_event_stream(headers):
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(turn.acquire(), TURN)
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
        finally:
            if turn.locked():
                turn.release()

    return replace(right, response_body=chunks)


@defect("trace-id-shared", breaks=("tenancy.headers-stay-with-their-call",), seen_in="BerriAI/litellm#40124")
def trace_id_shared(right: Behaviour) -> Behaviour:
    """Keeps the trace id of a client's first call with what it knows of the client."""
    known: dict[str, str] = {}

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        given = sent.get("traceparent")
        return sent if given is None else sent.setting("traceparent", known.setdefault(exchange.key or "", given))

    return replace(right, upstream_headers=headers)


@defect("betas-remembered", breaks=("tenancy.nothing-carried-over",), also=("headers.*",),
        seen_in="headroomlabs-ai/headroom#1724")  # fmt: skip
def betas_remembered(right: Behaviour) -> Behaviour:
    """Adds the betas of earlier calls to those of later ones."""
    seen: dict[str, None] = {}

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        seen.update((value, None) for value in sent.all("anthropic-beta"))
        return sent.setting("anthropic-beta", ",".join(seen)) if seen else sent

    return replace(right, upstream_headers=headers)


@defect("cookies-kept", breaks=("tenancy.nothing-carried-over",), also=("management.*", "headers.*"))
def cookies_kept(right: Behaviour) -> Behaviour:
    """Keeps the cookies of every answer, and sends them with every call."""
    jar: dict[str, str] = {}

    def incoming(exchange: RoutedExchange, given: Headers) -> Headers:
        for line in given.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            jar[name] = value
        return right.response_headers(exchange, given)

    def outgoing(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        kept = "; ".join(f"{name}={value}" for name, value in jar.items())
        return sent.adding(("Cookie", kept)) if kept else sent

    return replace(right, response_headers=incoming, upstream_headers=outgoing)


class _Wrapped:
    """A sender whose sending is a function's."""

    def __init__(self, send: Callable[[Outgoing], AbstractAsyncContextManager[StreamedAnswer]]) -> None:
        self._send = send

    def send(self, request: Outgoing) -> AbstractAsyncContextManager[StreamedAnswer]:
        """As the function does it."""
        return self._send(request)


@defect("caller-trusted-once", breaks=("tenancy.each-call-is-authenticated",), also=("*",))
def caller_trusted_once(right: Behaviour) -> Behaviour:
    """Accepts a call on a connection that it accepted before, without authenticating it again."""
    known: dict[str, str] = {}

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        key = right.authenticate(config, incoming)
        if key is not None and not given_keys(incoming)[1:]:
            known[incoming.peer] = key
        return key or (None if given_keys(incoming) else known.get(incoming.peer))

    return replace(right, authenticate=authenticate)


@defect("closed-behind-errors", breaks=("tenancy.close-is-announced",), also=("*",))
def closed_behind_errors(right: Behaviour) -> Behaviour:
    """Closes the connection behind each error of its own, and does not say so in the error."""
    return replace(right, hangs_up_behind=lambda _refusal: True)


AGAIN = ("x-again", "1")
"""The line that marks a repeated answer, so that it is not repeated in its turn."""


@defect("refusal-repeated", breaks=("tenancy.connection-after-error",), also=("*",))
def refusal_repeated(right: Behaviour) -> Behaviour:
    """Answers the call behind a rejected one with the same rejection."""
    left: list[Refusal] = []

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        if refusal.status in (400, 405, 502) and AGAIN not in refusal.lines:
            left[:] = [replace(refusal, lines=(*refusal.lines, AGAIN))]
        return right.own_answer(reference, refusal)

    def place(routes: Routes, incoming: Incoming) -> Place:
        return left.pop() if left else right.place(routes, incoming)

    return replace(right, own_answer=own, place=place)


@defect("abandoned-streams-go-on", breaks=("tenancy.calls-after-abort",), also=("*",))
def abandoned_streams_go_on(right: Behaviour) -> Behaviour:
    """Gives the beginning of a stream whose client left to the next one."""
    left: list[bytes] = []

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        if left and is_event_stream(headers):
            yield left.pop()
        begun, ended = b"", False
        try:
            async for chunk in right.response_body(exchange, headers, given):
                begun += chunk
                yield chunk
            ended = True
        finally:
            if begun and not ended and is_event_stream(headers):
                left[:] = [begun]

    return replace(right, response_body=chunks)


def _unchecked(client: UpstreamSender) -> None:
    """Make the pool treat each of its connections as open."""
    if isinstance(client, UpstreamClient):
        client.looks_first = False


@defect("dead-connections-used", breaks=("tenancy.stale-connection-is-replaced",), also=("*",))
def dead_connections_used(right: Behaviour) -> Behaviour:
    """Sends calls on connections that the upstream has closed, and reports the failure."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            _unchecked(client)
            async with client.send(request) as answer:
                yield answer

        return _Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect("dead-connections-waited-for", breaks=("tenancy.stale-connection",), also=("*",), seen_in="fkiene/llmtrim#205")
def dead_connections_waited_for(right: Behaviour) -> Behaviour:
    """Waits for an answer on connections that the upstream has closed."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            _unchecked(client)
            try:
                async with client.send(request) as answer:
                    yield answer
            except UpstreamFailedError:
                await asyncio.sleep(STALL)
                raise

        return _Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))
