"""The observer's memory: what it received and what it answered, found again by nonce."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from ..wire.limits import unpacked
from ..wire.messages import Headers, UpstreamAnswer, UpstreamRequest
from ..wire.redaction import NONCE_BYTES
from .answer import Answer
from .script import BODY_UNREAD, Reply


def nonces_in(raw: bytes, body: bytes) -> tuple[str, ...]:
    """Every nonce in a request, first to last: raw, in the percent-decoded head, and in a gzipped body."""
    found = dict.fromkeys(NONCE_BYTES.findall(raw))
    head = raw[: raw.find(b"\r\n\r\n")]  # which `partition` would give with a copy of the body
    if b"%" in head:
        found |= dict.fromkeys(NONCE_BYTES.findall(unquote_to_bytes(head)))
    if body[:2] == b"\x1f\x8b":  # which may be no gzip after all, cut short, or unpack without end
        found |= dict.fromkeys(NONCE_BYTES.findall(unpacked(body) or b""))
    elif body and body not in raw:  # a nonce across two chunks
        found |= dict.fromkeys(NONCE_BYTES.findall(body))
    return tuple(nonce.decode() for nonce in found)


HELD = 20.0
"""Seconds after which a held answer continues without a release, in case the test that held it ended."""


@dataclass(eq=False, slots=True)
class Record:
    """One request, its nonces, and the answer that it got (None until that is known)."""

    request: UpstreamRequest
    nonces: tuple[str, ...]
    answer: Answer | None = None
    sent_at: list[float] = field(default_factory=list)
    """When each write of the answer began, in monotonic seconds."""
    size: int = 0
    """Bytes that it counts for; none once it is dropped."""

    def seen(self) -> Seen:
        """What a probe gets of it."""
        if self.answer is None:
            return Seen(self.request, None)
        headers, sent_at = Headers(self.answer.headers), tuple(self.sent_at)
        return Seen(
            self.request,
            UpstreamAnswer(self.answer.status, headers, self.answer.body, sent_at, self.answer.fault),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that reached an upstream, and the answer that it got there, if it got one yet."""

    request: UpstreamRequest
    answer: UpstreamAnswer | None


class Records:
    """Requests in order of arrival, and the scripts that wait for them. Thread-safe; bounded: the oldest go first."""

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._all: deque[Record] = deque()
        self._by_nonce: dict[str, list[Record]] = {}
        self._scripts: dict[str, deque[Reply]] = {}
        self._released: dict[str, int] = {}
        self._max_requests, self._max_bytes, self._bytes = max_requests, max_bytes, 0

    def add(self, request: UpstreamRequest) -> tuple[Record, Reply | None]:
        """File a request; returns its record and the scripted reply that it takes, if one waits for it."""
        record = Record(request, nonces_in(request.raw, request.body))
        with self._changed:
            self._all.append(record)
            record.size = len(request.raw) + len(request.body)
            self._bytes += record.size
            for nonce in record.nonces:
                self._by_nonce.setdefault(nonce, []).append(record)
            self._trim()
            reply = next((self._next(nonce) for nonce in record.nonces if nonce in self._scripts), None)
            self._changed.notify_all()
        return record, reply

    def dropped(self, head: bytes) -> bool:
        """Whether the request with this head is to be dropped or answered before its body is read."""
        with self._changed:
            waiting = [self._scripts[nonce] for nonce in nonces_in(head, b"") if nonce in self._scripts]
            return any(script[0].end in BODY_UNREAD for script in waiting)

    def answered(self, record: Record, answer: Answer) -> None:
        """File the answer that a request gets."""
        with self._changed:
            record.answer = answer
            if record.size:  # it is still kept
                size = sum(len(data) for _, data in answer.pieces)
                record.size += size
                self._bytes += size
                self._trim()

    def note(self, record: Record, event: str) -> None:
        """Remember something that happened while `record` was answered."""
        with self._changed:
            record.request.events.append((time.monotonic(), event))
            self._changed.notify_all()

    def script(self, nonce: str, replies: Iterable[Reply]) -> None:
        """Replace what the next requests that carry `nonce` are answered."""
        with self._changed:
            self._scripts.pop(nonce, None)
            if waiting := deque(replies):
                self._scripts[nonce] = waiting
            while len(self._scripts) > self._max_requests or _held(self._scripts.values()) > self._max_bytes:
                del self._scripts[next(iter(self._scripts))]

    def find(self, nonce: str | None, at_least: int, within: float) -> tuple[Record, ...]:
        """Records that carry `nonce` (all for None), as soon as there are `at_least`, or after `within` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._matching(nonce)) >= at_least, within)
            return tuple(self._matching(nonce))

    def wait_for_event(self, nonce: str, event: str, within: float) -> bool:
        """Whether `event` was noted on a request that carries `nonce`, waiting up to `within` seconds."""

        def noted() -> bool:
            return any(seen == event for record in self._matching(nonce) for _, seen in record.request.events)

        with self._changed:
            self._changed.wait_for(lambda: self._closed or noted(), within)
            return noted()

    def release(self, nonces: Iterable[str], pieces: int) -> None:
        """Continue held answers to requests that carry one of `nonces`, until so many pieces are sent."""
        with self._changed:
            self._released.update(dict.fromkeys(nonces, pieces))
            while len(self._released) > self._max_requests:
                del self._released[next(iter(self._released))]
            self._changed.notify_all()

    def wait_for_release(self, record: Record, pieces: int) -> None:
        """Wait until so many pieces of a held answer may be sent; no longer than HELD seconds."""

        def released() -> bool:
            return any(self._released.get(nonce, 1) >= pieces for nonce in record.nonces)

        with self._changed:
            self._changed.wait_for(lambda: self._closed or released(), HELD)

    def close(self) -> None:
        """End all waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def forget(self, nonce: str) -> None:
        """Drop the requests and the script of `nonce`."""
        with self._changed:
            self._scripts.pop(nonce, None)
            self._released.pop(nonce, None)
            for record in tuple(self._by_nonce.get(nonce, ())):
                self._all.remove(record)
                self._drop(record)

    def _matching(self, nonce: str | None) -> Collection[Record]:
        return self._all if nonce is None else self._by_nonce.get(nonce, [])

    def _next(self, nonce: str) -> Reply:
        script = self._scripts[nonce]
        reply = script.popleft()
        if not script:
            del self._scripts[nonce]
        return reply

    def _trim(self) -> None:
        while len(self._all) > self._max_requests or self._bytes > self._max_bytes:
            self._drop(self._all.popleft())

    def _drop(self, record: Record) -> None:
        self._bytes -= record.size
        record.size = 0
        for nonce in record.nonces:
            rest = [other for other in self._by_nonce[nonce] if other is not record]
            if rest:
                self._by_nonce[nonce] = rest
            else:
                del self._by_nonce[nonce]


def _held(scripts: Iterable[Iterable[Reply]]) -> int:
    replies = (reply for script in scripts for reply in script)
    return sum(len(reply.body or b"") + sum(len(data) for _, data in reply.pieces or ()) for reply in replies)
