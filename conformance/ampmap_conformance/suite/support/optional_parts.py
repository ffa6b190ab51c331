"""Answers whose optional parts are absent or null, as the schema of their dialect allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...cases.cases import VariedCase
from ...dialects.bodies import dump
from ...observer import Reply
from ...probe.probe import Probe
from ...reference.types import Endpoint, StreamEvent
from ...target.target import Target
from .streams import frames_of, in_pieces, json_answer, stream_events, stream_reply

USAGE = ("usage", "usageMetadata")
MODEL = ("model", "modelVersion")
Change = Callable[[dict[str, Any]], dict[str, Any]]


def has_optional_parts(case: VariedCase, target: Target) -> bool:
    """Calls of a model in a dialect of which it is known what an answer says."""
    return case.call.dialect in target.reference.meanings and case.call.operation.metered


def with_parts(case: VariedCase, probe: Probe) -> Reply:
    """The answer of a case's call with its optional parts as the case's word says, as a stream where it has one."""
    change = _changing(case, probe)
    if not case.stream:
        return Reply(body=dump(_changed(json_answer(case, probe), change)))
    events = [StreamEvent(event=event.event, data=_changed(event.data, change)) for event in stream_events(case, probe)]
    return stream_reply(case, probe, in_pieces(frames_of(events, case, probe)))


def said(data: Any) -> Any:
    """What an answer says, whichever of null and nothing it says it with; the model's name is left out."""
    if isinstance(data, list):
        return [said(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {name: said(value) for name, value in data.items() if value is not None and name not in MODEL}


def _changing(case: VariedCase, probe: Probe) -> Change:
    """Takes the optional parts out of an answer or of its usage, or makes them null."""
    endpoint = probe.reference.endpoints[case.call.dialect]
    schema = _looked_up(case.call.operation.response_schema, endpoint)
    required = set(schema.get("required", ()))
    table = probe.reference.meanings[case.call.dialect].answer
    told = {
        name
        for meaning in type(table).model_fields
        if meaning != "usage"
        for form in getattr(getattr(table, meaning), "forms", ())
        for name in form
    }
    kept = required | told | {*MODEL}
    optional = [name for name in json_answer(case, probe) if name not in kept]
    inner = {name: _looked_up(schema.get("properties", {}).get(name), endpoint).get("required") for name in USAGE}
    absent = case.variation == "absent"

    def without(data: dict[str, Any], names: list[str]) -> dict[str, Any]:
        left = {name: value for name, value in data.items() if name not in names}
        return left if absent else left | dict.fromkeys(names)

    def change(data: dict[str, Any]) -> dict[str, Any]:
        for name, needed in inner.items():
            if needed and name in data and name not in optional and isinstance(data[name], dict):
                further = [each for each in data[name] if each not in needed]
                data = data | {name: without(data[name], further)}
        is_answer = required <= data.keys() if required else any(name in data for name in told)
        return without(data, optional) if is_answer else data

    return change


def _changed(data: Any, change: Change) -> Any:
    if isinstance(data, list):
        return [_changed(item, change) for item in data]
    if not isinstance(data, dict):
        return data
    return change({name: _changed(value, change) for name, value in data.items()})


def _looked_up(schema: Any, endpoint: Endpoint) -> dict[str, Any]:
    while isinstance(schema, dict) and "$ref" in schema:
        schema = endpoint.schemas[schema["$ref"].rpartition("/")[2]]
    return schema if isinstance(schema, dict) else {}
