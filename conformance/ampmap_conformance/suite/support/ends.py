"""Answers that end for a reason which does not follow from their content, with usage that does not add up."""

from __future__ import annotations

from typing import Any

from ...cases.cases import VariedCase
from ...dialects.bodies import dump, fill
from ...observer import Reply
from ...probe.probe import Probe
from ...reference.types import Ends, StreamEvent
from ...target.target import Target
from .streams import frames_of, in_pieces, json_answer, stream_events, stream_reply

TOTALS = ("total_tokens", "totalTokenCount")
ODD_TOTAL = 100_003
"""A total that is the sum of no other numbers: vendors count what they do not list."""
MOST = 20
"""More reasons than any dialect has."""


def has_ends(case: VariedCase, target: Target) -> bool:
    """Calls of a model in a dialect whose reasons are known."""
    return target.reference.endpoints[case.call.dialect].ends is not None and case.call.operation.metered


def ends_of(case: VariedCase, probe: Probe) -> Ends:
    """The reasons of a case's dialect, and how they are told. Raises LookupError where they are not known."""
    ends = probe.reference.endpoints[case.call.dialect].ends
    if ends is None:
        raise LookupError(f"the reasons of {case.call.dialect} are not known")
    return ends


def ending(case: VariedCase, probe: Probe, reason: str) -> Reply:
    """The answer of a case's call, ended for this reason, as a stream where the case has one."""
    ends = ends_of(case, probe)
    if not case.stream:
        return Reply(body=dump(_changed(json_answer(case, probe), reason, ends)))
    events = [
        StreamEvent(event=_named(event, data), data=data)
        for event in stream_events(case, probe)
        for data in [_changed(event.data, reason, ends)]
    ]
    return stream_reply(case, probe, in_pieces(frames_of(events, case, probe)))


def _named(event: StreamEvent, data: Any) -> str | None:
    """The event's name, which is its type where the type was its name."""
    same = event.event is not None and isinstance(event.data, dict) and event.event == event.data.get("type")
    return str(data["type"]) if same else event.event


def _changed(data: Any, reason: str, ends: Ends) -> Any:
    if isinstance(data, list):
        return [_changed(item, reason, ends) for item in data]
    if not isinstance(data, dict):
        return data
    inner = {name: ODD_TOTAL if name in TOTALS else _changed(value, reason, ends) for name, value in data.items()}
    for form in ends.forms:
        if all(inner.get(name) == value for name, value in form.usual.items()):
            inner |= fill(form.other, reason=reason)
    return inner
