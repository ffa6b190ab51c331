"""Profile translation: what the client said reaches an upstream that is called in another dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import assert_equal, expect, only_upstream_request
from ..checks.registry import checks
from ..dialects.bodies import dump
from ..meanings import Conversation, Image, Said, Text, Thinking, Tool, ToolCall, ToolResult, assistant, user
from ..probe.probe import Probe
from ..probe.requests import BLANK
from ..reference.types import Meanings
from ..target.target import Target
from ..wire.json_text import loads
from ..wire.sse import covers
from .support.streams import ODD_TEXT
from .support.told import translators

PICTURE = Image(
    "image/png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string", "description": "A file."}, "n": {"type": "integer"}},
    "required": ["path"],
}
TOOLS = (Tool("Read", "Reads a file.", SCHEMA), Tool("Bash", "Runs a command.", SCHEMA))
CALLS = (ToolCall("Read", {"path": "é.txt", "n": 3}, "call_one1"), ToolCall("Bash", {"path": "b"}, "call_two2"))
RESULTS = (ToolResult(f"first {ODD_TEXT}", "call_one1", "Read"), ToolResult("second", "call_two2", "Bash"))
LIMIT = 123


def is_answered(case: VariedCase, target: Target) -> bool:
    """Calls that are answered by a model."""
    known: Mapping[str, Meanings] = target.reference.meanings
    table = known.get(case.call.dialect)
    return table is not None and case.call.id == table.operation


def find_meanings(case: VariedCase, target: Target) -> Meanings:
    """The table of the case's dialect. Raises KeyError where it has none."""
    known: Mapping[str, Meanings] = target.reference.meanings
    return known[case.call.dialect]


@checks("translation.user-text-kept", when=is_answered)
def test_user_text(case: VariedCase, probe: Probe) -> None:
    """Given a text with odd letters and line ends, when the call is translated, then the upstream gets all of it."""
    _assert_said(case, probe, user(Text(f'{ODD_TEXT}\n\n  "quoted" \\n {{x}}\t</end>')))


@checks("translation.history-kept", when=is_answered)
def test_history(case: VariedCase, probe: Probe) -> None:
    """Given a conversation of several turns, when the call is translated, then each side's texts are in their order."""
    _assert_said(case, probe, user(Text("one")) + assistant(Text("two")) + user(Text("three")) + _odd())


@checks("translation.images-kept", when=is_answered)
def test_images(case: VariedCase, probe: Probe) -> None:
    """Given an image between two texts, when the call is translated, then it stands between them."""
    _assert_said(case, probe, user(Text("before"), PICTURE, Text("after")))


@checks("translation.earlier-calls-kept", when=is_answered)
def test_earlier_calls(case: VariedCase, probe: Probe) -> None:
    """Given two tool calls and their results, when the call is translated, then each result belongs to its call."""
    _assert_said(case, probe, user(Text("go")) + assistant(Text("I look."), *CALLS) + user(*RESULTS), tools=TOOLS)


@checks("translation.system-text-kept", when=is_answered)
def test_system(case: VariedCase, probe: Probe) -> None:
    """Given a system text, when the call is translated, then it is among the upstream's instructions."""
    came, wanted = _both(case, probe, user(Text("hi")), system=f"Be brief. {ODD_TEXT}")
    held = bool(wanted.system) and (wanted.system or "") in (came.system or "")
    expect(held, "the system text is missing", expected=wanted.system or "", actual=came.system or "none")


@checks("translation.tools-kept", when=is_answered)
def test_tools(case: VariedCase, probe: Probe) -> None:
    """Given two tools, when the call is translated, then the upstream knows both as the client described them."""
    came, wanted = _both(case, probe, user(Text("hi")), tools=TOOLS)
    assert_equal(_names(came), _names(wanted), "the upstream gets other tools")
    for ours, theirs in zip(came.tools, wanted.tools, strict=True):
        saying = f"the tool {theirs.name} changed"
        assert_equal(ours.description or "none", theirs.description or "none", saying)
        sent, got = _lower_types(theirs.parameters), _lower_types(ours.parameters)
        expect(covers(sent, got), saying, expected=json.dumps(sent), actual=json.dumps(got))


@checks("translation.limit-kept", when=is_answered)
def test_limit(case: VariedCase, probe: Probe) -> None:
    """Given a limit for tokens, when the call is translated, then the upstream is given the same one."""
    came, wanted = _both(case, probe, user(Text("hi")), limit=LIMIT)
    assert_equal(str(came.limit), str(wanted.limit), "the limit for tokens changed")


def _odd() -> tuple[Said, ...]:
    return assistant(Text(ODD_TEXT)) + user(Text("five"))


def _assert_said(case: CallCase, probe: Probe, said: tuple[Said, ...], *, tools: tuple[Tool, ...] = ()) -> None:
    came, wanted = _both(case, probe, said, tools=tools)
    assert_equal(_in_words(came), _in_words(wanted), "the upstream is told something else")


def _both(case: CallCase, probe: Probe, said: tuple[Said, ...], **more: Any) -> tuple[Conversation, Conversation]:
    """What the upstream was told of a conversation, and what it must be told: what both dialects can say of it."""
    called, own = translators(case, probe)
    whole = Conversation(model=case.model, said=_found_again(said), stream=case.stream, **{"limit": 16, **more})
    exchange = probe.send(case, body=dump(own.render_request(whole)))
    upstream = only_upstream_request(exchange)
    came = probe.asked(upstream)
    expect(came is not None, "the upstream is called by an unknown path", expected="a known one", actual=upstream.path)
    sent = own.read_request(loads(exchange.request.body), model=case.model, stream=case.stream)
    wanted = called.read_request(called.render_request(sent), model=case.model, stream=case.stream)
    wanted = replace(wanted, limit=sent.limit)
    return came or wanted, wanted


def _found_again(said: tuple[Said, ...]) -> tuple[Said, ...]:
    """The same with the request's nonce in the first text: a translator need not pass on headers that have it."""
    first = next(index for index, one in enumerate(said) if isinstance(one.part, Text))
    text = Text(f"{BLANK} {getattr(said[first].part, 'text', '')}")
    return (*said[:first], replace(said[first], part=text), *said[first + 1 :])


def _in_words(conversation: Conversation) -> str:
    """Who says what, one part a line. Calls are numbered, for their ids may be others on the way."""
    numbers: dict[str | None, int] = {}
    lines = []
    for said in conversation.said:
        match said.part:
            case ToolCall(name, arguments, id_):
                number = numbers.setdefault(id_, len(numbers) + 1)
                lines.append(f"call {number}: {name} {json.dumps(arguments, ensure_ascii=False, sort_keys=True)}")
            case ToolResult(text, id_, _):
                lines.append(f"result {numbers.get(id_, 'of no call')}: {text}")
            case Image() as image:
                lines.append(f"{said.side} image: {image.media_type} {image.data or image.url}")
            case Text(text):
                lines.append(f"{said.side}: {text}")
            case Thinking():  # may be left out: dialects differ in whether they take it back
                pass
    return "\n".join(lines)


def _names(conversation: Conversation) -> str:
    return ", ".join(tool.name for tool in conversation.tools) or "none"


def _lower_types(schema: Any) -> Any:
    """A schema with the names of types in lower case: one vendor writes them in capitals."""
    if isinstance(schema, dict):
        return {k: v.lower() if k == "type" and isinstance(v, str) else _lower_types(v) for k, v in schema.items()}
    return [_lower_types(item) for item in schema] if isinstance(schema, list) else schema
