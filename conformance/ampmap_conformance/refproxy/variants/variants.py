"""Proxies that do everything right in a way of their own. None of them may raise a failure or a warning."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from ...dialects import bodies
from ...reference.types import Provider, Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import (
    Amp,
    Incoming,
    Local,
    ManagementPath,
    Outgoing,
    OwnAnswer,
    Place,
    ProviderCall,
    Refusal,
    RoutedExchange,
    UpstreamFailure,
)
from ..headers import answer_coding
from ..routing import Routes
from ..upstream import StreamedAnswer, UpstreamBrokenError, UpstreamSender
from . import answers, limits, requests, targets, translating
from .registry import VARIANTS, Chunks, is_plain_stream, on_its_way, variant, variant_called

LATENCY = 0.03
SILENCE = 0.3
PIECE = 100


@variant("capital-headers")
def capital_headers(right: Behaviour) -> Behaviour:
    """Writes header names in capitals, in both directions."""

    def capitals(headers: Headers) -> Headers:
        return Headers(tuple((name.upper(), value) for name, value in headers))

    return replace(
        right,
        upstream_headers=lambda exchange, body: capitals(right.upstream_headers(exchange, body)),
        response_headers=lambda exchange, given: capitals(right.response_headers(exchange, given)),
    )


@variant("headers-in-another-order")
def headers_in_another_order(right: Behaviour) -> Behaviour:
    """Sorts header lines by name; lines of the same name keep their order."""

    def ordered(headers: Headers) -> Headers:
        return Headers(tuple(sorted(headers, key=lambda line: line[0].lower())))

    return replace(
        right,
        upstream_headers=lambda exchange, body: ordered(right.upstream_headers(exchange, body)),
        response_headers=lambda exchange, given: ordered(right.response_headers(exchange, given)),
    )


@variant("headers-of-its-own")
def headers_of_its_own(right: Behaviour) -> Behaviour:
    """Adds Via and an id of its own to every answer, and sends its own date and name in place of the upstream's."""
    lines = (
        ("Via", "1.1 example"),
        ("Date", "Mon, 03 Nov 2025 10:00:00 GMT"),
        ("Server", "example"),
        ("X-Proxy-Id", "7"),
    )

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        return right.response_headers(exchange, given).without("date", "server").adding(*lines)

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, headers=answer.headers.adding(*lines))

    return replace(right, response_headers=headers, own_answer=own)


@variant("small-chunks")
def small_chunks(right: Behaviour) -> Behaviour:
    """Relays answers in small pieces, cut at any place."""

    async def cut(_exchange: RoutedExchange, _headers: Headers, given: Chunks) -> Chunks:
        async for chunk in given:
            size = max(PIECE, len(chunk) // 20)
            for start in range(0, len(chunk), size):
                yield chunk[start : start + size]

    return on_its_way(right, cut)


@variant("length-not-told")
def length_not_told(right: Behaviour) -> Behaviour:
    """Sends every answer in chunks, though its length is known."""
    return replace(
        right,
        response_headers=lambda exchange, given: right.response_headers(exchange, given).without("content-length"),
    )


@variant("events-written-anew")
def events_written_anew(right: Behaviour) -> Behaviour:
    """Reads the lines of a stream and writes them anew: other line ends, no space behind the colon."""

    async def anew(_exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        if not is_plain_stream(headers):
            async for chunk in given:
                yield chunk
            return
        held: list[bytes] = []
        async for chunk in given:
            held.append(chunk)
            if b"\n" not in chunk and b"\r" not in chunk:
                continue
            *lines, rest = re.split(rb"\r\n|\n|\r(?!\n|\Z)", b"".join(held))
            held = [rest]
            for line in lines:
                yield re.sub(rb"^(data|event): ", rb"\1:", line) + b"\r\n"
        if rest := b"".join(held):
            yield rest

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent.without("content-length") if is_plain_stream(headers) else sent

    return replace(on_its_way(right, anew), response_headers=lengthless)


@variant("json-written-anew")
def json_written_anew(right: Behaviour) -> Behaviour:
    """Reads the JSON of good answers and writes it anew, in another layout and with a field of its own."""

    def applies(exchange: RoutedExchange, headers: Headers) -> bool:
        listed = isinstance(exchange.place, ProviderCall) and exchange.place.match.call.operation.request is None
        kind = headers.get("content-type") or ""
        return listed and kind.startswith("application/json") and answer_coding(headers) == "identity"

    async def anew(_exchange: RoutedExchange, _headers: Headers, given: Chunks) -> Chunks:
        whole = b"".join([chunk async for chunk in given])
        try:
            data = json.loads(whole)
        except ValueError:
            data = None
        if isinstance(data, dict) and "error" not in data:
            whole = json.dumps({**data, "x_proxy": True}, indent=2).encode()
        yield whole

    async def chosen(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        async for chunk in anew(exchange, headers, given) if applies(exchange, headers) else given:
            yield chunk

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent.without("content-length") if applies(exchange, headers) else sent

    return replace(on_its_way(right, chosen), response_headers=lengthless)


@variant("signs-of-life")
def signs_of_life(right: Behaviour) -> Behaviour:
    """Begins each stream with a comment, and sends one whenever it is quiet between two events."""

    async def lively(_exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        if not is_plain_stream(headers):
            async for chunk in given:
                yield chunk
            return
        between, tail = True, b""
        following = asyncio.ensure_future(anext(given, None))
        try:
            while True:
                done, _ = await asyncio.wait((following,), timeout=SILENCE)
                if not done:
                    if between:
                        yield b": still there\n\n"
                    continue
                piece = following.result()
                if piece is None:
                    return
                tail = (tail + piece)[-4:]
                between = tail.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
                yield piece
                following = asyncio.ensure_future(anext(given, None))
        finally:
            following.cancel()

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent.without("content-length") if is_plain_stream(headers) else sent

    return replace(on_its_way(right, lively), response_headers=lengthless)


@variant("abort-told-in-band")
def abort_told_in_band(right: Behaviour) -> Behaviour:
    """Reports a stream that broke off by the dialect's own error event, where it broke off between two events."""

    async def told(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        tail = b"\n\n"
        try:
            async for chunk in given:
                tail = (tail + chunk)[-4:]
                yield chunk
        except UpstreamBrokenError:
            frame = (
                _error_frame(exchange) if is_plain_stream(headers) and tail.endswith((b"\n\n", b"\r\n\r\n")) else None
            )
            if frame is None:
                raise
            yield frame

    return on_its_way(right, told)


def _error_frame(exchange: RoutedExchange) -> bytes | None:
    if not isinstance(exchange.place, ProviderCall):
        return None
    call = exchange.place.match.call
    if call.operation.in_band_error is None:
        return None
    return bodies.in_band_error_frame(call, bodies.framing(exchange.config.reference, call))


@variant("other-words-in-errors")
def other_words_in_errors(right: Behaviour) -> Behaviour:
    """Writes its errors in its own words, and adds fields to them."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, replace(refusal, message=f"Das geht nicht (Status {refusal.status})."))
        data = json.loads(answer.body)
        return replace(answer, body=bodies.dump({**data, "x_help": "https://example.invalid/help", "x_id": "e-17"}))

    return replace(right, own_answer=own)


@variant("other-statuses-in-errors")
def other_statuses_in_errors(right: Behaviour) -> Behaviour:
    """Answers 422 to invalid JSON, and 503 with a Retry-After where an upstream cannot be reached."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        found = right.body_problem(place, incoming)
        return replace(found, status=422) if found is not None and found.status == 400 else found

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        return replace(right.upstream_failed(exchange, failure), status=503, lines=(("Retry-After", "1"),))

    return replace(right, body_problem=problem, upstream_failed=failed)


class _Late:
    """A sender that takes its time."""

    def __init__(self, client: UpstreamSender) -> None:
        self._client = client

    def send(self, request: Outgoing) -> AbstractAsyncContextManager[StreamedAnswer]:
        """Send, a little later."""

        @asynccontextmanager
        async def late() -> AsyncIterator[StreamedAnswer]:
            await asyncio.sleep(LATENCY)
            async with self._client.send(request) as answer:
                yield answer

        return late()


@variant("some-latency")
def some_latency(right: Behaviour) -> Behaviour:
    """Waits a little before each call."""
    return replace(right, sender=_Late)


@variant("connection-per-call")
def connection_per_call(right: Behaviour) -> Behaviour:
    """Keeps no connection open, neither to the client nor to the upstream."""

    def outgoing(exchange: RoutedExchange, body: bytes) -> Headers:
        return right.upstream_headers(exchange, body).setting("Connection", "close")

    def incoming(exchange: RoutedExchange, given: Headers) -> Headers:
        return right.response_headers(exchange, given).setting("Connection", "close")

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, headers=answer.headers.setting("Connection", "close"))

    return replace(right, upstream_headers=outgoing, response_headers=incoming, own_answer=own)


@variant("routes-of-its-own")
def routes_of_its_own(right: Behaviour) -> Behaviour:
    """Serves a health page, and providers' paths without the proxy's prefix as well."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if not isinstance(found, Refusal) or found.about is not None:
            return found
        for base, provider, _ in routes.providers:
            other = right.place(routes, replace(incoming, path=base[:-1] + incoming.path))
            if isinstance(other, ProviderCall) and provider.upstream_credential == "x-api-key":
                return other
        return found

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, headers=answer.headers.adding(("Link", "</healthz>; rel=health")))

    return replace(right, place=place, own_answer=own)


@variant("bearer-upstream")
def bearer_upstream(right: Behaviour) -> Behaviour:
    """Sends its key as a bearer token to providers that take it in several carriers."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        takes = isinstance(exchange.place, ProviderCall) and _takes_bearer(exchange.place.provider)
        if not takes or isinstance(exchange.back_end, Amp):
            return sent
        key = exchange.back_end.upstream.key
        return sent.without("x-api-key", "x-goog-api-key").setting("Authorization", f"Bearer {key}")

    return replace(right, upstream_headers=headers)


def _takes_bearer(provider: Provider) -> bool:
    return "authorization-bearer" in (provider.upstream_credential, *provider.client_credentials)


@variant("amp-headers-kept-back", amp_headers="stripped")
def amp_headers_kept_back(right: Behaviour) -> Behaviour:
    """Does not show Amp's own headers to providers, and says so."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        if isinstance(exchange.back_end, Amp):
            return sent
        return Headers(tuple(line for line in sent if not line[0].lower().startswith(("amp-", "x-amp-"))))

    return replace(right, upstream_headers=headers)


@variant("requests-written-anew", body="rewritten", amp_headers="stripped")
def requests_written_anew(right: Behaviour) -> Behaviour:
    """Writes the JSON of requests anew, and sends the upstream no header of the client's; and says so."""

    def is_written(exchange: RoutedExchange) -> bool:
        coded = exchange.incoming.headers.get("content-encoding") is not None
        to_provider = isinstance(exchange.back_end, Local) and isinstance(exchange.place, ProviderCall)
        return to_provider and bool(exchange.incoming.body) and not coded

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        return json.dumps(json.loads(sent), sort_keys=True).encode() if is_written(exchange) else sent

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        own = ("user-agent", "amp-", "x-amp-") if is_written(exchange) else ()
        return Headers(tuple(line for line in sent if not line[0].lower().startswith(own)))

    return replace(right, upstream_body=body, upstream_headers=headers)


@variant("upstreams-names-kept", response_model="upstream")
def upstreams_names_kept(right: Behaviour) -> Behaviour:
    """Leaves the serving model's name in answers to mapped calls, and says so."""

    async def chunks(_exchange: RoutedExchange, _headers: Headers, given: Chunks) -> Chunks:
        async for chunk in given:
            yield chunk

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        back_end = exchange.back_end
        served = replace(exchange, back_end=replace(back_end, mapped=None)) if isinstance(back_end, Local) else exchange
        return right.response_headers(served, given)

    return replace(right, response_body=chunks, response_headers=headers)


__all__ = ["VARIANTS", "answers", "limits", "requests", "targets", "translating", "variant_called"]
