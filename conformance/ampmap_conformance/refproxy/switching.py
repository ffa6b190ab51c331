"""Connections that change their protocol: uvicorn hands them over, and bytes pass in both directions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from uvicorn.protocols.http.h11_impl import H11Protocol

from ..wire.messages import Headers

SWITCH = "switch"
"""Where the state of a scope has the function that takes a connection over."""
Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Switch: TypeAlias = Callable[[bytes], Streams]
"""Sends the head of an answer, and gives the connection to the caller."""
Put: TypeAlias = Callable[[bytes], Awaitable[None]]


class SwitchingProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn serves it, on connections that an application may take over."""

    def handle_events(self) -> None:
        """As before; a new request finds the function in its state."""
        super().handle_events()
        if self.scope is not None:
            self.scope.setdefault("state", {})[SWITCH] = self._switch

    def _switch(self, head: bytes) -> Streams:
        reader = asyncio.StreamReader(loop=self.loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self.loop)
        rest, _ = self.conn.trailing_data
        self.connections.discard(self)
        self.cycle.response_started = self.cycle.response_complete = True
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        self.flow.resume_reading()
        self.transport.write(head)
        reader.feed_data(rest)
        return reader, asyncio.StreamWriter(self.transport, protocol, reader, self.loop)


def switching_head(headers: Headers) -> bytes:
    """The answer by which a server changes the protocol."""
    lines = ["HTTP/1.1 101 Switching Protocols", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def chunks_of(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """What the client sends, as it comes."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            yield data


async def pass_on(chunks: AsyncIterator[bytes], put: Put) -> None:
    """Send everything that comes from one side to the other one, until either ends."""
    with contextlib.suppress(ConnectionError):
        async for chunk in chunks:
            await put(chunk)
