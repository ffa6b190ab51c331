"""Where a model or agent mode goes: the client's own rules, as pure functions on a reference."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from .base import AgentModeId, DialectId, Method, ModelId, OperationId, ProviderId, Shape
from .catalogue import Limits
from .names import NameKind, UnknownOperationError, named
from .reference import Reference, packaged
from .wire import Operation, Provider, Root

DEFAULT_AMP_URL = "https://ampcode.com/"


class Route(Shape):
    """Where a call goes; what `ampmap route --json` prints."""

    query: str
    """What was asked for."""
    kind: NameKind
    """What the query names."""
    provider: ProviderId
    """The provider that is called."""
    model: ModelId | str
    """As the client's catalogue says, or an id that it does not know; empty where the query names no model."""
    wire_model: str
    """As it is sent to the provider."""
    operation: OperationId
    """The operation of the dialect, e.g. `messages`."""
    dialect: DialectId
    """The dialect that defines the operation: a key of `Reference.endpoints`."""
    method: Method
    """The method of the HTTP request."""
    url: str
    """`{model}` stands in it where the path names the model and the query does not."""
    base_url: str
    """What the client's SDK is given as its base URL."""
    via_proxy: bool
    """Whether the call goes to `amp.url`; else it goes to the provider itself."""
    credential_headers: tuple[str, ...]
    """The headers in which the client sends its key, in lower case; `?key=` stands for the query."""
    requires: tuple[str, ...]
    """Settings or environment variables of which one must be set."""
    sdk: str
    """The SDK with which the client calls the provider."""
    edition: str
    """The edition that the answer is for."""
    limits: Limits | None = None
    """Those of the model; None where the edition states none."""


@dataclass(frozen=True)
class Call:
    """An operation of one provider: the dialect that defines it, and its parts."""

    provider: Provider
    dialect: DialectId
    id: OperationId
    operation: Operation

    def path(self, model: str = "", *, stream: bool = False, root: Root | None = None) -> str:
        """The path and query on the proxy (below `amp.url`), or below `base_url` for a bypassing provider.

        `model` is the wire id; it is percent-encoded where it stands in the path.
        """
        base = self.provider.base_path if self.provider.via_proxy else self.provider.base_url
        return f"{base}{(root or self.provider.roots[0]).path}{self.tail(model, stream=stream)}"

    def upstream_url(self, model: str = "", *, stream: bool = False, root: Root | None = None) -> str:
        """The URL at the provider that the same call must reach; its path alone where the base URL is unknown."""
        base = "" if self.provider.upstream == "unknown" else self.provider.upstream
        return f"{base}{(root or self.provider.roots[0]).upstream}{self.tail(model, stream=stream)}"

    def tail(self, model: str = "", *, stream: bool = False) -> str:
        """The operation's own path, with its query when a stream is asked for by path."""
        switch = self.operation.stream
        path, query = self.operation.path, None
        if stream and switch is not None and switch.by == "path":
            path, query = switch.path or path, switch.query
        path = path.replace("{model}", quote(model, safe=""))
        return f"{path}?{query}" if query else path


def resolve_url(path: str, amp_url: str) -> str:
    """`new URL(path, amp_url)` for an absolute path: the path replaces any path of `amp_url`.

    Raises ValueError when `amp_url` is not an absolute http or https URL.
    """
    base = urlsplit(amp_url.strip())
    if base.scheme not in ("http", "https") or not base.hostname:
        raise ValueError(f"amp.url must be an absolute http or https URL, not {amp_url!r}")
    host = f"[{base.hostname}]" if ":" in base.hostname else base.hostname
    user, at, _ = base.netloc.rpartition("@")
    port = "" if base.port in (None, {"http": 80, "https": 443}[base.scheme]) else f":{base.port}"
    return f"{base.scheme}://{user}{at}{host}{port}{path}"


def upstream_path(provider: Provider) -> str:
    """The path of the provider's own base URL, without a final slash; empty where that URL is unknown."""
    return "" if provider.upstream == "unknown" else urlsplit(provider.upstream).path.rstrip("/")


def calls(provider: Provider, *, reference: Reference | None = None) -> tuple[Call, ...]:
    """Every operation of a provider, in the order of its spec. `reference` is by default the vendored module's."""
    known = packaged() if reference is None else reference
    return tuple(
        Call(provider, dialect, name, known.endpoints[dialect].operations[name])
        for dialect, names in provider.operations.items()
        for name in names
    )


def find_call(
    provider: Provider, operation: OperationId | str | None = None, *, reference: Reference | None = None
) -> Call:
    """The provider's operation by id or alias; its default one when none is named.

    `reference` is by default that of the vendored module. Raises UnknownOperationError when the provider does not
    serve it.
    """
    wanted = operation or provider.default_operation
    served = calls(provider, reference=reference)
    for call in served:
        if wanted == call.id or wanted in call.operation.aliases:
            return call
    names = tuple(call.id for call in served)
    raise UnknownOperationError(f"{provider.id} has no operation {wanted!r}", names, lead="it has")


def route(
    query: ModelId | AgentModeId | str,
    *,
    reference: Reference | None = None,
    amp_url: str = DEFAULT_AMP_URL,
    operation: OperationId | str | None = None,
    provider: ProviderId | str | None = None,
    stream: bool = False,
) -> Route:
    """The route of `query`: what `names.named` reads, such as a model, an agent mode, a tool or a provider.

    `operation` is an operation id or alias of the provider (`streamGenerateContent` gives the
    streaming URL); without it the call's usual operation is used. `provider` is its id or alias; with it `query` may
    be a model that the edition does not know. `stream` asks for the URL of a stream. `reference` is by default that
    of the vendored module. Raises UnknownNameError for a name that the edition does not know, HostedModeError for a
    mode of which Amp's own servers call the model, and ValueError for an `amp_url` that is not a URL or an operation
    that has no stream.
    """
    known = packaged() if reference is None else reference
    found = named(query, provider, reference=known)
    served = known.providers[found.provider]
    call = find_call(served, operation or found.operation, reference=known)
    if stream and call.operation.stream is None:
        raise ValueError(f"{call.id} of {served.id} has no stream")
    path = call.path(found.wire_model or MODEL_SLOT, stream=stream or operation in call.operation.aliases)
    path = path.replace(MODEL_SLOT, "{model}")
    return Route(
        query=query,
        kind=found.kind,
        provider=found.provider,
        model=found.model_id,
        wire_model=found.wire_model,
        operation=call.id,
        dialect=call.dialect,
        method=call.operation.method,
        url=resolve_url(path, amp_url) if served.via_proxy else path,
        base_url=resolve_url(served.base_path or "", amp_url) if served.via_proxy else served.base_url or "",
        via_proxy=served.via_proxy,
        credential_headers=tuple(CREDENTIAL_HEADERS[carrier] for carrier in served.client_credentials),
        requires=served.requires,
        limits=found.model.limits if found.model else None,
        sdk=served.sdk.name,
        edition=known.edition.id,
    )


MODEL_SLOT = "0model0"
"""Stands for `{model}` while a path is built, since braces would be percent-encoded."""

CREDENTIAL_HEADERS = {
    "authorization-bearer": "authorization",
    "x-api-key": "x-api-key",
    "x-goog-api-key": "x-goog-api-key",
    "query-key": "?key=",
}
