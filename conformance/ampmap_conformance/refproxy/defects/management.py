"""Faults on the routes to Amp's own servers."""

from __future__ import annotations

from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Incoming, ManagementPath, Place, Refusal, RoutedExchange
from ..routing import Routes
from .registry import defect


def _missing(right: Behaviour, *prefixes: str) -> Behaviour:
    def place(routes: Routes, incoming: Incoming) -> Place:
        if incoming.path.startswith(prefixes):
            return Refusal(404, f"Nothing is served at {incoming.path}.", open=True)
        return right.place(routes, incoming)

    return replace(right, place=place)


@defect("sign-in-routes-missing", breaks=("management.forwarded",), seen_in="router-for-me/CLIProxyAPI@e216d2673")
def sign_in_routes_missing(right: Behaviour) -> Behaviour:
    """Does not know the sign-in pages and the tab calls."""
    return _missing(right, "/auth", "/api/tab")


@defect("rss-routes-missing", breaks=("management.rare-forwarded",), seen_in="router-for-me/CLIProxyAPI@db1119dd7")
def rss_routes_missing(right: Behaviour) -> Behaviour:
    """Knows `/threads` but not the feeds beside it."""
    return _missing(right, "/threads.rss", "/news.rss")


@defect("thread-actors-missing", breaks=("management.rare-forwarded",), seen_in="router-for-me/CLIProxyAPI@01171742a")
def thread_actors_missing(right: Behaviour) -> Behaviour:
    """Has a fixed list of routes, older than the client."""
    return _missing(right, "/api/thread-actors")


@defect("management-post-only", breaks=("management.forwarded",), seen_in="BerriAI/litellm#8818")
def management_post_only(right: Behaviour) -> Behaviour:
    """Forwards no method but POST."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, ManagementPath) and incoming.method != "POST":
            return Refusal(405, "POST only.", found.route, (("Allow", "POST"),))
        return found

    return replace(right, place=place)


@defect(
    "management-client-key",
    breaks=("management.credential-replaced",),
    seen_in="router-for-me/CLIProxyAPI#604",
)
def management_client_key(right: Behaviour) -> Behaviour:
    """Sends the proxy's own client key to Amp as if it were an account's."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        if not isinstance(exchange.place, ManagementPath) or exchange.key is None:
            return sent
        return sent.without("x-api-key").setting("Authorization", f"Bearer {exchange.key}")

    return replace(right, upstream_headers=headers)


@defect(
    "management-open",
    breaks=("management.refuses-without-credential", "management.every-method-needs-key"),
    seen_in="router-for-me/CLIProxyAPI@8f1dd69e7",
)
def management_open(right: Behaviour) -> Behaviour:
    """Lends the operator's identity at Amp to callers without a key."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        amp = exchange.config.amp
        sent = right.upstream_headers(exchange, body)
        lends = isinstance(exchange.place, ManagementPath) and exchange.key is None and amp is not None
        return sent.setting("Authorization", f"Bearer {amp.key}") if lends and amp else sent

    def needs_key(place: Place) -> bool:
        return not isinstance(place, ManagementPath) and right.needs_key(place)

    return replace(right, needs_key=needs_key, upstream_headers=headers)
