"""A client that sends exactly the bytes it is given, and keeps exactly those it receives, each with its time.

For requests that HTTP libraries cannot send: writes that split a line, odd header case, duplicate headers, a
half-closed connection, absolute-form targets, Content-Length beside Transfer-Encoding.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from itertools import pairwise

import h11

from ..errors import Failure, NoAnswerError
from .address import Address
from .limits import HEAD, INTERIM, WHOLE, Deadline, Pieces, TooMuchError
from .messages import STALLED, TOO_MUCH, UNENDED, Chunk, Headers, Request, Response
from .tls import context_for, why_refused

SWITCHING = 101
"""The one interim status after which no other answer comes."""
ANSWERS = 64 << 20
"""Bytes that are read of one connection at most."""


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
    TOO_MUCH = TOO_MUCH
    UNENDED = UNENDED
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
        if self.ending is Ending.TOO_MUCH:
            raise NoAnswerError(Failure.TOO_MUCH)
        if self.ending is Ending.UNENDED:
            raise NoAnswerError(Failure.TIMEOUT)
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


def placed(request: Request, base_url: str) -> Request:
    """The request with its target behind the path of `base_url`, as `ProxyClient` sends it."""
    return replace(request, target=Address.of(base_url).placed(request.target))


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


def send_raw(
    base_url: str,
    request: RawRequest,
    *,
    timeout: float = 30.0,
    longest: float = WHOLE,
    responses: int = 1,
    tls: ssl.SSLContext | None = None,
) -> RawAnswer:
    """Writes the pieces to a new connection and reads until `responses` answers are complete, or no more comes.

    `timeout` is in seconds, for connecting and for each read, and `longest` for reading in all. A peer that stops
    reading, or answers early, ends the writing and not the reading. Raises NoAnswerError when no connection can be
    made.
    """
    begun = time.monotonic()
    with connected(base_url, timeout, tls) as sock:
        sent_at = _write(sock, request, begun)
        chunks: list[Chunk] = []
        reader = AnswerReader(request.method)
        ending = _read(sock, request, reader, chunks, responses, begun, longest)
    answers = tuple(replace(answer, begun=begun) for answer in reader.ended(ending))
    return RawAnswer(tuple(chunks), answers, ending, time.monotonic() - begun, sent_at)


def send_in_turn(
    base_url: str,
    messages: Iterable[Request],
    *,
    rest: float,
    timeout: float = 30.0,
    longest: float = WHOLE,
    tls: ssl.SSLContext | None = None,
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
    with connected(base_url, timeout, tls) as sock:
        for number, message in enumerate(every):
            request = whole(placed(message, base_url))
            sent_at += _write(sock, request, begun)
            ending = _read(sock, request, reader, chunks, number + 1, begun, longest)
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


def connected(base_url: str, timeout: float, tls: ssl.SSLContext | None = None) -> socket.socket:
    """A new connection to the host of a URL; `timeout` is in seconds, and `tls` is used for https.

    Raises NoAnswerError when none can be made.
    """
    parts = Address.of(base_url)
    try:
        sock = socket.create_connection((parts.host, parts.port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            return (tls or context_for()).wrap_socket(sock, server_hostname=parts.host)
    except ConnectionRefusedError as error:
        raise NoAnswerError(Failure.REFUSED) from error
    except socket.gaierror as error:
        raise NoAnswerError(Failure.NO_ADDRESS) from error
    except ssl.SSLError as error:
        raise NoAnswerError(Failure.TLS, why=why_refused(error)) from error
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
    sock: socket.socket,
    request: RawRequest,
    reader: AnswerReader,
    chunks: list[Chunk],
    responses: int,
    begun: float,
    longest: float,
) -> Ending:
    size = sum(len(chunk.data) for chunk in chunks)
    deadline, timeout = Deadline.after(longest + request.read_after), sock.gettimeout() or longest
    time.sleep(request.read_after)
    while reader.complete < responses:
        data = _received(sock, request, begun, min(timeout, deadline.left))
        if data is Ending.TIMEOUT and deadline.left <= 0:
            return Ending.UNENDED
        if isinstance(data, Ending):
            return data
        size += len(data)
        chunks.append(Chunk(time.monotonic() - begun, data))
        try:
            is_valid = reader.take(chunks[-1])
        except TooMuchError:
            return Ending.TOO_MUCH
        if not is_valid or size > ANSWERS:
            return Ending.TOO_MUCH if size > ANSWERS else Ending.MALFORMED
        if request.leave_after is not None and reader.in_body:
            return Ending.LEFT
    return Ending.COMPLETE


def _received(sock: socket.socket, request: RawRequest, begun: float, seconds: float) -> bytes | Ending:
    """The next bytes, or why there are none."""
    if request.leave_after is not None:
        seconds = min(seconds, request.leave_after - (time.monotonic() - begun))
    if seconds <= 0:
        return Ending.TIMEOUT
    sock.settimeout(seconds)
    try:
        return sock.recv(65536) or Ending.CLOSED
    except TimeoutError:
        return Ending.TIMEOUT
    except OSError as error:
        return Ending.RESET if isinstance(error, ConnectionResetError) else Ending.CLOSED


class AnswerReader:
    """Finds the answers in a stream of bytes as they come, by the rules of h11. Pure but for its memory."""

    def __init__(self, method: str) -> None:
        self.complete = 0
        """Final answers that are whole."""
        self._method = b"HEAD" if method == "HEAD" else b"GET"
        self._found: list[Response] = []
        self._now = 0.0
        self._begin()

    @property
    def in_body(self) -> bool:
        """Whether part of a body has come that is not at its end."""
        return self._body.size > 0

    def take(self, chunk: Chunk) -> bool:
        """Read on; False when the answer is not valid HTTP. Raises TooMuchError."""
        self._now = chunk.at
        try:
            self._receive(chunk.data)
        except h11.RemoteProtocolError as error:
            if "too long" in str(error):
                raise TooMuchError from error
            return False
        return True

    def ended(self, ending: Ending) -> tuple[Response, ...]:
        """All answers, now that nothing more comes."""
        if self._head is not None and ending is Ending.CLOSED:
            with contextlib.suppress(h11.RemoteProtocolError):  # it was cut
                self._receive(b"")
        if self._head is not None:
            self._finish(ending.value)
        return tuple(self._found)

    def _begin(self) -> None:
        """Waits for an answer, on whatever the connection was used for before."""
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD)
        # An upgrade is asked for, so that 101 is an answer and no fault of its own.
        lines = [("Host", "ampmap"), ("Connection", "upgrade"), ("Upgrade", "ampmap")]
        self._state.send(h11.Request(method=self._method, target="/", headers=lines))
        self._state.send(h11.EndOfMessage())
        self._head: tuple[int, Headers, float] | None = None
        self._body = Pieces()
        self._interim = 0

    def _receive(self, data: bytes) -> None:
        self._state.receive_data(data)
        while True:
            event = self._state.next_event()
            if isinstance(event, h11.InformationalResponse | h11.Response):
                self._take_head(event)
            elif isinstance(event, h11.Data):
                self._body.add(self._now, bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._go_on()
            elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return

    def _take_head(self, event: h11.InformationalResponse | h11.Response) -> None:
        is_final = isinstance(event, h11.Response) or event.status_code == SWITCHING
        if not is_final:
            self._interim += 1
            if self._interim > INTERIM:
                raise TooMuchError
            return
        lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers.raw_items())
        self._head = (event.status_code, Headers(lines), self._now)
        if self._method == b"HEAD" and not isinstance(event, h11.Response):
            self._finish(None)

    def _go_on(self) -> None:
        """Takes what followed the answer for the beginning of the next one."""
        rest, _ = self._state.trailing_data
        self._finish(None)
        self._begin()
        if rest:
            self._state.receive_data(rest)

    def _finish(self, broken: str | None) -> None:
        if self._head is None:
            return
        status, headers, head_at = self._head
        self._found.append(Response(status, headers, self._body.chunks(), self._now, broken, head_at))
        self.complete += broken is None
        self._head = None
