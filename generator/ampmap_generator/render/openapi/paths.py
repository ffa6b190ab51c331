"""The paths of an OpenAPI document: provider routes on all their roots, and management routes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ...vendored.catalogue import ManagementRoute
from ...vendored.reference import Reference
from ...vendored.routing import Call, calls
from ...vendored.wire import Provider, Root
from . import examples
from .schemas import STREAM_EVENT, body_name, pointer

Object = dict[str, Any]

MANAGEMENT = "management"
SEGMENT = "^[A-Za-z0-9_-][A-Za-z0-9._-]*$"
"""One segment of a path that every router takes for one, whatever it decodes, and never `.` or `..`."""
MODEL_ID = "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"
"""One or several of them."""

NOT_PARAMETERS = frozenset({"accept", "authorization", "content-type"})
"""Headers that OpenAPI says elsewhere."""

JSON = "application/json"
EVENT_STREAM = "text/event-stream"

_PARAMETER = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True)
class ProxyPath:
    """An operation of a provider on one of its roots; `by_path` where the path itself asks for a stream."""

    call: Call
    root: Root
    by_path: bool

    @property
    def path(self) -> str:
        """The path on the proxy, with its parameters."""
        switch = self.call.operation.stream
        own = self.call.operation.path
        tail = switch.path or own if self.by_path and switch is not None else own
        return f"{self.call.provider.base_path}{self.root.path}{tail}"

    @property
    def id(self) -> str:
        """The operation's id: unique, and made of words of the reference."""
        words = [self.call.provider.id, self.call.id, *(["stream"] if self.by_path else [])]
        if self.root != self.call.provider.roots[0]:
            words.append(re.sub(r"[^A-Za-z0-9.]+", "-", _PARAMETER.sub("", self.root.path)).strip("-") or "base")
        return ".".join(words)


def proxied(reference: Reference, dialects: Iterable[str]) -> list[Provider]:
    """The providers that pass the proxy and speak one of the dialects."""
    wanted = set(dialects)
    return [p for p in reference.providers.values() if p.via_proxy and p.base_path and wanted & set(p.operations)]


def routes(reference: Reference, dialects: Iterable[str]) -> Iterator[ProxyPath]:
    """Every provider route of some dialects."""
    wanted = set(dialects)
    for provider in proxied(reference, wanted):
        for root in provider.roots:
            for call in calls(provider, reference=reference):
                if call.dialect in wanted:
                    yield ProxyPath(call, root, by_path=False)
                    switch = call.operation.stream
                    if switch is not None and switch.by == "path":
                        yield ProxyPath(call, root, by_path=True)


def provider_paths(reference: Reference, dialects: Iterable[str]) -> dict[str, Object]:
    """Path to path item, for every provider route of some dialects."""
    paths: dict[str, Object] = {}
    for route in routes(reference, dialects):
        paths.setdefault(route.path, {}).setdefault(route.call.operation.method.lower(), _operation(reference, route))
    return paths


def provider_examples(reference: Reference, dialects: Iterable[str]) -> dict[str, Object]:
    """The examples that the operations refer to, by name."""
    found: dict[str, Object] = {}
    for route in routes(reference, dialects):
        for name, value in _examples(reference, route.call).items():
            found[name] = {"value": value}
    return found


def _examples(reference: Reference, call: Call) -> Object:
    model = examples.sample_model(reference, call.provider)
    bodies = {**examples.requests(call, model), **examples.response(call, model), **examples.events(call, model)}
    switch = call.operation.stream
    if switch is not None and switch.by == "path":
        bodies["array"] = examples.array(call, model)
    return {f"{call.provider.id}.{call.id}.{name}": value for name, value in bodies.items()}


def _operation(reference: Reference, route: ProxyPath) -> Object:
    call, operation = route.call, route.call.operation
    used = f" Used by {route.root.used_by}." if route.root.used_by else ""
    accepted = "".join(f"\n- {line}" for line in operation.must_accept)
    parameters = [
        *_path_parameters(reference, route),
        *_query_parameters(reference, route),
        *_header_parameters(reference, call),
    ]
    found: Object = {
        "operationId": route.id,
        "summary": operation.summary,
        "description": f"{call.provider.display_name}, as the client calls it.{used}"
        + (f"\n\nA proxy must not refuse:\n{accepted}" if accepted else ""),
        "tags": [call.provider.id],
        "security": [{carrier: []} for carrier in call.provider.client_credentials],
        **({"parameters": parameters} if parameters else {}),
        "responses": {"200": _success(reference, route), **_errors(call)},
        "x-ampmap": {
            "provider": call.provider.id,
            "dialect": call.dialect,
            "operation": call.id,
            "root": route.root.path,
            "streams": "always"
            if route.by_path
            else "asked"
            if operation.event_schema and not _by_path(call)
            else "no",
        },
    }
    if operation.request is not None:
        found["requestBody"] = {
            "required": True,
            "content": {JSON: _media(call, "request", "request", "request-for-a-stream")},
        }
    return found


def _by_path(call: Call) -> bool:
    return call.operation.stream is not None and call.operation.stream.by == "path"


def _media(call: Call, body: str, *names: str, sample: str | None = None) -> Object:
    """Schema and examples of one body. `names` are those of its examples, as far as there are any."""
    has_schema = getattr(call.operation, f"{body}_schema") is not None
    found: Object = (
        {"schema": pointer("schemas", body_name(call.dialect, call.id, sample or body))} if has_schema else {}
    )
    there = {*examples.requests(call, ""), *examples.response(call, ""), *examples.events(call, "")}
    shown = {
        name: pointer("examples", f"{call.provider.id}.{call.id}.{name}")
        for name in sorted(there)
        if name in names or (name.startswith("event-") and "events" in names)
    }
    return {**found, "examples": shown} if shown else found


def _success(reference: Reference, route: ProxyPath) -> Object:
    call, framing = route.call, reference.endpoints[route.call.dialect].streaming
    stream = _media(call, "event", "events", sample=STREAM_EVENT)
    if route.by_path:
        array: Object = {
            "schema": {"type": "array", "items": pointer("schemas", body_name(call.dialect, call.id, "event"))},
            "examples": {"array": pointer("examples", f"{call.provider.id}.{call.id}.array")},
        }
        text = f"A stream; its schema is that of one event. {framing.without_switch if framing else ''}".rstrip()
        return {"description": text, "content": {EVENT_STREAM: stream, JSON: array}}
    content = {JSON: _media(call, "response", "response")}
    if call.operation.event_schema is None or _by_path(call):
        return {"description": "The answer.", "content": content}
    order = f" Order of the events: {framing.order}." if framing else ""
    text = f"The answer, or a stream where the request asks for one. The stream's schema is that of one event.{order}"
    return {"description": text, "content": {**content, EVENT_STREAM: stream}}


_ERRORS = {
    "400": "The body is not a JSON object, or a field is missing or invalid.",
    "401": "The credential is missing or invalid.",
    "404": "The path or model does not exist.",
    "405": "The path does not allow this method.",
    "413": "The body is too large.",
    "4XX": "Another client error.",
    "5XX": "An error of the proxy or the provider.",
}


def _errors(call: Call) -> Object:
    shape = call.provider.error_shape
    found = {}
    for status, text in _ERRORS.items():
        if status != "413" or call.operation.request is not None:
            name = f"{shape}.method-not-allowed" if status == "405" else shape
            found[status] = {**pointer("responses", name), "description": text}
    return found


def _path_parameters(reference: Reference, route: ProxyPath) -> Iterator[Object]:
    for name in _PARAMETER.findall(route.path):
        verb = f"{{{name}}}:" in route.path
        schema: Object = {"type": "string", "pattern": SEGMENT if verb or name != "model" else MODEL_ID}
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        if name == "model":
            sample = examples.sample_model(reference, route.call.provider)
            parameter |= {"description": "The model's id; a slash in it may be sent as `%2F`.", "example": sample}
        yield parameter


def _query_parameters(reference: Reference, route: ProxyPath) -> Iterator[Object]:
    operation = route.call.operation
    for name, schema in operation.query.items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}
    if route.by_path and operation.stream is not None:
        framing = reference.endpoints[route.call.dialect].streaming
        for name, value in parse_qsl(operation.stream.query or ""):
            text = framing.without_switch or "" if framing else ""
            schema = {"type": "string", "enum": [value]}
            yield {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


def _header_parameters(reference: Reference, call: Call) -> Iterator[Object]:
    for name, value in reference.endpoints[call.dialect].request_headers.items():
        if name.lower() not in NOT_PARAMETERS:
            required = name in call.operation.required_headers
            schema = {"type": "string"}
            yield {"name": name, "in": "header", "required": required, "schema": schema, "example": value}


# --- management


def management_paths(reference: Reference) -> dict[str, Object]:
    """Path to path item for every family of management paths; what is below a family is one parameter."""
    paths: dict[str, Object] = {}
    for route in reference.management.values():
        for family in route.paths:
            methods = ("GET",) if route.methods == "unknown" else route.methods
            below = family.endswith("/*")
            path = f"{family[:-1]}{{path}}" if below else family
            item: Object = {method.lower(): _management(route, method, below=below) for method in methods}
            if below:
                item["parameters"] = [_BELOW]
            paths[path] = item
    return paths


_BELOW: Object = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "The rest of the path; a proxy forwards any number of segments.",
    "schema": {"type": "string", "pattern": SEGMENT},
    "x-ampmap-wildcard": True,
}


def _management(route: ManagementRoute, method: str, *, below: bool) -> Object:
    known = [f"- `{call.method} {call.path}`: {call.when}" for call in route.calls.values() if call.method == method]
    text = f"Forwarded to Amp's own servers. {route.purpose}"
    is_open = route.authentication == "open"
    found: Object = {
        "operationId": ".".join([MANAGEMENT, route.id, *(["below"] if below else []), method.lower()]),
        "summary": route.purpose,
        "description": "\n".join([text, "\nKnown calls of the client:\n", *known]) if known else text,
        "tags": [MANAGEMENT],
        "security": [] if is_open else [{"authorization-bearer": []}],
        "responses": {
            **({} if is_open else {"401": {"description": "The credential is missing or invalid."}}),
            "default": {"description": "The answer of Amp's servers."},
        },
        "x-ampmap": {"management": route.id},
    }
    if method in ("POST", "PUT", "PATCH"):
        found["requestBody"] = {"required": False, "content": {JSON: {"schema": {}}}}
    return found
