"""HTTP messages as the kit sees them, on both hops. Values only: nothing here does I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from .json_text import loads


@dataclass(frozen=True, slots=True)
class Headers:
    """Header lines in order, with their case; looked up without regard to case."""

    lines: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, **values: str) -> Headers:
        """Headers from keywords; underscores become hyphens."""
        return cls(tuple((name.replace("_", "-"), value) for name, value in values.items()))

    def get(self, name: str) -> str | None:
        """The first value, or None."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, one per line, in order."""
        return tuple(value for key, value in self.lines if key.lower() == name.lower())

    def adding(self, *lines: tuple[str, str]) -> Headers:
        """These headers and, after them, `lines`."""
        return Headers((*self.lines, *lines))

    def without(self, *names: str) -> Headers:
        """These headers less every line of `names`."""
        gone = {name.lower() for name in names}
        return Headers(tuple(line for line in self.lines if line[0].lower() not in gone))

    def setting(self, name: str, value: str) -> Headers:
        """These headers with exactly one line `name`, at the end."""
        return self.without(name).adding((name, value))

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a probe sends. `target` is the path with its query, byte for byte as on the wire."""

    method: str
    target: str
    headers: Headers = Headers()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Body bytes as they arrived; `at` is in seconds since the request was begun."""

    at: float
    data: bytes


WAITED = 0.9
"""Part of a limit that is as good as all of it: clocks and buffers take the rest."""
STALLED = "no more bytes arrived in time"
"""How an answer ended for which its reader stopped waiting."""
UNENDED = "the answer did not end in time"
"""How an answer ended that still came when the time for all of it was over."""
TOO_MUCH = "more bytes arrived than the kit reads"
"""How an answer ended of which the reader took no more."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `broken` states how the transfer ended if it did not end cleanly. Status 0 means no answer."""

    status: int
    headers: Headers
    chunks: tuple[Chunk, ...]
    seconds: float
    broken: str | None = None
    head_at: float = 0.0
    """When the status line and the headers were there, in seconds since the request was begun."""
    begun: float = 0.0
    """When the request was begun, in monotonic seconds; 0 where it is not known."""

    @property
    def body(self) -> bytes:
        """The whole body, as received (no content decoding)."""
        return b"".join(chunk.data for chunk in self.chunks)

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is not valid JSON."""
        return loads(self.body)


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A request as the observer received it."""

    persona: str
    """Whom the observer played: a provider id, or `amp`."""
    method: str
    target: str
    """Path and query below the persona's prefix, byte for byte."""
    headers: Headers
    body: bytes
    """Without transfer coding, with content coding."""
    raw: bytes
    """Every byte received for this request, head and body."""
    connection: int
    """Number of the connection that carried it."""
    at: float
    """Monotonic seconds."""
    turn: int = 1
    """Which of the requests on its connection it is, from 1."""
    events: list[tuple[float, str]] = field(default_factory=list, compare=False)
    """What happened while answering, e.g. `(seconds, "client closed")`."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str | None:
        """The raw query, or None where there is no question mark."""
        _, mark, query = self.target.partition("?")
        return query if mark else None

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is not valid JSON."""
        return loads(self.body)


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """What the observer answered to one request; `body` is what it set out to send, without transfer coding."""

    status: int
    headers: Headers
    body: bytes
    sent_at: tuple[float, ...] = ()
    """When each write of the answer began, in monotonic seconds."""
    fault: str | None = None
    """What is wrong with this answer by the observer's own schemas: a fault of the kit."""


def media_type(content_type: str | None) -> str:
    """The media type in a `Content-Type`, without parameters, in lower case; empty where there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def nonce_of(request: Request) -> str:
    """The nonce of a request that a probe made, which is the last word of its User-Agent."""
    return (request.headers.get("user-agent") or "").rpartition("(")[2].rstrip(")")


AMP = "amp"
"""The persona of Amp's own servers."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One probe: the request, the answer, and the requests that reached the observer."""

    request: Request
    response: Response
    upstream: tuple[UpstreamRequest, ...]
    persona: str = ""
    """Whom the call is for: a provider id, or `amp`."""
    answers: tuple[UpstreamAnswer, ...] = ()
    """What the observer answered, one for each of `upstream`."""
    begun: float = 0.0
    """When the request was begun, in the monotonic seconds that `UpstreamRequest.at` counts."""
    plain: bool = True
    """Whether the request alone makes the probe: nothing was scripted, and any client could have sent it from here."""

    @property
    def nonce(self) -> str:
        """The nonce of the request; empty for one that no probe made."""
        return nonce_of(self.request)

    def left_waiting(self, limit: float) -> bool:
        """Whether the client still waited for the end so many seconds after the upstream had ended its answer."""
        ended = max((at for answer in self.answers for at in answer.sent_at), default=self.begun)
        waited = self.begun + self.response.seconds - ended
        return self.response.broken in (STALLED, UNENDED) and waited >= limit * WAITED

    def beginning(self, most: int) -> Exchange:
        """The same with so many bytes of each body, and of an answer those chunks that begin before that."""
        ends = accumulate(len(chunk.data) for chunk in self.response.chunks)
        chunks = tuple(
            replace(chunk, data=chunk.data[:most])
            for chunk, end in zip(self.response.chunks, ends, strict=True)
            if end - len(chunk.data) < most
        )
        return replace(
            self,
            request=replace(self.request, body=self.request.body[:most]),
            response=replace(self.response, chunks=chunks),
            upstream=tuple(replace(one, body=one.body[:most], raw=one.raw[:most]) for one in self.upstream),
            answers=tuple(replace(one, body=one.body[:most]) for one in self.answers),
        )

    def since_begin(self, at: float) -> float:
        """A time of the upstream hop in seconds since the probe began."""
        return at - self.begun
