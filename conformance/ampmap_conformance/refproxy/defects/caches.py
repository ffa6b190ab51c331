"""Faults of proxies that keep answers and give them to other calls than those that they are the answers of."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace

from ...wire.credentials import CREDENTIAL_HEADERS
from ..behaviour import Behaviour
from ..exchange import Outgoing
from ..upstream import StreamedAnswer, UpstreamSender, Wrapped
from .registry import defect


def _keeping(right: Behaviour, key_of: Callable[[Outgoing], Hashable]) -> Behaviour:
    """`right`, but it keeps good answers to POST, and gives them to each call that has the same key."""
    known: dict[Hashable, tuple[StreamedAnswer, list[bytes]]] = {}

    async def again(parts: list[bytes]) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    def sender(client: UpstreamSender) -> UpstreamSender:
        async def kept(key: Hashable, answer: StreamedAnswer) -> AsyncIterator[bytes]:
            parts = []
            async for chunk in answer.chunks:
                parts.append(chunk)
                yield chunk
            known[key] = (answer, parts)

        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            key = key_of(request)
            if key in known:
                answer, parts = known[key]
                yield replace(answer, chunks=again(parts))
                return
            async with client.send(request) as answer:
                keep = request.method == "POST" and answer.status == 200
                yield replace(answer, chunks=kept(key, answer)) if keep else answer

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect(
    "answers-kept",
    breaks=("tenancy.no-shared-answer", "tenancy.no-answer-of-another-client", "tenancy.no-answer-to-another-call"),
)
def answers_kept(right: Behaviour) -> Behaviour:
    """Keeps answers, and gives them to every client that makes the same call, whatever its headers ask for."""
    return _keeping(right, lambda request: (request.target, request.body))


@defect(
    "answers-kept-for-all-clients",
    breaks=("tenancy.no-shared-answer", "tenancy.no-answer-of-another-client"),
    seen_in="wso2/api-platform#733",
)
def answers_kept_for_all_clients(right: Behaviour) -> Behaviour:
    """Keeps answers by all that a call says, but not by who made it."""

    def key(request: Outgoing) -> Hashable:
        said = tuple(line for line in request.headers if line[0].lower() not in CREDENTIAL_HEADERS)
        return request.target, request.body, said

    return _keeping(right, key)


@defect(
    "answers-kept-by-what-is-asked",
    breaks=("tenancy.no-shared-answer", "tenancy.no-answer-to-another-call", "tenancy.no-answer-of-another-client"),
    seen_in="headroomlabs-ai/headroom#3346",
)
def answers_kept_by_what_is_asked(right: Behaviour) -> Behaviour:
    """Keeps answers by the messages of a call; whether it asks for a stream, and its query, are not looked at."""

    def key(request: Outgoing) -> Hashable:
        path = re.sub(r":\w+$", "", request.target.partition("?")[0])
        return path, re.sub(rb'"stream": ?(?:true|false),?', b"", request.body)

    return _keeping(right, key)
