"""Answers that are legal and empty: nothing was said, nothing is listed, or the prompt was blocked."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ...cases.cases import CallCase, VariedCase
from ...dialects.bodies import dump
from ...meanings import Completion, Usage
from ...observer import Reply
from ...probe.probe import Probe
from ...target.target import Target
from .streams import json_answer, served_model

EMPTY: MappingProxyType[tuple[str, str], dict[str, Any]] = MappingProxyType(
    {
        ("anthropic-messages", "messages"): {"content": [], "stop_reason": "end_turn"},
        ("anthropic-messages", "models.list"): {"data": [], "has_more": False, "first_id": None, "last_id": None},
        ("openai-chat", "chat.completions"): {"choices": []},
        ("openai-chat", "models.list"): {"data": []},
        ("openai-responses", "responses"): {"output": []},
        ("gemini", "generateContent"): {"candidates": None, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        ("gemini", "models.list"): {"publisherModels": None},
    }
)
"""By dialect and operation, members in place of those of the minimal answer; None leaves one out, but for ids."""
IDS = ("first_id", "last_id")


def can_be_empty(case: VariedCase, _target: Target) -> bool:
    """Calls whose answers may be empty: of a provider's own models, and of other models those without a stream."""
    known = (case.call.dialect, case.call.id) in EMPTY
    return known and (case.way == "local" or (case.call.operation.request is not None and not case.stream))


def empty_answer(case: CallCase, probe: Probe) -> Reply:
    """An empty answer to the call of a case, as a stream where the case has one."""
    if case.stream:
        return Reply(says=Completion(served_model(case, probe), usage=Usage(9, 0)))
    members = EMPTY[case.call.dialect, case.call.id]
    answer = {**json_answer(case, probe), **members}
    return Reply(body=dump({name: value for name, value in answer.items() if value is not None or name in IDS}))
