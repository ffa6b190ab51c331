"""Faults of proxies that make up what an answer says about its own end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import RoutedExchange
from ..headers import answer_coding
from .registry import defect

REASON = re.compile(rb'("(?:stop_reason|finish_reason|finishReason)": ?)"([^"]*)"')
CALLS = (b"tool_use", b"tool_calls")
USUAL = {b"stop_reason": b"end_turn", b"finish_reason": b"stop", b"finishReason": b"STOP"}
EARLY = re.compile(rb'"incomplete_details": ?\{"reason": ?"[^"]*"\}')
ANSWER = re.compile(rb'\{"(?:id|candidates)".{1,4000}\}', re.DOTALL)
COUNTED = re.compile(rb'"usage(?:Metadata)?"\s*:\s*\{')
NULLS = re.compile(rb'"(?:usageMetadata|cache_read_input_tokens|system_fingerprint)": ?null')
OF_REQUEST = re.compile(rb'("(?:input_tokens|prompt_tokens|promptTokenCount)": ?)(\d+)')
USAGE = re.compile(rb'("prompt_tokens": ?(\d+), ?"completion_tokens": ?(\d+), ?"total_tokens": ?)\d+')


def _rewriting(right: Behaviour, change: Callable[[bytes], bytes]) -> Behaviour:
    """`right`, but each piece of an answer is changed as the function says."""

    def applies(headers: Headers) -> bool:
        return answer_coding(headers) == "identity"

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in right.response_body(exchange, headers, given):
            yield change(chunk) if applies(headers) else chunk

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent.without("content-length") if applies(headers) else sent

    return replace(right, response_body=chunks, response_headers=lengthless)


@defect("reasons-guessed", breaks=("bodies.every-end-kept",), seen_in="LuthienResearch/luthien-proxy#754")
def reasons_guessed(right: Behaviour) -> Behaviour:
    """Guesses from its content why an answer ended: tools are called, or it is finished."""

    def guessed(found: re.Match[bytes]) -> bytes:
        name = found[1].partition(b'":')[0].strip(b'"')
        return found[0] if found[2] in CALLS else found[1] + b'"' + USUAL[name] + b'"'

    def change(chunk: bytes) -> bytes:
        return EARLY.sub(b'"incomplete_details":null', REASON.sub(guessed, chunk))

    return _rewriting(right, change)


@defect("totals-added-up", breaks=("bodies.every-end-kept",))
def totals_added_up(right: Behaviour) -> Behaviour:
    """Adds up the total of tokens itself."""

    def change(chunk: bytes) -> bytes:
        return USAGE.sub(lambda found: found[1] + str(int(found[2]) + int(found[3])).encode(), chunk)

    return _rewriting(right, change)


@defect("stream-usage-added-up", breaks=("routing.stream-relayed",))
def stream_usage_added_up(right: Behaviour) -> Behaviour:
    """Adds up the tokens of the request that a stream tells more than once."""

    def change(chunk: bytes) -> bytes:
        if not chunk.startswith((b"data:", b"event:")):
            return chunk
        return OF_REQUEST.sub(lambda found: found[1] + str(2 * int(found[2])).encode(), chunk)

    return _rewriting(right, change)


@defect("usage-required", breaks=("bodies.optional-parts",))
def usage_required(right: Behaviour) -> Behaviour:
    """Reads the usage of every answer, and relays nothing of an answer that has none."""

    def change(chunk: bytes) -> bytes:
        return b"{}" if ANSWER.fullmatch(chunk) and not COUNTED.search(chunk) else chunk

    return _rewriting(right, change)


@defect("null-parts-end-streams", breaks=("bodies.optional-parts",))
def null_parts_end_streams(right: Behaviour) -> Behaviour:
    """Drops an event of a stream in which a part is null that it counts with."""

    def change(chunk: bytes) -> bytes:
        return b"" if chunk.startswith((b"data:", b"event:")) and NULLS.search(chunk) else chunk

    return _rewriting(right, change)
