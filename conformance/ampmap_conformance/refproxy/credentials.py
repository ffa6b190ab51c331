"""Who may call, and which keys go where. Pure."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote_plus

from ..reference.types import Reference
from ..wire.messages import Headers
from .config import ProxyConfig
from .exchange import Amp, Incoming, Local, ManagementPath, Place, ProviderCall, Refusal, RoutedExchange

PLACEHOLDER = "placeholder"
"""What Google's SDK sends as a key in the form that Amp uses; never a credential."""
QUERY_NAMES = frozenset({"key", "auth_token"})
"""Query fields that may hold a credential."""


def given_keys(incoming: Incoming) -> tuple[str, ...]:
    """Every credential of a request, in all carriers, except the placeholder."""
    headers = incoming.headers
    bearers = [value.partition(" ") for value in headers.all("authorization")]
    keys = [value.strip() for scheme, _, value in bearers if scheme.lower() == "bearer"]
    keys += [*headers.all("x-api-key"), *headers.all("x-goog-api-key")]
    keys += [unquote_plus(value) for name, value in query_fields(incoming.query) if unquote_plus(name) in QUERY_NAMES]
    return tuple(key for key in keys if key and key != PLACEHOLDER)


def authenticate(config: ProxyConfig, incoming: Incoming) -> str | None:
    """The client key that lets a request in: any accepted one is enough, also beside wrong ones."""
    return next((key for key in given_keys(incoming) if key in config.client_keys), None)


def needs_key(place: Place) -> bool:
    """Whether a route requires a key. It does if the sources do not state it."""
    match place:
        case ManagementPath(route):
            return route.authentication != "open"
        case Refusal():
            return not place.open
        case ProviderCall():
            return True


def client_credential_headers(reference: Reference) -> frozenset[str]:
    """Names, in lower case, of the headers that may hold a client's key."""
    sets = (each for each in reference.headers.values() if each.role == "client-credential")
    return frozenset(header.name.lower() for each in sets for header in each.headers)


def query_without_credentials(exchange: RoutedExchange) -> str:
    """The query, byte for byte, without the fields that hold a client's credential.

    On provider routes every `key` and `auth_token` is one. Other paths may use these names for
    something else, so there only a client key of this proxy goes.
    """
    known = {*exchange.config.client_keys, PLACEHOLDER}
    fields = [
        field
        for field in exchange.incoming.query.split("&")
        if not _holds_credential(field, known, always=isinstance(exchange.place, ProviderCall))
    ]
    return "&".join(fields)


def upstream_credentials(exchange: RoutedExchange) -> Headers:
    """The header lines with which the proxy authenticates itself to the back end."""
    match exchange.back_end, exchange.place:
        case Local(upstream), ProviderCall(provider):
            match provider.upstream_credential:
                case "authorization-bearer":
                    return Headers((("Authorization", f"Bearer {upstream.key}"),))
                case "query-key":
                    return Headers()
                case carrier:
                    return Headers(((carrier, upstream.key),))
        case Amp(upstream), _ if exchange.key is not None:
            key = upstream.keys_by_client.get(exchange.key, upstream.key)
            return Headers() if key is None else Headers((("Authorization", f"Bearer {key}"), ("X-Api-Key", key)))
        case _:
            return Headers()


def upstream_query_credential(exchange: RoutedExchange) -> str | None:
    """The key that goes into the query, for a provider whose upstream takes it there."""
    match exchange.back_end, exchange.place:
        case Local(upstream), ProviderCall(provider) if provider.upstream_credential == "query-key":
            return upstream.key
        case _:
            return None


def query_fields(query: str) -> list[tuple[str, str]]:
    """Names and values of a query, still encoded."""
    return [(name, value) for name, _, value in (field.partition("=") for field in query.split("&"))]


def _holds_credential(field: str, known: Collection[str], *, always: bool) -> bool:
    name, _, value = field.partition("=")
    return unquote_plus(name) in QUERY_NAMES and (always or unquote_plus(value) in known)
