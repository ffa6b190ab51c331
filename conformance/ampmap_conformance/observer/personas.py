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
from ..meanings import codecs
from ..reference.types import Call, Provider, Reference
from ..wire.messages import AMP, Headers, UpstreamRequest
from .answer import Answer, plain, scripted
from .rendering import Asked, rendered
from .script import Framing, Reply

NORMAL = Reply.normal()
BROKEN = 500
"""The status of a scripted failure that does not tell its own."""

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

    def __init__(self, reference: Reference, *, strict: bool = False) -> None:
        self._reference = reference
        self._strict = strict
        self._schemas = Schemas(reference)
        self._upstream = upstream_routes(reference)
        self._proxy = proxy_routes(reference)
        self._codecs = codecs(reference)
        self._providers: dict[str, Provider] = {str(p.id): p for p in reference.providers.values()}
        self.names = frozenset({AMP, *self._upstream})

    def split(self, target: str) -> tuple[str, str]:
        """Persona and target below its prefix; an unknown prefix gives no persona and the whole target."""
        first, slash, rest = target[1:].partition("/")
        persona, mark, query = first.partition("?")
        if not target.startswith("/") or persona not in self.names:
            return "", target
        return persona, f"{slash}{rest}" if not mark else f"{slash}?{query}{rest}"

    def answer(self, request: UpstreamRequest, reply: Reply = NORMAL) -> Answer:
        """What the persona that was asked answers: what `reply` says, in the form that the request asks for."""
        served = self._served(request)
        if served is None:
            failure = reply.failure and bodies.dump({"ok": False, "error": {"message": reply.failure.message}})
            return scripted(self._own(request), replace(reply, body=failure or reply.body))
        provider, table = served
        if reply.failure is not None:
            error = self._error_body(provider, reply.failure.status or BROKEN, reply.failure.message)
            reply = replace(reply, failure=None, body=error)
        match = table.find(request.method, request.path) or self._in_another_dialect(provider, request)
        if match is None:
            return scripted(self._error(provider, 404, f"Not found: {request.path}"), reply)
        if isinstance(match, WrongMethod):
            allow = ("Allow", ", ".join(match.allowed))
            return scripted(self._error(provider, 405, f"{request.method} is not allowed here.", allow), reply)
        return self._call(provider, match, request, reply)

    def _served(self, request: UpstreamRequest) -> tuple[Provider, RouteTable] | None:
        """The provider whose part a request is for, and its routes there."""
        if request.persona in self._upstream:
            return self._providers[request.persona], self._upstream[request.persona]
        for name, table in self._proxy.items() if request.persona == AMP else ():
            if request.path.startswith(f"{self._providers[name].base_path}/"):
                return self._providers[name], table
        return None

    def _in_another_dialect(self, provider: Provider, request: UpstreamRequest) -> Match | None:
        """A call in a dialect that the provider itself does not speak: a gateway in its place may speak any."""
        below_it = [request.path[at:] for at, letter in enumerate(request.path) if letter == "/"]
        for path in below_it:
            for table in self._upstream.values():
                match = table.find(request.method, path)
                if isinstance(match, Match) and match.call.dialect not in provider.operations:
                    return match
        return None

    def _own(self, request: UpstreamRequest) -> Answer:
        """An answer of Amp's own servers, or of nobody."""
        path = request.path
        if request.persona != AMP:
            message = f"No persona has the path {path}; the personas are {', '.join(sorted(self.names))}."
            return plain(404, bodies.dump({"error": message}))
        if any(below(route.paths, path) for route in self._reference.management.values()):
            method = (request.query or "").partition("&")[0]
            return plain(200, bodies.dump(MANAGEMENT_ANSWERS.get(method, _USER)))
        error = {"code": "not-found", "message": f"No such path: {path}"}
        return plain(404, bodies.dump({"ok": False, "error": error}))

    def _call(self, provider: Provider, match: Match, request: UpstreamRequest, reply: Reply) -> Answer:
        body: dict[str, Any] = {}
        if match.call.operation.request is not None:
            read = _request_of(match, request)
            if isinstance(read, str):
                return scripted(self._error(provider, 400, read), reply)
            if self._strict and (problem := self._refusal(match.call, request, read)):
                return scripted(self._error(provider, 400, problem), reply)
            body = read
        asked = self._asked(match, request.query or "", body)
        if asked is not None:
            reply = rendered(reply, asked, self._codecs)
        return scripted(self._success(match, request.query or "", body), reply)

    def _refusal(self, call: Call, request: UpstreamRequest, body: dict[str, Any]) -> str | None:
        """Why the vendor itself would refuse a request, by its schema and by the fields that it refuses."""
        for refusal in call.operation.refusals:
            field = next((name for name in refusal.fields if name in body), None)
            if field and all(request.headers.get(name) == value for name, value in refusal.when.items()):
                return f"{field}: this field is not allowed."
        return self._schemas.request(call, bodies.dump(body))

    def _asked(self, match: Match, query: str, body: dict[str, Any]) -> Asked | None:
        """The form of the answer that a model call asks for; None for other calls."""
        codec = self._codecs.get(match.call.dialect)
        if codec is None or codec.operation != match.call.id:
            return None
        model, stream = self._model(match, body), _wants_stream(match, body)
        return Asked(codec, model, stream, codec.asks_for_usage(body), stream and _as_array(match, query))

    def _model(self, match: Match, body: dict[str, Any]) -> str:
        named = match.model or body.get("model")
        if isinstance(named, str) and named:
            return named
        return bodies.listed_model(self._reference, match.call.provider.id)

    def _success(self, match: Match, query: str, asked: dict[str, Any]) -> Answer:
        call = match.call
        model = self._model(match, asked)
        lines = self._request_id(call.provider)
        if not _wants_stream(match, asked):
            body = bodies.response_body(call, model)
            return replace(plain(200, body, *lines), fault=self._schemas.response(call, body))
        how = bodies.framing(self._reference, call)
        if _as_array(match, query):
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
        body = self._error_body(provider, status, message)
        answer = plain(status, body, *lines, *self._request_id(provider))
        return replace(answer, fault=self._schemas.error(self._reference.error_shapes[provider.error_shape], body))

    def _error_body(self, provider: Provider, status: int, message: str) -> bytes:
        return bodies.error_body(self._reference.error_shapes[provider.error_shape], status, message)

    def _request_id(self, provider: Provider) -> tuple[tuple[str, str], ...]:
        name = self._reference.error_shapes[provider.error_shape].request_id_header
        return ((name, "req_example0001"),) if name and name != "unknown" else ()


def _as_array(match: Match, query: str) -> bool:
    """Whether a stream that is asked for by its path is to be one JSON array."""
    switch = match.call.operation.stream
    return match.streams and switch is not None and not set(parse_qsl(switch.query or "")) <= set(parse_qsl(query))


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
