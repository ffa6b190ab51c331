"""What a client's half says of answers that no reference proxy gives: when the parts of a stream come."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ampmap_conformance.cases.cases import CallCase
from ampmap_conformance.errors import NotTestableError, Violation
from ampmap_conformance.probe.probe import Probe
from ampmap_conformance.suite.support import outside
from ampmap_conformance.wire.messages import Chunk, Headers, Response

LINES = Headers((("content-type", "text/event-stream"),))


def streamed(*times: float) -> Response:
    """A stream of which a part came at each of these times, in seconds."""
    return Response(200, LINES, tuple(Chunk(at, b"data: {}\n\n") for at in times), times[-1])


@pytest.mark.parametrize(
    ("tokens", "letters", "times", "expected"),
    [
        pytest.param(300, 1200, (0.4, 0.9, 3.0), None, id="as-a-model-makes-it"),
        pytest.param(300, 1200, (3.0, 3.005), Violation, id="all-at-once-at-the-end"),
        pytest.param(20, 80, (3.0, 3.005), NotTestableError, id="a-short-answer"),
        pytest.param(300, 80, (3.0, 3.005), NotTestableError, id="a-short-answer-after-hidden-reasoning"),
        pytest.param(300, 1200, (0.2, 0.205), NotTestableError, id="an-answer-that-came-soon"),
    ],
)
def test_a_stream_is_held_back_only_if_no_model_is_that_fast(
    monkeypatch: pytest.MonkeyPatch,
    tokens: int,
    letters: int,
    times: tuple[float, ...],
    expected: type[Exception] | None,
) -> None:
    completion: Any = SimpleNamespace(usage=SimpleNamespace(output=tokens), text="x" * letters)
    monkeypatch.setattr(outside, "_must_be_right", lambda *_: None)
    monkeypatch.setattr(outside, "said_by", lambda *_: completion)
    case, probe = cast("CallCase", None), cast("Probe", None)
    if expected is None:
        outside.assert_in_pieces(case, probe, streamed(*times))
        return
    with pytest.raises(expected):
        outside.assert_in_pieces(case, probe, streamed(*times))


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        ({"choices": [{"finish_reason": "stop"}]}, ["stop"]),
        ({"content": [], "stop_reason": "max_tokens"}, ["max_tokens"]),
        ({"status": "incomplete", "output": []}, ["incomplete"]),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, ["SAFETY"]),
        ({"choices": [{"finish_reason": None}]}, []),
    ],
)
def test_the_reason_for_an_end_is_found_wherever_a_dialect_has_it(answer: Any, reasons: list[str]) -> None:
    assert outside.reasons_in(json.loads(json.dumps(answer))) == reasons
