"""The observer: the upstream that records every byte a proxy sends on, and answers by script."""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..meanings import ToolCall
from ..reference.types import Reference
from ..version import version
from ..wire.messages import UpstreamRequest
from .answer import Answer, plain
from .asking import ToolAsks
from .control import CLIENT_CLOSED, Control
from .occupancy import Occupancy, Occupied
from .personas import Personas
from .records import Record, Records, Seen
from .script import End, Framing, Reply
from .websocket import converse
from .wire import ClosedError, Connection, MalformedError, Received

KEPT_MALFORMED = 100
"""Number of invalid requests of which the first bytes are kept."""
KEPT_BYTES = 4096


class Observer:
    """Plays every provider of a reference, and Amp's own servers, on one port.

    A persona is chosen by the first path segment (`/groq/openai/v1/...`, `/amp/api/...`), or by a
    port of its own. Every request is recorded before it is answered, and is found again by the
    nonce that it carries. Usable as a context manager; safe for use by many threads. With a `token` another process
    may ask for all this by the control API. `strict` personas reject what the reference says that their vendors reject.
    `asks` are tools that the observer asks for, each once, of the first request that offers it.
    `heard` is told each request and its answer when that has been sent; it must not block.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        token: str | None = None,
        strict: bool = False,
        asks: Iterable[ToolCall] = (),
        max_requests: int = 20_000,
        max_bytes: int = 256 << 20,
        backlog: int = 512,
        heard: Callable[[Seen], None] | None = None,
    ) -> None:
        self._heard = heard
        self._personas = Personas(reference, strict=strict)
        self._asks = ToolAsks(asks)
        self._records = Records(max_requests, max_bytes)
        about = {
            "version": version(),
            "edition": reference.edition.id,
            "digest": reference.digest,
            "personas": sorted(self._personas.names),
            "strict": strict,
        }
        self._occupancy = Occupancy()
        self._control = Control(self._records, token, about, self._occupancy.now)
        self._backlog = backlog
        self._closing = threading.Event()
        self._wake, self._waker = socket.socketpair()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._open: set[socket.socket] = set()
        self._numbers = itertools.count(1)
        self._malformed: deque[bytes] = deque(maxlen=KEPT_MALFORMED)
        self._url = ""

    def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen for all personas. Port 0 lets the system choose. Raises OSError when that fails."""
        self._url = self._listen(host, port, None)
        return self

    def listen_for(self, persona: str, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen for one persona on a port of its own; returns its URL. Raises LookupError for an unknown one."""
        self._known(persona)
        return self._listen(host, port, persona)

    def close(self) -> None:
        """Stop listening, drop every connection and wait for the threads."""
        with self._lock:
            self._closing.set()
            self._records.close()
            self._waker.close()
            threads = tuple(self._threads)
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        self._wake.close()

    def __enter__(self) -> Self:
        return self if self._url else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, once started."""
        return self._url

    def persona_url(self, persona: str) -> str:
        """The URL that stands for a persona's scheme and host. Raises LookupError for an unknown one."""
        return f"{self._url}/{self._known(persona)}"

    @property
    def direct_url(self) -> str:
        """The same: it is this process."""
        return self._url

    def direct_path(self, persona: str) -> str:
        """The path below which a persona is asked directly. Raises LookupError for an unknown one."""
        return f"/{self._known(persona)}"

    def script(self, nonce: str, replies: Iterable[Reply]) -> None:
        """Answer the next requests that carry `nonce` by `replies`, one each; after them normally again."""
        self._records.script(nonce, replies)

    def requests(self, nonce: str, *, at_least: int = 0, within: float = 0.0) -> tuple[UpstreamRequest, ...]:
        """The requests that carry `nonce`, as soon as there are `at_least` of them or after `within` seconds."""
        return tuple(record.request for record in self._records.find(nonce, at_least, within))

    def seen(self, nonce: str, *, at_least: int = 0, within: float = 0.0) -> tuple[Seen, ...]:
        """The same, each with its answer."""
        return tuple(record.seen() for record in self._records.find(nonce, at_least, within))

    def all_requests(self) -> tuple[UpstreamRequest, ...]:
        """Every request in memory, oldest first."""
        return tuple(record.request for record in self._records.find(None, 0, 0.0))

    def answers(self, nonce: str) -> tuple[Answer, ...]:
        """What the requests that carry `nonce` were answered, in the order of `requests`."""
        return tuple(record.answer for record in self._records.find(nonce, 0, 0.0) if record.answer is not None)

    def client_closed(self, nonce: str, *, within: float) -> bool:
        """Whether the sender of a request with `nonce` went away early, waiting up to `within` seconds for it."""
        return self._records.wait_for_event(nonce, CLIENT_CLOSED, within)

    def malformed(self) -> tuple[bytes, ...]:
        """The first bytes of the latest messages that were not valid HTTP/1.1 requests."""
        with self._lock:
            return tuple(self._malformed)

    def release(self, nonces: Iterable[str], pieces: int) -> None:
        """Continue held answers to requests that carry one of `nonces`, until so many pieces are sent."""
        self._records.release(nonces, pieces)

    def forget(self, nonce: str) -> None:
        """Drop what is known of `nonce`: its requests and its script."""
        self._records.forget(nonce)

    def occupied(self) -> Occupied:
        """How many connections and calls of proxies there are at this moment."""
        return self._occupancy.now()

    def _known(self, persona: str) -> str:
        if persona not in self._personas.names:
            raise LookupError(f"unknown persona {persona!r}; expected one of {', '.join(sorted(self._personas.names))}")
        return persona

    def _listen(self, host: str, port: int, persona: str | None) -> str:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=self._backlog)
        self._spawn(self._accept, listener, persona)
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{listener.getsockname()[1]}"

    def _accept(self, listener: socket.socket, persona: str | None) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._closing.is_set():
                selector.select()
                if self._closing.is_set():
                    return
                with contextlib.suppress(OSError):  # the peer was faster in giving up
                    sock, _ = listener.accept()
                    self._spawn(self._serve, sock, persona)

    def _spawn(
        self, work: Callable[[socket.socket, str | None], None], sock: socket.socket, persona: str | None
    ) -> None:
        thread = threading.Thread(target=self._run, args=(work, sock, persona), name="observer", daemon=True)
        with self._lock:  # `close` may not see a thread before it runs, nor miss one that is about to
            if self._closing.is_set():
                sock.close()
                return
            self._threads.add(thread)
            self._open.add(sock)
            thread.start()

    def _run(self, work: Callable[[socket.socket, str | None], None], sock: socket.socket, persona: str | None) -> None:
        try:
            with sock:
                work(sock, persona)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
                self._open.discard(sock)

    def _serve(self, sock: socket.socket, persona: str | None) -> None:
        connection, number, turn = Connection(sock, self._closing), next(self._numbers), 0
        try:
            while (received := connection.receive(self._records.dropped)) is not None:
                turn += 1
                if persona is None and self._control.takes(received.target):
                    connection.send(
                        self._control.answer(received), to_head=False, is_last=not received.keep_alive, sent_at=[]
                    )
                    if not received.keep_alive:
                        return
                elif not self._answer(connection, received, (number, turn), persona):
                    return
                del received  # a kept connection may wait long for the next one, and a body may have some MB
        except MalformedError as error:
            with self._lock:
                self._malformed.append(error.raw[:KEPT_BYTES])
            refusal = plain(400, str(error).encode(), content_type="text/plain")
            with contextlib.suppress(ClosedError):
                connection.send(refusal, to_head=False, is_last=True, sent_at=[])
        except ClosedError:  # who asked by the control API did not wait for the answer
            return
        finally:
            self._occupancy.closed(number)

    def _answer(self, connection: Connection, received: Received, place: tuple[int, int], fixed: str | None) -> bool:
        """Record and answer one request; whether the connection can take another.

        `place` is the number of the connection, and that of the request on it.
        """
        persona, target = self._personas.split(received.target) if fixed is None else (fixed, received.target)
        with self._occupancy.call(place[0], persona):
            return self._answer_as(persona, target, connection, received, place)

    def _answer_as(
        self, persona: str, target: str, connection: Connection, received: Received, place: tuple[int, int]
    ) -> bool:
        number, turn = place
        request = UpstreamRequest(
            persona,
            received.method,
            target,
            received.headers,
            received.body,
            received.raw,
            number,
            time.monotonic(),
            turn,
        )
        record, reply = self._records.add(request)
        answer = self._choose(record, reply)
        if answer.framing is Framing.CHUNKED and not received.knows_chunks:
            answer = replace(answer, framing=Framing.CLOSE)
        self._records.answered(record, answer)
        try:
            connection.send(
                answer,
                to_head=received.method == "HEAD",
                is_last=not received.keep_alive,
                sent_at=record.sent_at,
                released=lambda pieces: self._records.wait_for_release(record, pieces),
            )
            if answer.switch is not None:
                converse(connection, answer.switch)
                return False
        except ClosedError:
            self._records.note(record, CLIENT_CLOSED)
            return False
        finally:
            if self._heard is not None:
                self._heard(record.seen())
        return received.keep_alive and answer.end is End.CLEAN and answer.framing is not Framing.CLOSE

    def _choose(self, record: Record, reply: Reply | None) -> Answer:
        try:
            return self._personas.answer(record.request, reply or self._asks.reply(self._personas, record.request))
        except Exception as error:  # noqa: BLE001 - told to whoever probes: the proxy is not to blame for it
            fault = f"{type(error).__name__}: {error}"
            return replace(plain(500, fault.encode(), content_type="text/plain"), fault=fault)
