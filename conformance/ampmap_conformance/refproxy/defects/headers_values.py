"""Faults with rare header values, with headers that may occur once, and with labels of streams."""

from __future__ import annotations

from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Incoming, Place, Refusal, RoutedExchange
from ..routing import Routes
from .headers_contract import current_status, knowing_status
from .registry import defect


@defect(
    "odd-letters-fail",
    breaks=("headers.odd-values-harmless",),
    seen_in="BerriAI/litellm#34633",
)
def odd_letters_fail(right: Behaviour) -> Behaviour:
    """Reads the client's headers as ASCII, and fails where they are not."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        plain = all(value.isascii() for _, value in incoming.headers)
        return right.place(routes, incoming) if plain else Refusal(500, "ordinal not in range(128)")

    return replace(right, place=place)


@defect(
    "odd-letters-of-answers-fail",
    breaks=("headers.odd-values-harmless",),
    seen_in="BerriAI/litellm#26548",
)
def odd_letters_of_answers_fail(right: Behaviour) -> Behaviour:
    """Reads the upstream's headers as ASCII, and fails where they are not."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        if not all(value.isascii() for _, value in given):
            raise UnicodeEncodeError("ascii", "?", 0, 1, "ordinal not in range(128)")
        return right.response_headers(exchange, given)

    return replace(right, response_headers=headers)


@defect("odd-letters-refused", breaks=("headers.odd-values-served",))
def odd_letters_refused(right: Behaviour) -> Behaviour:
    """Rejects a call whose headers are not ASCII."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        plain = all(value.isascii() for _, value in incoming.headers)
        return right.place(routes, incoming) if plain else Refusal(400, "a header is not ASCII")

    return replace(right, place=place)


@defect("odd-letters-replaced", breaks=("headers.odd-values-kept",))
def odd_letters_replaced(right: Behaviour) -> Behaviour:
    """Writes headers as ASCII, with a question mark for every other letter."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return Headers(tuple((name, value.encode("ascii", "replace").decode()) for name, value in sent))

    return replace(right, upstream_headers=headers)


@defect("empty-values-dropped", breaks=("headers.odd-values-kept",))
def empty_values_dropped(right: Behaviour) -> Behaviour:
    """Treats a header without a value as absent."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        return Headers(tuple(line for line in right.response_headers(exchange, given) if line[1]))

    return replace(right, response_headers=headers)


@defect("own-date-added", breaks=("headers.lines-not-doubled",), seen_in="vllm-project/production-stack#998")
def own_date_added(right: Behaviour) -> Behaviour:
    """Writes its own Date and Server beside the upstream's."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        own = (("date", "Sat, 21 Nov 2026 09:00:00 GMT"), ("server", "proxy"))
        return Headers((*own, *right.response_headers(exchange, given)))

    return replace(right, response_headers=headers)


@defect("errors-labelled-as-streams", breaks=("headers.content-type-relayed",), seen_in="QuantumNous/new-api#1178")
def errors_labelled_as_streams(right: Behaviour) -> Behaviour:
    """Labels every answer to a call for a stream as a stream, errors too."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        labelled = current_status() >= 400 and b'"stream":true' in exchange.incoming.body
        return relayed.setting("Content-Type", "text/event-stream") if labelled else relayed

    return replace(knowing_status(right), response_headers=headers)
