"""An answer as it goes onto the wire, and how a scripted reply changes the normal one. Pure."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .script import UNANSWERED, End, Framing, Gzip, Lines, Pieces, Reply, StreamFault, Switch


@dataclass(frozen=True, slots=True)
class Answer:
    """What the observer sends for one request."""

    status: int
    headers: Lines
    pieces: Pieces = ()
    framing: Framing = Framing.CONTENT_LENGTH
    end: End = End.CLEAN
    delay: float = 0.0
    stop_after: int | None = None
    held: bool = False
    """Each piece but the first waits until it is released."""
    interim: tuple[int, ...] = ()
    """Statuses of interim answers, each sent before the answer."""
    trailers: Lines = ()
    """Header lines behind a body in chunks."""
    terminal: int = 0
    """How many pieces at the end belong to the stream's terminator."""
    in_band_error: bytes | None = None
    """The error event of this stream's dialect, as bytes."""
    other_in_band_error: bytes | None = None
    """The same in the other form that servers of the dialect were seen to send."""
    bare_error: bytes | None = None
    """The same error without event framing."""
    switch: Switch | None = None
    """What is done with the connection behind an answer that accepts a WebSocket."""
    fault: str | None = None
    """What is wrong with the persona's own body by the reference's schemas: a fault of the kit."""

    @property
    def body(self) -> bytes:
        """The whole body, also where only part of it is sent."""
        return b"".join(data for _, data in self.pieces)

    @property
    def sent_pieces(self) -> Pieces:
        """The pieces that are sent whole: all of them, unless the answer is cut."""
        if self.end in (End.CLEAN, End.EARLY):
            return self.pieces
        if self.end in UNANSWERED:
            return ()
        if self.stop_after is not None:
            return self.pieces[: self.stop_after]
        if len(self.pieces) == 1:
            delay, data = self.pieces[0]
            return ((delay, data[: len(data) // 2]),)
        return self.pieces[: len(self.pieces) // 2]


def plain(status: int, body: bytes, *lines: tuple[str, str], content_type: str = "application/json") -> Answer:
    """An answer in one piece."""
    return Answer(status, (("Content-Type", content_type), *lines), ((0.0, body),) if body else ())


def scripted(normal: Answer, reply: Reply) -> Answer:
    """The persona's `normal` answer, changed as `reply` says. A fault of streams leaves other answers as they are."""
    answer = _stream_fault(normal, reply.stream)
    if reply.pieces is not None:
        answer = replace(answer, pieces=reply.pieces, fault=None)
    elif reply.body is not None:
        whole: Pieces = ((0.0, reply.body),) if reply.body else ()
        answer = replace(answer, pieces=whole, framing=Framing.CONTENT_LENGTH, fault=None)
    headers = (*(answer.headers if reply.headers is None else reply.headers), *reply.more_headers)
    if reply.gzip is Gzip.DECLARED:
        headers = (*headers, ("Content-Encoding", "gzip"))
    pieces = answer.pieces if reply.gzip is Gzip.NONE else _compressed(answer.pieces)
    if reply.split:
        pieces = _split(b"".join(data for _, data in pieces), reply.split)
    if reply.gap and reply.pieces is None:
        pieces = tuple((reply.gap if place else delay, data) for place, (delay, data) in enumerate(pieces))
    return replace(
        answer,
        status=answer.status if reply.status is None else reply.status,
        headers=headers,
        pieces=pieces,
        interim=reply.interim,
        trailers=reply.trailers,
        framing=reply.framing or (Framing.CHUNKED if reply.trailers else answer.framing),
        end=reply.end,
        delay=reply.delay,
        stop_after=reply.stop_after,
        held=reply.held,
    )


def _stream_fault(answer: Answer, fault: StreamFault) -> Answer:
    if fault is StreamFault.NONE:
        return answer
    if fault is StreamFault.NO_TERMINATOR:
        return replace(answer, pieces=answer.pieces[: len(answer.pieces) - answer.terminal])
    error = {
        StreamFault.IN_BAND_ERROR: answer.in_band_error,
        StreamFault.IN_BAND_ERROR_OTHER: answer.other_in_band_error,
        StreamFault.IN_BAND_ERROR_BARE: answer.bare_error,
    }[fault]
    if error is None:
        return answer
    begun = max(1, (len(answer.pieces) - answer.terminal) // 2)
    return replace(answer, pieces=(*answer.pieces[:begun], (0.0, error)))


def _compressed(pieces: Pieces) -> Pieces:
    if len(pieces) == 1:
        return ((pieces[0][0], gzip.compress(pieces[0][1], mtime=0)),)
    packer = zlib.compressobj(wbits=31)
    packed = [(delay, packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)) for delay, data in pieces]
    *others, (delay, last) = packed or [(0.0, b"")]
    return (*others, (delay, last + packer.flush()))  # a piece of its own would hold nothing that a client waits for


def _split(data: bytes, size: int) -> Pieces:
    return tuple((0.0, data[start : start + size]) for start in range(0, len(data), size))


def head(answer: Answer, *, no_body: bool, is_last: bool) -> bytes:
    """Status line and header lines. `no_body` marks an answer to HEAD, or a status that has no body.

    `is_last` marks the last answer on its connection. It says so, as RFC 9112 9.6 has it: else a client that keeps its
    connections may send the next call on one that is about to be closed.
    """
    lines = list(answer.headers)
    names = {name.lower() for name, _ in lines}
    if not names & {"content-length", "transfer-encoding"}:
        lines += _length_lines(answer, no_body=no_body)
    ends = is_last or answer.framing is Framing.CLOSE or answer.end is not End.CLEAN
    if ends and "connection" not in names:
        lines.append(("Connection", "close"))
    return _head_bytes(f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Answer')}", lines)


def interim_heads(answer: Answer) -> bytes:
    """The interim answers that are sent before an answer."""
    heads = (_head_bytes(f"HTTP/1.1 {status} {_REASONS[status]}", _INTERIM_LINES[status]) for status in answer.interim)
    return b"".join(heads)


def last_chunk(answer: Answer) -> bytes:
    """The end of a body in chunks, with its trailers."""
    return _head_bytes("0", answer.trailers)


def _length_lines(answer: Answer, *, no_body: bool) -> list[tuple[str, str]]:
    if answer.framing is Framing.CLOSE or answer.switch or (no_body and answer.status in (204, 304)):
        return []
    if answer.framing is Framing.CHUNKED:
        return [("Transfer-Encoding", "chunked")]
    return [("Content-Length", str(len(answer.body)))]


def _head_bytes(first: str, lines: Iterable[tuple[str, str]]) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in lines), "", ""]).encode("latin-1")


_INTERIM_LINES: dict[int, Lines] = {100: (), 103: (("Link", "</example>; rel=preload"),)}
_REASONS = {
    100: "Continue", 101: "Switching Protocols", 103: "Early Hints",
    200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
    422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 529: "Overloaded",
}  # fmt: skip
