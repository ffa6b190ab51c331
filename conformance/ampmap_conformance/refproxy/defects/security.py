"""Faults in recognising callers on this machine, and in what a web page may do."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from ...reference.types import Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..credentials import given_keys
from ..exchange import Incoming, ManagementPath, OwnAnswer, Place, ProviderCall, Refusal, RoutedExchange
from ..routing import Routes
from .registry import defect


def _believing(right: Behaviour, *names: str) -> Behaviour:
    def is_foreign(incoming: Incoming) -> bool:
        told = next((value for name in names if (value := incoming.headers.get(name))), incoming.peer)
        return right.is_foreign(replace(incoming, peer=told.partition(",")[0].removeprefix("for=").strip('" []')))

    return replace(right, is_foreign=is_foreign)


@defect(
    "forwarded-for-believed",
    breaks=("security.address-headers-not-believed", "security.peer-decides"),
    seen_in="router-for-me/CLIProxyAPI@a6cb16bb4",
)
def forwarded_for_believed(right: Behaviour) -> Behaviour:
    """Takes the caller's address from `X-Forwarded-For`."""
    return _believing(right, "x-forwarded-for")


@defect(
    "rarer-address-headers-believed",
    breaks=("security.address-headers-not-believed", "security.peer-decides"),
)
def rarer_address_headers_believed(right: Behaviour) -> Behaviour:
    """Takes the caller's address from `Forwarded` or `X-Real-IP`."""
    return _believing(right, "forwarded", "x-real-ip")


def _open_here(right: Behaviour) -> Behaviour:
    """Asks the callers that it takes for its own machine's for no key on management paths, and lends them one."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        given = given_keys(incoming) or incoming.path.startswith("/api/provider/")
        return right.authenticate(config, incoming) if given or not config.client_keys else config.client_keys[0]

    return replace(right, authenticate=authenticate)


@defect(
    "restriction-forgotten",
    breaks=("security.foreign-peer-refused",),
    seen_in="router-for-me/CLIProxyAPI@4a135f198",
)
def restriction_forgotten(right: Behaviour) -> Behaviour:
    """Reads the restriction to its own machine and does not apply it."""
    return replace(right, is_kept_local=lambda _: False)


@defect("pages-not-restricted", breaks=("security.foreign-peer-refused",))
def pages_not_restricted(right: Behaviour) -> Behaviour:
    """Restricts the families below /api, and forgets the pages beside them."""
    return replace(
        right,
        is_kept_local=lambda place: isinstance(place, ManagementPath) and place.route.level == "api",
    )


@defect(
    "host-name-not-checked",
    breaks=("security.rebound-name-refused",),
    also=("management.*", "security.*"),
    seen_in="router-for-me/CLIProxyAPI@06405f212",
)
def host_name_not_checked(right: Behaviour) -> Behaviour:
    """Lends its key to callers on its machine, whom it knows by their address, not by the name that led them here."""

    def is_foreign(incoming: Incoming) -> bool:
        return right.is_foreign(replace(incoming, headers=incoming.headers.setting("host", "localhost")))

    return replace(_open_here(right), is_foreign=is_foreign)


@defect("host-name-alone-checked", breaks=("security.foreign-peer-refused",))
def host_name_alone_checked(right: Behaviour) -> Behaviour:
    """Judges the name that a call gives, which its sender chooses."""
    return replace(right, is_foreign=lambda incoming: right.is_foreign(replace(incoming, peer="127.0.0.1")))


@defect("models-restricted-too", breaks=("security.models-served-to-other-machines",))
def models_restricted_too(right: Behaviour) -> Behaviour:
    """Restricts the whole proxy to its own machine where management alone was meant."""
    return replace(right, is_kept_local=lambda _: True)


@defect("localhost-unknown", breaks=("security.own-names-served",))
def localhost_unknown(right: Behaviour) -> Behaviour:
    """Knows its machine by the address alone, and not as `localhost`."""

    def is_foreign(incoming: Incoming) -> bool:
        host = urlsplit(f"//{incoming.headers.get('host') or ''}").hostname
        return host == "localhost" or right.is_foreign(incoming)

    return replace(right, is_foreign=is_foreign)


@defect("every-origin-trusted", breaks=("security.no-foreign-origin", "security.no-foreign-origin-on-management"))
def every_origin_trusted(right: Behaviour) -> Behaviour:
    """Lets every web page read answers that were made with the user's credentials."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        origin = exchange.incoming.headers.get("origin")
        relayed = right.response_headers(exchange, given)
        trust = (("Access-Control-Allow-Origin", origin or ""), ("Access-Control-Allow-Credentials", "true"))
        return relayed.adding(*trust) if origin else relayed

    return replace(right, response_headers=headers)


@defect("null-origin-trusted", breaks=("security.no-foreign-origin", "security.no-foreign-origin-on-management"))
def null_origin_trusted(right: Behaviour) -> Behaviour:
    """Takes a page without an origin for a tool on the user's machine, and lets it read answers."""

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        trust = (("Access-Control-Allow-Origin", "null"), ("Access-Control-Allow-Credentials", "true"))
        return relayed.adding(*trust) if exchange.incoming.headers.get("origin") == "null" else relayed

    return replace(right, response_headers=headers)


@defect("errors-trust-every-origin", breaks=("security.no-foreign-origin", "security.no-foreign-origin-on-management"))
def errors_trust_every_origin(right: Behaviour) -> Behaviour:
    """Lets every web page read its own errors with the user's credentials."""
    trust = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"))

    def answer(reference: Reference, refusal: Refusal) -> OwnAnswer:
        own = right.own_answer(reference, refusal)
        return replace(own, headers=own.headers.adding(*trust))

    return replace(right, own_answer=answer)


@defect("rejected-body-served", breaks=("security.hidden-request-not-served",))
def rejected_body_served(right: Behaviour) -> Behaviour:
    """Takes the body of a call without a key for the next call on its connection."""
    return replace(
        right,
        authenticate=lambda config, incoming: right.authenticate(config, _hidden_in(incoming)),
        body_problem=lambda place, incoming: right.body_problem(place, _hidden_in(incoming)),
        requested_model=lambda place, incoming: right.requested_model(place, _hidden_in(incoming)),
    )


@defect("call-behind-chunks-trusted", breaks=("security.hidden-request-not-served",), also=("*",))
def call_behind_chunks_trusted(right: Behaviour) -> Behaviour:
    """Takes what follows a body in chunks for a part of the same client's call, and asks for no key."""
    trusted: dict[str, str] = {}

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        key = right.authenticate(config, incoming)
        before = trusted.pop(incoming.peer, None)
        if key is not None and "transfer-encoding" in incoming.headers:
            trusted[incoming.peer] = key
        return key or (None if given_keys(incoming) else before)

    return replace(right, authenticate=authenticate)


def _hidden_in(incoming: Incoming) -> Incoming:
    """The call that stands in the body of another one; that one where its body holds no call."""
    head, _, body = incoming.body.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    if not first.endswith(b" HTTP/1.1"):
        return incoming
    parted = (line.decode("latin-1").partition(": ") for line in lines)
    return replace(incoming, headers=Headers(tuple((name, value) for name, _, value in parted)), body=body)


@defect("preflight-forwarded", breaks=("security.preflight-without-proxy-key",))
def preflight_forwarded(right: Behaviour) -> Behaviour:
    """Forwards preflights to the provider, with the operator's key, before it authenticates the caller."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        asked = incoming.headers.get("access-control-request-method")
        if incoming.method == "OPTIONS" and asked and incoming.path.startswith("/api/provider/"):
            return right.place(routes, replace(incoming, method=asked))
        return right.place(routes, incoming)

    def problem(found: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        return None if incoming.method == "OPTIONS" else right.body_problem(found, incoming)

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        preflight = incoming.method == "OPTIONS" and incoming.path.startswith("/api/provider/")
        return config.client_keys[0] if preflight else right.authenticate(config, incoming)

    return replace(
        right,
        place=place,
        body_problem=problem,
        authenticate=authenticate,
        requested_model=lambda found, incoming: (
            None if incoming.method == "OPTIONS" else right.requested_model(found, incoming)
        ),
    )


@defect("management-preflight-lent", breaks=("security.management-preflight-without-proxy-key",))
def management_preflight_lent(right: Behaviour) -> Behaviour:
    """Lets preflights through without a key, and adds the operator's."""

    def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
        key = right.authenticate(config, incoming)
        return key or (config.client_keys[0] if incoming.method == "OPTIONS" and config.client_keys else None)

    return replace(right, authenticate=authenticate)


@defect(
    "host-name-by-its-beginning",
    breaks=("security.look-alike-name-refused",),
    also=("management.*", "security.*"),
)
def host_name_by_its_beginning(right: Behaviour) -> Behaviour:
    """Lends its key to callers on its machine, and takes every name that begins like its own for its own."""

    def is_foreign(incoming: Incoming) -> bool:
        own = (incoming.headers.get("host") or "").startswith(("localhost", "127."))
        headers = incoming.headers.setting("host", "localhost") if own else incoming.headers
        return right.is_foreign(replace(incoming, headers=headers))

    return replace(_open_here(right), is_foreign=is_foreign)
