"""What each persona answers when nothing is scripted: every provider of the reference, and Amp's own servers. Pure."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from ..dialects import bodies
from ..dialects.routes import Match, RouteTable, WrongMethod, below, proxy_routes, upstream_routes
from ..dialects.schemas import Schemas
from ..reference.types import Provider, Reference
from ..wire.messages import AMP, Headers, UpstreamRequest
from .answer import Answer, plain
from .script import Framing

_USER = {"ok": True, "result": {"id": "user-example", "email": "user@example.invalid", "features": []}}
MANAGEMENT_ANSWERS: dict[str, Any] = {
    "uploadThread": {"ok": True, "result": {}},
    "getUserFreeTierStatus": {"ok": True, "result": {}},
    "getThread": {"ok": False, "error": {"code": "thread-not-found"}},
    "loadPlugins": {"ok": True, "result": []},
}
"""Answers to `/api/internal?METHOD` that the Amp client insists on; any other one gets the answer for a user."""


class Personas:
    """The normal answers. Immutable once made, so that threads can share it."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._schemas = Schemas(reference)
        self._upstream = upstream_routes(reference)
        self._proxy = proxy_routes(reference)
        self._providers: dict[str, Provider] = {str(p.id): p for p in reference.providers.values()}
        self.names = frozenset({AMP, *self._upstream})

    def split(self, target: str) -> tuple[str, str]:
        """Persona and target below its prefix; an unknown prefix gives no persona and the whole target."""
        first, slash, rest = target[1:].partition("/")
        persona, mark, query = first.partition("?")
        if not target.startswith("/") or persona not in self.names:
            return "", target
        return persona, f"{slash}{rest}" if not mark else f"{slash}?{query}{rest}"

    def answer(self, request: UpstreamRequest) -> Answer:
        """What the persona that was asked answers."""
        if request.persona == AMP:
            return self._amp(request)
        if request.persona in self._upstream:
            return self._provider(request.persona, self._upstream[request.persona], request)
        message = f"No persona has the path {request.path}; the personas are {', '.join(sorted(self.names))}."
        return plain(404, bodies.dump({"error": message}))

    def _amp(self, request: UpstreamRequest) -> Answer:
        path = request.path
        for provider, table in self._proxy.items():
            if path.startswith(f"{self._providers[provider].base_path}/"):
                return self._provider(provider, table, request)
        if any(below(route.paths, path) for route in self._reference.management.values()):
            method = (request.query or "").partition("&")[0]
            return plain(200, bodies.dump(MANAGEMENT_ANSWERS.get(method, _USER)))
        error = {"code": "not-found", "message": f"No such path: {path}"}
        return plain(404, bodies.dump({"ok": False, "error": error}))

    def _provider(self, name: str, table: RouteTable, request: UpstreamRequest) -> Answer:
        provider = self._providers[name]
        match = table.find(request.method, request.path)
        if match is None:
            return self._error(provider, 404, f"Not found: {request.path}")
        if isinstance(match, WrongMethod):
            allow = ("Allow", ", ".join(match.allowed))
            return self._error(provider, 405, f"{request.method} is not allowed here.", allow)
        body: dict[str, Any] = {}
        if match.call.operation.request is not None:
            read = _request_of(match, request)
            if isinstance(read, str):
                return self._error(provider, 400, read)
            body = read
        return self._success(match, request.query or "", body)

    def _success(self, match: Match, query: str, asked: dict[str, Any]) -> Answer:
        call = match.call
        named = match.model or asked.get("model")
        model = named if isinstance(named, str) and named else bodies.listed_model(self._reference, call.provider.id)
        lines = self._request_id(call.provider)
        if not _wants_stream(match, asked):
            body = bodies.response_body(call, model)
            return replace(plain(200, body, *lines), fault=self._schemas.response(call, body))
        switch, how = call.operation.stream, bodies.framing(self._reference, call)
        if match.streams and switch is not None and not set(parse_qsl(switch.query or "")) <= set(parse_qsl(query)):
            parts = bodies.stream_array(call, model)
            fault = self._schemas.array(call, b"".join(parts))
            return replace(_streamed("application/json", parts, lines, terminal=1), fault=fault)
        error = None if call.operation.in_band_error is None else bodies.in_band_error_frame(call, how)
        has_other = call.operation.other_in_band_error is not None
        other = bodies.in_band_error_frame(call, how, other=True) if has_other else None
        bare = None if call.operation.in_band_error is None else bodies.dump(call.operation.in_band_error.data)
        frames = bodies.stream_frames(call, model, how)
        answer = _streamed(
            how.content_type,
            frames,
            (("Cache-Control", "no-cache"), *lines),
            terminal=1,
            in_band_error=error,
            other_in_band_error=other,
            bare_error=bare,
        )
        return replace(answer, fault=self._schemas.stream(call, b"".join(frames)))

    def _error(self, provider: Provider, status: int, message: str, *lines: tuple[str, str]) -> Answer:
        shape = self._reference.error_shapes[provider.error_shape]
        body = bodies.error_body(shape, status, message)
        answer = plain(status, body, *lines, *self._request_id(provider))
        return replace(answer, fault=self._schemas.error(shape, body))

    def _request_id(self, provider: Provider) -> tuple[tuple[str, str], ...]:
        name = self._reference.error_shapes[provider.error_shape].request_id_header
        return ((name, "req_example0001"),) if name and name != "unknown" else ()


def _wants_stream(match: Match, body: dict[str, Any]) -> bool:
    switch = match.call.operation.stream
    return match.streams or (switch is not None and switch.by == "body" and bool(body.get(switch.field or "stream")))


def _streamed(
    content_type: str,
    frames: list[bytes],
    lines: tuple[tuple[str, str], ...],
    *,
    terminal: int,
    in_band_error: bytes | None = None,
    other_in_band_error: bytes | None = None,
    bare_error: bytes | None = None,
) -> Answer:
    return Answer(
        200,
        (("Content-Type", content_type), *lines),
        tuple((0.0, frame) for frame in frames),
        Framing.CHUNKED,
        terminal=terminal,
        in_band_error=in_band_error,
        other_in_band_error=other_in_band_error,
        bare_error=bare_error,
    )


def _decoded(headers: Headers, body: bytes) -> bytes:
    if (headers.get("content-encoding") or "").lower() == "gzip":
        return zlib.decompress(body, wbits=31)
    return body


def _request_of(match: Match, request: UpstreamRequest) -> dict[str, Any] | str:
    """The body of a request, or the message with which a provider rejects it."""
    try:
        body = json.loads(_decoded(request.headers, request.body))
    except (ValueError, zlib.error):
        return "The body is not valid JSON."
    except RecursionError:
        return "The body is nested too deeply."
    if not isinstance(body, dict):
        return "The body is not a JSON object."
    missing = [name for name in match.call.operation.required if name not in body]
    return f"The body lacks {', '.join(missing) or 'everything'}." if missing or not body else body
