"""Faults with the headers for versions, features and limits."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Incoming, Local, Place, Refusal, RoutedExchange
from ..routing import Routes
from .registry import defect

BETA = "anthropic-beta"
OLD_FEATURE = "prompt-caching-2024-07-31"
"""A feature that is general by now, so that vendors reject its name."""
_status: ContextVar[int] = ContextVar("status", default=200)


def knowing_status(right: Behaviour) -> Behaviour:
    """`right`, such that `current_status` holds the upstream's status while headers and body are relayed."""

    def status(exchange: RoutedExchange, given: int) -> int:
        _status.set(given)
        return right.response_status(exchange, given)

    return replace(right, response_status=status)


def current_status() -> int:
    """The status of the answer that is being relayed."""
    return _status.get()


@defect("version-pinned", breaks=("headers.version-relayed",))
def version_pinned(right: Behaviour) -> Behaviour:
    """Sends the version of Anthropic's API that it was written for."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return sent.setting("anthropic-version", "2023-06-01") if "anthropic-version" in sent else sent

    return replace(right, upstream_headers=headers)


@defect(
    "features-replaced",
    breaks=("headers.forwarded",),
    seen_in="router-for-me/CLIProxyAPI#5738",
)
def features_replaced(right: Behaviour) -> Behaviour:
    """Sends its own list of features in place of the client's."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return sent.setting(BETA, OLD_FEATURE) if BETA in sent else sent

    return replace(right, upstream_headers=headers)


@defect("feature-added", breaks=("headers.no-feature-invented",), seen_in="router-for-me/CLIProxyAPI#2866")
def feature_added(right: Behaviour) -> Behaviour:
    """Requests a feature by itself where the client requests none."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return sent.adding((BETA, OLD_FEATURE)) if "anthropic-version" in sent and BETA not in sent else sent

    return replace(right, upstream_headers=headers)


@defect(
    "features-remembered",
    breaks=("headers.beta-lines-kept", "headers.no-feature-invented"),
    also=("*",),
    seen_in="headroomlabs-ai/headroom#1724",
)
def features_remembered(right: Behaviour) -> Behaviour:
    """Requests every feature that any earlier call has requested."""
    seen: dict[str, None] = {}

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        if "anthropic-version" in sent:
            seen.update(dict.fromkeys(sent.all(BETA)))
        return sent.setting(BETA, ",".join(seen)) if "anthropic-version" in sent and seen else sent

    return replace(right, upstream_headers=headers)


@defect("last-request-line-kept", breaks=("headers.request-lines-kept", "headers.beta-lines-kept"))
def last_request_line_kept(right: Behaviour) -> Behaviour:
    """Keeps the request's headers in a mapping, so that of repeated lines the last one is left."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return Headers(tuple({name.lower(): (name, value) for name, value in sent}.values()))

    return replace(right, upstream_headers=headers)


@defect("telemetry-parsed", breaks=("headers.sdk-telemetry-harmless",))
def telemetry_parsed(right: Behaviour) -> Behaviour:
    """Reads the SDK's timeout as a number, and fails where it is not one."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        timeout = incoming.headers.get("x-stainless-timeout") or "0"
        with contextlib.suppress(ValueError):
            float(timeout)
            return right.place(routes, incoming)
        return Refusal(500, "could not convert string to float")

    return replace(right, place=place)


@defect(
    "headers-lost-on-errors",
    breaks=("headers.limits-on-errors", "headers.response-relayed"),
    seen_in="Portkey-AI/gateway#166",
)
def headers_lost_on_errors(right: Behaviour) -> Behaviour:
    """Relays an error's body, and only the headers of the body."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        lost = current_status() >= 400
        return Headers(tuple(line for line in relayed if not lost or line[0].lower().startswith("content-")))

    return replace(knowing_status(right), response_headers=headers)


@defect("answer-hop-by-hop-relayed", breaks=("headers.answer-hop-by-hop-dropped", "headers.answer-listed-dropped"))
def answer_hop_by_hop_relayed(right: Behaviour) -> Behaviour:
    """Copies the upstream's headers, those of its connection among them."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        kept = {name.lower() for name, _ in relayed} | {"transfer-encoding", "content-length", "connection"}
        return relayed.adding(*(line for line in given if line[0].lower() not in kept))

    return replace(right, response_headers=headers)


@defect("listed-answer-headers-relayed", breaks=("headers.answer-listed-dropped",))
def listed_answer_headers_relayed(right: Behaviour) -> Behaviour:
    """Drops the upstream's `Connection`, but not what it lists."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        listed = {name.strip().lower() for value in given.all("connection") for name in value.split(",")}
        return right.response_headers(exchange, given).adding(*(line for line in given if line[0].lower() in listed))

    return replace(right, response_headers=headers)


@defect("everything-is-json", breaks=("headers.content-type-relayed",))
def everything_is_json(right: Behaviour) -> Behaviour:
    """Labels every answer that is not a stream `application/json`."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        is_stream = "event-stream" in (given.get("content-type") or "")
        return relayed if is_stream else relayed.setting("Content-Type", "application/json")

    return replace(right, response_headers=headers)


@defect("cookies-forwarded", breaks=("headers.other-credentials-dropped",), seen_in="api7/aisix#385")
def cookies_forwarded(right: Behaviour) -> Behaviour:
    """Sends the client's cookies on to the provider."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        cookies = exchange.incoming.headers.all("cookie") if isinstance(exchange.back_end, Local) else ()
        return sent.adding(*(("Cookie", value) for value in cookies))

    return replace(right, upstream_headers=headers)


@defect(
    "other-apis-key-forwarded",
    breaks=("headers.other-credentials-dropped",),
    seen_in="BerriAI/litellm#38114",
)
def other_apis_key_forwarded(right: Behaviour) -> Behaviour:
    """Knows the carriers of these providers alone, and sends a key in `api-key` on."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return sent.adding(*(("api-key", value) for value in exchange.incoming.headers.all("api-key")))

    return replace(right, upstream_headers=headers)


@defect("retries-steered", breaks=("headers.retry-hint-not-added",))
def retries_steered(right: Behaviour) -> Behaviour:
    """Tells clients not to retry where the upstream does not say so."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        steers = current_status() >= 400 and "x-should-retry" not in relayed
        return relayed.adding(("x-should-retry", "false")) if steers else relayed

    return replace(knowing_status(right), response_headers=headers)
