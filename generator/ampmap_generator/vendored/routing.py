"""Where a model or agent mode goes: the client's own rules, as pure functions on a reference."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from .base import DialectId, OperationId, ProviderId, Shape
from .catalogue import AgentMode, Model
from .reference import Reference
from .wire import Operation, Provider, Root

DEFAULT_AMP_URL = "https://ampcode.com/"


class UnknownNameError(LookupError):
    """No model, agent mode or operation has this name; `suggestions` are near ones."""

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.suggestions = suggestions


class Route(Shape):
    """Where a call goes; what `ampmap route --json` prints."""

    query: str
    kind: Literal["model", "agent_mode"]
    provider: ProviderId
    model: str
    wire_model: str
    operation: OperationId
    dialect: DialectId
    method: str
    url: str
    base_url: str
    via_proxy: bool
    credential_headers: tuple[str, ...]
    requires: tuple[str, ...]
    """Settings or environment variables of which one must be set."""
    sdk: str
    edition: str


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


def calls(reference: Reference, provider: Provider) -> tuple[Call, ...]:
    """Every operation of a provider, in the order of its spec."""
    return tuple(
        Call(provider, dialect, name, reference.endpoints[dialect].operations[name])
        for dialect, names in provider.operations.items()
        for name in names
    )


def find_call(reference: Reference, provider: Provider, operation: str | None = None) -> Call:
    """The provider's operation by id or alias; its default one when none is named.

    Raises UnknownNameError when the provider does not serve it.
    """
    wanted = operation or provider.default_operation
    served = calls(reference, provider)
    for call in served:
        if wanted == call.id or wanted in call.operation.aliases:
            return call
    names = tuple(call.id for call in served)
    raise UnknownNameError(f"{provider.id} has no operation {wanted!r}; it has {', '.join(names)}", names)


def find_model(reference: Reference, name: str, provider: str | None = None) -> Model:
    """A model by `provider/id`, id, wire id or alias, in that order.

    Raises UnknownNameError when there is none, or when several providers have it and `provider`
    does not tell which.
    """
    models = [m for m in reference.models.values() if provider in (None, m.provider)]
    for matches in (
        [m for m in models if name == f"{m.provider}/{m.id}"],
        [m for m in models if name == m.id],
        [m for m in models if name == m.wire_id or name in m.aliases],
    ):
        if len(matches) > 1:
            keys = tuple(f"{m.provider}/{m.id}" for m in matches)
            raise UnknownNameError(f"{name!r} is served by several providers: {', '.join(keys)}", keys)
        if matches:
            return matches[0]
    raise UnknownNameError(f"no model is called {name!r}", _near(name, [m.id for m in models]))


def find_mode(reference: Reference, name: str) -> AgentMode | None:
    """An agent mode by its name (`bolt:main`) or id (`bolt-main`), or None."""
    return next((m for m in reference.agent_modes.values() if name in (m.name, m.id)), None)


def route(query: str, *, reference: Reference, amp_url: str = DEFAULT_AMP_URL, operation: str | None = None) -> Route:
    """The route of `query`, a model or agent mode.

    `operation` is an operation id or alias of the provider (`streamGenerateContent` gives the
    streaming URL); without it the default operation is used. Raises UnknownNameError for a name that the
    edition does not know and ValueError for an `amp_url` that is not a URL.
    """
    mode = find_mode(reference, query)
    try:
        model = find_model(reference, mode.model, mode.provider) if mode else find_model(reference, query)
    except UnknownNameError as error:
        names = [m.name for m in reference.agent_modes.values()] + [m.id for m in reference.models.values()]
        raise UnknownNameError(str(error), error.suggestions or _near(query, names)) from None
    provider = reference.providers[model.provider]
    call = find_call(reference, provider, operation or (mode.operation if mode else None))
    wire_model = model.wire_id or model.id
    path = call.path(wire_model, stream=operation in call.operation.aliases)
    return Route(
        query=query,
        kind="agent_mode" if mode else "model",
        provider=model.provider,
        model=model.id,
        wire_model=wire_model,
        operation=call.id,
        dialect=call.dialect,
        method=call.operation.method,
        url=resolve_url(path, amp_url) if provider.via_proxy else path,
        base_url=resolve_url(provider.base_path or "", amp_url) if provider.via_proxy else provider.base_url or "",
        via_proxy=provider.via_proxy,
        credential_headers=tuple(CREDENTIAL_HEADERS[carrier] for carrier in provider.client_credentials),
        requires=provider.requires,
        sdk=provider.sdk.name,
        edition=reference.edition.id,
    )


CREDENTIAL_HEADERS = {
    "authorization-bearer": "authorization",
    "x-api-key": "x-api-key",
    "x-goog-api-key": "x-goog-api-key",
    "query-key": "?key=",
}


def _near(name: str, names: list[str]) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name, names, n=3, cutoff=0.5))
