"""Faults that only unexpected data shows: fields of the wrong kind, rare methods, values at a limit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from ...dialects import bodies
from ...reference.types import Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import BackEnd, Incoming, ManagementPath, OwnAnswer, Place, ProviderCall, Refusal, RoutedExchange
from ..routing import Routes
from .registry import defect

RARE_METHODS = ("TRACE", "QUERY")
TRACE = 'Traceback (most recent call last):\n  File "/srv/proxy/models.py", line 41, in resolve\nTypeError'


@defect("odd-model-500", breaks=("fuzz.no-server-error",))
def odd_model_500(right: Behaviour) -> Behaviour:
    """Fails with 500 where the model is not a text."""
    return _on_body(right, _has_odd_model, lambda place: Refusal(500, "Internal error.", place.provider))


@defect("zero-refused", breaks=("fuzz.valid-forwarded",))
def zero_refused(right: Behaviour) -> Behaviour:
    """Treats a zero as a missing value, and rejects it."""

    def has_zero(body: dict[str, Any]) -> bool:
        return any(type(value) is int and value == 0 for value in body.values())

    return _on_body(right, has_zero, lambda place: Refusal(400, "A value is missing.", place.provider))


@defect("missing-fields-made-up", breaks=("fuzz.invalid-rejected-or-relayed",))
def missing_fields_made_up(right: Behaviour) -> Behaviour:
    """Puts an empty list where a required one is missing, and sends a request that the client did not make."""

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        data = _object(sent)
        if data is None or not isinstance(exchange.place, ProviderCall):
            return sent
        template = exchange.place.match.call.operation.request or {}
        lists: dict[str, Any] = {
            key: [] for key, value in template.items() if isinstance(value, list | tuple) and key not in data
        }
        return bodies.dump({**data, **lists}) if lists else sent

    return replace(right, upstream_body=body)


@defect("validation-in-own-shape", breaks=("fuzz.error-shape",))
def validation_in_own_shape(right: Behaviour) -> Behaviour:
    """Answers a field of the wrong kind as its web framework does, and not as the provider would."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        if refusal.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            return answer
        detail = [{"type": "string_type", "loc": ["body", "model"], "msg": refusal.message}]
        return replace(answer, body=bodies.dump({"detail": detail}))

    checked = _on_body(right, _has_odd_model, lambda place: Refusal(422, "The model is not a text.", place.provider))
    return replace(checked, own_answer=own)


@defect("page-for-rare-methods", breaks=("fuzz.content-type",))
def page_for_rare_methods(right: Behaviour) -> Behaviour:
    """Answers methods that are seldom used with a page for people."""
    page = "<html><h1>Method Not Allowed</h1></html>"

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        rare = isinstance(found, Refusal) and incoming.method in RARE_METHODS
        return replace(found, message=page) if isinstance(found, Refusal) and rare else found

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        if refusal.message != page:
            return answer
        return replace(answer, headers=Headers((("Content-Type", "text/html"), *refusal.lines)), body=page.encode())

    return replace(right, place=place, own_answer=own)


@defect("key-in-complaint", breaks=("fuzz.no-leak",))
def key_in_complaint(right: Behaviour) -> Behaviour:
    """Rejects a call that names no model, with an error that shows the key for the provider."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        asks = isinstance(place, ProviderCall) and place.match.call.operation.model_in == "body"
        if not isinstance(place, ProviderCall) or not asks or model is not None:
            return right.back_end(config, place, model)
        upstream = config.upstreams.get(place.provider.id)
        return Refusal(400, f"No model is named, for {upstream and upstream.key}.", place.provider)

    return replace(right, back_end=back_end)


@defect("trace-in-complaint", breaks=("fuzz.no-stack-trace",))
def trace_in_complaint(right: Behaviour) -> Behaviour:
    """Rejects a model that is not a text with a stack trace."""
    return _on_body(right, _has_odd_model, lambda place: Refusal(400, TRACE, place.provider))


@defect("management-odd-body-500", breaks=("fuzz.management-holds",))
def management_odd_body_500(right: Behaviour) -> Behaviour:
    """Parses the body of a management call, and fails where it is not an object."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        if isinstance(place, ManagementPath) and incoming.body and _object(incoming.body) is None:
            return Refusal(500, "Internal error.", place.route)
        return right.body_problem(place, incoming)

    return replace(right, body_problem=problem)


def _on_body(
    right: Behaviour, is_odd: Callable[[dict[str, Any]], bool], refused: Callable[[ProviderCall], Refusal]
) -> Behaviour:
    """Rejects provider calls whose body is odd."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        found = right.body_problem(place, incoming)
        if found is not None or not isinstance(place, ProviderCall):
            return found
        body = _object(incoming.body)
        return refused(place) if body is not None and is_odd(body) else None

    return replace(right, body_problem=problem)


def _has_odd_model(body: dict[str, Any]) -> bool:
    return not isinstance(body.get("model", ""), str)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
