"""What a dialect writes for a meaning, it reads as that meaning: for every dialect, over what it can carry."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from ampmap_conformance.dialects.bodies import error_body
from ampmap_conformance.dialects.schemas import Schemas
from ampmap_conformance.dialects.stream_order import broken_rule
from ampmap_conformance.meanings import (
    Codec,
    Completion,
    Conversation,
    Failure,
    Finish,
    Image,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
    assistant,
    codecs,
    user,
)
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Call
from ampmap_conformance.wire.sse import events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

REFERENCE = load()
CODECS = codecs(REFERENCE)
SCHEMAS = Schemas(REFERENCE)
FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DIALECTS = pytest.mark.parametrize("dialect", sorted(CODECS))

words = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20)
names = st.sampled_from(["Read", "edit_file", "Grep-2"])
numbers = st.integers(0, 2**60)
values = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | words
leaves = values | st.lists(values, max_size=2) | st.dictionaries(words, values, max_size=2)
objects = st.dictionaries(words, leaves, max_size=3)
images = st.builds(Image, st.just("image/png"), st.just("QUJD")) | st.builds(
    Image, url=st.just("https://example.invalid/a.png")
)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Turns of both sides: what the model says is thinking, then text, then calls, as every dialect can carry it."""
    said = user(*draw(st.lists(st.builds(Text, words) | images, min_size=1, max_size=3)))
    for turn in range(draw(st.integers(0, 2))):
        calls = [
            ToolCall(draw(names), draw(objects), f"call_{turn}_{place}") for place in range(draw(st.integers(1, 3)))
        ]
        said += assistant(*draw(st.lists(st.builds(Text, words), max_size=1)), *calls)
        said += user(*(ToolResult(draw(words), call.id, call.name) for call in calls))
        said += user(*draw(st.lists(st.builds(Text, words), max_size=1)))
    return Conversation(
        model=draw(st.sampled_from(["m", "vendor/m-2"])),
        said=said,
        system=draw(st.none() | words),
        tools=tuple(draw(st.lists(st.builds(Tool, names, st.none() | words, objects), max_size=2))),
        limit=draw(st.none() | numbers),
        stream=draw(st.booleans()),
    )


@st.composite
def completions(draw: st.DrawFn) -> Completion:
    """Answers: thinking, then text, then calls."""
    calls = [ToolCall(draw(names), draw(objects), f"call_{place}") for place in range(draw(st.integers(0, 3)))]
    thinking, text = (draw(st.lists(st.builds(kind, words), max_size=1)) for kind in (Thinking, Text))
    ends = [Finish.TOOL_CALLS] if calls else [Finish.STOP, Finish.LENGTH, Finish.FILTERED]
    whole, part = sorted(draw(st.tuples(numbers, numbers)), reverse=True)
    return Completion(
        model="m",
        parts=(*thinking, *text, *calls),
        finish=draw(st.sampled_from(ends)),
        usage=draw(st.builds(Usage, st.just(whole), numbers, st.just(part))),
    )


def as_carried(codec: Codec, conversation: Conversation) -> Conversation:
    """The same, less what this dialect always says or cannot say."""
    default = (codec.table.request.frame or {}).get("max_tokens")
    return replace(conversation, limit=default if conversation.limit is None else conversation.limit)


@DIALECTS
@FEW
@given(conversation=conversations())
def test_a_request_says_what_was_to_be_said(dialect: str, conversation: Conversation) -> None:
    codec = CODECS[dialect]

    body = json.loads(json.dumps(codec.render_request(conversation)))

    read = codec.read_request(body, model=conversation.model, stream=conversation.stream)
    assert read == as_carried(codec, conversation)


@DIALECTS
@FEW
@given(completion=completions())
def test_an_answer_says_what_was_to_be_said(dialect: str, completion: Completion) -> None:
    codec = CODECS[dialect]

    assert codec.read_answer(json.loads(json.dumps(codec.render_answer(completion)))) == completion


@DIALECTS
@FEW
@given(completion=completions(), cuts=st.integers(1, 4))
def test_a_stream_says_what_was_to_be_said(dialect: str, completion: Completion, cuts: int) -> None:
    codec, reader = CODECS[dialect], CODECS[dialect].stream_reader()

    frames = codec.render_stream(
        completion, pieces=lambda text: [text[i : i + cuts] for i in range(0, len(text), cuts)]
    )
    for event in events(b"".join(frames)):
        reader.take(event)

    streamed = reader.streamed
    assert streamed.completion == completion
    assert streamed.ends == (0 if codec.table.stream.end.none else 1)
    assert streamed.whole in (None, completion)


@DIALECTS
@FEW
@given(completion=completions(), upstream=st.sampled_from(sorted(CODECS)))
def test_a_stream_is_translated_while_it_comes(dialect: str, upstream: str, completion: Completion) -> None:
    """Each event of one dialect is written on in another as soon as it is read."""
    reader, writer = CODECS[upstream].stream_reader(), CODECS[dialect].stream_writer()
    written: list[bytes] = []

    for event in events(b"".join(CODECS[upstream].render_stream(completion))):
        reader.take(event)
        written += writer.grow(reader.streamed.completion)
    before = len(written)
    written += writer.end(reader.streamed.completion)

    whole = CODECS[dialect].stream_reader()
    for event in events(b"".join(written)):
        whole.take(event)
    assert whole.streamed.completion == completion
    assert before > 0 or not completion.text


@DIALECTS
@FEW
@given(completion=completions())
def test_what_is_written_keeps_the_rules_of_the_dialect(dialect: str, completion: Completion) -> None:
    codec = CODECS[dialect]
    endpoint = next(one for one in REFERENCE.endpoints.values() if one.id == dialect)
    provider = next(one for one in REFERENCE.providers.values() if dialect in one.operations)
    call = Call(provider, endpoint.id, codec.table.operation, endpoint.operations[codec.table.operation])
    stream = b"".join(codec.render_stream(completion))

    assert SCHEMAS.response(call, json.dumps(codec.render_answer(completion)).encode()) is None
    assert SCHEMAS.stream(call, stream) is None
    assert broken_rule(endpoint, tuple(events(stream))) is None
    # Only some clients go by the names of events; the others read the type in the data.
    nameless = tuple(events(re.sub(rb"(?m)^event: .*\n", b"", stream)))
    needs_names = endpoint.streaming is not None and endpoint.streaming.event_line == "required"
    assert (broken_rule(endpoint, nameless) is not None) == needs_names


@DIALECTS
def test_a_failure_ends_a_stream_and_is_read(dialect: str) -> None:
    codec, reader = CODECS[dialect], CODECS[dialect].stream_reader()

    for event in events(
        b"".join(codec.render_stream(Completion("m", (Text("half"),), failure=Failure("Too busy.", 529))))
    ):
        reader.take(event)

    completion, ends = reader.streamed.completion, reader.streamed.ends
    assert completion.failure is not None
    assert completion.failure.message == "Too busy."
    assert (completion.text, completion.finish, ends) == ("half", None, 0)


@pytest.mark.parametrize(
    ("dialect", "body", "expected"),
    [
        ("openai-chat", {"messages": [{"role": "user", "content": "hi"}]}, user(Text("hi"))),
        ("openai-responses", {"input": "hi"}, user(Text("hi"))),
        ("anthropic-messages", {"messages": [{"role": "user", "content": "hi"}]}, user(Text("hi"))),
        ("gemini", {"contents": [{"parts": [{"text": "hi"}]}]}, user(Text("hi"))),
        ("gemini", {"contents": [{"role": "user", "parts": [{"inline_data": {"mime_type": "a/b", "data": "Q"}}]}]},
         user(Image("a/b", "Q"))),
        ("anthropic-messages", {"messages": [{"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c",
             "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        ]}]}, user(ToolResult("ab", "c"))),
        ("openai-chat", {"messages": [{"role": "assistant", "content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "Read", "arguments": '{"a":1'}}]}]},
         assistant(ToolCall("Read", '{"a":1', "c"))),
    ],
)  # fmt: skip
def test_other_forms_are_read_too(dialect: str, body: Any, expected: Any) -> None:
    assert CODECS[dialect].read_request(body).said == expected


def test_parallel_calls_of_a_stream_are_kept_apart_by_their_index() -> None:
    """Their pieces may be mixed, and the first chunk of a call may hold everything."""
    reader = CODECS["openai-chat"].stream_reader()
    pieces = [
        {"index": 0, "id": "a", "function": {"name": "Read", "arguments": '{"p":'}},
        {"index": 1, "id": "b", "function": {"name": "Grep", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": "1}"}},
    ]

    for piece in pieces:
        chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}
        (event,) = events(f"data: {json.dumps(chunk)}\n\n".encode())
        reader.take(event)

    assert reader.streamed.completion.calls == (ToolCall("Read", {"p": 1}, "a"), ToolCall("Grep", {}, "b"))


@DIALECTS
def test_an_error_in_the_vendors_shape_is_read(dialect: str) -> None:
    codec = CODECS[dialect]

    for status in (400, 429, 502):  # some of them have no code in some shapes
        failure = codec.read_error(status, json.loads(error_body(codec.shape, status, "Slower.")))
        assert failure is not None
        assert (failure.message, failure.status) == ("Slower.", status)
    assert codec.read_error(429, {"detail": "Slower."}) is None
