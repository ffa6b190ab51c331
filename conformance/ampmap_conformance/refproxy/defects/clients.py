"""Faults that an application sees through its SDK: answers in another form, ids that change, calls that multiply."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from ...reference.types import Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Outgoing, OwnAnswer, ProviderCall, Refusal, RoutedExchange
from ..upstream import StreamedAnswer, UpstreamSender, Wrapped
from .registry import defect
from .streaming import is_event_stream

PATIENCE = 0.2
"""Seconds of silence after which a second call is made."""
HINTS = ("x-should-retry", "retry-after", "retry-after-ms")
IDS = re.compile(rb'("(?:id|call_id|item_id)": ?")((?:toolu|call|fc)_)')
PAGE = b"<html><head><title>Bad gateway</title></head><body><h1>502 Bad gateway</h1></body></html>"


def _bodies(right: Behaviour, change: Callable[[bytes], bytes], when: Callable[[RoutedExchange], bool]) -> Behaviour:
    """Answers that are not streams changed, as a whole, where `when` says so."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        relayed = right.response_body(exchange, headers, given)
        if is_event_stream(headers) or not when(exchange):
            async for chunk in relayed:
                yield chunk
        else:
            yield change(b"".join([chunk async for chunk in relayed]))

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent if is_event_stream(headers) or not when(exchange) else sent.without("content-length")

    return replace(right, response_body=chunks, response_headers=lengthless)


@defect("comments-for-google", breaks=("clients.stream-lines-readable",), also=("clients.*",))
def comments_for_google(right: Behaviour) -> Behaviour:
    """Puts comments into Gemini's streams, which is legal, and which Google's own SDK cannot read."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        gemini = isinstance(exchange.place, ProviderCall) and exchange.place.match.call.dialect == "gemini"
        async for chunk in right.response_body(exchange, headers, given):
            yield b": waiting\n\n" + chunk if gemini and is_event_stream(headers) and chunk[:5] == b"data:" else chunk

    return replace(right, response_body=chunks)


def _in_envelope(body: bytes) -> bytes:
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    good = isinstance(answer, dict) and not {"error", "message"} & set(answer)
    return b'{"success":true,"data":' + body + b"}" if good else body


def _calls(*operations: str) -> Callable[[RoutedExchange], bool]:
    def asked(exchange: RoutedExchange) -> bool:
        return isinstance(exchange.place, ProviderCall) and exchange.place.match.call.id in operations

    return asked


def _any_call(exchange: RoutedExchange) -> bool:
    return isinstance(exchange.place, ProviderCall)


@defect("answers-in-envelope", breaks=("clients.plain", "routing.answer-relayed", "auth.accepts-credential"))
def answers_in_envelope(right: Behaviour) -> Behaviour:
    """Puts every answer into an envelope of its own, with the upstream's JSON as `data`."""
    return _bodies(right, _in_envelope, _any_call)


@defect(
    "model-lists-bare",
    breaks=("clients.models", "routing.answer-relayed"),
    also=("routing.models-list-form",),
)
def model_lists_bare(right: Behaviour) -> Behaviour:
    """Answers a list of models as a bare JSON array of names."""
    return _bodies(right, lambda _body: b'["example-model"]', _calls("models.list"))


@defect("token-counts-renamed", breaks=("clients.count-tokens", "routing.answer-relayed"))
def token_counts_renamed(right: Behaviour) -> Behaviour:
    """Answers token counts in the form of one dialect, for every dialect."""
    return _bodies(right, lambda _body: b'{"total":9}', _calls("messages.count_tokens", "countTokens"))


@defect(
    "tool-call-ids-renewed",
    breaks=("clients.tool-round-trip",),
    also=("bodies.history-round-trip", "bodies.rich-answer-kept", "streaming.every-kind-of-event"),
)
def tool_call_ids_renewed(right: Behaviour) -> Behaviour:
    """Gives tool calls ids of its own, and sends their results on under these."""

    def renewed(data: bytes) -> bytes:
        return IDS.sub(rb"\1renewed_\2", data)

    changed = _bodies(right, renewed, _any_call)

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in changed.response_body(exchange, headers, given):
            yield renewed(chunk) if is_event_stream(headers) else chunk

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        return changed.response_headers(exchange, headers).without("content-length")

    return replace(changed, response_body=chunks, response_headers=lengthless)


@defect(
    "errors-as-pages",
    breaks=(
        "clients.errors",
        "errors.upstream-error-body-relayed",
        "errors.routed-error-body-relayed",
        "errors.odd-error-relayed",
    ),
    also=("headers.undeclared-compression-alike",),
)
def errors_as_pages(right: Behaviour) -> Behaviour:
    """Shows a page of its own, as text/html, for every error of the upstream; the status stays."""

    def own(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
        if status is None or status < 400 or not _any_call(exchange):
            return right.stand_in(exchange, status)
        return OwnAnswer(status, Headers((("Content-Type", "text/html"),)), PAGE)

    return replace(right, stand_in=own)


@defect(
    "request-ids-dropped",
    breaks=("clients.errors",),
    also=("headers.limits-*",),
)
def request_ids_dropped(right: Behaviour) -> Behaviour:
    """Drops the upstream's request id."""
    return replace(
        right,
        response_headers=lambda exchange, headers: right.response_headers(exchange, headers).without(
            "request-id", "x-request-id"
        ),
    )


@defect(
    "wrong-keys-fail",
    breaks=("clients.own-errors", "auth.wrong-refused"),
    also=("auth.*", "management.refuses-without-credential", "management.unknown-path"),
)
def wrong_keys_fail(right: Behaviour) -> Behaviour:
    """Fails with 500 on a key that it does not know, so that SDKs try again."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, status=500) if refusal.status == 401 else answer

    return replace(right, own_answer=own)


@defect(
    "retry-hints-dropped",
    breaks=("clients.retry-hints",),
    also=("fallback.retry-headers-relayed", "headers.response-relayed", "management.retry-after-relayed"),
)
def retry_hints_dropped(right: Behaviour) -> Behaviour:
    """Drops the headers that say when, and whether, to retry."""
    return replace(
        right, response_headers=lambda exchange, headers: right.response_headers(exchange, headers).without(*HINTS)
    )


@defect(
    "slow-calls-doubled",
    breaks=("clients.timeout",),
    also=("bodies.large", "errors.early-answer-relayed", "errors.silent-upstream", "streaming.client-gone-early"),
)
def slow_calls_doubled(right: Behaviour) -> Behaviour:
    """Makes a call a second time when the upstream is silent for a moment, and waits for the second."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(PATIENCE):
                        answer = await held.enter_async_context(client.send(request))
                except TimeoutError:
                    answer = await held.enter_async_context(client.send(request))
                yield answer

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))
