"""WebSockets (RFC 6455): the offer to open one, its answer, and a client that talks on it. wsproto has the frames."""

from __future__ import annotations

import base64
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import partial

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError, generate_accept_token

from ..errors import Failure, NoAnswerError
from .limits import BODY, WHOLE, Deadline, TooMuchError
from .messages import Chunk, Headers, Request, Response
from .raw import AnswerReader, Ending, connected, placed, wire

SWITCHING = 101
Said = str | bytes
"""A message: text or bytes."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What a client does on a WebSocket that was opened."""

    says: tuple[Said, ...] = ()
    """Messages, each sent when the answer to the one before it is there."""
    hears_first: int = 0
    """How many messages the server sends before it is asked anything."""
    pings: bool = False
    leaves: bool = False
    """The client closes the connection behind its messages, without a word."""


@dataclass(slots=True)
class Talked:
    """What a client saw on a WebSocket that was opened."""

    heard: list[Said] = field(default_factory=list)
    """Messages that came, in order."""
    ponged: bool = False
    closed: int | None = None
    """The code with which the server closed; None where it did not."""
    ending: Ending = Ending.COMPLETE
    """How the connection ended."""


@unique
class Offer(StrEnum):
    """Headers of an offer to open a WebSocket."""

    KEY = "Sec-WebSocket-Key"
    ACCEPT = "Sec-WebSocket-Accept"
    PROTOCOL = "Sec-WebSocket-Protocol"


def offer_lines(*subprotocols: str) -> tuple[tuple[str, str], ...]:
    """The lines by which a GET offers to open a WebSocket, with a key of their own."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    lines = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), (Offer.KEY, key))
    return (*lines, (Offer.PROTOCOL, ", ".join(subprotocols))) if subprotocols else lines


def is_offer(method: str, headers: Headers) -> bool:
    """Whether a request offers to open a WebSocket."""
    tokens = [token.strip().lower() for value in headers.all("connection") for token in value.split(",")]
    kind = (headers.get("upgrade") or "").lower()
    return method == "GET" and "upgrade" in tokens and kind == "websocket" and Offer.KEY in headers


def accepting_lines(headers: Headers) -> tuple[tuple[str, str], ...]:
    """The lines by which a server accepts an offer, with the first of the subprotocols that it names."""
    token = generate_accept_token((headers.get(Offer.KEY) or "").encode()).decode()
    lines = (("Upgrade", "websocket"), ("Connection", "Upgrade"), (Offer.ACCEPT, token))
    named = subprotocols_of(headers)
    return (*lines, (Offer.PROTOCOL, named[0])) if named else lines


def subprotocols_of(headers: Headers) -> tuple[str, ...]:
    """The subprotocols that a message names, in order."""
    values = headers.all(Offer.PROTOCOL)
    return tuple(name for value in values for each in value.split(",") if (name := each.strip()))


def talk(
    base_url: str, request: Request, what: Talk, *, timeout: float, tls: ssl.SSLContext | None = None
) -> tuple[Response, Talked]:
    """Sends an offer on a connection of its own, and talks where it is accepted.

    `timeout` is in seconds, for connecting and for each read. Raises NoAnswerError when there is no answer.
    """
    begun = time.monotonic()
    with connected(base_url, timeout, tls) as sock:
        sock.sendall(wire(placed(request, base_url)))
        response, rest, ending = _answered(sock, request.method, begun)
        if response.status != SWITCHING:
            return response, Talked(ending=ending)
        return response, _Speaker(sock, rest).done(what)


def _answered(sock: socket.socket, method: str, begun: float) -> tuple[Response, bytes, Ending]:
    """The answer; where the connection was switched, also the bytes that came behind its head."""
    reader, raw, ending = AnswerReader(method), b"", Ending.COMPLETE
    while not reader.complete:
        data = _received(sock)
        if isinstance(data, Ending):
            ending = data
            break
        raw += data
        head, end, rest = raw.partition(b"\r\n\r\n")
        if end and head.split(b" ", 2)[1:2] == [b"101"]:
            opening = AnswerReader("HEAD")
            opening.take(Chunk(time.monotonic() - begun, head + end))
            return opening.ended(Ending.COMPLETE)[0], rest, Ending.COMPLETE
        try:
            is_valid = reader.take(Chunk(time.monotonic() - begun, data))
        except TooMuchError:
            raise NoAnswerError(Failure.TOO_MUCH) from None
        if not is_valid:
            raise NoAnswerError(Failure.MALFORMED)
    found = reader.ended(ending)
    if not found:
        raise NoAnswerError(Failure.TIMEOUT if ending is Ending.TIMEOUT else Failure.DROPPED)
    return found[0], b"", ending


def _received(sock: socket.socket) -> bytes | Ending:
    """The next bytes, or why there are none."""
    try:
        return sock.recv(65536) or Ending.CLOSED
    except TimeoutError:
        return Ending.TIMEOUT
    except ConnectionResetError:
        return Ending.RESET
    except OSError:
        return Ending.CLOSED


def message(said: Said) -> Event:
    """What is sent to say something."""
    return TextMessage(data=said) if isinstance(said, str) else BytesMessage(data=bytearray(said))


def spoken(connection: Connection, parts: list[Said]) -> Iterator[Event | Said]:
    """What came: whole messages, and every other event. `parts` keeps the message that has begun.

    Raises ProtocolError for bytes that are not frames.
    """
    for event in connection.events():
        if not isinstance(event, TextMessage | BytesMessage):
            yield event
            continue
        parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
        if event.message_finished:
            yield joined(parts)
            parts.clear()


def joined(parts: list[Said]) -> Said:
    """The parts of one message as a whole."""
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if texts else b"".join(part for part in parts if isinstance(part, bytes))


class _Speaker:
    """The client's side of one open WebSocket."""

    def __init__(self, sock: socket.socket, rest: bytes) -> None:
        self._sock = sock
        self._connection = Connection(ConnectionType.CLIENT, trailing_data=rest)
        self._parts: list[Said] = []
        self._came = Talked()
        self._deadline = Deadline.after(WHOLE)
        self._size = 0

    def done(self, what: Talk) -> Talked:
        """Do all of it, and close; what does not come in time ends it."""
        came = self._came
        try:
            continues = self._reads_until(partial(self._has_heard, what.hears_first))
            for number, said in enumerate(what.says, start=what.hears_first + 1):
                continues = continues and self._sends(message(said))
                continues = continues and self._reads_until(partial(self._has_heard, number))
            if what.pings:
                continues = continues and self._sends(Ping(payload=b"ampmap"))
                continues = continues and self._reads_until(lambda: came.ponged)
            if not what.leaves and continues and self._sends(CloseConnection(code=CloseReason.NORMAL_CLOSURE)):
                self._reads_until(lambda: came.closed is not None)
        except ProtocolError:
            came.ending = Ending.MALFORMED
        return came

    def _has_heard(self, count: int) -> bool:
        return len(self._came.heard) >= count

    def _sends(self, event: Event) -> bool:
        try:
            self._sock.sendall(self._connection.send(event))
        except OSError:
            self._came.ending = Ending.CLOSED
            return False
        return True

    def _reads_until(self, enough: Callable[[], bool]) -> bool:
        """Whether the conversation continues; it does not when the server closes it, or says nothing in time."""
        self._take()
        while not enough() and self._came.closed is None:
            data = _received(self._sock)
            if isinstance(data, Ending):
                self._came.ending = data
                return False
            self._size += len(data)
            if self._size > BODY or self._deadline.left <= 0:
                self._came.ending = Ending.TOO_MUCH if self._size > BODY else Ending.UNENDED
                return False
            self._connection.receive_data(data)
            self._take()
        return self._came.closed is None

    def _take(self) -> None:
        for event in spoken(self._connection, self._parts):
            match event:
                case str() | bytes():
                    self._came.heard.append(event)
                case Pong():
                    self._came.ponged = True
                case Ping():
                    self._sends(event.response())
                case CloseConnection():
                    self._came.closed = int(event.code)
                case _:
                    pass
