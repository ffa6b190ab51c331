"""What a proxy has to be configured with to serve the routing map, whichever proxy it is. Pure.

Keys are named, never held: each is the name of an environment variable.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ...vendored.base import Json
from ...vendored.catalogue import ManagementRoute
from ...vendored.reference import Reference
from ...vendored.routing import DEFAULT_AMP_URL, calls, upstream_path
from ...vendored.wire import CredentialCarrier, ErrorShape, Provider, StatusRow
from .shapes import Destination, ExportError, Family, Headers, OwnErrors, Plan, ProviderPlan, Rewrite

DEFAULT_CLIENT_KEYS = ("AMPMAP_CLIENT_KEY",)
AMP = "amp"
AMP_KEY = "AMP_API_KEY"
WARM_UP = "tcp_warming"
"""The call that a proxy answers itself, at once."""

QUERY_KEYS = ("key", "auth_token")
"""Query parameters in which clients may send their key."""

ANY_METHOD = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""A family with all of these takes every method."""

MESSAGES = {
    400: "The request is malformed.",
    401: "The key is missing or invalid.",
    404: "The proxy does not serve this path.",
    405: "The path does not allow this method.",
    413: "The body is too large.",
    500: "The proxy failed.",
    502: "The proxy cannot reach the upstream.",
    503: "The upstream is unavailable.",
    504: "The upstream did not answer the proxy in time.",
}
"""Statuses of errors that a proxy sends itself."""

REQUEST_ID = "REQUEST-ID"
"""What a template replaces by its proxy's own id of a request."""

CREDENTIALS: dict[CredentialCarrier, tuple[str, str]] = {
    "authorization-bearer": ("Authorization", "Bearer "),
    "x-api-key": ("x-api-key", ""),
    "x-goog-api-key": ("x-goog-api-key", ""),
}
"""Carrier to header, and what stands before the key."""

CALL_HEADERS = ("Accept", "Accept-Encoding", "Content-Encoding", "Content-Type", "Cookie", "User-Agent")
ANSWER_HEADERS = (
    "allow",
    "cache-control",
    "content-encoding",
    "content-type",
    "date",
    "location",
    "server",
    "set-cookie",
)
"""What every call, and every answer, may have."""

FRAMING = frozenset({"connection", "content-length", "host", "transfer-encoding"})
"""Headers that every proxy sets itself."""

_LISTEN = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
"""What nginx, Caddy and HAProxy all take as a part of a name of their own."""
_PATH = re.compile(r"[A-Za-z0-9._~/-]*")
_SPECIAL = re.compile(r"([.+*?^$()\[\]{}|\\])")
_HOLE = re.compile(r"\\\{[a-z]+\\\}")


def make_plan(
    reference: Reference,
    *,
    observer: str | None = None,
    listen: str = "127.0.0.1:8317",
    client_keys: Iterable[str] = DEFAULT_CLIENT_KEYS,
) -> Plan:
    """The plan for real upstreams, or with `observer`, its URL, for one that plays them all.

    Raises ExportError for options that are not what they should be, or a provider that cannot be configured.
    """
    address = check_address("--listen", listen)
    base = None if observer is None else _observer(observer)
    proxied = [provider for provider in reference.providers.values() if provider.via_proxy]
    served = _servable(proxied, base)
    return Plan(
        edition=reference.edition.id,
        host=address["host"],
        port=address["port"],
        observer=None if base is None else base.url,
        client_keys=_client_keys(client_keys),
        providers=tuple(_provider(reference, provider, base) for provider in served),
        without_address=tuple(provider for provider in proxied if provider not in served),
        bypassing=tuple(provider for provider in reference.providers.values() if not provider.via_proxy),
        amp=_amp(base),
        amp_key=AMP_KEY,
        families=tuple(family for route in reference.management.values() for family in _families(route)),
        headers=_headers(reference),
        own_errors=_own_errors(reference, proxied),
    )


def _client_keys(names: Iterable[str]) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(names)) or DEFAULT_CLIENT_KEYS
    for key in keys:
        if not _VARIABLE.fullmatch(key):
            raise ExportError(f"--client-key-env: `{key}` is not a valid name of an environment variable")
    return keys


def _servable(proxied: Iterable[Provider], observer: Destination | None) -> list[Provider]:
    """The providers that a configuration can serve: an observer plays those without an address too."""
    served = [provider for provider in proxied if observer is not None or provider.upstream != "unknown"]
    if taken := {AMP, f"{AMP}-open"} & {provider.id for provider in served}:
        raise ExportError(f"a provider must not have the id `{min(taken)}` in an export")
    for name in (name for provider in served for name in (provider.id, provider.error_shape)):
        if not _NAME.fullmatch(name):
            raise ExportError(f"the id `{name}` cannot be a name in an export; use letters, digits and `_.-`")
    return served


def _amp(observer: Destination | None) -> Destination:
    return _persona(observer, AMP, "") if observer else _destination(urlsplit(DEFAULT_AMP_URL))


def _headers(reference: Reference) -> Headers:
    relayed = map(str.lower, _header_names(reference, "relay-to-client"))
    return Headers(
        credentials=_header_names(reference, "client-credential"),
        hop_by_hop=_header_names(reference, "hop-by-hop"),
        known=_known_headers(reference),
        answers=tuple(sorted({*ANSWER_HEADERS, *relayed})),
    )


def _own_errors(reference: Reference, proxied: Sequence[Provider]) -> OwnErrors:
    shapes = Counter(provider.error_shape for provider in proxied)
    return OwnErrors(
        areas=tuple((_area(provider), provider.error_shape) for provider in proxied),
        default_shape=shapes.most_common(1)[0][0],
        texts={
            shape: {status: error_text(reference.error_shapes[shape], status) for status in MESSAGES}
            for shape in sorted(shapes)
        },
    )


def check_address(option: str, text: str) -> re.Match[str]:
    """The parts `host` and `port` of `HOST:PORT`. Raises ExportError, which names the option, for anything else."""
    address = _LISTEN.fullmatch(text)
    if address is None or int(address["port"]) > 65535:
        raise ExportError(f"{option}: `{text}` is invalid; expected HOST:PORT")
    return address


def key_variable(provider: str) -> str:
    """The environment variable for a provider's own key: `GROQ_API_KEY`."""
    return re.sub(r"[^A-Z0-9]", "_", provider.upper()) + "_API_KEY"


def error_text(shape: ErrorShape, status: int) -> str:
    """An error of the proxy's own in a provider's form, as JSON. A type or code that is not known is null.

    REQUEST_ID stands where the form has an id of the request.
    """
    row = {field: _known_value(shape, status, field) for field in ("type", "code")}
    values = {"status": status, "message": MESSAGES[status], **row}
    body = {**shape.body, "request_id": REQUEST_ID} if "request_id" in shape.body else shape.body
    return json.dumps(_fill(body, values), separators=(",", ":"))


def _known_value(shape: ErrorShape, status: int, field: str) -> str | None:
    rows: list[StatusRow | None] = [shape.statuses.get(status), shape.default.get("5xx" if status >= 500 else "4xx")]
    for row in rows:
        if row is not None and field in row.model_fields_set and getattr(row, field) != "unknown":
            value: str | None = getattr(row, field)
            return value
    return None


def _fill(template: Json, values: dict[str, Any]) -> Json:
    if isinstance(template, dict):
        return {key: _fill(value, values) for key, value in template.items()}
    if isinstance(template, str) and template[:1] == "{" and template[-1:] == "}":
        return values.get(template[1:-1], template)
    return template


def _observer(url: str) -> Destination:
    parts = urlsplit(url)
    try:
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or "@" in parts.netloc or parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        raise ExportError(
            f"--observer: `{url}` is invalid; expected an http or https URL without user, query and fragment"
        )
    if not _LISTEN.fullmatch(parts.netloc if parts.port else f"{parts.netloc}:1"):
        raise ExportError(f"--observer: `{parts.netloc}` is not a valid host")
    return _destination(parts)


def _area(provider: Provider) -> str:
    """`/api/provider/openai` for a provider below it, else its base path."""
    base = provider.base_path or ""
    usual = f"/api/provider/{provider.id}"
    return usual if base == usual or base.startswith(f"{usual}/") else base


def _persona(observer: Destination, name: str, path: str) -> Destination:
    return Destination(observer.scheme, observer.host, observer.server, f"{observer.path}/{name}{path}")


def _destination(parts: SplitResult) -> Destination:
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    host = f"{name}:{port}" if parts.port else str(name)
    return Destination(parts.scheme, host, f"{name}:{port}", parts.path.rstrip("/"))


def _provider(reference: Reference, provider: Provider, observer: Destination | None) -> ProviderPlan:
    if provider.upstream_credential not in CREDENTIALS:
        raise ExportError(f"the provider `{provider.id}` expects its key in the query, which exports do not support")
    path = upstream_path(provider)
    destination = _persona(observer, provider.id, path) if observer else _destination(urlsplit(provider.upstream))
    header, prefix = CREDENTIALS[provider.upstream_credential]
    warm_up = [call for call in calls(provider, reference=reference) if call.id == WARM_UP]
    return ProviderPlan(
        provider,
        destination,
        key_variable(provider.id),
        header,
        prefix,
        tuple(_rewrites(provider, destination)),
        tuple(call.path(root=root) for call in warm_up for root in provider.roots),
        tuple(
            (model.wire_id or model.id, model.id)
            for model in reference.models.values()
            if model.provider == provider.id
        ),
    )


def _rewrites(provider: Provider, destination: Destination) -> Iterator[Rewrite]:
    same = [root for root in provider.roots if root.path == root.upstream]
    for root in sorted(provider.roots, key=lambda root: (-len(root.path), root.path)):
        keeps = root in same
        if keeps and any(root.path.startswith(f"{other.path}/") for other in same):
            continue  # the shorter one covers it
        if not keeps and "{" in root.upstream:
            raise ExportError(
                f"the provider `{provider.id}` has a root that moves its parameters, which exports do not support:"
                f" `{root.path}`"
            )
        yield Rewrite(
            base=escape_regex(provider.base_path or ""),
            root=_HOLE.sub("[^/?]+", escape_regex(root.path)),
            keeps_root=keeps,
            to=destination.path + ("" if keeps else root.upstream),
            plain=None if "{" in root.path else f"{provider.base_path}{root.path}",
        )


def _families(route: ManagementRoute) -> Iterator[Family]:
    methods = _allowed(route)
    plain = [path for path in route.paths if not path.endswith("/*")]
    for path in route.paths:
        below = path.endswith("/*")
        stem = path.removesuffix("/*")
        if below and stem in plain:
            continue  # told together with the path itself
        is_both = f"{path}/*" in route.paths
        pattern = escape_regex(stem) + ("(?:/[^?]*)?" if is_both else "/[^?]*" if below else "")
        yield Family(f"{stem}/" if below else path, pattern, below or is_both, route.authentication == "open", methods)


def _allowed(route: ManagementRoute) -> tuple[str, ...]:
    """The methods of a route, and HEAD where it has GET (RFC 9110, section 9.1); none where every method is allowed."""
    if route.methods == "unknown" or set(route.methods) >= ANY_METHOD:
        return ()
    return (*route.methods, *(("HEAD",) if "GET" in route.methods and "HEAD" not in route.methods else ()))


def escape_regex(text: str) -> str:
    """Text as a regular expression."""
    return _SPECIAL.sub(r"\\\1", text)


def _header_names(reference: Reference, role: str) -> tuple[str, ...]:
    found = (header.name for group in reference.headers.values() if group.role == role for header in group.headers)
    return tuple(dict.fromkeys(found))


def _known_headers(reference: Reference) -> tuple[str, ...]:
    """What clients send for themselves and their dialects, beside what every HTTP call may have."""
    sent = [*_header_names(reference, "client-sends"), *_header_names(reference, "sdk-telemetry")]
    dialects = [name for endpoint in reference.endpoints.values() for name in endpoint.request_headers]
    others = {name.lower() for name in _header_names(reference, "client-credential")} | FRAMING
    found = {name.lower(): name for name in (*sent, *dialects, *CALL_HEADERS) if _HEADER.fullmatch(name)}
    return tuple(found[name] for name in sorted(found) if name not in others)
