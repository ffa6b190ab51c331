"""What each request of a client means by the reference: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..dialects.routes import Match, RouteTable, below, proxy_routes
from ..errors import Violation
from ..reference.types import Call, ManagementRoute, Provider, Reference, Tool
from ..wire.json_text import loads
from ..wire.sse import decode_body
from .tap import Sent

INTERNAL: Final = "/api/internal"
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A call of a provider's operation."""

    provider: Provider
    call: Call
    model: str
    """As it was sent; empty where the operation names none."""
    streamed: bool
    body: Mapping[str, Any]
    tools: tuple[Tool, ...]
    """Those of the agent's tools whose call it may be."""
    is_main: bool
    """Whether it may be the main loop's."""


@dataclass(frozen=True, slots=True)
class ManagementCall:
    """A call that a proxy forwards to Amp's own servers."""

    route: ManagementRoute
    method: str | None
    """The method of `/api/internal?METHOD`."""


@dataclass(frozen=True, slots=True)
class UnknownCall:
    """A call of a path that the reference does not have."""

    provider: Provider | None
    """The provider below whose base path it is."""


Meaning = ModelCall | ManagementCall | UnknownCall


class Meanings:
    """Reads requests by a reference."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._tables: dict[str, RouteTable] = proxy_routes(reference)

    def of(self, sent: Sent) -> Meaning:
        """What a request means."""
        for name, table in self._tables.items():
            provider = self._reference.providers[name]
            if sent.path.startswith(f"{provider.base_path}/"):
                match = table.find(sent.method, sent.path)
                return self._model_call(provider, match, sent) if isinstance(match, Match) else UnknownCall(provider)
        for route in self._reference.management.values():
            if below(route.paths, sent.path):
                is_method = sent.path == INTERNAL and sent.query
                return ManagementCall(route, sent.query.partition("&")[0][:LONGEST_NAME] if is_method else None)
        return UnknownCall(None)

    def _model_call(self, provider: Provider, match: Match, sent: Sent) -> ModelCall:
        body = body_of(sent)
        named = match.model or body.get("model")
        model = named[:LONGEST_NAME] if isinstance(named, str) else ""
        switch = match.call.operation.stream
        streamed = match.streams or (
            switch is not None and switch.by == "body" and bool(body.get(switch.field or "stream"))
        )
        tools = tuple(self._tools(provider, match.call, model, streamed, body))
        main = provider.client_call
        is_main = (
            (match.call.id == provider.default_operation or match.streams)
            and (main is None or main.streamed == streamed)
            and not any(_is_surely(tool, body) for tool in tools)
        )
        return ModelCall(provider, match.call, model, streamed, body, tools, is_main)

    def _tools(
        self, provider: Provider, call: Call, model: str, streamed: bool, body: Mapping[str, Any]
    ) -> Iterable[Tool]:
        for tool in self._reference.tools.values():
            if tool.provider != provider.id or tool.dialect != call.dialect:
                continue
            if tool.client_call is not None and tool.client_call.streamed != streamed:
                continue
            if tool.default_model not in (None, "unknown", model) and tool.setting is None:
                continue
            if tool.client_call is not None and tool.client_call.body and not set(body) <= set(tool.client_call.body):
                continue
            yield tool


def _is_surely(tool: Tool, body: Mapping[str, Any]) -> bool:
    """Whether the keys of a body are exactly those that the reference states of a tool."""
    return tool.client_call is not None and bool(tool.client_call.body) and set(body) == set(tool.client_call.body)


def body_of(sent: Sent) -> Mapping[str, Any]:
    """The JSON object of a body; empty for anything else."""
    try:
        body = loads(decode_body(sent.headers, sent.body))
    except (ValueError, Violation):
        return {}
    return body if isinstance(body, dict) else {}
