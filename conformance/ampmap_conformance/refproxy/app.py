"""The reference proxy as an ASGI application: reads, asks the behaviour, sends. It decides nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..reference import edition_serving
from ..wire.messages import Headers
from . import translated, translating
from .behaviour import Behaviour, decide, outgoing, switched
from .exchange import Incoming, OwnAnswer, Refusal, RoutedExchange
from .live import LiveConfig
from .routing import Routes
from .switching import SWITCH, Put, Switch, chunks_of, pass_on, switching_head
from .upstream import StreamedAnswer, UpstreamClient, UpstreamFailedError, UpstreamSender

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class HangUpError(Exception):
    """The proxy closes a connection without a word."""


class ClientGoneError(Exception):
    """The client went away before its request was read."""


@dataclass(frozen=True, slots=True)
class Caller:
    """How the client is answered."""

    send: Send
    switch: Switch | None
    """Takes the connection over for another protocol, where the server can."""


class ProxyApp:
    """One proxy with its configuration and behaviour."""

    def __init__(
        self, live: LiveConfig, behaviour: Behaviour, around: Callable[[UpstreamSender], UpstreamSender] | None = None
    ) -> None:
        """`around` makes another sender of the one that the behaviour gives."""
        self._live = live
        self._around = around
        self._behaviour = behaviour
        self._reference = live.now().reference
        self._routes = Routes.of(self._reference, edition_serving)
        self._sender: UpstreamSender

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        config = self._live.now()
        try:
            incoming = await _read(scope, receive, config.body_limit)
        except ClientGoneError:
            return
        decision = decide(config, self._routes, self._behaviour, self._behaviour.origin_form(incoming))
        if isinstance(decision, Refusal):
            if incoming.in_pieces and not self._behaviour.answers_slow_client(decision):
                raise HangUpError
            await self._refuse(decision, send)
        else:
            forwarding = self._forward(decision, Caller(send, scope["state"].get(SWITCH)))
            ends = self._behaviour.ends_with_client(decision)
            await (_until_disconnect(forwarding, receive) if ends else forwarding)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        config = self._live.now()
        client = UpstreamClient(config, self._behaviour.answer_patience(config), self._behaviour.idle_patience(config))
        sender = self._behaviour.sender(client)
        self._sender = sender if self._around is None else self._around(sender)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await client.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward(self, exchange: RoutedExchange, caller: Caller) -> None:
        attempt: RoutedExchange | None = exchange
        while attempt is not None:
            attempt = await self._attempt(attempt, caller)

    async def _attempt(self, exchange: RoutedExchange, caller: Caller) -> RoutedExchange | None:
        """Forward a call and answer the client; or give the call that is to be tried in its place."""
        behaviour = self._behaviour
        request = outgoing(behaviour, exchange)
        dialogue = translating.dialogue_of(exchange, request.body)
        if dialogue is not None:
            request = translating.asking(dialogue, request, behaviour.asked(exchange, dialogue.said))
        try:
            async with self._sender.send(request) as given:
                answer = given
                if dialogue is not None:
                    answer = await translated.answering(dialogue, given, behaviour.told)
                if answer.status >= 400 and (other := behaviour.next_attempt(exchange, answer.status)):
                    return other
                if instead := behaviour.stand_in(exchange, answer.status):
                    await _send_own(instead, caller.send)
                elif answer.put is not None and caller.switch is not None:
                    await self._switch(exchange, answer, answer.put, caller.switch)
                else:
                    await self._relay(exchange, answer, caller.send)
        except UpstreamFailedError as error:
            if other := behaviour.next_attempt(exchange, None):
                return other
            if instead := behaviour.stand_in(exchange, None):
                await _send_own(instead, caller.send)
            else:
                await self._refuse(behaviour.upstream_failed(exchange, error.failure), caller.send)
        return None

    async def _switch(self, exchange: RoutedExchange, answer: StreamedAnswer, put: Put, switch: Switch) -> None:
        """Accept the other protocol as the upstream did, and pass on what comes from either side until one ends."""
        behaviour = self._behaviour
        reader, writer = switch(switching_head(switched(behaviour, exchange, answer.headers)))

        async def answered(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        both = (
            asyncio.ensure_future(pass_on(behaviour.from_client(chunks_of(reader)), put)),
            asyncio.ensure_future(pass_on(behaviour.from_upstream(answer.chunks), answered)),
        )
        try:
            first = behaviour.ends_both(exchange)
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED if first else asyncio.ALL_COMPLETED)
        finally:
            for each in both:
                each.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            writer.close()

    async def _relay(self, exchange: RoutedExchange, answer: StreamedAnswer, send: Send) -> None:
        behaviour = self._behaviour
        status = behaviour.response_status(exchange, answer.status)
        headers = behaviour.response_headers(exchange, answer.headers)
        await send({"type": "http.response.start", "status": status, "headers": _encoded(headers)})
        async for chunk in behaviour.response_body(exchange, answer.headers, answer.chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(self, refusal: Refusal, send: Send) -> None:
        await _send_own(self._behaviour.own_answer(self._reference, refusal), send)
        if self._behaviour.hangs_up_behind(refusal):
            raise HangUpError


async def _read(scope: Scope, receive: Receive, limit: int) -> Incoming:
    """The whole request; a body over the limit is read to its end but not kept."""
    parts: list[bytes] = []
    size, count, more = 0, 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        more, part = message.get("more_body", False), message.get("body", b"")
        size += len(part)
        count += bool(part)
        if size <= limit:
            parts.append(part)
    return Incoming(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=Headers(tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])),
        body=b"".join(parts) if size <= limit else b"",
        peer=scope["client"][0] if scope["client"] else "",
        too_large=size > limit,
        in_pieces=count > 1,
    )


async def _until_disconnect(work: Awaitable[None], receive: Receive) -> None:
    """Do `work`, and drop it when the client goes away: the upstream must not work for a client that left."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()  # an upstream that broke off ends the client's transfer as well
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_own(answer: OwnAnswer, send: Send) -> None:
    headers = answer.headers.setting("Content-Length", str(len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
