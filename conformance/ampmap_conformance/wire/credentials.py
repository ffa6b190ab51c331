"""How a credential travels in a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import parse_qsl, quote

from ..reference.types import CredentialCarrier, Provider
from .messages import Headers

REFUSED = (401, 403)
"""Statuses with which a server rejects a credential, or a call without one."""

PLACEHOLDER = "placeholder"
"""The word that Google's SDK sends where a key would stand. Never a credential."""

CREDENTIAL_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")
QUERY_KEYS = ("key", "auth_token")


@dataclass(frozen=True, slots=True)
class Credential:
    """Header lines and query pairs (as they stand on the wire) that carry a credential."""

    lines: tuple[tuple[str, str], ...] = ()
    query: tuple[str, ...] = ()

    def __add__(self, other: Credential) -> Credential:
        taken = {name.lower() for name, _ in self.lines}
        lines = tuple(line for line in other.lines if line[0].lower() not in taken)
        return Credential(
            self.lines + lines, self.query + tuple(pair for pair in other.query if pair not in self.query)
        )

    def written(self, how: Callable[[str], str]) -> Credential:
        """The same with its headers' names written otherwise, in capitals for example."""
        return replace(self, lines=tuple((how(name), value) for name, value in self.lines))


NO_CREDENTIAL = Credential()

_CARRY: MappingProxyType[CredentialCarrier, Callable[[str], Credential]] = MappingProxyType(
    {
        "authorization-bearer": lambda key: Credential((("Authorization", f"Bearer {key}"),)),
        "x-api-key": lambda key: Credential((("x-api-key", key),)),
        "x-goog-api-key": lambda key: Credential((("x-goog-api-key", key),)),
        "query-key": lambda key: Credential((), (f"key={quote(key, safe='')}",)),
    }
)


def holding(carrier: CredentialCarrier, key: str) -> Credential:
    """`key` in one carrier."""
    return _CARRY[carrier](key)


def as_client_sends(provider: Provider, key: str) -> Credential:
    """`key` in every carrier that the client uses for a provider, with the placeholders that its SDK adds."""
    credential = NO_CREDENTIAL
    for carrier in provider.client_credentials:
        credential += holding(carrier, key)
    for carrier in provider.placeholder_credentials:
        credential += holding(carrier, PLACEHOLDER)
    return credential


def carried(headers: Headers, query: str | None) -> dict[CredentialCarrier, tuple[str, ...]]:
    """The credentials in a message, by carrier, a `Bearer` prefix taken off. A header that was emptied holds none."""
    found: dict[CredentialCarrier, tuple[str, ...]] = {
        "authorization-bearer": tuple(_bearer(value) for value in headers.all("authorization")),
        "x-api-key": headers.all("x-api-key"),
        "x-goog-api-key": headers.all("x-goog-api-key"),
        "query-key": tuple(value for name, value in parse_qsl(query or "") if name in QUERY_KEYS),
    }
    return {carrier: kept for carrier, values in found.items() if (kept := tuple(filter(None, values)))}


def _bearer(value: str) -> str:
    scheme, _, rest = value.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value
