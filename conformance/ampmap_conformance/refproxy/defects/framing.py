"""Faults with lengths, codings and expectations."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Incoming, Place, Refusal, RoutedExchange
from ..headers import answer_coding
from ..routing import Routes
from ..upstream import UpstreamClient, UpstreamSender
from .headers_contract import current_status, knowing_status
from .registry import defect

GZIP_MAGIC = b"\x1f\x8b"


def _lengthless(right: Behaviour, exchange: RoutedExchange, given: Headers) -> Headers:
    return right.response_headers(exchange, given).without("content-length")


@defect("length-dropped", breaks=("headers.length-not-replaced-by-chunks",),
        seen_in="envoyproxy/ai-gateway#721")  # fmt: skip
def length_dropped(right: Behaviour) -> Behaviour:
    """Removes the length and sends the body in chunks, which vendors reject."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return sent.without("content-length").adding(("Transfer-Encoding", "chunked")) if body else sent

    return replace(right, upstream_headers=headers)


@defect("length-beside-chunks", breaks=("headers.length-kept", "headers.length-after-rewrite"))
def length_beside_chunks(right: Behaviour) -> Behaviour:
    """Sends the body in chunks, and copies the client's length beside them."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return sent.adding(("Transfer-Encoding", "chunked")) if body else sent

    return replace(right, upstream_headers=headers)


@defect(
    "length-stale",
    breaks=(
        "fallback.mapping-rewrites-model",
        "fallback.pattern-mapping",
        "fallback.mapping-can-be-forced",
    ),
    seen_in="kubernetes-sigs/gateway-api-inference-extension#943",
)
def length_stale(right: Behaviour) -> Behaviour:
    """Sends a changed body with the length of the old one."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, length = right.upstream_headers(exchange, body), exchange.incoming.headers.get("content-length")
        return sent.setting("Content-Length", length) if length and body else sent

    return replace(right, upstream_headers=headers)


@defect(
    "compressed-bytes-decoded-as-text",
    breaks=("headers.compressed-answer-readable", "errors.odd-error-relayed"),
    seen_in="Wei-Shaw/claude-relay-service#1030",
)
def compressed_bytes_decoded_as_text(right: Behaviour) -> Behaviour:
    """Passes answers through a text decoder, which replaces bytes that are not UTF-8."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([chunk async for chunk in right.response_body(exchange, headers, given)])
        yield whole.decode("utf-8", "replace").encode()

    return replace(
        right, response_body=chunks, response_headers=lambda exchange, given: _lengthless(right, exchange, given)
    )


@defect(
    "compression-label-lost",
    breaks=(
        "headers.compressed-answer-readable",
        "headers.rare-coding-readable",
        "management.compressed-answer-readable",
    ),
    also=("streaming.flushed-with-compression",),
    seen_in="router-for-me/CLIProxyAPI#1895",
)
def coding_label_lost(right: Behaviour) -> Behaviour:
    """Relays compressed bytes and does not say that they are."""
    return replace(
        right,
        response_headers=lambda exchange, given: right.response_headers(exchange, given).without("content-encoding"),
    )


@defect("compression-label-kept", breaks=("headers.compressed-answer-readable",), seen_in="rossoctl/cortex#656")
def coding_label_kept(right: Behaviour) -> Behaviour:
    """Decompresses answers and still calls them compressed."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        packed = answer_coding(headers) == "gzip"
        whole = b"".join([chunk async for chunk in right.response_body(exchange, headers, given)])
        yield zlib.decompress(whole, wbits=31) if packed and whole.startswith(GZIP_MAGIC) else whole

    return replace(
        right, response_body=chunks, response_headers=lambda exchange, given: _lengthless(right, exchange, given)
    )


@defect(
    "compressed-stream-lost",
    breaks=("headers.compressed-answer-readable", "fallback.names-however-written"),
    seen_in="epam/ai-dial-core#1646",
)
def compressed_stream_lost(right: Behaviour) -> Behaviour:
    """Finds no events in a compressed stream, and ends it."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        lost = "event-stream" in (headers.get("content-type") or "") and answer_coding(headers) == "gzip"
        async for chunk in right.response_body(exchange, headers, given):
            if not lost:
                yield chunk

    return replace(right, response_body=chunks)


@defect(
    "hidden-coding-read-in-successes",
    breaks=("headers.undeclared-compression-alike",),
    seen_in="router-for-me/CLIProxyAPI@07d6689d8",
)
def hidden_coding_read_in_successes(right: Behaviour) -> Behaviour:
    """Decompresses answers that do not say that they are compressed, but leaves errors as they are."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([chunk async for chunk in right.response_body(exchange, headers, given)])
        hidden = "content-encoding" not in headers and whole.startswith(GZIP_MAGIC)
        yield zlib.decompress(whole, wbits=31) if hidden and current_status() < 400 else whole

    return replace(
        knowing_status(right),
        response_body=chunks,
        response_headers=lambda exchange, given: _lengthless(right, exchange, given),
    )


@defect("gzip-asked-for", breaks=("headers.coding-not-asked-for",), seen_in="Portkey-AI/gateway#1261")
def gzip_asked_for(right: Behaviour) -> Behaviour:
    """Requests gzip of every upstream, and relays what it gets."""
    return replace(
        right,
        upstream_headers=lambda exchange, body: right.upstream_headers(exchange, body).setting(
            "Accept-Encoding", "gzip"
        ),
    )


@defect("expectation-unknown", breaks=("headers.expectation-met",))
def expectation_unknown(right: Behaviour) -> Behaviour:
    """Rejects a call that has `Expect: 100-continue`."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        if "expect" in incoming.headers:
            return Refusal(400, "Unknown header: Expect")
        return right.place(routes, incoming)

    return replace(right, place=place)


@defect(
    "rare-coding-label-lost", breaks=("headers.rare-coding-readable",), seen_in="router-for-me/CLIProxyAPI@419bf784a"
)
def rare_coding_label_lost(right: Behaviour) -> Behaviour:
    """Keeps the label of the one coding that it knows, and drops the others."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed if answer_coding(given) in ("gzip", "identity") else relayed.without("content-encoding")

    return replace(right, response_headers=headers)


@defect("extras-break-answers", breaks=("headers.interim-answers-harmless", "headers.trailers-harmless"))
def extras_break_answers(right: Behaviour) -> Behaviour:
    """Takes interim answers, and headers behind a body, for a fault of the upstream."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        if isinstance(client, UpstreamClient):
            client.bears_extras = False
        return right.sender(client)

    return replace(right, sender=sender)


@defect("reads-behind-the-body", breaks=("errors.early-answer-relayed",))
def reads_behind_the_body(right: Behaviour) -> Behaviour:
    """Looks for an answer when all of the body is sent, and finds a broken connection where the upstream answered."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        if isinstance(client, UpstreamClient):
            client.reads_while_sending = False
        return right.sender(client)

    return replace(right, sender=sender)
