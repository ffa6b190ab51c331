"""What a path means, and the place at the upstream that corresponds to it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from ..dialects.routes import RouteTable, WrongMethod, below, proxy_routes
from ..reference.types import ManagementRoute, Provider, Reference, upstream_path
from .credentials import query_without_credentials, upstream_query_credential
from .exchange import Amp, Incoming, ManagementPath, Place, ProviderCall, Refusal, RoutedExchange

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", ""})


@dataclass(frozen=True)
class Routes:
    """The reference, arranged for looking up paths."""

    providers: tuple[tuple[str, Provider, RouteTable], ...]
    """Base path with a final slash, provider, and its routes."""
    management: tuple[ManagementRoute, ...]
    elsewhere: Callable[[str], str | None]
    """The edition that serves a path, if another one does."""

    @classmethod
    def of(cls, reference: Reference, elsewhere: Callable[[str], str | None]) -> Routes:
        """Every provider that is reached through the proxy, and every management family."""
        tables = proxy_routes(reference)
        providers = [p for p in reference.providers.values() if p.id in tables]
        bases = tuple((f"{p.base_path}/", p, tables[p.id]) for p in providers)
        return cls(bases, tuple(reference.management.values()), elsewhere)


def in_origin_form(incoming: Incoming) -> Incoming:
    """A request for a whole URL as one for its path: the URL's host stands for `Host`, and decides nothing else."""
    parts = urlsplit(incoming.path)
    if incoming.path.startswith("/") or parts.scheme not in ("http", "https"):
        return incoming
    path = incoming.path[len(f"{parts.scheme}://{parts.netloc}") :] or "/"
    return replace(incoming, path=path, headers=incoming.headers.setting("host", parts.netloc))


def find_place(routes: Routes, incoming: Incoming) -> Place:
    """What a request's method and path mean."""
    for base, provider, table in routes.providers:
        if incoming.path.startswith(base):
            return _provider_place(provider, table, incoming)
    for route in routes.management:
        if below(route.paths, incoming.path):
            return _management_place(route, incoming.method)
    message = f"Nothing is served at {incoming.path}."
    if edition := routes.elsewhere(incoming.path):
        message += f" Clients of edition {edition} call it; a proxy for them is started with `--edition {edition}`."
    return Refusal(404, message, open=not incoming.path.startswith("/api/"))


def _provider_place(provider: Provider, table: RouteTable, incoming: Incoming) -> Place:
    match table.find(incoming.method, incoming.path):
        case None:
            return Refusal(404, f"{provider.display_name} has no operation at {incoming.path}.", provider)
        case WrongMethod(allowed):
            message = f"{incoming.method} is not allowed here; {', '.join(allowed)} is."
            return Refusal(405, message, provider, (("Allow", ", ".join(allowed)),))
        case match:
            return ProviderCall(provider, match)


def _management_place(route: ManagementRoute, method: str) -> Place:
    if route.methods == "unknown" or method in route.methods or (method == "HEAD" and "GET" in route.methods):
        return ManagementPath(route)
    allow = (("Allow", ", ".join(route.methods)),)
    return Refusal(405, f"{method} is not allowed here.", route, allow, open=route.authentication == "open")


def foreign_peer(incoming: Incoming) -> bool:
    """Whether a caller is not on this machine: by its address, or by the name under which it was led here."""
    host = urlsplit(f"//{incoming.headers.get('host') or ''}").hostname or ""
    peer = incoming.peer.removeprefix("::ffff:")
    return not (peer.startswith("127.") or peer == "::1") or host not in LOOPBACK_NAMES


def upstream_base(exchange: RoutedExchange) -> str:
    """Scheme, host and port of the back end."""
    parts = urlsplit(exchange.back_end.upstream.url)
    return f"{parts.scheme}://{parts.netloc}"


def upstream_target(exchange: RoutedExchange) -> str:
    """Path and query at the back end: what stands below the root is kept byte for byte."""
    prefix = urlsplit(exchange.back_end.upstream.url).path.rstrip("/")
    path = prefix + (exchange.incoming.path if isinstance(exchange.back_end, Amp) else _local_path(exchange))
    credential = upstream_query_credential(exchange)
    fields = [query_without_credentials(exchange), f"key={quote(credential, safe='')}" if credential else ""]
    query = "&".join(field for field in fields if field)
    return f"{path}?{query}" if query else path


def _local_path(exchange: RoutedExchange) -> str:
    match exchange.place:
        case ProviderCall(provider, match):
            root = match.root.upstream
            for name, value in match.places:
                root = root.replace(f"{{{name}}}", value)
            start, end = match.model_at
            tail = match.tail
            if exchange.mapped is not None and end:
                tail = f"{tail[:start]}{quote(exchange.mapped, safe='')}{tail[end:]}"
            return upstream_path(provider) + root + tail
        case ManagementPath():
            return exchange.incoming.path
