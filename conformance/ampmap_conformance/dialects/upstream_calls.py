"""Which call a request to an upstream makes: of who is asked, or of another dialect in its place. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..reference.types import Provider, Reference
from ..wire.messages import AMP, UpstreamRequest
from .routes import Match, RouteTable, WrongMethod, proxy_routes, upstream_routes


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """Who is asked, and for what; `match` is None for a path that the upstream does not have."""

    provider: Provider
    match: Match | WrongMethod | None


class UpstreamCalls:
    """The calls of one reference, at the providers and at Amp. Immutable, so that threads can share it."""

    def __init__(self, reference: Reference) -> None:
        self._upstream = upstream_routes(reference)
        self._proxy = proxy_routes(reference)
        self._providers: dict[str, Provider] = {str(p.id): p for p in reference.providers.values()}

    @property
    def providers(self) -> frozenset[str]:
        """The ids of all providers."""
        return frozenset(self._upstream)

    def find(self, persona: str, method: str, path: str) -> UpstreamCall | None:
        """The call of a request to a persona; None where no provider is asked."""
        served = self._served(persona, path)
        if served is None:
            return None
        provider, table = served
        return UpstreamCall(provider, table.find(method, path) or self._in_another_dialect(provider, method, path))

    def match(self, request: UpstreamRequest) -> Match | None:
        """The operation that was called; None for a path of none, and for another method."""
        found = self.find(request.persona, request.method, request.path)
        return found.match if found is not None and isinstance(found.match, Match) else None

    def dialect(self, request: UpstreamRequest) -> str | None:
        """The dialect of the call; None where it is not known."""
        found = self.match(request)
        return None if found is None else found.call.dialect

    def model(self, request: UpstreamRequest) -> str:
        """The model that the call names, in its path or its body; empty for none, and for a body that is not JSON."""
        found = self.match(request)
        if found is None or found.model:
            return "" if found is None else found.model
        try:
            body = request.json()
        except ValueError:
            return ""
        return str(body.get("model", "")) if isinstance(body, dict) else ""

    def _served(self, persona: str, path: str) -> tuple[Provider, RouteTable] | None:
        if persona in self._upstream:
            return self._providers[persona], self._upstream[persona]
        for name, table in self._proxy.items() if persona == AMP else ():
            if path.startswith(f"{self._providers[name].base_path}/"):
                return self._providers[name], table
        return None

    def _in_another_dialect(self, provider: Provider, method: str, path: str) -> Match | None:
        """A call in a dialect that the provider itself does not speak: a gateway in its place may speak any."""
        for below in (path[at:] for at, letter in enumerate(path) if letter == "/"):
            for table in self._upstream.values():
                match = table.find(method, below)
                if isinstance(match, Match) and match.call.dialect not in provider.operations:
                    return match
        return None
