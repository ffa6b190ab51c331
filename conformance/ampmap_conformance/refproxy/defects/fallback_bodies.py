"""Faults in finding the model in a body, and in what counts as no model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

from ..behaviour import Behaviour
from ..exchange import Incoming, ManagementPath, ProviderCall, Refusal, RoutedExchange
from .registry import defect

PEEKED = 8192
"""Bytes of a body that are looked at."""
NAMED = re.compile(rb'"model"\s*:\s*"([^"]*)"')


def _looking(right: Behaviour, look: Callable[[Incoming, str], str | None]) -> Behaviour:
    """Another way of finding the model in a body that names one."""

    def requested(place: ProviderCall | ManagementPath, incoming: Incoming) -> str | None:
        model = right.requested_model(place, incoming)
        in_body = isinstance(place, ProviderCall) and place.match.call.operation.model_in == "body"
        return look(incoming, model) if in_body and model else model

    return replace(right, requested_model=requested)


@defect("first-bytes-looked-at", breaks=("fallback.model-found-wherever",), seen_in="teamchong/pxpipe#109")
def first_bytes_looked_at(right: Behaviour) -> Behaviour:
    """Looks for the model in the first bytes of a body, and treats a body without one there as unmapped."""
    return _looking(right, lambda incoming, model: model if model.encode() in incoming.body[:PEEKED] else None)


def _within(right: Behaviour, limit: int) -> Behaviour:
    """A body's model is found in its first `limit` bytes, and a body without one there is rejected."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        named = isinstance(place, ProviderCall) and place.match.call.operation.model_in == "body"
        if named and len(incoming.body) > limit and b'"model"' not in incoming.body[:limit]:
            return Refusal(400, "The body names no model.", place.provider if isinstance(place, ProviderCall) else None)
        return right.body_problem(place, incoming)

    return replace(right, body_problem=problem)


@defect("model-sought-in-2-mb", breaks=("fallback.model-found-behind-much",), seen_in="agentgateway/agentgateway#2301")
def model_sought_in_2_mb(right: Behaviour) -> Behaviour:
    """Looks for the model in what fits a buffer of 2 MB, and rejects a body that has it behind that."""
    return _within(right, 2 << 20)


@defect("model-sought-in-8-mb", breaks=("fallback.model-found-behind-much",))
def model_sought_in_8_mb(right: Behaviour) -> Behaviour:
    """The same with a buffer of 8 MB."""
    return _within(right, 8 << 20)


@defect("model-sought-in-16-mb", breaks=("fallback.model-found-behind-much",), variant="large-bodies-taken")
def model_sought_in_16_mb(right: Behaviour) -> Behaviour:
    """The same with a buffer of 16 MB."""
    return _within(right, 16 << 20)


@defect("first-name-taken", breaks=("fallback.model-found-wherever",))
def first_name_taken(right: Behaviour) -> Behaviour:
    """Takes the first `model` in a body as the call's model, at any depth."""

    def look(incoming: Incoming, model: str) -> str | None:
        found = NAMED.search(incoming.body)
        return found[1].decode(errors="replace") if found else model

    return _looking(right, look)


@defect("models-in-chunks-unseen", breaks=("fallback.model-found-wherever",), seen_in="Mesh-LLM/mesh-llm#67")
def models_in_chunks_unseen(right: Behaviour) -> Behaviour:
    """Decides where a call goes before a body in chunks is there."""
    return _looking(right, lambda incoming, model: None if "transfer-encoding" in incoming.headers else model)


@defect("labels-read-as-a-whole", breaks=("fallback.model-found-wherever",))
def labels_read_as_a_whole(right: Behaviour) -> Behaviour:
    """Looks for the model only where the media type is `application/json` without a parameter."""

    def look(incoming: Incoming, model: str) -> str | None:
        return model if incoming.headers.get("content-type") == "application/json" else None

    return _looking(right, look)


@defect("compressed-models-unseen", breaks=("fallback.model-found-wherever",), seen_in="agentgateway/agentgateway#2621")
def compressed_models_unseen(right: Behaviour) -> Behaviour:
    """Looks for the model in a body without unpacking it."""
    return _looking(right, lambda incoming, model: None if "content-encoding" in incoming.headers else model)


@defect("empty-members-dropped", breaks=("bodies.byte-fidelity",), seen_in="ComposioHQ/composio#3324")
def empty_members_dropped(right: Behaviour) -> Behaviour:
    """Drops members of a body that are null, empty, zero or false."""

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        try:
            data = json.loads(sent)
        except ValueError:
            return sent
        if not isinstance(exchange.place, ProviderCall) or not isinstance(data, dict) or all(data.values()):
            return sent
        return json.dumps({name: value for name, value in data.items() if value}).encode()

    return replace(right, upstream_body=body)
