"""The client side of a probe: bytes out, bytes in, nothing added. The only module that knows httpcore."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, cast
from weakref import WeakSet

import httpcore

from ..errors import Failure, NoAnswerError
from .address import Address
from .limits import HEAD, WHOLE, Deadline, Pieces, TooMuchError
from .messages import STALLED, TOO_MUCH, UNENDED, Headers, Request, Response
from .tls import context_for, why_refused

CONNECTIONS = 128
"""Most connections that are open to the target at once."""
IDLE = 5.0
"""Seconds after which an idle connection is not used again."""
WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say a length also where it is 0."""
HELD = 65_536
"""Bytes of a request that are written at once."""


Watch = Callable[[Headers, bytes], None]
"""Is shown the head of an answer with each part of its body."""
Lost = Callable[[], bool]
"""Whether a request has left no trace behind the target."""


NOT_CONNECTED = frozenset({Failure.REFUSED, Failure.NO_ADDRESS, Failure.TLS, Failure.UNREACHABLE})


class ProxyClient:
    """Sends requests to one base URL over a pool of kept-alive connections; safe to share among threads.

    The path of the base URL stands before the path of each request.

    Environment proxies are ignored, redirects are not followed, content is not decoded. Header lines go out as they
    are; Host (first) and Content-Length (for a body) are added where the request has none. Head and body go out in one
    write, so that no target answers between the two in one run and not in another.
    """

    def __init__(self, base_url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._address = Address.of(base_url)
        self.host = self._address.netloc
        """Host and port, as the Host header names them."""
        # reading the certificates of the system takes a while
        context = (tls or context_for()) if self._address.scheme == "https" else None
        self._networks = (_Network(), _Network())
        self._kept = _pool(context, CONNECTIONS, self._networks[0])
        self._new = _pool(context, 0, self._networks[1])

    def send(
        self,
        request: Request,
        *,
        timeout: float = 30.0,
        whole: float = WHOLE,
        watch: Watch | None = None,
        lost: Lost = lambda: True,
        alone: bool = False,
    ) -> Response:
        """One request and its whole answer, of which `watch` is shown each part as it comes.

        `timeout` is in seconds, for connecting and for each read, and `whole` for the answer in all; of bytes, `limits`
        says how many are read. A kept connection
        that the target closes before any byte of an answer says nothing of the request: where `lost`, it is sent once
        more on a new one. With `alone` it has a connection that no other request uses. Raises NoAnswerError when no
        status arrived; a transfer that is aborted later is described in `Response.broken`.
        """
        if alone:
            return self._send(self._new, request, timeout, whole, watch)
        try:
            return self._send(self._kept, request, timeout, whole, watch)
        except NoAnswerError as error:
            if not (error.kept and lost()):
                raise
        return self._send(self._new, request, timeout, whole, watch)

    def close(self) -> None:
        """Closes all connections."""
        self._kept.close()
        self._new.close()

    def abandon(self) -> None:
        """Ends every call that waits for an answer, as if the target had closed the connection."""
        for network in self._networks:
            network.abandon()

    def __enter__(self) -> ProxyClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(
        self,
        pool: httpcore.ConnectionPool,
        request: Request,
        timeout: float,
        whole: float,
        watch: Watch | None,
    ) -> Response:
        seen: set[str] = set()
        message = httpcore.Request(
            request.method.encode(),
            self._address.origin.encode(),
            headers=self._lines(request),
            content=request.body or None,
            extensions={
                "target": self._address.placed(request.target).encode(),
                "timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout),
                "trace": lambda name, _info: seen.add(name),
            },
        )
        begun = time.monotonic()
        reading = _Reading(Deadline(begun + whole), HEAD)
        token = _READING.set(reading)
        try:
            answer = pool.handle_request(message)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, ValueError) as error:
            failure = _failure(error)
            kept = failure is Failure.DROPPED and "connection.connect_tcp.started" not in seen
            raise NoAnswerError(failure, kept=kept, why=why_refused(error)) from error
        else:
            reading.most = None
            return _read(answer, begun, time.monotonic() - begun, reading.deadline, watch)
        finally:
            _READING.reset(token)

    def _lines(self, request: Request) -> list[tuple[bytes, bytes]]:
        lines = [(name.encode(), value.encode("latin-1", "replace")) for name, value in request.headers]
        if "content-length" not in request.headers:
            length = (b"Content-Length", str(len(request.body)).encode())
            if request.body:
                lines.append(length)
            elif request.method in WITH_A_BODY:
                lines.insert(0, length)
        if "host" not in request.headers:
            lines.insert(0, (b"Host", self.host.encode()))
        return lines


@dataclass
class _Reading:
    """How much longer and how much more may be read of the answer that the current thread waits for."""

    deadline: Deadline
    most: int | None
    """Bytes before the body; None once it has begun."""


_READING: ContextVar[_Reading | None] = ContextVar("reading", default=None)


def _pool(context: ssl.SSLContext | None, kept: int, network: _Network) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=context,
        max_connections=CONNECTIONS,
        max_keepalive_connections=kept,
        keepalive_expiry=IDLE,
        network_backend=network,
    )


class _Network(httpcore.NetworkBackend):
    """The network, with streams that write a small request at once."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()
        self._streams: WeakSet[_Stream] = WeakSet()
        self._lock = threading.Lock()

    def abandon(self) -> None:
        """Ends every connection, also for a thread that reads from it."""
        with self._lock:
            streams = tuple(self._streams)
        for stream in streams:
            sock = stream.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = _Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options))
        with self._lock:
            self._streams.add(stream)
        return stream


class _Stream(httpcore.NetworkStream):
    """Keeps what is written until an answer is asked for, or it is much."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._held = b""
        self._timeout: float | None = None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer[:HELD]
        self._timeout = timeout
        rest = memoryview(buffer)[HELD:]
        if rest or len(self._held) > HELD:
            self._flush()
        if rest:
            # httpcore cuts off what it has sent: of a view that costs nothing, of bytes a copy of the rest each time.
            self._inner.write(cast("bytes", rest), timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with contextlib.suppress(httpcore.WriteError):  # who answers early and closes has its answer on the way
            self._flush()
        reading = _READING.get()
        if reading is None:
            return self._inner.read(max_bytes, timeout)
        left = reading.deadline.left
        if left <= 0:
            raise httpcore.ReadTimeout(UNENDED)
        data = self._inner.read(max_bytes, left if timeout is None else min(timeout, left))
        if reading.most is not None:
            reading.most -= len(data)
            if reading.most < 0:
                raise _TooMuchError(TOO_MUCH)
        return data

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._inner.write(held, self._timeout)


class _TooMuchError(httpcore.ReadError):
    """More bytes arrived before the body than the kit reads."""


def _read(answer: httpcore.Response, begun: float, head_at: float, deadline: Deadline, watch: Watch | None) -> Response:
    lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
    headers = Headers(lines)
    pieces = Pieces()
    broken = None
    try:
        for data in answer.iter_stream():
            pieces.add(time.monotonic() - begun, data)
            if watch is not None:
                watch(headers, data)
            if deadline.left <= 0:
                broken = UNENDED
                break
    except TooMuchError:
        broken = TOO_MUCH
    except httpcore.TimeoutException:
        broken = UNENDED if deadline.left <= 0 else STALLED
    except (httpcore.NetworkError, httpcore.ProtocolError, ValueError):
        broken = "the transfer ended early"
    finally:
        answer.close()
    return Response(answer.status, headers, pieces.chunks(), time.monotonic() - begun, broken, head_at, begun)


def _failure(error: Exception) -> Failure:
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
        return _not_connected(error)
    if isinstance(error, httpcore.TimeoutException):
        return Failure.TIMEOUT
    if isinstance(error, _TooMuchError):
        return Failure.TOO_MUCH
    if isinstance(error, httpcore.RemoteProtocolError) and "without sending" not in str(error):
        return Failure.TOO_MUCH if "too long" in str(error) else Failure.MALFORMED
    return Failure.MALFORMED if isinstance(error, ValueError | httpcore.LocalProtocolError) else Failure.DROPPED


def _not_connected(error: Exception) -> Failure:
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    kinds = (
        (ConnectionRefusedError, Failure.REFUSED),
        (socket.gaierror, Failure.NO_ADDRESS),
        (ssl.SSLError, Failure.TLS),
    )
    return next((f for kind, f in kinds if any(isinstance(one, kind) for one in causes)), Failure.UNREACHABLE)


@contextlib.contextmanager
def client_for(base_url: str, seconds: float | None, tls: ssl.SSLContext | None) -> Iterator[ProxyClient]:
    """A client; when its time is over, calls that still wait for an answer end. `seconds` is None for no limit."""
    with ProxyClient(base_url, tls=tls) as client:
        if seconds is None:
            yield client
            return
        timer = threading.Timer(seconds, client.abandon)
        timer.daemon = True
        timer.start()
        try:
            yield client
        finally:
            timer.cancel()
