"""Faults with the headers of errors that show with some statuses, forms of a value or routes alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Amp, ManagementPath, RoutedExchange
from .headers_contract import current_status, knowing_status
from .registry import defect

RETRY_AFTER = "retry-after"
HINTS = (RETRY_AFTER, "retry-after-ms", "x-should-retry")


def _losing(right: Behaviour, where: Callable[[RoutedExchange], bool], *names: str) -> Behaviour:
    """`right`, but it loses these headers of errors where the function says so."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed.without(*names) if current_status() >= 400 and where(exchange) else relayed

    return replace(knowing_status(right), response_headers=headers)


@defect(
    "limit-errors-without-hints",
    breaks=("headers.response-relayed", "fallback.retry-headers-relayed", "management.retry-after-relayed"),
    seen_in="BerriAI/litellm#37767",
)
def limit_errors_without_hints(right: Behaviour) -> Behaviour:
    """Makes a 429 of its own out of the upstream's, without the headers that say when to try again."""
    return _losing(right, lambda _: current_status() == 429, *HINTS)


@defect(
    "overload-errors-without-hints",
    breaks=("headers.response-relayed", "fallback.retry-headers-relayed", "management.retry-after-relayed"),
)
def overload_errors_without_hints(right: Behaviour) -> Behaviour:
    """Relays the headers of client errors, and of a 5xx the body alone."""
    return _losing(right, lambda _: current_status() >= 500, *HINTS)


@defect(
    "retry-dates-lost",
    breaks=("headers.response-relayed", "fallback.retry-headers-relayed", "management.retry-after-relayed"),
)
def retry_dates_lost(right: Behaviour) -> Behaviour:
    """Reads `Retry-After` as a number, and drops a date."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        value = relayed.get(RETRY_AFTER)
        return relayed if value is None or value.isdigit() else relayed.without(RETRY_AFTER)

    return replace(right, response_headers=headers)


@defect("amp-hints-dropped", breaks=("fallback.retry-headers-relayed",))
def amp_hints_dropped(right: Behaviour) -> Behaviour:
    """Loses the retry headers of errors on model calls that went to Amp's servers."""
    return _losing(
        right,
        lambda exchange: isinstance(exchange.back_end, Amp) and not isinstance(exchange.place, ManagementPath),
        *HINTS,
    )


@defect("management-hints-dropped", breaks=("management.retry-after-relayed",))
def management_hints_dropped(right: Behaviour) -> Behaviour:
    """Loses the `Retry-After` of errors on management paths."""
    return _losing(right, lambda exchange: isinstance(exchange.place, ManagementPath), RETRY_AFTER)


@defect("limits-lost-with-429", breaks=("headers.limits-on-errors",), seen_in="BerriAI/litellm#37767")
def limits_lost_with_429(right: Behaviour) -> Behaviour:
    """Makes a 429 of its own out of the upstream's, without the limits that the upstream told."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        lost = current_status() == 429
        return Headers(tuple(line for line in relayed if not lost or "ratelimit" not in line[0].lower()))

    return replace(knowing_status(right), response_headers=headers)
