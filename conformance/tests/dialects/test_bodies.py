"""The bodies that the kit sends and answers with, made from the reference."""

from __future__ import annotations

import json

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Call, calls

REFERENCE = load()
CALLS = [call for provider in REFERENCE.providers.values() for call in calls(provider, reference=REFERENCE)]
STREAMED = [call for call in CALLS if call.operation.stream is not None]


def named(call: Call) -> str:
    return f"{call.provider.id}-{call.id}"


def test_fill_replaces_in_every_string_and_keeps_foreign_braces() -> None:
    template = {"a": ["{model}", {"b": "say {text}, {other}"}], "n": 3, "tool": '{"q": "x"}'}
    assert bodies.fill(template, model="m", text="hi") == {
        "a": ["m", {"b": "say hi, {other}"}],
        "n": 3,
        "tool": '{"q": "x"}',
    }


def test_fill_gives_a_lone_placeholder_the_type_of_its_value() -> None:
    assert bodies.fill(["{status}", "status {status}", "{code}"], status="404", code=None) == [404, "status 404", None]


def test_fill_does_not_fill_what_it_filled_in() -> None:
    assert bodies.fill("{text}", text="{model}", model="m") == "{model}"


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_every_request_has_its_required_fields_model_and_text(call: Call) -> None:
    body = bodies.request_body(call, "vendor/é", "ampmap-text", stream=False)
    if call.operation.request is None:
        assert body == b""
        return
    request = json.loads(body)
    assert set(call.operation.required) <= set(request)
    assert b"ampmap-text" in body
    assert (request.get("model") == "vendor/é") == (call.operation.model_in == "body")
    assert "stream" not in request
    assert b"\\u" not in body
    assert b'": ' not in body


@pytest.mark.parametrize("call", STREAMED, ids=named)
def test_a_stream_is_switched_on_in_the_body_or_in_the_path(call: Call) -> None:
    switch = call.operation.stream
    assert switch is not None
    body = json.loads(bodies.request_body(call, "m", "t", stream=True))
    assert ("stream" in body) == (switch.by == "body")
    assert (call.path("m", stream=True) != call.path("m")) == (switch.by == "path")


@pytest.mark.parametrize("call", STREAMED, ids=named)
def test_streams_are_framed_as_their_dialect_says(call: Call) -> None:
    how = bodies.framing(REFERENCE, call)
    frames = bodies.stream_frames(call, "m", how)
    newline = how.newline.encode()
    assert len(frames) > 1
    assert all(frame.endswith(newline * 2) for frame in frames)
    assert all(frame.startswith(b"event: ") for frame in frames) == (how.event_line != "none")
    if how.terminator is not None:
        assert how.terminator.encode() in frames[-1]
    assert bodies.in_band_error_frame(call, how).endswith(newline * 2)


def test_provider_extras_are_in_answers_and_final_chunks_of_that_provider_alone() -> None:
    by_name = {named(call): call for call in CALLS}
    groq, openai = by_name["groq-chat.completions"], by_name["openai-chat.completions"]
    answer = json.loads(bodies.response_body(groq, "m"))
    assert "x_groq" in answer
    assert {"prompt_tokens", "queue_time"} <= set(answer["usage"])
    assert b"x_groq" not in bodies.response_body(openai, "m")
    frames = bodies.stream_frames(groq, "m", bodies.framing(REFERENCE, groq))
    (finishing,) = [frame for frame in frames if b'"finish_reason":"stop"' in frame]
    assert b"x_groq" in finishing


def test_a_stream_without_its_query_is_one_json_array() -> None:
    call = next(call for call in CALLS if named(call) == "google-generateContent")
    chunks = json.loads(b"".join(bodies.stream_array(call, "m")))
    assert [chunk["modelVersion"] for chunk in chunks] == ["m"] * len(chunks)


@pytest.mark.parametrize("shape", REFERENCE.error_shapes.values(), ids=lambda shape: str(shape.id))
@pytest.mark.parametrize("status", [400, 401, 404, 405, 413, 502, 504])
def test_errors_have_the_providers_shape_and_nothing_left_to_fill(shape: object, status: int) -> None:
    body = bodies.error_body(shape, status, "what happened")  # type: ignore[arg-type]
    assert json.loads(body)
    assert b"what happened" in body
    assert b"{status}" not in body
    assert b"unknown" not in body
