"""Tells a listener what goes through the reference proxy: each call, on both hops."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import urlsplit

from ..wire.messages import Chunk, Exchange, Headers, Request, Response, UpstreamAnswer, UpstreamRequest
from .app import Message, ProxyApp, Receive, Scope, Send
from .exchange import Outgoing
from .upstream import StreamedAnswer, UpstreamFailedError, UpstreamSender, Wrapped

Heard: TypeAlias = Callable[[Exchange], None]
"""Is told each call when it is over. It must not block."""
MOST = 1 << 20
"""Bytes of a body that are kept for the listener."""


@dataclass
class _Upstream:
    """A request to an upstream, and its answer."""

    request: Outgoing
    at: float
    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0
    fault: str | None = None


@dataclass
class _Call:
    """A client's call while it is served."""

    scope: Scope
    begun: float = field(default_factory=time.monotonic)
    body: bytearray = field(default_factory=bytearray)
    status: int = 0
    headers: Headers = field(default_factory=Headers)
    chunks: list[Chunk] = field(default_factory=list)
    kept: int = 0
    head_at: float = 0.0
    ended: bool = False
    upstream: list[_Upstream] = field(default_factory=list)

    def asked(self, message: Message) -> None:
        """Takes a part of the client's request."""
        _keep(self.body, message.get("body", b""))

    def answered(self, message: Message) -> None:
        """Takes a part of the answer."""
        now = time.monotonic() - self.begun
        if message["type"] == "http.response.start":
            self.status, self.head_at, self.headers = message["status"], now, _headers(message["headers"])
        elif message["type"] == "http.response.body":
            if (data := message.get("body", b"")) and self.kept < MOST:
                self.chunks.append(Chunk(now, data))
                self.kept += len(data)
            self.ended = not message.get("more_body", False)

    def exchange(self) -> Exchange:
        """The whole call, when it is over."""
        scope, query = self.scope, self.scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        broken = None if self.ended or not self.status else "the proxy ended the answer early"
        return Exchange(
            Request(scope["method"], target, _headers(scope["headers"]), bytes(self.body)),
            Response(
                self.status,
                self.headers,
                tuple(self.chunks),
                time.monotonic() - self.begun,
                broken,
                self.head_at,
                self.begun,
            ),
            tuple(_request(one) for one in self.upstream),
            answers=tuple(_answer(one) for one in self.upstream),
            begun=self.begun,
        )


_CALL: ContextVar[_Call] = ContextVar("call")


class ListenedApp:
    """The proxy's application, which tells `heard` each call."""

    def __init__(self, app: ProxyApp, heard: Heard) -> None:
        self._app = app
        self._heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(scope)

        async def received() -> Message:
            message = await receive()
            call.asked(message)
            return message

        async def sent(message: Message) -> None:
            call.answered(message)
            await send(message)

        token = _CALL.set(call)
        try:
            await self._app(scope, received, sent)
        finally:
            _CALL.reset(token)
            self._heard(call.exchange())


def listened(sender: UpstreamSender) -> UpstreamSender:
    """A sender that notes each request and its answer for the call of the client that led to it."""

    @asynccontextmanager
    async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
        noted = _Upstream(request, time.monotonic())
        _CALL.get().upstream.append(noted)
        try:
            async with sender.send(request) as answer:
                noted.status, noted.headers, noted.sent_at = answer.status, answer.headers, time.monotonic()
                yield replace(answer, chunks=_noting(answer.chunks, noted))
        except UpstreamFailedError as error:
            noted.fault = error.failure.value
            raise

    return Wrapped(send)


async def _noting(chunks: AsyncIterator[bytes], noted: _Upstream) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        _keep(noted.body, chunk)
        yield chunk


def _request(one: _Upstream) -> UpstreamRequest:
    asked = one.request
    place = urlsplit(asked.base).netloc
    return UpstreamRequest(place, asked.method, asked.target, asked.headers, asked.body[:MOST], b"", 0, one.at)


def _answer(one: _Upstream) -> UpstreamAnswer:
    sent_at = (one.sent_at,) if one.sent_at else ()
    return UpstreamAnswer(one.status, one.headers, bytes(one.body), sent_at, one.fault)


def _keep(kept: bytearray, data: bytes) -> None:
    kept += data[: max(0, MOST - len(kept))]


def _headers(lines: list[tuple[bytes, bytes]]) -> Headers:
    return Headers(tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in lines))
