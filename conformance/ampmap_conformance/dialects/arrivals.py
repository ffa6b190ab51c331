"""Which operation a request is that reached an upstream: by the upstream that it reached, and its path. Pure."""

from __future__ import annotations

from ..reference.types import Reference
from ..wire.messages import AMP, UpstreamRequest
from .routes import Match, proxy_routes, upstream_routes


class Arrivals:
    """Reads upstream requests in whatever dialect they arrived. Immutable once made, so that threads can share it."""

    def __init__(self, reference: Reference) -> None:
        self._upstream = upstream_routes(reference)
        self._amp = proxy_routes(reference)

    def match(self, request: UpstreamRequest) -> Match | None:
        """The operation that was called; None for a path of none, and for another method."""
        tables = self._amp.values() if request.persona == AMP else filter(None, [self._upstream.get(request.persona)])
        found = (table.find(request.method, request.path) for table in tables)
        return next((match for match in found if isinstance(match, Match)), None)

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
