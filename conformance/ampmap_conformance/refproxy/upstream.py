"""The client side of the reference proxy: HTTP/1.1 over kept connections, bytes as they are, no header of its own.

h11 on the event loop's own streams: a pool of httpx's took half of the time of a whole run.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import h11

from ..wire.messages import Headers
from .config import ProxyConfig
from .exchange import Outgoing, UpstreamFailure

KEPT = 100
"""Most idle connections to one upstream."""
LARGEST_HEAD = 1 << 20
"""Bytes of an answer's head beyond which it is not an answer."""


class UpstreamFailedError(Exception):
    """No answer came from the upstream."""

    def __init__(self, failure: UpstreamFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class UpstreamBrokenError(Exception):
    """The upstream's answer ended before its end."""


class UpstreamStalledError(UpstreamBrokenError):
    """The upstream fell silent inside its answer."""


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """The head of an answer, and its body as it comes, not decoded. Iterating raises UpstreamBrokenError."""

    status: int
    headers: Headers
    chunks: AsyncIterator[bytes]
    put: Callable[[bytes], Awaitable[None]] | None = None
    """Sends bytes as they are, where the connection was switched to another protocol; `chunks` are what comes then."""


class UpstreamSender(Protocol):
    """Who sends a request upstream."""

    def send(self, request: Outgoing) -> AbstractAsyncContextManager[StreamedAnswer]:
        """Send; leaving the context drops what is left of the answer. Raises UpstreamFailedError."""
        ...


class Wrapped:
    """A sender whose sending is a function's."""

    def __init__(self, send: Callable[[Outgoing], AbstractAsyncContextManager[StreamedAnswer]]) -> None:
        self._send = send

    def send(self, request: Outgoing) -> AbstractAsyncContextManager[StreamedAnswer]:
        """As the function does it."""
        return self._send(request)


class UpstreamConnection:
    """One connection to an upstream, for one call at a time. Methods raise OSError and h11.ProtocolError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        self.bears_extras = True
        """Whether interim answers before the final one, and trailers behind its body, are passed over."""
        self.reads_while_sending = True
        """Whether an answer is read that comes before all of the request is sent."""

    @property
    def is_alive(self) -> bool:
        """Whether an idle connection can take a call: one that has something to read has been closed."""
        if self._reader.at_eof() or self._writer.is_closing():
            return False
        waiting = select.poll()
        waiting.register(self._writer.get_extra_info("socket").fileno(), select.POLLIN)
        return not waiting.poll(0)

    def is_free(self) -> bool:
        """Whether the call is over and another one may follow; made ready for it then."""
        if (self._state.our_state, self._state.their_state) != (h11.DONE, h11.DONE):
            return False
        self._state.start_next_cycle()
        return True

    @property
    def is_switched(self) -> bool:
        """Whether the upstream took the connection for another protocol."""
        return self._state.their_state is h11.SWITCHED_PROTOCOL

    async def ask(self, request: Outgoing) -> h11.Response | h11.InformationalResponse:
        """Send a request and wait for the head of its final answer, or of the one by which the protocol changes."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
        events: list[h11.Event] = [
            h11.Request(method=request.method, target=request.target.encode("latin-1"), headers=headers)
        ]
        if request.body:
            events.append(h11.Data(data=request.body))
        sent = b"".join(self._state.send(event) or b"" for event in (*events, h11.EndOfMessage()))
        self._writer.write(sent)
        if not self.reads_while_sending:
            await self._writer.drain()
        while not isinstance(event := await self._next(), h11.Response):
            if isinstance(event, h11.ConnectionClosed):
                raise h11.RemoteProtocolError("the connection was closed without an answer")
            if self.is_switched and isinstance(event, h11.InformationalResponse):
                return event
            if not self.bears_extras:
                raise h11.RemoteProtocolError("an interim answer came")
        return event

    async def chunks(self, patience: float | None) -> AsyncIterator[bytes]:
        """The body, as it comes; `patience` is how many seconds of silence it may hold, None for any number."""
        try:
            while isinstance(event := await self._next_within(patience), h11.Data):
                yield bytes(event.data)
            if isinstance(event, h11.EndOfMessage) and event.headers and not self.bears_extras:
                raise h11.RemoteProtocolError("trailers came")
        except TimeoutError:
            raise UpstreamStalledError("the upstream fell silent") from None
        except (OSError, h11.ProtocolError) as error:
            raise UpstreamBrokenError(str(error)) from None

    async def switched_chunks(self) -> AsyncIterator[bytes]:
        """What comes behind the answer by which the protocol changed."""
        yield self._state.trailing_data[0]
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(65536):
                yield data

    async def put(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def _next_within(self, patience: float | None) -> h11.Event | type[h11.PAUSED]:
        """The next event. Raises TimeoutError after so many seconds."""
        # Not `wait_for`: that of Python 3.11 may lose the cancellation by which the call of a client that left ends.
        async with asyncio.timeout(patience):
            return await self._next()

    async def _next(self) -> h11.Event:
        while (event := self._state.next_event()) is h11.NEED_DATA:
            self._state.receive_data(await self._reader.read(65536))
        if isinstance(event, h11.Event):
            return event
        raise h11.RemoteProtocolError("the upstream took the connection for something else")

    def drop(self) -> None:
        """Close it at once, whatever is on its way."""
        self._writer.transport.abort()


class UpstreamClient:
    """Kept connections to the upstreams. Belongs to one event loop."""

    def __init__(self, config: ProxyConfig, answer_timeout: float, idle_timeout: float | None) -> None:
        self._connect_timeout = config.connect_timeout
        self._answer_timeout = answer_timeout
        self._idle_timeout = idle_timeout
        self._idle: dict[str, deque[UpstreamConnection]] = {}
        self.looks_first = True
        """Whether a kept connection is looked at before it is used again; the upstream may have closed it."""
        self.bears_extras = True
        """As of each connection."""
        self.reads_while_sending = True
        """As of each connection."""
        self.replaces_kept = False
        """Whether a call on a kept connection that died without an answer is made again on a new one."""

    async def aclose(self) -> None:
        """Close every connection that no call uses."""
        for kept in self._idle.values():
            while kept:
                kept.pop().drop()
        await asyncio.sleep(0)

    @asynccontextmanager
    async def send(self, request: Outgoing) -> AsyncIterator[StreamedAnswer]:
        """Send a request; leaving the context drops what is left of the answer. Raises UpstreamFailedError."""
        connection, head = await self._answered(request)
        lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items())
        try:
            if connection.is_switched:
                chunks = connection.switched_chunks()
                yield StreamedAnswer(head.status_code, Headers(lines), chunks, connection.put)
            else:
                yield StreamedAnswer(head.status_code, Headers(lines), connection.chunks(self._idle_timeout))
        finally:
            kept = self._idle.setdefault(request.base, deque())
            if len(kept) < KEPT and connection.is_free():
                kept.append(connection)
            else:
                connection.drop()

    async def _answered(self, request: Outgoing) -> tuple[UpstreamConnection, h11.Response | h11.InformationalResponse]:
        connection: UpstreamConnection | None = None
        try:
            async with asyncio.timeout(self._answer_timeout):
                connection = kept = self._kept(request.base)
                if kept is not None:
                    try:
                        return kept, await kept.ask(request)
                    except (OSError, h11.ProtocolError):
                        if not self.replaces_kept:
                            raise
                        kept.drop()
                connection = await self._made(request.base)
                return connection, await connection.ask(request)
        except BaseException as error:  # also when the caller stops waiting
            if connection is not None:
                connection.drop()
            if isinstance(error, OSError | h11.ProtocolError):
                timed_out = isinstance(error, TimeoutError)
                raise UpstreamFailedError(
                    UpstreamFailure.TIMEOUT if timed_out else UpstreamFailure.UNREACHABLE
                ) from None
            raise

    def _kept(self, base: str) -> UpstreamConnection | None:
        kept = self._idle.get(base)
        while kept:
            connection = kept.pop()
            if not self.looks_first or connection.is_alive:
                return connection
            connection.drop()
        return None

    async def _made(self, base: str) -> UpstreamConnection:
        parts = urlsplit(base)
        secure = parts.scheme == "https"
        async with asyncio.timeout(self._connect_timeout):
            streams = await asyncio.open_connection(
                parts.hostname, parts.port or (443 if secure else 80), ssl=secure or None
            )
        connection = UpstreamConnection(*streams)
        connection.bears_extras = self.bears_extras
        connection.reads_while_sending = self.reads_while_sending
        return connection
