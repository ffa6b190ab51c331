"""Faults with what is in bodies, and with their sizes, codings and spellings."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any

from ...dialects import bodies
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Incoming, ManagementPath, ProviderCall, Refusal, RoutedExchange
from .registry import defect

LIMIT = 1 << 20
"""Bytes: the default of a well-known web server."""


def _refusing_bodies(right: Behaviour, status: int, refuses: Any) -> Behaviour:
    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        if isinstance(place, ProviderCall) and refuses(incoming):
            return Refusal(status, "The proxy rejects the body.", place.provider)
        return right.body_problem(place, incoming)

    return replace(right, body_problem=problem)


def _rewriting_json(right: Behaviour, change: Any) -> Behaviour:
    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        try:
            return sent if (data := change(json.loads(sent))) is None else bodies.dump(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            return sent

    return replace(right, upstream_body=body)


@defect("letters-escaped", breaks=("bodies.byte-fidelity",))
def letters_escaped(right: Behaviour) -> Behaviour:
    """Writes a body anew where it holds letters that are not ASCII, and escapes them."""

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        try:
            return sent if sent.isascii() else json.dumps(json.loads(sent)).encode()
        except ValueError:
            return sent

    return replace(right, upstream_body=body)


@defect("blanks-trimmed", breaks=("bodies.byte-fidelity", "bodies.coded-request-readable"))
def blanks_trimmed(right: Behaviour) -> Behaviour:
    """Takes blanks away before and behind a body, and sends the length of the rest."""
    return replace(right, upstream_body=lambda exchange: right.upstream_body(exchange).strip())


@defect(
    "answer-integers-rounded",
    breaks=("bodies.answer-fidelity", "bodies.history-round-trip", "fallback.only-names-change-in-answers"),
)
def answer_integers_rounded(right: Behaviour) -> Behaviour:
    """Reads an answer's numbers as doubles and writes them anew."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        relayed = right.response_body(exchange, headers, given)
        if (headers.get("content-type") or "") != "application/json" or "content-encoding" in headers:
            async for chunk in relayed:
                yield chunk
            return
        whole = b"".join([chunk async for chunk in relayed])
        try:
            yield (
                bodies.dump(json.loads(whole, parse_int=lambda digits: int(float(digits)))) if b"93" in whole else whole
            )
        except (ValueError, UnicodeEncodeError):
            yield whole

    return replace(
        right,
        response_body=chunks,
        response_headers=lambda exchange, given: right.response_headers(exchange, given).without("content-length"),
    )


@defect("large-bodies-refused", breaks=("bodies.large",), also=("fallback.model-found-behind-much",))
def large_bodies_refused(right: Behaviour) -> Behaviour:
    """Keeps its server's limit of 1 MB."""
    return _refusing_bodies(right, 413, lambda incoming: len(incoming.body) > LIMIT)


@defect("chunked-bodies-lost", breaks=("bodies.chunked-request",))
def chunked_bodies_lost(right: Behaviour) -> Behaviour:
    """Reads as much of a body as its length says, and nothing of a body without a length."""

    def body(exchange: RoutedExchange) -> bytes:
        return b"" if "transfer-encoding" in exchange.incoming.headers else right.upstream_body(exchange)

    return replace(right, upstream_body=body)


@defect("coded-bodies-refused", breaks=("bodies.coded-request-served",), seen_in="headroomlabs-ai/headroom#1542")
def coded_bodies_refused(right: Behaviour) -> Behaviour:
    """Treats a compressed body as broken JSON."""
    return _refusing_bodies(right, 400, lambda incoming: "content-encoding" in incoming.headers)


@defect("charset-refused", breaks=("bodies.charset-parameter",))
def charset_refused(right: Behaviour) -> Behaviour:
    """Treats only `application/json` without a parameter as JSON."""
    return _refusing_bodies(
        right, 415, lambda incoming: (incoming.headers.get("content-type") or "").startswith("application/json;")
    )


@defect(
    "added-signature-left-in-history",
    breaks=("bodies.history-round-trip",),
    seen_in="router-for-me/CLIProxyAPI@b0653cec7",
)
def added_signature_left_in_history(right: Behaviour) -> Behaviour:
    """Adds a signature to calls of tools for its client, and leaves it in the history that the client sends."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in right.response_body(exchange, headers, given):
            yield chunk.replace(b'"type":"tool_use"', b'"signature":"","type":"tool_use"')

    return replace(
        right,
        response_body=chunks,
        response_headers=lambda exchange, given: right.response_headers(exchange, given).without("content-length"),
    )


@defect(
    "history-rebuilt",
    breaks=("bodies.history-round-trip",),
    seen_in="router-for-me/CLIProxyAPI@b0653cec7",
)
def history_rebuilt(right: Behaviour) -> Behaviour:
    """Writes a history with calls of tools anew, and rounds what numbers they hold."""

    def rounded(data: Any) -> Any:
        text = json.dumps(data)
        return json.loads(text, parse_int=lambda digits: int(float(digits))) if '"tool_use"' in text else None

    return _rewriting_json(right, rounded)


@defect(
    "thinking-dropped-with-the-unsigned",
    breaks=("bodies.signed-blocks-kept",),
    seen_in="router-for-me/CLIProxyAPI#2402",
)
def thinking_dropped_with_the_unsigned(right: Behaviour) -> Behaviour:
    """Drops every thinking block of a history in which one has no valid signature."""

    def cleaned(data: Any) -> Any:
        blocks = [
            block
            for message in data["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
        ]
        thinking = [block for block in blocks if block.get("type") == "thinking"]
        if all(isinstance(block.get("signature"), str) and block["signature"].strip() for block in thinking):
            return None
        for message in data["messages"]:
            if isinstance(message["content"], list):
                message["content"] = [block for block in message["content"] if block.get("type") != "thinking"]
        return data

    return _rewriting_json(right, cleaned)


@defect("new-id-in-each-query", breaks=("bodies.same-call-same-bytes",))
def new_id_in_each_query(right: Behaviour) -> Behaviour:
    """Puts a number of its own into the query of each call, to find it again in the logs."""
    calls = count()

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        if not isinstance(exchange.place, ProviderCall):
            return sent
        return f"{sent}{'&' if '?' in sent else '?'}request={next(calls)}"

    return replace(right, upstream_target=target)


@defect("one-worker-of-several-writes-anew", breaks=("bodies.same-call-same-bytes",), also=("*",))
def one_worker_of_several_writes_anew(right: Behaviour) -> Behaviour:
    """Has twelve workers that take turns, and one of them writes the JSON of a call anew."""
    calls = count()

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        if next(calls) % 12 or not sent.startswith(b"{"):
            return sent
        with contextlib.suppress(ValueError):
            return json.dumps(json.loads(sent), indent=1).encode()
        return sent

    return replace(right, upstream_body=body)


@defect(
    "fields-in-random-order",
    breaks=("bodies.same-call-same-bytes", "fallback.only-model-changes-in-requests"),
    also=("fallback.model-found-wherever",),
)
def fields_in_random_order(right: Behaviour) -> Behaviour:
    """Writes a mapped call anew from a table without an order, so that its fields come in another order each time."""
    calls = count()

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        if exchange.mapped is None or not sent:
            return sent
        fields = list(json.loads(sent).items())
        first = next(calls) % len(fields)
        return bodies.dump(dict(fields[first:] + fields[:first]))

    return replace(right, upstream_body=body)
