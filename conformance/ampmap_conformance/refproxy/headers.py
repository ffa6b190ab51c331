"""Which header lines pass, both ways. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..reference.types import Reference
from ..wire.messages import Headers
from ..wire.websocket import is_offer
from .credentials import client_credential_headers, upstream_credentials
from .exchange import Incoming, Local, ManagementPath, RoutedExchange

OTHER_CREDENTIALS = ("cookie", "api-key")
"""What was made for the proxy's host, and is nothing to a provider; Amp's own pages live by their cookies."""


def hop_by_hop_names(reference: Reference) -> frozenset[str]:
    """Names, in lower case, of the headers that belong to one connection."""
    sets = (each for each in reference.headers.values() if each.role == "hop-by-hop")
    return frozenset(header.name.lower() for each in sets for header in each.headers)


def end_to_end(reference: Reference, headers: Headers) -> Headers:
    """Headers less those of the connection: the known ones, and those that `Connection` lists."""
    listed = [name.strip() for value in headers.all("connection") for name in value.split(",")]
    return headers.without(*hop_by_hop_names(reference), *listed)


def offers_websocket(exchange: RoutedExchange) -> bool:
    """Whether a call offers Amp's servers to open a WebSocket: no provider's API has one."""
    return isinstance(exchange.place, ManagementPath) and is_offer(exchange.incoming.method, exchange.incoming.headers)


def offering(headers: Headers) -> Headers:
    """A request or an answer with the lines by which it changes the protocol of its connection."""
    return headers.adding(("Connection", "Upgrade"), ("Upgrade", "websocket"))


def framing_problem(incoming: Incoming) -> str | None:
    """Why a request may be read in two ways, or None. A server before or behind this one may have read the other."""
    both = "transfer-encoding" in incoming.headers and "content-length" in incoming.headers
    return "The request has both Content-Length and Transfer-Encoding." if both else None


def upstream_headers(exchange: RoutedExchange, body: bytes) -> Headers:
    """What goes upstream: the client's lines in their order, with another host, credential and length.

    A mapped call asks for no compression, because its answer is going to be read.
    """
    reference, incoming = exchange.config.reference, exchange.incoming
    headers = end_to_end(reference, incoming.headers)
    headers = headers.without("host", "expect", *client_credential_headers(reference))
    if exchange.mapped is not None:
        headers = headers.without("accept-encoding")
    if isinstance(exchange.back_end, Local):
        headers = headers.without(*OTHER_CREDENTIALS)
    if body and headers.all("content-length") != (str(len(body)),):
        headers = headers.setting("Content-Length", str(len(body)))
    host = urlsplit(exchange.back_end.upstream.url).netloc.rpartition("@")[2]
    return Headers((("Host", host), *headers, *upstream_credentials(exchange)))


def response_headers(exchange: RoutedExchange, headers: Headers) -> Headers:
    """What goes back to the client: every line but those of the upstream's connection."""
    headers = end_to_end(exchange.config.reference, headers)
    match answer_coding(headers) if exchange.mapped is not None else None:
        case "gzip":
            return headers.without("content-length", "content-encoding")
        case "identity":
            return headers.without("content-length")
        case _:
            return headers


def answer_coding(headers: Headers) -> str:
    """The content coding of a message, `identity` where it has none."""
    return (headers.get("content-encoding") or "identity").lower()
