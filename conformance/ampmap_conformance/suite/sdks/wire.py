"""The HTTP of an SDK: a transport of the SDK's own library that is recorded, and that reaches the target alone."""

from __future__ import annotations

import secrets as random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ssl import SSLContext
from types import ModuleType
from typing import Any

from ...errors import KitFaultError
from ...wire.address import Address
from ...wire.messages import Chunk, Headers, Request, Response
from ...wire.tls import context_for

LEFT = "the client left"


def new_nonce() -> str:
    """A word by which the observer finds a request again."""
    return f"ampmap-{random.token_hex(8)}"


@dataclass
class Recorded:
    """One request of an SDK, and its answer; filled while the call runs."""

    request: Request
    nonce: str
    begun: float
    status: int = 0
    headers: Headers = field(default_factory=Headers)
    head_at: float = 0.0
    ended_at: float = 0.0
    chunks: list[Chunk] = field(default_factory=list)
    whole: bool = False
    broken: str | None = None

    @property
    def response(self) -> Response:
        """The answer so far; status 0 for no answer."""
        broken = self.broken or (None if self.whole else LEFT)
        return Response(self.status, self.headers, tuple(self.chunks), self.ended_at, broken, self.head_at)

    def passed(self) -> float:
        """Seconds since it was begun."""
        return time.monotonic() - self.begun


class Line:
    """All requests of one SDK client, which carry its nonce. No other host than the target is reached.

    `allow` is asked before each request and may raise. SDKs swallow what a transport raises, so the first such error
    is kept as `fault`, for the code that drives the SDK.
    """

    def __init__(
        self,
        base_url: str,
        nonce: str,
        allow: Callable[[], None],
        lost: Callable[[str], bool],
        tls: SSLContext | None = None,
    ) -> None:
        self.lost = lost
        """Whether the request with a nonce has left no trace behind the target."""
        self.base_url = base_url
        self.tls = tls
        self.nonce = nonce
        self.records: list[Recorded] = []
        self.fault: Exception | None = None
        self._prefix = Address.of(base_url).path.rstrip("/")
        self._allow = allow
        self._lock = threading.Lock()
        self._open: list[Any] = []

    def transport(self, library: ModuleType) -> Any:
        """A transport for a client of `library` (httpx, or its fork httpx2), which knows it as one of its own."""
        # Google's SDK looks for the library in the classes' modules, and Groq's renames those of httpx
        kind = type("RecordingTransport", (_Transport, library.BaseTransport), {"__module__": library.__name__})
        made = kind(self, library)
        self._open.append(made)
        return made

    def close(self) -> None:
        """Closes every connection."""
        for transport in self._open:
            transport.close()

    def begin(self, request: Any, url: Any) -> Recorded:
        """Takes a request on; raises what keeps it from being sent."""
        with self._lock:
            try:
                if (request.url.scheme, request.url.host, request.url.port) != (url.scheme, url.host, url.port):
                    raise KitFaultError(f"an SDK called {request.url.host} beside the target")
                self._allow()
            except Exception as error:
                self.fault = self.fault or error
                raise
            nonce = new_nonce()
            agent = request.headers.get("user-agent", "")
            request.headers["user-agent"] = f"{agent} ({self.nonce}; {nonce})".strip()
            lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
            target = request.url.raw_path.decode("latin-1").removeprefix(self._prefix)
            sent = Request(request.method, target, Headers(lines), request.read())
            self.records.append(Recorded(sent, nonce, time.monotonic()))
            return self.records[-1]


class _Transport:
    """Mixed with the library's own base class, which it checks for."""

    def __init__(self, line: Line, library: ModuleType) -> None:
        self._line, self._library = line, library
        self._url = library.URL(line.base_url)
        verify = (line.tls or context_for()) if self._url.scheme == "https" else False
        self._inner = library.HTTPTransport(verify=verify, trust_env=False)
        single = library.Limits(max_keepalive_connections=0)
        self._new = library.HTTPTransport(verify=verify, trust_env=False, limits=single)

    def handle_request(self, request: Any) -> Any:
        """Sends a request and hands its answer out as it comes."""
        record = self._line.begin(request, self._url)
        try:
            response = self._answer(request, record.nonce)
        except Exception as error:
            record.broken, record.ended_at = type(error).__name__, record.passed()
            raise
        record.status, record.head_at = response.status_code, record.passed()
        record.headers = Headers(
            tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        )
        kind = type("RecordingStream", (_Stream, self._library.SyncByteStream), {})
        response.stream = kind(response.stream, record)
        return response

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()
        self._new.close()

    def _answer(self, request: Any, nonce: str) -> Any:
        """The answer; where a kept connection was closed before any byte of it, that of a new one."""
        steps: set[str] = set()
        request.extensions = {**request.extensions, "trace": lambda name, _info: steps.add(name)}
        try:
            return self._inner.handle_request(request)
        except (self._library.NetworkError, self._library.RemoteProtocolError):
            if "connection.connect_tcp.started" in steps or not self._line.lost(nonce):
                raise
        return self._new.handle_request(request)


class _Stream:
    """The body of an answer as it comes, not decoded."""

    def __init__(self, stream: Any, record: Recorded) -> None:
        self._stream, self._record = stream, record

    def __iter__(self) -> Iterator[bytes]:
        record = self._record
        try:
            for chunk in self._stream:
                record.chunks.append(Chunk(record.passed(), chunk))
                yield chunk
            record.whole = True
        except Exception as error:
            record.broken = type(error).__name__
            raise
        finally:
            record.ended_at = record.passed()

    def close(self) -> None:
        """Lets go of the answer, also of one that has not come to its end."""
        self._record.ended_at = self._record.ended_at or self._record.passed()
        self._stream.close()
