"""Faults of header handling, both ways."""

from __future__ import annotations

from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Local, ProviderCall, RoutedExchange
from .registry import defect


@defect(
    "client-key-forwarded",
    breaks=("headers.client-credential-replaced", "headers.upstream-credential-set", "headers.query-key-stripped"),
    seen_in="techlab-innov/llmtrace#274",
)
def client_key_forwarded(right: Behaviour) -> Behaviour:
    """Sends the client's own Authorization to the provider, in place of the operator's key."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        given = exchange.incoming.headers.get("authorization")
        leaks = given is not None and isinstance(exchange.back_end, Local)
        return sent.without("x-api-key").setting("Authorization", given) if leaks and given else sent

    return replace(right, upstream_headers=headers)


@defect("other-carriers-forwarded", breaks=("headers.client-credential-replaced",), seen_in="BerriAI/litellm#38114")
def other_carriers_forwarded(right: Behaviour) -> Behaviour:
    """Takes the client's key out of Authorization, but not out of the other headers that may hold it."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        names = [name for name in ("x-api-key", "x-goog-api-key") if name not in sent]
        return sent.adding(*((name, value) for name in names for value in exchange.incoming.headers.all(name)))

    return replace(right, upstream_headers=headers)


@defect("query-key-forwarded", breaks=("headers.client-credential-replaced", "headers.query-key-stripped"))
def query_key_forwarded(right: Behaviour) -> Behaviour:
    """Accepts a client's key from the query, and sends the query on with it."""

    def target(exchange: RoutedExchange) -> str:
        path = right.upstream_target(exchange).partition("?")[0]
        return f"{path}?{exchange.incoming.query}" if exchange.incoming.query else path

    return replace(right, upstream_target=target)


@defect("query-key-behind-others-forwarded", breaks=("headers.client-credential-replaced",))
def query_key_behind_others_forwarded(right: Behaviour) -> Behaviour:
    """Looks for a client's key at the start of the query alone, and sends one on that stands behind another field."""

    def target(exchange: RoutedExchange) -> str:
        query = exchange.incoming.query
        if "&" not in query or query.startswith("key="):
            return right.upstream_target(exchange)
        return f"{right.upstream_target(exchange).partition('?')[0]}?{query}"

    return replace(right, upstream_target=target)


@defect("placeholder-forwarded", breaks=("headers.client-credential-replaced",))
def placeholder_forwarded(right: Behaviour) -> Behaviour:
    """Passes `x-goog-api-key: placeholder` on, which Google's servers take for a key."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        given = exchange.incoming.headers.all("x-goog-api-key")
        return right.upstream_headers(exchange, body).adding(
            *(("x-goog-api-key", value) for value in given if value == "placeholder")
        )

    return replace(right, upstream_headers=headers)


@defect("upstream-key-missing", breaks=("headers.upstream-credential-set",), seen_in="BerriAI/litellm#32202")
def upstream_key_missing(right: Behaviour) -> Behaviour:
    """Takes the client's key out and puts nothing in its place."""
    return replace(
        right,
        upstream_headers=lambda exchange, body: right.upstream_headers(exchange, body).without(
            "authorization", "x-api-key", "x-goog-api-key"
        ),
    )


@defect(
    "hop-by-hop-forwarded",
    breaks=(
        "headers.hop-by-hop-dropped",
        "headers.named-hop-by-hop-dropped",
        "headers.proxy-credential-dropped",
        "management.hop-by-hop-dropped",
    ),
    seen_in="maximhq/bifrost#1867",
)
def hop_by_hop_forwarded(right: Behaviour) -> Behaviour:
    """Copies the headers of the client's connection, and those that `Connection` lists, onto the upstream's."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, given = right.upstream_headers(exchange, body), exchange.incoming.headers
        listed = {name.strip().lower() for value in given.all("connection") for name in value.split(",")}
        names = (listed | {"connection", "keep-alive", "proxy-connection", "proxy-authorization", "te"}) - {"close"}
        return sent.adding(*(line for line in given if line[0].lower() in names))

    return replace(right, upstream_headers=headers)


@defect("listed-headers-forwarded", breaks=("headers.hop-by-hop-dropped", "management.hop-by-hop-dropped"))
def listed_headers_forwarded(right: Behaviour) -> Behaviour:
    """Drops `Connection` itself but not the headers that it lists."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        given = exchange.incoming.headers
        listed = {name.strip().lower() for value in given.all("connection") for name in value.split(",")}
        return right.upstream_headers(exchange, body).adding(*(line for line in given if line[0].lower() in listed))

    return replace(right, upstream_headers=headers)


@defect("listed-headers-sent-to-amp", breaks=("headers.hop-by-hop-dropped", "management.hop-by-hop-dropped"))
def listed_headers_sent_to_amp(right: Behaviour) -> Behaviour:
    """Drops the headers that `Connection` lists from calls of providers, and not from those to Amp's servers."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, given = right.upstream_headers(exchange, body), exchange.incoming.headers
        listed = {name.strip().lower() for value in given.all("connection") for name in value.split(",")}
        amps = () if isinstance(exchange.back_end, Local) else given
        return sent.adding(*(line for line in amps if line[0].lower() in listed))

    return replace(right, upstream_headers=headers)


@defect("headers-copied-when-mapped", breaks=("headers.hop-by-hop-dropped", "headers.proxy-credential-dropped"))
def headers_copied_when_mapped(right: Behaviour) -> Behaviour:
    """Copies every header of the client's connection onto a mapped call, which it builds anew."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, given = right.upstream_headers(exchange, body), exchange.incoming.headers
        listed = {name.strip().lower() for value in given.all("connection") for name in value.split(",")}
        names = listed | {"proxy-authorization"} if exchange.mapped is not None else set()
        return sent.adding(*(line for line in given if line[0].lower() in names))

    return replace(right, upstream_headers=headers)


@defect("other-carriers-sent-to-amp", breaks=("headers.client-credential-replaced",))
def other_carriers_sent_to_amp(right: Behaviour) -> Behaviour:
    """Replaces the key of a model call to Amp's servers in `Authorization`, and leaves the other headers with keys."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        amps = isinstance(exchange.place, ProviderCall) and not isinstance(exchange.back_end, Local)
        names = [name for name in ("x-api-key", "x-goog-api-key") if amps and name not in sent]
        return sent.adding(*((name, value) for name in names for value in exchange.incoming.headers.all(name)))

    return replace(right, upstream_headers=headers)


@defect(
    "client-address-added",
    breaks=("headers.client-address-not-added",),
    seen_in="router-for-me/CLIProxyAPI@e0cb43f3",
)
def client_address_added(right: Behaviour) -> Behaviour:
    """Tells every upstream the address from which the call came."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        return right.upstream_headers(exchange, body).adding(("X-Forwarded-For", exchange.incoming.peer))

    return replace(right, upstream_headers=headers)


@defect("host-kept", breaks=("headers.host-is-upstreams", "management.host-is-amps"), seen_in="rossoctl/cortex#657")
def host_kept(right: Behaviour) -> Behaviour:
    """Sends the proxy's own host name to the upstream."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        host = exchange.incoming.headers.get("host")
        sent = right.upstream_headers(exchange, body)
        return Headers((("Host", host), *sent.without("host"))) if host else sent

    return replace(right, upstream_headers=headers)


@defect("beta-header-dropped", breaks=("headers.forwarded",), seen_in="BerriAI/litellm#9016")
def beta_header_dropped(right: Behaviour) -> Behaviour:
    """Drops `anthropic-beta`."""
    return replace(
        right,
        upstream_headers=lambda exchange, body: right.upstream_headers(exchange, body).without("anthropic-beta"),
    )


@defect(
    "unknown-headers-dropped",
    breaks=(
        "headers.end-to-end-forwarded",
        "headers.amp-headers-forwarded",
    ),
    seen_in="yvgude/lean-ctx#1730",
)
def unknown_headers_dropped(right: Behaviour) -> Behaviour:
    """Forwards a fixed list of headers and drops every other one."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        known = ("host", "content-", "accept", "user-agent", "authorization", "x-api-key", "anthropic-")
        sent = right.upstream_headers(exchange, body)
        return Headers(tuple(line for line in sent if line[0].lower().startswith(known)))

    return replace(right, upstream_headers=headers)


@defect("user-agent-replaced", breaks=("headers.end-to-end-forwarded",))
def user_agent_replaced(right: Behaviour) -> Behaviour:
    """Sends the name of its own HTTP library as the user agent."""
    return replace(
        right,
        upstream_headers=lambda exchange, body: right.upstream_headers(exchange, body).setting(
            "User-Agent", "python-httpx/0.28.1"
        ),
    )


@defect(
    "response-headers-dropped",
    breaks=(
        "headers.response-relayed",
        "headers.limits-relayed",
        "management.cookies-relayed",
    ),
    seen_in="router-for-me/CLIProxyAPI#1626",
)
def response_headers_dropped(right: Behaviour) -> Behaviour:
    """Discards the upstream's headers, rate limits and request ids among them."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return Headers(tuple(line for line in relayed if line[0].lower().startswith("content-")))

    return replace(right, response_headers=headers)


@defect("error-headers-dropped", breaks=("headers.response-relayed",), seen_in="Portkey-AI/gateway#166")
def error_headers_dropped(right: Behaviour) -> Behaviour:
    """Loses `retry-after` and the like."""
    lost = ("retry-after", "retry-after-ms", "x-should-retry")
    return replace(
        right, response_headers=lambda exchange, given: right.response_headers(exchange, given).without(*lost)
    )


@defect("repeated-headers-merged", breaks=("management.cookies-relayed", "headers.answer-lines-kept"))
def repeated_headers_merged(right: Behaviour) -> Behaviour:
    """Keeps headers in a mapping, so that of repeated lines the last one is left."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        return Headers(
            tuple({name.lower(): (name, value) for name, value in right.response_headers(exchange, given)}.values())
        )

    return replace(right, response_headers=headers)


@defect("amp-headers-dropped", breaks=("headers.amp-headers-forwarded",))
def amp_headers_dropped(right: Behaviour) -> Behaviour:
    """Takes the headers of the Amp client out."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return Headers(tuple(line for line in sent if not line[0].lower().startswith(("amp-", "x-amp-"))))

    return replace(right, upstream_headers=headers)


@defect("limits-dropped", breaks=("headers.limits-relayed",), seen_in="router-for-me/CLIProxyAPI#1626")
def limits_dropped(right: Behaviour) -> Behaviour:
    """Drops the upstream's headers about its limits."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return Headers(tuple(line for line in relayed if "ratelimit" not in line[0].lower()))

    return replace(right, response_headers=headers)
