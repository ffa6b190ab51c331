"""An answer as an agent gets it: thinking, text and tool calls, one after another."""

from __future__ import annotations

import json

from ...cases.cases import CallCase
from ...dialects.bodies import dump, merged, request_body
from ...meanings import Completion, Finish, Text, Thinking, ToolCall, Usage
from ...observer import Reply
from ...probe.probe import Probe
from ...probe.requests import BLANK

TEXT = "Zoë asks for €5. \U0001f600"
ARGUMENTS = '{"path":"notes/é.txt","n":9007199254740993}'
SIGNATURE = "RXhhbXBsZSBzaWduYXR1cmU="
TOOL = "Read"
CALLS = ("call_example1", "call_example2")
"""The ids of the calls."""
RICH = Completion(
    model="",
    parts=(
        Thinking("Hm, let me see.", SIGNATURE),
        Text(TEXT),
        *(ToolCall(TOOL, json.loads(ARGUMENTS), id_) for id_ in CALLS),
    ),
    finish=Finish.TOOL_CALLS,
    usage=Usage(input=9, output=40, cached=5, reasoning=5),
)


def rich_reply() -> Reply:
    """The answer of an upstream that thinks, writes and calls tools."""
    return Reply(says=RICH)


def asking_for_all(case: CallCase, probe: Probe) -> bytes:
    """The body of a call that may be answered with every kind of event."""
    plain = json.loads(request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream))
    forms = probe.reference.meanings[case.call.dialect].request.stream_usage.forms
    return dump(merged(plain, forms[0]) if forms else plain)
