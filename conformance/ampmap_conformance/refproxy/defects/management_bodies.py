"""Faults with bodies and answers of Amp's own servers, and with keys in headers that are rare there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from ...dialects import bodies
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Incoming, ManagementPath, OwnAnswer, Place, Refusal, RoutedExchange
from ..routing import Routes
from .registry import defect

LIMIT = 1 << 20
"""Bytes: the default of a well-known web server."""


def _is_management(exchange: RoutedExchange) -> bool:
    return isinstance(exchange.place, ManagementPath)


@defect("uploads-read-as-text", breaks=("management.bytes-kept",))
def uploads_read_as_text(right: Behaviour) -> Behaviour:
    """Reads every body for Amp's servers as text, and replaces bytes that are not."""

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        plain = _is_management(exchange) and "content-encoding" not in exchange.incoming.headers
        return sent.decode("utf-8", "replace").encode() if plain else sent

    return replace(right, upstream_body=body)


@defect("uploads-read-as-json", breaks=("management.bytes-kept",), seen_in="BerriAI/litellm#29926")
def uploads_read_as_json(right: Behaviour) -> Behaviour:
    """Reads every body for Amp's servers as JSON, and fails on other bodies."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        other = "json" not in (incoming.headers.get("content-type") or "json")
        return Refusal(500, "Internal error.", found.route) if isinstance(found, ManagementPath) and other else found

    return replace(right, place=place)


@defect("uploads-limited", breaks=("management.large-body",), seen_in="ChronoAIProject/NyxID#957")
def uploads_limited(right: Behaviour) -> Behaviour:
    """Keeps its server's limit of 1 MB on the paths of Amp's servers."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, ManagementPath) and len(incoming.body) > LIMIT:
            return Refusal(413, "The body is too large.", found.route)
        return found

    return replace(right, place=place)


@defect("pages-read-as-text", breaks=("management.bytes-kept", "management.compressed-answer-readable"))
def pages_read_as_text(right: Behaviour) -> Behaviour:
    """Passes answers of Amp's servers through a text decoder, which replaces bytes that are not UTF-8."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in right.response_body(exchange, headers, given):
            yield chunk.decode("utf-8", "replace").encode() if _is_management(exchange) else chunk

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed.without("content-length") if _is_management(exchange) else relayed

    return replace(right, response_body=chunks, response_headers=headers)


@defect("management-errors-wrapped", breaks=("management.errors-relayed",), seen_in="BerriAI/litellm#32133")
def management_errors_wrapped(right: Behaviour) -> Behaviour:
    """Puts errors of Amp's servers, as text, into an error of its own."""

    def stand_in(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
        if _is_management(exchange) and status is not None and status >= 400:
            body = bodies.dump({"error": {"message": f"upstream said {status}", "type": "None"}})
            return OwnAnswer(status, Headers((("Content-Type", "application/json"),)), body)
        return right.stand_in(exchange, status)

    return replace(right, stand_in=stand_in)


@defect("google-key-sent-to-amp", breaks=("management.key-in-other-carriers",))
def google_key_sent_to_amp(right: Behaviour) -> Behaviour:
    """Sets its own key where Amp's servers look for one, and leaves the key in `x-goog-api-key`."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        given = exchange.incoming.headers.all("x-goog-api-key") if _is_management(exchange) else ()
        return right.upstream_headers(exchange, body).adding(*(("x-goog-api-key", value) for value in given))

    return replace(right, upstream_headers=headers)


@defect("boundaries-dropped", breaks=("management.bytes-kept",), seen_in="BerriAI/litellm#23338")
def boundaries_dropped(right: Behaviour) -> Behaviour:
    """Sends the media type of a body without its parameters, so that the parts of a form cannot be found."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        kind = sent.get("content-type")
        return sent if kind is None else sent.setting("Content-Type", kind.partition(";")[0])

    return replace(right, upstream_headers=headers)
