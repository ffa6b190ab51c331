"""HTTP/1.1 on a socket, byte for byte: reading requests whole, sending answers with their faults."""

from __future__ import annotations

import re
import select
import selectors
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from ..wire.messages import Headers
from .answer import Answer, head, interim_heads, last_chunk
from .script import UNANSWERED, End, Framing

MAX_HEAD = 1 << 20
"""Bytes of a request head beyond which it is refused: far more than any proxy sends."""
MAX_BODY = 32 << 20
"""Bytes of a request body beyond which it is refused: what the largest providers take."""
MAX_RAW = MAX_BODY + (MAX_BODY >> 1)
"""Bytes of a whole request, with its framing, beyond which it is refused."""
KEPT = 200
"""Bytes of an invalid line that a message shows."""
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
MAX_DIGITS = 15
"""Digits of a length."""


UNREAD = 5.0
"""Seconds that a peer has to notice that its body is not read."""


class MalformedError(ValueError):
    """The peer sent an invalid HTTP/1.1 request; `raw` has the bytes that were read."""

    def __init__(self, reason: str, raw: bytes) -> None:
        super().__init__(reason)
        self.raw = raw


class ClosedError(ConnectionError):
    """The peer went away in the middle of something."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as read from a connection."""

    method: str
    target: str
    headers: Headers
    body: bytes
    """Without transfer coding."""
    raw: bytes
    keep_alive: bool
    knows_chunks: bool = True
    """Whether the answer may be chunked: a server must not send chunks to HTTP/1.0 (RFC 9112, 6.1)."""


class _Raw:
    """The bytes of one request as they were read; joined once, so that a large body is copied once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._size += len(data)
        self._pieces.append(data)
        if self._size > MAX_RAW:
            raise MalformedError(f"a request of more than {MAX_RAW} bytes", self.beginning())

    def whole(self) -> bytes:
        return b"".join(self._pieces)

    def beginning(self, more: bytes | bytearray = b"") -> bytes:
        """As much as is kept of an invalid request."""
        return b"".join([*(piece[:MAX_HEAD] for piece in self._pieces[:2]), more[:MAX_HEAD]])


class Connection:
    """A peer's connection. Not for use by several threads at once."""

    def __init__(self, sock: socket.socket, closing: Event) -> None:
        self._sock = sock
        self._closing = closing
        self._buffer = bytearray()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self, dropped: Callable[[bytes], bool] = lambda _: False) -> Received | None:
        """The next request; None when the peer is done. Raises MalformedError.

        The body of a request is not read when `dropped` says so, given its head.
        """
        raw = _Raw()
        try:
            while not self._buffer:
                self._fill()
        except (ClosedError, OSError):
            return None
        try:
            lines = self._take_until(b"\r\n\r\n", raw, MAX_HEAD)[:-4].split(b"\r\n")
            method, target, version = _request_line(lines[0], raw)
            headers = Headers(tuple(_header_line(line, raw) for line in lines[1:]))
            current = version == "HTTP/1.1"
            is_read = not dropped(raw.whole())
            if is_read and current and (headers.get("expect") or "").lower() == "100-continue":
                self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self._body(headers, raw) if is_read else b""
        except ClosedError:
            raise MalformedError("the connection was closed inside a request", raw.beginning(self._buffer)) from None
        connection = (headers.get("connection") or "").lower()
        keep = "close" not in connection if current else "keep-alive" in connection
        return Received(method, target, headers, body, raw.whole(), keep, current)

    def send(
        self,
        answer: Answer,
        *,
        to_head: bool,
        is_last: bool,
        sent_at: list[float],
        released: Callable[[int], None] | None = None,
    ) -> None:
        """Send an answer with its delays and its fault. Raises ClosedError when the peer went away meanwhile.

        When each write begins is added to `sent_at`, in monotonic seconds. `released` waits until so many pieces of a
        held answer may be sent.
        """
        held = released if answer.held else None
        self.wait(answer.delay)
        if answer.end in (End.RESET_BEFORE_HEAD, End.RESET_IN_REQUEST):
            self._linger_none()
        if answer.end in UNANSWERED:
            return
        no_body = to_head or answer.status in (204, 304)
        out = bytearray(interim_heads(answer) + head(answer, no_body=no_body, is_last=is_last))
        chunked = answer.framing is Framing.CHUNKED and not no_body
        for place, (delay, data) in enumerate(() if no_body else answer.sent_pieces):
            if delay or held or (place and answer.framing is not Framing.CONTENT_LENGTH):
                self._send(out, sent_at)
                out.clear()
            self.wait(delay)
            if held and place:
                held(place + 1)
            out += b"%x\r\n%b\r\n" % (len(data), data) if chunked and data else data
        if chunked and answer.end is End.CLEAN:
            out += last_chunk(answer)
        self._send(out, sent_at)
        if answer.end is End.RESET:
            self._linger_none()
        if answer.end is End.EARLY:
            self._wait_for_close()

    def wait(self, seconds: float) -> None:
        """Wait unless the peer goes away or the server closes. Raises ClosedError then."""
        if seconds <= 0:
            return
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                if self._buffer:  # a pipelined request hides the peer's end; only the server's matters then
                    self._closing.wait(left)
                elif selector.select(left):
                    self._fill()
                if self._closing.is_set():
                    raise ClosedError

    def take_any(self) -> bytes:
        """The bytes that are next, of which there is at least one. Raises ClosedError when the peer is done."""
        if not self._buffer:
            self._fill()
        return self._take(len(self._buffer), _Raw())

    def put(self, data: bytes) -> None:
        """Send bytes as they are. Raises ClosedError when the peer went away."""
        self._send(data, [])

    def _wait_for_close(self) -> None:
        """Wait until the peer closes the connection, without reading what it sends; `UNREAD` seconds at most."""
        waiting = select.poll()
        waiting.register(self._sock, getattr(select, "POLLRDHUP", 0))  # some systems tell of both ends at once alone
        deadline = time.monotonic() + UNREAD
        while time.monotonic() < deadline and not self._closing.is_set():
            if waiting.poll(100):
                return

    def _send(self, data: bytes | bytearray, sent_at: list[float]) -> None:
        sent_at.append(time.monotonic())
        try:
            self._sock.sendall(data)
        except OSError:
            raise ClosedError from None

    def _fill(self) -> None:
        try:
            data = self._sock.recv(65536)
        except OSError:
            raise ClosedError from None
        if not data:
            raise ClosedError
        self._buffer += data

    def _take(self, count: int, raw: _Raw) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        with memoryview(self._buffer) as buffer:
            taken = bytes(buffer[:count])
        del self._buffer[:count]
        raw.add(taken)
        return taken

    def _take_until(self, mark: bytes, raw: _Raw, limit: int = MAX_HEAD) -> bytes:
        start = 0
        while (place := self._buffer.find(mark, start)) < 0:
            if len(self._buffer) > limit:
                raise MalformedError("a head without end", raw.beginning(self._buffer))
            start = max(0, len(self._buffer) - len(mark))
            self._fill()
        return self._take(place + len(mark), raw)

    def _body(self, headers: Headers, raw: _Raw) -> bytes:
        if "chunked" in (headers.get("transfer-encoding") or "").lower():
            return self._chunks(raw)
        length = headers.get("content-length") or "0"
        if not length.isascii() or not length.isdigit() or len(length) > MAX_DIGITS:
            raise MalformedError(f"Content-Length {length[:KEPT]!r}", raw.beginning())
        _bounded(int(length), raw)
        return self._take(int(length), raw)

    def _chunks(self, raw: _Raw) -> bytes:
        body = bytearray()
        while True:
            line = self._take_until(b"\r\n", raw)[:-2]
            digits = line.partition(b";")[0].strip()
            if not CHUNK_SIZE.fullmatch(digits):
                raise MalformedError(f"chunk size {line[:KEPT]!r}", raw.beginning())
            size = int(digits, 16)
            if size == 0:
                break
            _bounded(len(body) + size, raw)
            body += self._take(size, raw)
            if self._take(2, raw) != b"\r\n":
                raise MalformedError("a chunk that does not end in CRLF", raw.beginning())
        size = 0
        while (line := self._take_until(b"\r\n", raw)) != b"\r\n":  # trailers
            size += len(line)
            if size > MAX_HEAD:
                raise MalformedError("trailers without end", raw.beginning())
        return bytes(body)

    def _linger_none(self) -> None:
        """Make the coming close a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _bounded(size: int, raw: _Raw) -> None:
    if size > MAX_BODY:
        raise MalformedError(f"a body of more than {MAX_BODY} bytes", raw.beginning())


def _request_line(line: bytes, raw: _Raw) -> tuple[str, str, str]:
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise MalformedError(f"request line {line[:KEPT]!r}", raw.beginning())
    return parts[0], parts[1], parts[2]


def _header_line(line: bytes, raw: _Raw) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon or not name or name != name.strip():
        raise MalformedError(f"header line {line[:KEPT]!r}", raw.beginning())
    return name, value.strip(" \t")
