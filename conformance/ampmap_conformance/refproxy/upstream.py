"""The client side of the reference proxy: httpx's transport, with bytes as they are and no header of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx

from ..messages import Headers
from .config import ProxyConfig
from .exchange import Failure, Outgoing


class UpstreamFailedError(Exception):
    """No answer came from the upstream."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class UpstreamBrokenError(Exception):
    """The upstream's answer ended before its end."""


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """The head of an answer, and its body as it comes, not decoded. Iterating raises UpstreamBrokenError."""

    status: int
    headers: Headers
    chunks: AsyncIterator[bytes]


class Sender(Protocol):
    """Who sends a request upstream."""

    def send(self, request: Outgoing) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """Send; leaving the context drops what is left of the answer. Raises UpstreamFailedError."""
        ...


class UpstreamClient:
    """A pool of connections. Belongs to one event loop."""

    def __init__(self, config: ProxyConfig, answer_timeout: float) -> None:
        urls = [upstream.url for upstream in config.upstreams.values()] + ([config.amp.url] if config.amp else [])
        self._transport = httpx.AsyncHTTPTransport(
            verify=any(url.startswith("https:") for url in urls),
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=30.0),
        )
        self._timeout = {"connect": config.connect_timeout, "read": None, "write": None, "pool": None}
        self._answer_timeout = answer_timeout
        self._bases: dict[str, httpx.URL] = {}

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    @asynccontextmanager
    async def send(self, request: Outgoing) -> AsyncIterator[UpstreamAnswer]:
        """Send a request; leaving the context drops what is left of the answer. Raises UpstreamFailedError."""
        url = self._bases.get(request.base) or self._bases.setdefault(request.base, httpx.URL(request.base))
        sent = httpx.Request(
            request.method,
            url,
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
            content=request.body,
            # httpx would normalise the path of a URL: this target goes out as it is
            extensions={"target": request.target.encode("latin-1"), "timeout": self._timeout},
        )
        try:
            async with asyncio.timeout(self._answer_timeout):
                response = await self._transport.handle_async_request(sent)
        except (TimeoutError, httpx.TimeoutException):
            raise UpstreamFailedError(Failure.TIMEOUT) from None
        except httpx.TransportError:
            raise UpstreamFailedError(Failure.UNREACHABLE) from None
        response.request = sent
        headers = Headers(
            tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        )
        try:
            yield UpstreamAnswer(response.status_code, headers, _chunks(response))
        finally:
            await response.aclose()


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    except httpx.TransportError as error:
        raise UpstreamBrokenError(str(error)) from None
