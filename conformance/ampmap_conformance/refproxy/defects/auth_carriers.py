"""Faults with several carriers at once, with keys that are almost right, and with keys in places that hold no key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..credentials import given_keys
from ..exchange import Incoming, Local, Place, ProviderCall, RoutedExchange
from .registry import defect

MISSING_KEY = 401


@defect("google-carrier-unknown", breaks=("auth.promised-carriers",))
def google_carrier_unknown(right: Behaviour) -> Behaviour:
    """Does not read `x-goog-api-key`, though it says so."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        return right.authenticate(config, replace(incoming, headers=incoming.headers.without("x-goog-api-key")))

    return replace(right, authenticate=authenticate)


@defect("query-carrier-unknown", breaks=("auth.promised-carriers",), seen_in="headroomlabs-ai/headroom#200")
def query_carrier_unknown(right: Behaviour) -> Behaviour:
    """Does not read keys from the query, though it says so."""
    return replace(right, authenticate=lambda config, incoming: right.authenticate(config, replace(incoming, query="")))


@defect("rejection-lost", breaks=("auth.rejection-readable",))
def rejection_lost(right: Behaviour) -> Behaviour:
    """Closes the connection on a client that it rejects and that still sends its body, before the answer is there."""
    return replace(right, answers_slow_client=lambda refusal: refusal.status != MISSING_KEY)


@defect("one-carrier-decides", breaks=("auth.valid-beside-wrong",), seen_in="ankitcharolia/kiro-gateway#61")
def one_carrier_decides(right: Behaviour) -> Behaviour:
    """Reads the key from `x-api-key` where it is there, and ignores all other carriers."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        if "x-api-key" not in incoming.headers:
            return right.authenticate(config, incoming)
        only = replace(incoming, query="", headers=Headers((("x-api-key", incoming.headers.get("x-api-key") or ""),)))
        return right.authenticate(config, only)

    return replace(right, authenticate=authenticate)


@defect("key-compared-by-prefix", breaks=("auth.malformed-refused",))
def key_compared_by_prefix(right: Behaviour) -> Behaviour:
    """Accepts everything that begins like a key."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        keys = given_keys(incoming)
        return next((key for key in config.client_keys if any(given.startswith(key) for given in keys)), None)

    return replace(right, authenticate=authenticate)


@defect("key-compared-without-case", breaks=("auth.malformed-refused",))
def key_compared_without_case(right: Behaviour) -> Behaviour:
    """Compares keys in lower case."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        keys = {given.lower() for given in given_keys(incoming)}
        return next((key for key in config.client_keys if key.lower() in keys), None)

    return replace(right, authenticate=authenticate)


@defect("scheme-compared-with-case", breaks=("auth.scheme-case-insensitive",))
def scheme_compared_with_case(right: Behaviour) -> Behaviour:
    """Accepts only `Bearer` with a capital letter."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        small = (incoming.headers.get("authorization") or "").startswith("bearer ")
        return None if small else right.authenticate(config, incoming)

    return replace(right, authenticate=authenticate)


@defect(
    "accepted-carrier-removed-alone",
    breaks=("auth.other-keys-stripped",),
    seen_in="BerriAI/litellm#38114",
)
def accepted_carrier_removed_alone(right: Behaviour) -> Behaviour:
    """Strips the key that authenticated the client, and forwards all other keys."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        names = [name for name in ("x-api-key", "x-goog-api-key") if name not in sent]
        others = [line for line in exchange.incoming.headers if line[0].lower() in names]
        return sent.adding(*(line for line in others if line[1] not in (exchange.key, "placeholder")))

    return replace(right, upstream_headers=headers)


@defect(
    "body-key-used",
    breaks=("auth.body-key-ignored",),
    seen_in="BerriAI/litellm#36794",
)
def body_key_used(right: Behaviour) -> Behaviour:
    """Calls the upstream with the key that is in the body."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        try:
            given = json.loads(body).get("api_key")
        except (ValueError, AttributeError):
            return sent
        local = isinstance(exchange.back_end, Local)
        return sent.without("x-api-key").setting("Authorization", f"Bearer {given}") if given and local else sent

    return replace(right, upstream_headers=headers)


@defect("query-token-forwarded", breaks=("auth.query-token-stripped",))
def query_token_forwarded(right: Behaviour) -> Behaviour:
    """Takes `key` out of the query, and lets `auth_token` pass."""

    def target(exchange: RoutedExchange) -> str:
        sent = right.upstream_target(exchange)
        tokens = [field for field in exchange.incoming.query.split("&") if field.startswith("auth_token=")]
        if not tokens or not isinstance(exchange.place, ProviderCall):
            return sent
        return "&".join([f"{sent}{'' if '?' in sent else '?'}", *tokens])

    return replace(right, upstream_target=target)


@defect("first-line-removed-alone", breaks=("auth.repeated-credential-stripped",))
def first_line_removed_alone(right: Behaviour) -> Behaviour:
    """Takes out the first line of each credential's header, and not those behind it."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        names = ("authorization", "x-api-key")
        later = [(name, value) for name in names for value in exchange.incoming.headers.all(name)[1:]]
        return right.upstream_headers(exchange, body).adding(*later)

    return replace(right, upstream_headers=headers)


@defect("other-roots-open", breaks=("auth.other-roots-need-key",), seen_in="BerriAI/litellm#24501")
def other_roots_open(right: Behaviour) -> Behaviour:
    """Requires a key on the paths that it lists, and not on the other forms of them."""

    def needs_key(place: Place) -> bool:
        other = isinstance(place, ProviderCall) and place.match.root != place.provider.roots[0]
        return right.needs_key(place) and not other

    return replace(right, needs_key=needs_key)


@defect("words-for-nothing-accepted", breaks=("auth.malformed-refused",))
def words_for_nothing_accepted(right: Behaviour) -> Behaviour:
    """Compares with a key that is not configured, which it writes as a word."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        nothing = {"null", "undefined", "None"} & set(given_keys(incoming))
        return config.client_keys[0] if nothing else right.authenticate(config, incoming)

    return replace(right, authenticate=authenticate)


@defect("call-shown-in-answer", breaks=("auth.upstream-key-not-returned",))
def call_shown_in_answer(right: Behaviour) -> Behaviour:
    """Shows in a header of every answer what it sent upstream, with its key."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        key = exchange.back_end.upstream.key
        return right.response_headers(exchange, given).adding(("X-Upstream-Request", f"authorization: Bearer {key}"))

    return replace(right, response_headers=headers)


def _opened_by(right: Behaviour, says: Callable[[Headers], bool]) -> Behaviour:
    """Accepts every caller that sends a certain header."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        opened = config.client_keys[0] if says(incoming.headers) else None
        return right.authenticate(config, incoming) or opened

    return replace(right, authenticate=authenticate)


@defect(
    "told-address-opens", breaks=("auth.no-header-replaces-credential",), seen_in="SeemSeam/claude_codex_bridge#171"
)
def told_address_opens(right: Behaviour) -> Behaviour:
    """Requires no key from callers on its own machine, and reads their address from `X-Forwarded-For`."""
    return _opened_by(right, lambda headers: (headers.get("x-forwarded-for") or "").startswith("127."))


@defect(
    "upgrades-open",
    breaks=("auth.no-header-replaces-credential", "management.websocket-keys"),
    seen_in="headroomlabs-ai/headroom#3281",
)
def upgrades_open(right: Behaviour) -> Behaviour:
    """Passes calls that offer to upgrade to a handler that requires no key."""
    return _opened_by(right, lambda headers: "upgrade" in headers)


@defect("told-user-opens", breaks=("auth.no-header-replaces-credential",))
def told_user_opens(right: Behaviour) -> Behaviour:
    """Treats a user named in `X-Forwarded-User` as signed in by a gateway in front."""
    return _opened_by(right, lambda headers: "x-forwarded-user" in headers)
