"""The client side of a probe: bytes out, bytes in, nothing added. The only module that knows httpcore."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from ..errors import Failure, NoAnswerError
from .messages import STALLED, Chunk, Headers, Request, Response

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

    Environment proxies are ignored, redirects are not followed, content is not decoded. Header lines go out as they
    are; Host (first) and Content-Length (for a body) are added where the request has none. Head and body go out in one
    write, so that no target answers between the two in one run and not in another.
    """

    def __init__(self, base_url: str, *, verify: bool | ssl.SSLContext = True) -> None:
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.netloc.rpartition("@")[2]
        """Host and port, as the Host header names them."""
        # reading the certificates of the system takes a while
        context = httpx.create_ssl_context(verify, trust_env=False) if parts.scheme == "https" else None
        self._kept = _pool(context, CONNECTIONS)
        self._new = _pool(context, 0)

    def send(
        self,
        request: Request,
        *,
        timeout: float = 30.0,
        whole: float | None = None,
        watch: Watch | None = None,
        lost: Lost = lambda: True,
        alone: bool = False,
    ) -> Response:
        """One request and its whole answer, of which `watch` is shown each part as it comes.

        `timeout` is in seconds, for connecting and for each read, and `whole` for the answer in all. A kept connection
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
        whole: float | None,
        watch: Watch | None,
    ) -> Response:
        seen: set[str] = set()
        message = httpcore.Request(
            request.method.encode(),
            self._origin.encode(),
            headers=self._lines(request),
            content=request.body or None,
            extensions={
                "target": request.target.encode(),
                "timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout),
                "trace": lambda name, _info: seen.add(name),
            },
        )
        begun = time.monotonic()
        try:
            answer = pool.handle_request(message)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            failure = _failure(error)
            kept = failure is Failure.DROPPED and "connection.connect_tcp.started" not in seen
            raise NoAnswerError(failure, kept=kept) from error
        return _read(answer, begun, time.monotonic() - begun, whole, watch)

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


def _pool(context: ssl.SSLContext | None, kept: int) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=context,
        max_connections=CONNECTIONS,
        max_keepalive_connections=kept,
        keepalive_expiry=IDLE,
        network_backend=_Network(),
    )


class _Network(httpcore.NetworkBackend):
    """The network, with streams that write a small request at once."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """Keeps what is written until an answer is asked for, or it is much."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._held = b""
        self._timeout: float | None = None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer
        self._timeout = timeout
        if len(self._held) > HELD:
            self._flush()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with contextlib.suppress(httpcore.WriteError):  # who answers early and closes has its answer on the way
            self._flush()
        return self._inner.read(max_bytes, timeout)

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


def _read(
    answer: httpcore.Response, begun: float, head_at: float, whole: float | None, watch: Watch | None
) -> Response:
    lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
    headers = Headers(lines)
    chunks: list[Chunk] = []
    broken = None
    try:
        for data in answer.iter_stream():
            chunks.append(Chunk(time.monotonic() - begun, data))
            if watch is not None:
                watch(headers, data)
            if whole is not None and time.monotonic() - begun > whole:
                broken = STALLED
                break
    except httpcore.TimeoutException:
        broken = STALLED
    except (httpcore.NetworkError, httpcore.ProtocolError):
        broken = "the transfer ended early"
    finally:
        answer.close()
    return Response(answer.status, headers, tuple(chunks), time.monotonic() - begun, broken, head_at, begun)


def _failure(error: Exception) -> Failure:
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    names = {type(cause).__name__ for cause in causes}
    if isinstance(error, httpcore.ConnectTimeout):
        return Failure.UNREACHABLE
    if isinstance(error, httpcore.TimeoutException):
        return Failure.TIMEOUT
    if isinstance(error, httpcore.ConnectError):
        if "ConnectionRefusedError" in names:
            return Failure.REFUSED
        if "gaierror" in names:
            return Failure.NO_ADDRESS
        return Failure.TLS if any(isinstance(cause, ssl.SSLError) for cause in causes) else Failure.UNREACHABLE
    return Failure.MALFORMED if "not HTTP" in str(error) or "LocalProtocolError" in names else Failure.DROPPED
