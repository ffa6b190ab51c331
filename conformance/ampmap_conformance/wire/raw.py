"""A client that sends exactly the bytes it is given, and keeps exactly those it receives, each with its time.

For requests that HTTP libraries cannot send: writes that split a line, odd header case, duplicate headers, a
half-closed connection, absolute-form targets, Content-Length beside Transfer-Encoding.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from itertools import pairwise
from urllib.parse import urlsplit

from ..errors import Failure, NoAnswerError
from .messages import STALLED, Chunk, Headers, Request, Response

LARGEST = 64 << 20
"""Bytes that are read at most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes for one write, and the seconds to wait before it."""

    data: bytes
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class RawRequest:
    """What is written to the connection, piece by piece."""

    pieces: tuple[Piece, ...]
    half_close: bool = False
    """The writing side is closed after the last piece; the answer is read all the same."""
    method: str = "POST"
    """Of the first message: an answer to HEAD has no body."""
    read_after: float = 0.0
    """Seconds that are let pass before the first read: a reader that does something else."""
    leave_after: float | None = None
    """The connection is closed when the answer's body has begun, or after so many seconds: a client that goes away."""


@unique
class Ending(StrEnum):
    """How the reading ended."""

    COMPLETE = "the answer is complete"
    CLOSED = "the connection was closed"
    RESET = "the connection was reset"
    LEFT = "the client closed the connection"
    TIMEOUT = STALLED
    TOO_MUCH = "more bytes arrived than the kit reads"
    MALFORMED = "the answer is not valid HTTP"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """Everything that was received. Times are in seconds since the connection was asked for."""

    chunks: tuple[Chunk, ...]
    """As they were read from the socket."""
    responses: tuple[Response, ...]
    """The final answers in them, in order, 1xx ones left out; the last may be broken."""
    ending: Ending
    seconds: float
    sent_at: tuple[float, ...] = ()
    """When each piece was written."""

    @property
    def raw(self) -> bytes:
        """All bytes."""
        return b"".join(chunk.data for chunk in self.chunks)

    def response(self) -> Response:
        """The first answer. Raises NoAnswerError where there is none."""
        if self.responses:
            return self.responses[0]
        if self.raw:
            raise NoAnswerError(Failure.MALFORMED)
        raise NoAnswerError(Failure.TIMEOUT if self.ending is Ending.TIMEOUT else Failure.DROPPED)


def wire(request: Request, *, newline: bytes = b"\r\n", version: str = "HTTP/1.1") -> bytes:
    """A request as bytes, its lines exactly as they are; one with a body and no length gets a Content-Length."""
    lines = [f"{request.method} {request.target} {version}", *(f"{name}: {value}" for name, value in request.headers)]
    told = "content-length" in request.headers or "transfer-encoding" in request.headers
    if request.body and not told:
        lines.append(f"Content-Length: {len(request.body)}")
    return newline.join(line.encode("latin-1", "replace") for line in [*lines, "", ""]) + request.body


def whole(request: Request) -> RawRequest:
    """The request in one write."""
    return RawRequest((Piece(wire(request)),), method=request.method)


def split(request: Request, at: Iterable[int], *, pause: float = 0.0) -> RawRequest:
    """The request in several writes, cut at these places, with a pause of so many seconds before each but the first."""
    data = wire(request)
    places = sorted({0, len(data), *(place for place in at if 0 < place < len(data))})
    parts = [data[start:end] for start, end in pairwise(places)]
    pieces = tuple(Piece(part, pause if number else 0.0) for number, part in enumerate(parts))
    return RawRequest(pieces, method=request.method)


def chunked(body: bytes, size: int) -> bytes:
    """A body in chunks of at most `size` bytes, with the last chunk."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def in_chunks(request: Request, size: int = 100) -> RawRequest:
    """A request whose body comes in chunks of so many bytes."""
    lines = request.headers.adding(("Transfer-Encoding", "chunked"))
    return RawRequest((Piece(wire(replace(request, headers=lines, body=chunked(request.body, size)))),))


def send_raw(base_url: str, request: RawRequest, *, timeout: float = 30.0, responses: int = 1) -> RawAnswer:
    """Writes the pieces to a new connection and reads until `responses` answers are complete, or no more comes.

    `timeout` is in seconds, for connecting and for each read. A peer that stops reading, or answers early, ends the
    writing and not the reading. Raises NoAnswerError when no connection can be made.
    """
    begun = time.monotonic()
    with connected(base_url, timeout) as sock:
        sent_at = _write(sock, request, begun)
        chunks: list[Chunk] = []
        reader = AnswerReader(request.method)
        ending = _read(sock, request, reader, chunks, responses, begun)
    answers = tuple(replace(answer, begun=begun) for answer in reader.ended(ending))
    return RawAnswer(tuple(chunks), answers, ending, time.monotonic() - begun, sent_at)


def send_in_turn(
    base_url: str, messages: Iterable[Request], *, rest: float, timeout: float = 30.0
) -> tuple[RawAnswer, bool]:
    """Writes requests to one connection, each when the answer to the one before it is complete.

    After an answer the connection rests for so many seconds, in which the peer may close it. Returns what was
    received, and whether the peer closed the connection, though no answer said that it would. Raises NoAnswerError
    when no connection can be made.
    """
    begun = time.monotonic()
    every = tuple(messages)
    chunks: list[Chunk] = []
    reader = AnswerReader(every[0].method)
    ending, closed = Ending.COMPLETE, False
    sent_at: list[float] = []
    with connected(base_url, timeout) as sock:
        for number, message in enumerate(every):
            request = whole(message)
            sent_at += _write(sock, request, begun)
            ending = _read(sock, request, reader, chunks, number + 1, begun)
            if ending is not Ending.COMPLETE or number + 1 == len(every):
                break
            if closed := _is_closed_within(sock, rest):
                ending = Ending.CLOSED
                break
    answers = tuple(replace(answer, begun=begun) for answer in reader.ended(ending))
    told = bool(answers) and "close" in (answers[-1].headers.get("connection") or "").lower()
    made = RawAnswer(tuple(chunks), answers, ending, time.monotonic() - begun, tuple(sent_at))
    return made, closed and not told


def _is_closed_within(sock: socket.socket, seconds: float) -> bool:
    """Whether the peer closes the connection in so many seconds."""
    before = sock.gettimeout()
    sock.settimeout(seconds)
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(before)


def connected(base_url: str, timeout: float) -> socket.socket:
    """A new connection to the host of a URL; `timeout` is in seconds. Raises NoAnswerError when none can be made."""
    parts = urlsplit(base_url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        sock = socket.create_connection((parts.hostname or "", port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            return ssl.create_default_context().wrap_socket(sock, server_hostname=parts.hostname)
    except ConnectionRefusedError as error:
        raise NoAnswerError(Failure.REFUSED) from error
    except socket.gaierror as error:
        raise NoAnswerError(Failure.NO_ADDRESS) from error
    except ssl.SSLError as error:
        raise NoAnswerError(Failure.TLS) from error
    except OSError as error:
        raise NoAnswerError(Failure.UNREACHABLE) from error
    return sock


def _write(sock: socket.socket, request: RawRequest, begun: float) -> tuple[float, ...]:
    sent_at = []
    with contextlib.suppress(OSError):  # who answers early and closes has the answer on its way all the same
        for piece in request.pieces:
            if piece.pause:
                time.sleep(piece.pause)
            sent_at.append(time.monotonic() - begun)
            sock.sendall(piece.data)
        if request.half_close:
            sock.shutdown(socket.SHUT_WR)
    return tuple(sent_at)


def _read(
    sock: socket.socket, request: RawRequest, reader: AnswerReader, chunks: list[Chunk], responses: int, begun: float
) -> Ending:
    size = 0
    time.sleep(request.read_after)
    while reader.complete < responses:
        data = _received(sock, request, begun)
        if isinstance(data, Ending):
            return data
        size += len(data)
        chunks.append(Chunk(time.monotonic() - begun, data))
        if not reader.take(chunks[-1]) or size > LARGEST:
            return Ending.TOO_MUCH if size > LARGEST else Ending.MALFORMED
        if request.leave_after is not None and reader.in_body:
            return Ending.LEFT
    return Ending.COMPLETE


def _received(sock: socket.socket, request: RawRequest, begun: float) -> bytes | Ending:
    """The next bytes, or why there are none."""
    if request.leave_after is not None:
        left = request.leave_after - (time.monotonic() - begun)
        if left <= 0:
            return Ending.TIMEOUT
        sock.settimeout(left)
    try:
        return sock.recv(65536) or Ending.CLOSED
    except TimeoutError:
        return Ending.TIMEOUT
    except OSError as error:
        return Ending.RESET if isinstance(error, ConnectionResetError) else Ending.CLOSED


_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?")


class AnswerReader:
    """Finds the answers in a stream of bytes as they come. Pure but for its memory."""

    def __init__(self, method: str) -> None:
        self.complete = 0
        """Final answers that are whole."""
        self._method = method
        self._buffer = b""
        self._found: list[Response] = []
        self._head: tuple[int, Headers, float] | None = None
        self._body: list[Chunk] = []
        self._left: int | None = None
        """Bytes of the body or of the chunk that are still to come; None where the connection's end is the end."""
        self._chunked = False
        self._now = 0.0

    @property
    def in_body(self) -> bool:
        """Whether part of a body has come that is not at its end."""
        return bool(self._body)

    def take(self, chunk: Chunk) -> bool:
        """Read on; False when the answer is not valid HTTP."""
        self._buffer += chunk.data
        self._now = chunk.at
        try:
            while self._step():
                pass
        except ValueError:
            return False
        return True

    def ended(self, ending: Ending) -> tuple[Response, ...]:
        """All answers, now that nothing more comes."""
        if self._head is not None:
            by_close = self._left is None and not self._chunked and ending is Ending.CLOSED
            self._finish(None if by_close else ending.value)
        return tuple(self._found)

    def _step(self) -> bool:
        if self._head is None:
            return self._read_head()
        if self._chunked and self._left == 0:
            return self._read_chunk_size()
        return self._read_body()

    def _read_head(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            if len(self._buffer) >= 12 and not self._buffer.startswith(b"HTTP/1."):
                raise ValueError("no status line")
            return False
        first, *lines = head.split(b"\r\n")
        found = _STATUS_LINE.fullmatch(first)
        if found is None:
            raise ValueError("no status line")
        self._buffer = rest
        status = int(found[1])
        headers = Headers(tuple(_line(line) for line in lines))
        if 100 <= status < 200 and status != 101:
            return True
        self._head = (status, headers, self._now)
        self._chunked = "chunked" in (headers.get("transfer-encoding") or "").lower()
        length = headers.get("content-length")
        self._left = 0 if self._chunked else int(length) if length is not None else None
        if self._method == "HEAD" or status in (204, 304) or (self._left == 0 and not self._chunked):
            self._finish(None)
        return True

    def _read_chunk_size(self) -> bool:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return False
        size = int(line.partition(b";")[0].strip(), 16)
        if size:
            self._left, self._buffer = size, rest
            return True
        while True:  # trailers
            line, end, rest = rest.partition(b"\r\n")
            if not end:
                return False
            if not line:
                break
        self._buffer = rest
        self._finish(None)
        return True

    def _read_body(self) -> bool:
        if not self._buffer:
            return False
        taken = self._buffer if self._left is None else self._buffer[: self._left]
        if self._chunked and self._left == len(taken) and len(self._buffer) < len(taken) + 2:
            return False  # the line end that closes the chunk is still to come
        self._body.append(Chunk(self._now, taken))
        self._buffer = self._buffer[len(taken) :]
        if self._left is None:
            return False
        self._left -= len(taken)
        if self._left == 0:
            if not self._chunked:
                self._finish(None)
            elif self._buffer[:2] == b"\r\n":
                self._buffer = self._buffer[2:]
            else:
                raise ValueError("a chunk without its end")
        return True

    def _finish(self, broken: str | None) -> None:
        if self._head is None:
            return
        status, headers, head_at = self._head
        self._found.append(Response(status, headers, tuple(self._body), self._now, broken, head_at))
        self.complete += broken is None
        self._head, self._body, self._left, self._chunked = None, [], None, False


def _line(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon:
        raise ValueError("a header line without a colon")
    return name, value.strip(" \t")
