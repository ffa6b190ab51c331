"""What breaks the order of a stream, and what a right upstream may do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ampmap_conformance import reference
from ampmap_conformance.dialects.stream_order import broken_rule
from ampmap_conformance.wire.sse import Event

ENDPOINTS = reference.load().endpoints
DONE = Event("", "[DONE]")


def chunk(finish: str | None = None, **more: Any) -> Event:
    """A chunk of Chat Completions."""
    delta = {} if finish else {"content": "ha "}
    data = {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}
    return Event("", json.dumps(data))


def part(finish: str | None, tokens: int) -> Event:
    """A chunk of Gemini."""
    candidate = {"content": {"parts": [{"text": "ha "}]}, **({"finishReason": finish} if finish else {})}
    return Event("", json.dumps({"candidates": [candidate], "usageMetadata": {"totalTokenCount": tokens}}))


@pytest.mark.parametrize(
    ("dialect", "events", "problem"),
    [
        pytest.param("openai-chat", (chunk(), chunk(), chunk("stop"), DONE), None, id="the-same-token-twice"),
        pytest.param("openai-chat", (chunk(id=""), chunk(), chunk("stop"), DONE), None, id="a-first-chunk-without-id"),
        pytest.param("openai-chat", (chunk(id=""), chunk("stop", id=None), DONE), None, id="no-chunk-has-an-id"),
        pytest.param("openai-chat", (chunk(), chunk("stop", id="c2"), DONE), "different ids", id="two-ids"),
        pytest.param(
            "openai-chat", (chunk(), chunk("stop"), chunk("stop", usage={}), DONE), None, id="usage-repeats-the-reason"
        ),
        pytest.param("openai-chat", (chunk(), chunk("stop"), chunk("stop"), DONE), "comes twice", id="a-doubled-end"),
        pytest.param("openai-chat", (chunk(), chunk(), DONE), "no chunk has", id="a-lost-end"),
        pytest.param("openai-chat", (chunk("stop"), chunk("length"), DONE), "different finish", id="two-ends"),
        pytest.param("gemini", (part(None, 9), part("STOP", 10)), None, id="one-end"),
        pytest.param("gemini", (part("STOP", 9), part("STOP", 10)), None, id="an-end-in-each-chunk"),
        pytest.param("gemini", (part("STOP", 9), part("STOP", 9)), "comes twice", id="a-doubled-last-chunk"),
        pytest.param("gemini", (Event("", '{"promptFeedback": {}}'),), None, id="a-blocked-prompt"),
    ],
)
def test_an_order_is_broken_only_by_what_no_right_upstream_sends(
    dialect: str, events: tuple[Event, ...], problem: str | None
) -> None:
    found = broken_rule({**ENDPOINTS}[dialect], events)
    assert (found is None) == (problem is None)
    assert (problem or "") in (found or "")
