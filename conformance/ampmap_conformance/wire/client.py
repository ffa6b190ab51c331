"""The client side of a probe: bytes out, bytes in, nothing added. The only module that knows httpx."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from types import TracebackType
from urllib.parse import urlsplit

import httpx

from ..errors import Failure, NoAnswerError
from .messages import STALLED, Chunk, Headers, Request, Response

CONNECTIONS = 128
"""Most connections that are open to the target at once."""


Watch = Callable[[Headers, bytes], None]
"""Is shown the head of an answer with each part of its body."""


NOT_CONNECTED = frozenset({Failure.REFUSED, Failure.NO_ADDRESS, Failure.TLS, Failure.UNREACHABLE})


class ProxyClient:
    """Sends requests to one base URL over a pool of kept-alive connections; safe to share among threads.

    Environment proxies are ignored, redirects are not followed, content is not decoded. Header lines go out as they
    are; Host (first) and Content-Length (for a body) are added where the request has none.
    """

    def __init__(self, base_url: str, *, verify: bool | ssl.SSLContext = True) -> None:
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.netloc.rpartition("@")[2]
        """Host and port, as the Host header names them."""
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        verify = verify if parts.scheme == "https" else False  # reading the certificates of the system takes a while
        self._transport = httpx.HTTPTransport(verify=verify, trust_env=False, limits=limits)

    def send(
        self, request: Request, *, timeout: float = 30.0, whole: float | None = None, watch: Watch | None = None
    ) -> Response:
        """One request and its whole answer, of which `watch` is shown each part as it comes.

        `timeout` is in seconds, for connecting and for each read, and `whole` for the answer in all. Raises
        NoAnswerError when no status arrived; a transfer that is aborted later is described in `Response.broken`.
        """
        headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in request.headers]
        message = httpx.Request(
            request.method,
            self._origin,
            headers=headers,
            content=request.body or None,
            extensions={
                "target": request.target.encode(),
                "timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout),
            },
        )
        begun = time.monotonic()
        try:
            answer = self._transport.handle_request(message)
        except httpx.TransportError as error:
            raise NoAnswerError(_failure(error)) from error
        return _read(answer, begun, time.monotonic() - begun, whole, watch)

    def close(self) -> None:
        """Closes all connections."""
        self._transport.close()

    def __enter__(self) -> ProxyClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(answer: httpx.Response, begun: float, head_at: float, whole: float | None, watch: Watch | None) -> Response:
    lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw)
    headers = Headers(lines)
    chunks: list[Chunk] = []
    broken = None
    stream = answer.stream
    if not isinstance(stream, httpx.SyncByteStream):
        raise TypeError("a synchronous transport gave an asynchronous stream")
    try:
        for data in stream:
            chunks.append(Chunk(time.monotonic() - begun, data))
            if watch is not None:
                watch(headers, data)
            if whole is not None and time.monotonic() - begun > whole:
                broken = STALLED
                break
    except httpx.TimeoutException:
        broken = STALLED
    except httpx.TransportError:
        broken = "the transfer ended early"
    finally:
        stream.close()
    return Response(answer.status_code, headers, tuple(chunks), time.monotonic() - begun, broken, head_at, begun)


def _failure(error: httpx.TransportError) -> Failure:
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    names = {type(cause).__name__ for cause in causes}
    if isinstance(error, httpx.ConnectTimeout):
        return Failure.UNREACHABLE
    if isinstance(error, httpx.TimeoutException):
        return Failure.TIMEOUT
    if isinstance(error, httpx.ConnectError):
        if "ConnectionRefusedError" in names:
            return Failure.REFUSED
        if "gaierror" in names:
            return Failure.NO_ADDRESS
        return Failure.TLS if any(isinstance(cause, ssl.SSLError) for cause in causes) else Failure.UNREACHABLE
    return Failure.MALFORMED if "not HTTP" in str(error) or "LocalProtocolError" in names else Failure.DROPPED
