"""Faults with WebSockets that Amp's servers open: offers that hang, and what does not pass on an open one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ...wire.messages import Headers
from ...wire.websocket import Offer
from ..behaviour import Behaviour, Chunks
from ..exchange import Outgoing, RoutedExchange, UpstreamFailure
from ..headers import offers_websocket
from ..upstream import StreamedAnswer, UpstreamFailedError, UpstreamSender, Wrapped
from .registry import defect

FOREVER = 3600
LONGEST = 64 << 10
ENDED = b"\x88\x02\x0f\xa1"
ENDED_NORMALLY = b"\x88\x02\x03\xe8"


@defect("websocket-hangs", breaks=("management.websocket",))
def websocket_hangs(right: Behaviour) -> Behaviour:
    """Waits for the body of the answer by which Amp's servers open a WebSocket, and there is none."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with client.send(request) as answer:
                if answer.put is not None:
                    await asyncio.sleep(FOREVER)
                yield answer

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect("websocket-refused-when-open", breaks=("management.websocket-open-for-both",))
def websocket_refused_when_open(right: Behaviour) -> Behaviour:
    """Passes an offer on, and takes the answer by which Amp's servers open the WebSocket for a fault of theirs."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with client.send(request) as answer:
                if answer.put is not None:
                    raise UpstreamFailedError(UpstreamFailure.UNREADABLE)
                yield answer

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect("websocket-one-way", breaks=("management.websocket",))
def websocket_one_way(right: Behaviour) -> Behaviour:
    """Passes on what Amp's servers say on a WebSocket, and nothing of what the client says."""

    async def chunks(given: Chunks) -> AsyncIterator[bytes]:
        async for _ in given:
            yield b""

    return replace(right, from_client=lambda given: chunks(right.from_client(given)))


@defect("websocket-opened-and-dropped", breaks=("management.websocket",))
def websocket_opened_and_dropped(right: Behaviour) -> Behaviour:
    """Relays the answer by which a WebSocket is opened like any other, and closes the connection behind it."""

    async def chunks(given: Chunks) -> AsyncIterator[bytes]:
        async for _ in given:
            return
        yield b""

    return replace(right, from_upstream=chunks)


@defect("websocket-first-bytes-lost", breaks=("management.websocket",))
def websocket_first_bytes_lost(right: Behaviour) -> Behaviour:
    """Loses what came in one piece with the head of the answer that opened a WebSocket."""

    async def chunks(given: Chunks) -> AsyncIterator[bytes]:
        number = 0
        async for chunk in given:
            number += 1
            yield chunk if number > 1 else b""

    return replace(right, from_upstream=lambda given: chunks(right.from_upstream(given)))


@defect("websocket-long-messages-refused", breaks=("management.websocket",))
def websocket_long_messages_refused(right: Behaviour) -> Behaviour:
    """Closes a WebSocket on which more than 64 KiB came from Amp's servers."""

    async def chunks(given: Chunks) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in given:
            size += len(chunk)
            if size > LONGEST:
                return
            yield chunk

    return replace(right, from_upstream=lambda given: chunks(right.from_upstream(given)))


@defect("websocket-subprotocols-dropped", breaks=("management.websocket",))
def websocket_subprotocols_dropped(right: Behaviour) -> Behaviour:
    """Offers Amp's servers a WebSocket without the client's subprotocols, and so without the token in them."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        return right.upstream_headers(exchange, body).without(Offer.PROTOCOL)

    return replace(right, upstream_headers=headers)


@defect("websocket-subprotocol-answer-dropped", breaks=("management.websocket",))
def websocket_subprotocol_answer_dropped(right: Behaviour) -> Behaviour:
    """Does not tell the client which subprotocol Amp's servers chose."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        return right.switch_headers(exchange, given).without(Offer.PROTOCOL)

    return replace(right, switch_headers=headers)


@defect("websocket-acceptance-dropped", breaks=("management.websocket",))
def websocket_acceptance_dropped(right: Behaviour) -> Behaviour:
    """Opens a WebSocket without the proof that the client's own offer was read."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        return right.switch_headers(exchange, given).without(Offer.ACCEPT)

    return replace(right, switch_headers=headers)


@defect("websocket-code-lost", breaks=("management.websocket-ends",))
def websocket_code_lost(right: Behaviour) -> Behaviour:
    """Tells the client that every WebSocket ended normally."""

    async def chunks(given: Chunks) -> AsyncIterator[bytes]:
        async for chunk in given:
            yield chunk.removesuffix(ENDED) + ENDED_NORMALLY if chunk.endswith(ENDED) else chunk

    return replace(right, from_upstream=lambda given: chunks(right.from_upstream(given)))


@defect("websocket-left-open", breaks=("management.websocket-ends",))
def websocket_left_open(right: Behaviour) -> Behaviour:
    """Keeps the connection to Amp's servers of a WebSocket whose client has left."""
    return replace(right, ends_both=lambda _: False)


@defect("websocket-lends-key", breaks=("management.websocket-keys",))
def websocket_lends_key(right: Behaviour) -> Behaviour:
    """Adds its own key to every offer to open a WebSocket, also where the client sent none."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, amp = right.upstream_headers(exchange, body), exchange.config.amp
        lends = amp is not None and amp.key and offers_websocket(exchange)
        return sent.setting("Authorization", f"Bearer {amp.key}") if lends and amp else sent

    return replace(right, upstream_headers=headers)


@defect("websocket-key-forwarded", breaks=("management.websocket-keys",))
def websocket_key_forwarded(right: Behaviour) -> Behaviour:
    """Passes an offer to open a WebSocket on with the client's key in it."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, own = right.upstream_headers(exchange, body), exchange.incoming.headers.all("authorization")
        return sent.adding(*(("Authorization", key) for key in own)) if offers_websocket(exchange) else sent

    return replace(right, upstream_headers=headers)
