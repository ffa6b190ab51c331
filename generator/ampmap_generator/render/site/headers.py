"""The page of headers: which there are, and what becomes of them between client, proxy and provider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...vendored.catalogue import Header, HeaderSet
from ...vendored.reference import Reference
from ...vendored.routing import CREDENTIAL_HEADERS
from ...vendored.wire import Provider
from ..header_words import concerned
from ..markdown import Table, code, prose
from .facts import FactSection, Field, Page, Shelf, code_value, source_path

PRESENCE = {"always": "always", "when-available": "when available", "conditional": "conditional"}
ROLES = {
    "client-sends": "The client sends them",
    "relay-to-client": "The proxy relays them to the client",
    "hop-by-hop": "They apply to one connection",
    "client-credential": "They hold the client's credential",
    "sdk-telemetry": "The SDKs add them",
    "client-address": "They tell who called",
}
SCOPES = {
    "via-proxy": "calls through the proxy",
    "direct": "calls that bypass the proxy",
    "management": "calls of management routes",
    "all": "all calls",
}


_HEADER_SET_FIELDS: tuple[Field, ...] = (
    ("role", "Role", lambda role: ROLES[role]),
    ("applies_to", "Concerns", lambda scope: SCOPES[scope]),
    ("providers", "Providers", code_value),
)


def headers_page(reference: Reference) -> Page:
    """The headers by provider, for each direction, and each set."""
    shelf = Shelf(reference, "headers.md")
    every = tuple(reference.providers.values())
    proxied = tuple(provider for provider in every if provider.via_proxy)
    values: dict[str, object] = {
        "matrices": (
            ("from-client", "From the client", _SENT, _matrix(shelf, every, _from_client(shelf, every))),
            (
                "to-provider",
                "From the proxy to the upstream",
                _PASSED,
                _matrix(shelf, proxied, _relay_rows(shelf, proxied)),
            ),
            ("to-client", "Back to the client", _RELAYED, _matrix(shelf, proxied, _answer_rows(shelf, proxied))),
        ),
        "entries": tuple(_header_set(shelf, s) for s in reference.headers.values()),
    }
    return Page(shelf.here, "wire/headers", "Headers", ("spec/headers/",), values, wide=True)


_SENT = "Headers in a request of the client; `-` where the set, or the header, does not apply to the provider."
_PASSED = "What a proxy does with the header. Providers that bypass the proxy are omitted."
_RELAYED = "What a proxy does with the headers of the answer."

Row = tuple[str, ...]


def _matrix(shelf: Shelf, providers: Sequence[Provider], rows: Iterator[Row]) -> Table:
    names = tuple(shelf.to("providers", p.id) for p in providers)
    return Table(("Header", "Set", *names), tuple(rows))


def _from_client(shelf: Shelf, providers: Sequence[Provider]) -> Iterator[Row]:
    for header_set, header in _headers(shelf, "client-sends", "client-credential", "sdk-telemetry"):
        cells = (PRESENCE[header.presence] if _is_on(header_set, header, p) else "-" for p in providers)
        yield code(header.name), shelf.to("headers", header_set.id), *cells


def _relay_rows(shelf: Shelf, providers: Sequence[Provider]) -> Iterator[Row]:
    for carrier, name in CREDENTIAL_HEADERS.items():
        yield code(name), "credentials", *(_carrier_cell(p, carrier) for p in providers)
    endpoints = shelf.reference.endpoints
    names = dict.fromkeys(
        name for p in providers for dialect in p.operations for name in endpoints[dialect].request_headers
    )
    for name in names:
        dialects = [dialect for dialect, endpoint in endpoints.items() if name in endpoint.request_headers]
        cells = ("as sent" if set(dialects) & set(p.operations) else "-" for p in providers)
        links = ", ".join(shelf.link(code(dialect), f"endpoints/{dialect}.md#headers") for dialect in dialects)
        yield code(name), links, *cells
    for header_set, header in _headers(shelf, "hop-by-hop"):
        yield code(header.name), shelf.to("headers", header_set.id), *("dropped" for _ in providers)


def _carrier_cell(provider: Provider, carrier: str) -> str:
    """What a carrier of credentials holds when it leaves the proxy."""
    if provider.upstream_credential == carrier:
        return "**the proxy's key**"
    return "taken out" if carrier in (*provider.client_credentials, *provider.placeholder_credentials) else "-"


def _answer_rows(shelf: Shelf, providers: Sequence[Provider]) -> Iterator[Row]:
    for header_set, header in _headers(shelf, "relay-to-client", "hop-by-hop"):
        done = "relayed" if header_set.role == "relay-to-client" else "dropped"
        cells = (done if _is_on(header_set, header, p) else "-" for p in providers)
        yield code(header.name), shelf.to("headers", header_set.id), *cells


def _headers(shelf: Shelf, *roles: str) -> Iterator[tuple[HeaderSet, Header]]:
    for header_set in shelf.reference.headers.values():
        if header_set.role in roles and header_set.applies_to != "management":
            yield from ((header_set, header) for header in header_set.headers)


def _is_on(header_set: HeaderSet, header: Header, provider: Provider) -> bool:
    named = concerned(header_set, header)
    passed = header_set.applies_to in ("all", "via-proxy" if provider.via_proxy else "direct")
    return passed and (not named or provider.id in named)


def _header_set(shelf: Shelf, header_set: HeaderSet) -> FactSection:
    rows = tuple(
        (
            code(header.name),
            code_value(header.value) if "value" in header.model_fields_set else "",
            PRESENCE[header.presence],
            prose(header.condition or ""),
            ", ".join(shelf.to("providers", p) for p in concerned(header_set, header)) or "all",
            prose(header.note or ""),
            shelf.marks(header.sources or header_set.sources),
        )
        for header in header_set.headers
    )
    table = Table(("Header", "Value", "Presence", "Condition", "Providers", "Note", "Sources"), rows)
    extra = (("Stated in", code(source_path("headers", header_set.id))),)
    name = f"headers/{header_set.id}"
    title = prose(header_set.display_name)
    return shelf.entry(name, header_set, _HEADER_SET_FIELDS, title=title, rows=extra, tables=(("Headers", table),))
