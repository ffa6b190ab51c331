"""What each persona answers when nothing is scripted: every provider of the reference, and Amp's own servers. Pure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from ..dialects import bodies
from ..dialects.routes import Match, WrongMethod, below
from ..dialects.schemas import Schemas
from ..dialects.upstream_calls import UpstreamCall, UpstreamCalls
from ..meanings import Tool, codecs
from ..reference.types import Call, ErrorShape, Reference
from ..wire.json_text import loads
from ..wire.limits import TooMuchError, gunzip
from ..wire.messages import AMP, Headers, UpstreamRequest
from .answer import Answer, plain, scripted
from .demands import demanded, usage_frames
from .management import ManagementAnswers
from .rendering import Asked, rendered
from .script import Framing, Reply
from .websocket import accepted

NORMAL = Reply.normal()
BROKEN = 500
"""The status of a scripted failure that does not tell its own."""


class Personas:
    """The normal answers. Immutable once made, so that threads can share it."""

    def __init__(self, reference: Reference, *, strict: bool = False) -> None:
        self._reference = reference
        self._strict = strict
        self._schemas = Schemas(reference)
        self._calls = UpstreamCalls(reference)
        self._codecs = codecs(reference)
        self._management = ManagementAnswers(reference)
        self.names = frozenset({AMP, *self._calls.providers})

    def split(self, target: str) -> tuple[str, str]:
        """Persona and target below its prefix; an unknown prefix gives no persona and the whole target."""
        first, slash, rest = target[1:].partition("/")
        persona, mark, query = first.partition("?")
        if not target.startswith("/") or persona not in self.names:
            return "", target
        return persona, f"{slash}{rest}" if not mark else f"{slash}?{query}{rest}"

    def answer(self, request: UpstreamRequest, reply: Reply = NORMAL) -> Answer:
        """What the persona that was asked answers: what `reply` says, in the form that the request asks for."""
        asked = self._calls.find(request.persona, request.method, request.path)
        if asked is None:
            failure = reply.failure and bodies.dump({"ok": False, "error": {"message": reply.failure.message}})
            reply = replace(reply, body=failure or reply.body)
            return scripted(self._own(request, reply), reply)
        match, shape = asked.match, self._shape(asked)
        if reply.failure is not None:
            error = bodies.error_body(shape, reply.failure.status or BROKEN, reply.failure.message)
            reply = replace(reply, failure=None, body=error)
        if match is None:
            return scripted(self._error(shape, 404, f"Not found: {request.path}"), reply)
        if isinstance(match, WrongMethod):
            allow = ("Allow", ", ".join(match.allowed))
            return scripted(self._error(shape, 405, f"{request.method} is not allowed here.", allow), reply)
        return self._call(shape, match, request, reply)

    def offered_tools(self, request: UpstreamRequest) -> tuple[Tool, ...]:
        """The tools that a model call offers; none for any other request, and where it demands a certain answer."""
        asked = self._calls.find(request.persona, request.method, request.path)
        match = asked.match if asked is not None else None
        if not isinstance(match, Match) or match.call.operation.request is None:
            return ()
        codec, body = self._codecs.get(match.call.dialect), _request_of(match, request)
        if codec is None or isinstance(body, str) or demanded(codec, body) is not None:
            return ()
        return codec.tools(body)

    def _shape(self, asked: UpstreamCall) -> ErrorShape:
        """The shape of errors: the provider's, or that of the dialect's own vendor where a gateway is in its place."""
        match = asked.match
        foreign = isinstance(match, Match) and match.call.dialect not in asked.provider.operations
        if isinstance(match, Match) and foreign and match.call.dialect in self._codecs:
            return self._codecs[match.call.dialect].shape
        return self._reference.error_shapes[asked.provider.error_shape]

    def _own(self, request: UpstreamRequest, reply: Reply) -> Answer:
        """An answer of Amp's own servers, or of no persona."""
        path = request.path
        if request.persona != AMP:
            message = f"No persona has the path {path}; the personas are {', '.join(sorted(self.names))}."
            return plain(404, bodies.dump({"error": message}))
        if any(below(route.paths, path) for route in self._reference.management.values()):
            opened = accepted(request, reply)
            return opened or self._management.find(request.method, path, request.query)
        error = {"code": "not-found", "message": f"No such path: {path}"}
        return plain(404, bodies.dump({"ok": False, "error": error}))

    def _call(self, shape: ErrorShape, match: Match, request: UpstreamRequest, reply: Reply) -> Answer:
        body: dict[str, Any] = {}
        if match.call.operation.request is not None:
            read = _request_of(match, request)
            if isinstance(read, str):
                return scripted(self._error(shape, 400, read), reply)
            if self._strict and (problem := self._refusal(match.call, request, read)):
                return scripted(self._error(shape, 400, problem), reply)
            body = read
        asked = self._asked(match, request.query or "", body)
        if asked is not None:
            said = demanded(asked.codec, body) if reply.is_usual else None
            reply = rendered(reply if said is None else replace(reply, says=said), asked, self._codecs)
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
        lines = _request_id(self._reference.error_shapes[call.provider.error_shape])
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
        frames[-1:-1] = self._usage_frames(call, model, asked)
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

    def _usage_frames(self, call: Call, model: str, asked: dict[str, Any]) -> list[bytes]:
        """The events that tell the usage, where the request asks for them."""
        codec = self._codecs.get(call.dialect)
        if codec is None or codec.operation != call.id or not codec.asks_for_usage(asked):
            return []
        return usage_frames(codec, codec.read_answer(json.loads(bodies.response_body(call, model))))

    def _error(self, shape: ErrorShape, status: int, message: str, *lines: tuple[str, str]) -> Answer:
        body = bodies.error_body(shape, status, message)
        answer = plain(status, body, *lines, *_request_id(shape))
        return replace(answer, fault=self._schemas.error(shape, body))


def _request_id(shape: ErrorShape) -> tuple[tuple[str, str], ...]:
    name = shape.request_id_header
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
        return gunzip(body)
    return body


def _request_of(match: Match, request: UpstreamRequest) -> dict[str, Any] | str:
    """The body of a request, or the message with which a provider rejects it."""
    try:
        body = loads(_decoded(request.headers, request.body))
    except ValueError:
        return "The body is not valid JSON."
    except TooMuchError:
        return "The body is too large."
    if not isinstance(body, dict):
        return "The body is not a JSON object."
    missing = [name for name in match.call.operation.required if name not in body]
    return f"The body lacks {', '.join(missing) or 'everything'}." if missing or not body else body
