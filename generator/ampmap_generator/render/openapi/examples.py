"""The minimal bodies of the reference, filled in, as examples of an OpenAPI document. Pure."""

from __future__ import annotations

import json
from typing import Any

from ...vendored.base import Json
from ...vendored.lookups import lookups
from ...vendored.reference import Reference
from ...vendored.routing import Call
from ...vendored.wire import Provider, StreamEvent

TEXT = "Hello."
FINISHED = frozenset({"finish_reason", "finishReason", "stop_reason"})


def sample_model(reference: Reference, provider: Provider) -> str:
    """The wire id of the provider's first model, or a word that stands for one."""
    served = lookups(reference).models_of(provider.id)
    return next((model.wire_id or model.id for model in served), "example-model")


def requests(call: Call, model: str) -> dict[str, Json]:
    """The smallest request, and where a stream is asked for in the body, that request too."""
    if call.operation.request is None:
        return {}
    whole = filled(call.operation.request, model)
    switch = call.operation.stream
    if switch is None or switch.by != "body":
        return {"request": whole}
    return {"request": whole, "request-for-a-stream": {**whole, switch.field or "stream": True}}


def response(call: Call, model: str) -> dict[str, Json]:
    """The smallest answer, with the fields that this provider adds."""
    if call.operation.response is None:
        return {}
    return {"response": filled(merged(call.operation.response, call.provider.response_extras.get(call.id)), model)}


def events(call: Call, model: str) -> dict[str, Json]:
    """The events of a minimal complete stream as a parser of server-sent events gives them, in their order."""
    datas = [filled(event.data, model) for event in call.operation.events]
    finishing = [place for place, data in enumerate(datas) if _finishes(data)]
    if finishing and call.provider.final_chunk_extras is not None:
        datas[finishing[-1]] = merged(datas[finishing[-1]], filled(call.provider.final_chunk_extras, model))
    return {
        f"event-{place:02}": _server_sent(event, data)
        for place, (event, data) in enumerate(zip(call.operation.events, datas, strict=True), start=1)
    }


def array(call: Call, model: str) -> list[Json]:
    """The data of the same stream as one JSON array."""
    return [filled(event.data, model) for event in call.operation.events]


def filled(template: Json, model: str) -> Json:
    """`template` with a model id and a text in place of `{model}` and `{text}`."""
    if isinstance(template, dict):
        return {key: filled(value, model) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(item, model) for item in template]
    return template.replace("{model}", model).replace("{text}", TEXT) if isinstance(template, str) else template


def merged(base: Json, extra: Json) -> Json:
    """`base` with the fields of `extra`, objects within objects too."""
    if isinstance(base, dict) and isinstance(extra, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in extra.items()}}
    return base if extra is None else extra


def _server_sent(event: StreamEvent, data: Json) -> dict[str, Any]:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return {"event": event.event, "data": text} if event.event else {"data": text}


def _finishes(data: Json) -> bool:
    if isinstance(data, dict):
        return any((key in FINISHED and value is not None) or _finishes(value) for key, value in data.items())
    return isinstance(data, list) and any(_finishes(item) for item in data)
