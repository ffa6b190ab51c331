"""Faults in calls to Amp's own servers: methods, queries, bodies, cookies, redirects, streams, keys."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..credentials import QUERY_NAMES, query_fields
from ..exchange import Amp, Incoming, ManagementPath, OwnAnswer, Place, Refusal, RoutedExchange
from ..headers import answer_coding
from ..routing import Routes
from .registry import defect

LONGEST = 4096
CONDITIONS = ("if-none-match", "if-modified-since")


def _refusing(right: Behaviour, refuses: Callable[[ManagementPath, Incoming], Refusal | None]) -> Behaviour:
    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        return (refuses(found, incoming) or found) if isinstance(found, ManagementPath) else found

    return replace(right, place=place)


def _is_management(exchange: RoutedExchange) -> bool:
    return isinstance(exchange.place, ManagementPath)


@defect("delete-unknown", breaks=("management.methods",), seen_in="BerriAI/litellm#8818")
def delete_unknown(right: Behaviour) -> Behaviour:
    """Has routes for GET and POST alone on Amp's families."""

    def refuses(call: ManagementPath, incoming: Incoming) -> Refusal | None:
        known = incoming.method in ("GET", "HEAD", "POST")
        return None if known else Refusal(405, "GET and POST only.", call.route, (("Allow", "GET, POST"),))

    return _refusing(right, refuses)


@defect("management-head-unknown", breaks=("management.head", "management.head-where-get"))
def management_head_unknown(right: Behaviour) -> Behaviour:
    """Rejects HEAD on Amp's families."""

    def refuses(call: ManagementPath, incoming: Incoming) -> Refusal | None:
        return Refusal(405, "No HEAD.", call.route) if incoming.method == "HEAD" else None

    return _refusing(right, refuses)


@defect("management-head-not-registered", breaks=("management.head-where-get",))
def management_head_not_registered(right: Behaviour) -> Behaviour:
    """Rejects HEAD where its table of routes has GET alone."""

    def refuses(call: ManagementPath, incoming: Incoming) -> Refusal | None:
        known = incoming.method != "HEAD" or "HEAD" in call.route.methods
        return None if known else Refusal(405, "GET only.", call.route, (("Allow", "GET"),))

    return _refusing(right, refuses)


@defect("foreign-keys-not-found", breaks=("management.foreign-key-in-query",))
def foreign_keys_not_found(right: Behaviour) -> Behaviour:
    """Fails where a key in the query of a call to Amp's families is not one of its own."""

    def refuses(call: ManagementPath, incoming: Incoming) -> Refusal | None:
        named = any(name in QUERY_NAMES for name, _ in query_fields(incoming.query))
        return Refusal(500, "No such key.", call.route) if named else None

    return _refusing(right, refuses)


@defect("empty-query-added", breaks=("management.query-bytes",))
def empty_query_added(right: Behaviour) -> Behaviour:
    """Writes a question mark behind every path, also where no query follows."""

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        return sent if "?" in sent or not _is_management(exchange) else f"{sent}?"

    return replace(right, upstream_target=target)


@defect(
    "bare-names-dropped",
    breaks=("management.selector-kept", "management.query-bytes", "routing.query-bytes"),
    seen_in="juspay/neurolink#1595",
)
def bare_names_dropped(right: Behaviour) -> Behaviour:
    """Drops query fields that have no `=`."""

    def target(exchange: RoutedExchange) -> str:
        path, _, query = right.upstream_target(exchange).partition("?")
        kept = "&".join(field for field in query.split("&") if "=" in field)
        return f"{path}?{kept}" if kept else path

    return replace(right, upstream_target=target)


@defect("dotted-paths-unknown", breaks=("management.path-kept",), seen_in="router-for-me/CLIProxyAPI@db1119dd7")
def dotted_paths_unknown(right: Behaviour) -> Behaviour:
    """Treats a path with a file's ending as a file of its own, which does not exist."""

    def refuses(call: ManagementPath, incoming: Incoming) -> Refusal | None:
        return Refusal(404, "No such file.", call.route) if incoming.path.endswith(".md") else None

    return _refusing(right, refuses)


@defect(
    "body-unpacked-label-kept",
    breaks=("management.compressed-body", "bodies.coded-request-readable"),
    seen_in="headroomlabs-ai/headroom#1542",
)
def body_unpacked_label_kept(right: Behaviour) -> Behaviour:
    """Decompresses a request's body and still calls it compressed."""

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        return zlib.decompress(sent, wbits=31) if answer_coding(exchange.incoming.headers) == "gzip" else sent

    return replace(right, upstream_body=body)


@defect("management-cookies-dropped", breaks=("management.cookies-forwarded",))
def management_cookies_dropped(right: Behaviour) -> Behaviour:
    """Drops cookies of calls to Amp's pages too."""
    return replace(
        right,
        upstream_headers=lambda exchange, body: right.upstream_headers(exchange, body).without("cookie"),
    )


@defect("redirects-followed", breaks=("management.redirects-relayed",))
def redirects_followed(right: Behaviour) -> Behaviour:
    """Follows redirects itself and answers with what it found."""

    def stand_in(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
        if status is not None and 300 < status < 400 and status != 304:
            return OwnAnswer(200, Headers((("Content-Type", "text/html"),)), b"<p>Sign in</p>")
        return right.stand_in(exchange, status)

    return replace(right, stand_in=stand_in)


@defect("redirects-rewritten", breaks=("management.redirects-relayed",))
def redirects_rewritten(right: Behaviour) -> Behaviour:
    """Writes its own address into every redirect, also into those to other sites."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed.setting("Location", exchange.incoming.path) if "location" in relayed else relayed

    return replace(right, response_headers=headers)


@defect("conditions-dropped", breaks=("management.not-modified",))
def conditions_dropped(right: Behaviour) -> Behaviour:
    """Forwards a list of headers in which conditions are missing."""
    return replace(
        right,
        upstream_headers=lambda exchange, body: right.upstream_headers(exchange, body).without(*CONDITIONS),
    )


@defect("management-buffered", breaks=("management.stream-not-buffered",), seen_in="AprilNEA/BYOKEY#90")
def management_buffered(right: Behaviour) -> Behaviour:
    """Collects an answer of Amp's servers before it relays it."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        relayed = right.response_body(exchange, headers, given)
        if _is_management(exchange):
            yield b"".join([chunk async for chunk in relayed])
        else:
            async for chunk in relayed:
                yield chunk

    return replace(right, response_body=chunks)


@defect("any-key-opens-management", breaks=("management.wrong-key-refused",))
def any_key_opens_management(right: Behaviour) -> Behaviour:
    """Checks keys on model calls, and on Amp's families only that there is one."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        key = right.authenticate(config, incoming)
        given = "authorization" in incoming.headers and not incoming.path.startswith("/api/provider/")
        return key or (config.client_keys[0] if given and config.client_keys else None)

    return replace(right, authenticate=authenticate)


@defect("management-without-key", breaks=("management.amp-key-set",))
def management_without_key(right: Behaviour) -> Behaviour:
    """Sets its Amp key on model calls alone."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        return sent.without("authorization", "x-api-key") if _is_management(exchange) else sent

    return replace(right, upstream_headers=headers)


@defect("first-clients-key-removed-alone", breaks=("management.second-client",))
def first_clients_key_removed_alone(right: Behaviour) -> Behaviour:
    """Compares what it takes out with one key, and sends other clients' keys on to Amp."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        other = exchange.key is not None and exchange.key != exchange.config.client_keys[0]
        given = exchange.incoming.headers.get("authorization")
        leaks = other and given is not None and isinstance(exchange.back_end, Amp)
        return sent.setting("Authorization", given) if leaks and given else sent

    return replace(right, upstream_headers=headers)


@defect(
    "sign-in-gated",
    breaks=("management.sign-in-open", "management.pages-open"),
    seen_in="router-for-me/CLIProxyAPI#554",
)
def sign_in_gated(right: Behaviour) -> Behaviour:
    """Requires a key on every page, also on those of the sign-in."""
    return replace(right, needs_key=lambda place: isinstance(place, ManagementPath) or right.needs_key(place))


@defect(
    "operators-key-on-open-pages",
    breaks=("management.open-pages-carry-no-key",),
    seen_in="router-for-me/CLIProxyAPI@8f1dd69e7",
)
def operators_key_on_open_pages(right: Behaviour) -> Behaviour:
    """Adds the operator's key to every call to Amp's servers, for every caller."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent, amp = right.upstream_headers(exchange, body), exchange.config.amp
        lends = exchange.key is None and _is_management(exchange) and amp is not None and amp.key
        return sent.setting("Authorization", f"Bearer {amp.key}") if lends and amp else sent

    return replace(right, upstream_headers=headers)


@defect("unknown-api-path-fails", breaks=("management.unknown-path",))
def unknown_api_path_fails(right: Behaviour) -> Behaviour:
    """Fails on a path below /api that it does not know."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        unknown = isinstance(found, Refusal) and found.status == 404 and found.about is None
        return Refusal(500, "Internal error.", open=True) if unknown and incoming.path.startswith("/api/a") else found

    return replace(right, place=place)


@defect("upgrade-fails", breaks=("management.upgrade-answered",))
def upgrade_fails(right: Behaviour) -> Behaviour:
    """Fails on an offer to upgrade that it cannot take."""

    def refuses(call: ManagementPath, incoming: Incoming) -> Refusal | None:
        return Refusal(502, "Upgrade failed.", call.route) if "upgrade" in incoming.headers else None

    return _refusing(right, refuses)


@defect("encoded-slashes-decoded", breaks=("management.encoded-slash-kept",))
def encoded_slashes_decoded(right: Behaviour) -> Behaviour:
    """Decodes the slashes of a path that it forwards to Amp's servers."""

    def target(exchange: RoutedExchange) -> str:
        path, mark, query = right.upstream_target(exchange).partition("?")
        return path.replace("%2F", "/" if _is_management(exchange) else "%2F") + mark + query

    return replace(right, upstream_target=target)


def _with_status(right: Behaviour, other: Callable[[int], int]) -> Behaviour:
    def status(exchange: RoutedExchange, given: int) -> int:
        relayed = right.response_status(exchange, given)
        return other(relayed) if _is_management(exchange) else relayed

    return replace(right, response_status=status)


@defect("successes-made-200", breaks=("management.successes-relayed",), seen_in="NangoHQ/nango#7408")
def successes_made_200(right: Behaviour) -> Behaviour:
    """Answers every success with 200."""
    return _with_status(right, lambda given: 200 if given < 300 else given)


@defect("nothing-to-read-fails", breaks=("management.successes-relayed",), seen_in="nitrojs/nitro#1275")
def nothing_to_read_fails(right: Behaviour) -> Behaviour:
    """Reads the body of every answer, and fails on an answer without a body."""
    return _with_status(right, lambda given: 500 if given == 204 else given)


@defect("parts-passed-as-whole", breaks=("management.successes-relayed",), seen_in="oxyno-zeta/s3-proxy#740")
def parts_passed_as_whole(right: Behaviour) -> Behaviour:
    """Answers with 200 where the upstream sent a part."""
    return _with_status(right, lambda given: 200 if given == 206 else given)


@defect("head-length-zero", breaks=("management.head",), seen_in="chimurai/http-proxy-middleware#1121")
def head_length_zero(right: Behaviour) -> Behaviour:
    """Counts the bytes of an answer to HEAD, which has no body, and sends 0 as its length."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed.setting("Content-Length", "0") if exchange.incoming.method == "HEAD" else relayed

    return replace(right, response_headers=headers)


@defect("long-queries-refused", breaks=("management.long-query",), seen_in="gravitee-io/issues#4534")
def long_queries_refused(right: Behaviour) -> Behaviour:
    """Takes addresses of 4096 characters, the default of its HTTP library."""

    def refuses(call: ManagementPath, incoming: Incoming) -> Refusal | None:
        too_long = len(incoming.path) + len(incoming.query) > LONGEST
        return Refusal(414, "The address is too long.", call.route) if too_long else None

    return _refusing(right, refuses)
