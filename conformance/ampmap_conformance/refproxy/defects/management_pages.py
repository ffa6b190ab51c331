"""Faults in what answers on management paths tell browsers, and when their parts come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import ManagementPath, RoutedExchange
from .registry import defect

ORIGIN, CREDENTIALS = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"


def _is_management(exchange: RoutedExchange) -> bool:
    return isinstance(exchange.place, ManagementPath)


@defect("cors-line-added", breaks=("management.cors-lines-not-doubled",), seen_in="router-for-me/CLIProxyAPI@e0cb43f3")
def cors_line_added(right: Behaviour) -> Behaviour:
    """Lets every page in by a line of its own, beside the line of Amp's servers."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed.adding((ORIGIN, "*")) if _is_management(exchange) else relayed

    return replace(right, response_headers=headers)


@defect("pages-trusted-on-management", breaks=("security.no-foreign-origin-on-management",))
def pages_trusted_on_management(right: Behaviour) -> Behaviour:
    """Lets every page in with its credentials on management paths, by the origin that the page names."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        origin = exchange.incoming.headers.get("origin")
        if not _is_management(exchange) or origin is None:
            return relayed
        return relayed.setting(ORIGIN, origin).setting(CREDENTIALS, "true")

    return replace(right, response_headers=headers)


@defect("json-lines-buffered", breaks=("management.stream-not-buffered",), seen_in="router-for-me/CLIProxyAPI@e0cb43f3")
def json_lines_buffered(right: Behaviour) -> Behaviour:
    """Relays events as they come, and collects lines of JSON before it relays them."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        relayed = right.response_body(exchange, headers, given)
        if "ndjson" in (headers.get("content-type") or ""):
            yield b"".join([chunk async for chunk in relayed])
            return
        async for chunk in relayed:
            yield chunk

    return replace(right, response_body=chunks)
