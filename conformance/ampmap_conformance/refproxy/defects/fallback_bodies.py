"""Faults in finding the model in a body, and in what counts as no model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

from ..behaviour import Behaviour
from ..exchange import Incoming, ManagementCall, ProviderCall, RoutedExchange
from .registry import defect

PEEKED = 8192
"""Bytes of a body that are looked at."""
NAMED = re.compile(rb'"model"\s*:\s*"([^"]*)"')


def _looking(right: Behaviour, look: Callable[[Incoming, str], str | None]) -> Behaviour:
    """Another way of finding the model in a body that names one."""

    def requested(place: ProviderCall | ManagementCall, incoming: Incoming) -> str | None:
        model = right.requested_model(place, incoming)
        in_body = isinstance(place, ProviderCall) and place.match.call.operation.model_in == "body"
        return look(incoming, model) if in_body and model else model

    return replace(right, requested_model=requested)


@defect("first-bytes-looked-at", breaks=("fallback.model-found-wherever",), seen_in="teamchong/pxpipe#109")
def first_bytes_looked_at(right: Behaviour) -> Behaviour:
    """Looks for the model in the first bytes of a body, and treats a body without one there as unmapped."""
    return _looking(right, lambda incoming, model: model if model.encode() in incoming.body[:PEEKED] else None)


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
