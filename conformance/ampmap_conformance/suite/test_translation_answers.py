"""Profile translation: what an upstream said in another dialect reaches the client."""

from __future__ import annotations

from dataclasses import replace

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import assert_equal, expect
from ..checks.registry import checks
from ..dialects.bodies import dump
from ..meanings import (
    Codec,
    Completion,
    Conversation,
    Failure,
    Finish,
    Part,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Usage,
    user,
)
from ..observer import Reply
from ..probe.probe import Probe
from ..probe.requests import BLANK
from ..reference.types import placeholders
from ..target.target import Target
from ..wire.messages import Exchange, media_type
from ..wire.sse import decode_body
from .support.streams import ODD_TEXT, served_model
from .support.told import EVENTS, assert_same_calls, came, carried, failure_told, shown, tells_failure, translators
from .test_translation_requests import TOOLS, find_meanings, is_answered

USAGE = Usage(input=901, output=407, cached=303, reasoning=101)
CALLS = (
    ToolCall("Read", {"path": "é.txt", "n": 9007199254740991}, "call_one1"),
    ToolCall("Read", {"path": "b"}, "call_two2"),
    ToolCall("Bash", {"path": "c", "deep": [{"x": "}"}]}, "call_three3"),
)
MESSAGE = "Scripted failure of the upstream."


def is_stream(case: VariedCase, target: Target) -> bool:
    """Streams of a model's answer."""
    return case.stream and is_answered(case, target)


def repeats(case: VariedCase, target: Target) -> bool:
    """Streams of a dialect whose last event has the whole answer."""
    if not is_stream(case, target):
        return False
    steps = find_meanings(case, target).stream
    events = [event.data for step in (steps.stop, steps.tool_calls) for event in step.events]
    return any("answer" in placeholders(data) for data in events)


@checks("translation.answer-text-kept", when=is_answered)
def test_answer_text(case: VariedCase, probe: Probe) -> None:
    """Given an answer with odd letters, when it is translated, then the client reads all of its text."""
    told, read, _ = _answered(case, probe, Text(f'{ODD_TEXT}\n\n  "quoted" \\n\t</end>'))
    assert_equal(read.text, told.text, "the client got another text")


@checks("translation.reasoning-kept", when=is_answered)
def test_reasoning(case: VariedCase, probe: Probe) -> None:
    """Given an answer with reasoning, when it is translated, then the client reads it as reasoning."""
    told, read, _ = _answered(case, probe, Thinking("Hm, let me see."), Text("Yes."))
    assert_equal(read.thinking, told.thinking, "the client got other reasoning")
    assert_equal(read.text, told.text, "the client got another text")


@checks("translation.tool-calls-kept", when=is_answered)
def test_tool_calls(case: VariedCase, probe: Probe) -> None:
    """Given three tool calls at once, when they are translated, then the client gets three calls, each whole."""
    told, read, own = _answered(case, probe, Text("I look."), *CALLS, finish=Finish.TOOL_CALLS)
    assert_same_calls(read.calls, told.calls, own)


@checks("translation.finish-kept", when=is_answered)
def test_finish(case: VariedCase, probe: Probe) -> None:
    """Given an answer that ends for a reason, when it is translated, then the client learns that reason."""
    finish = Finish(case.variation)
    parts: tuple[Part, ...] = (Text("I look."), *(CALLS[:1] if finish is Finish.TOOL_CALLS else ()))
    told, read, _ = _answered(case, probe, *parts, finish=finish)
    assert_equal(shown(read.finish), shown(told.finish), "the answer ends for another reason")


@checks("translation.usage-kept", when=is_answered)
def test_usage(case: VariedCase, probe: Probe) -> None:
    """Given an answer that tells the usage to those who ask, when the client asks, then it learns the usage."""
    told, read, _ = _answered(case, probe, Text("Yes."))
    sums = [None if one.usage is None else (one.usage.input, one.usage.output) for one in (read, told)]
    assert_equal(shown(sums[0]), shown(sums[1]), "the client got another usage")


@checks("translation.model-named", when=is_answered)
def test_model(case: VariedCase, probe: Probe) -> None:
    """Given a translated answer, when the client reads it, then it names the asked or the serving model."""
    _, read, _ = _answered(case, probe, Text("Yes."))
    names = (case.model, served_model(case, probe))
    expect(read.model in names, "the answer names another model", expected=names[0], actual=read.model or "none")


@checks("translation.form-kept", when=is_answered)
def test_form(case: VariedCase, probe: Probe) -> None:
    """Given a call with or without a stream, when it is translated, then the answer has the form that it asks for."""
    exchange = _asked(case, probe, Reply(says=Completion("", (Text("Yes."),), usage=USAGE)))
    came(exchange, _own(case, probe))
    kind = media_type(exchange.response.headers.get("content-type"))
    assert_equal(kind, EVENTS if case.stream else "application/json", "the answer has another form")


@checks("translation.errors-kept", when=is_answered)
def test_errors(case: VariedCase, probe: Probe) -> None:
    """Given an error of the upstream, when it is translated, then the client reads its status and message."""
    exchange = _asked(case, probe, *(Reply.error(int(case.variation), MESSAGE),) * 3)
    assert_equal(exchange.response.status, int(case.variation), "the status changed")
    told = failure_told(case, probe, exchange).message
    expect(MESSAGE in told, "the error's message is lost", expected=MESSAGE, actual=told)


@checks("translation.one-terminator", when=is_stream)
def test_terminator(case: VariedCase, probe: Probe) -> None:
    """Given a stream that ends, when it is translated, then the client gets one terminator, as its dialect has it."""
    own = _own(case, probe)
    exchange = _asked(case, probe, Reply(says=Completion("", (Text("Yes."),), usage=USAGE)))
    came(exchange, own)
    ends = own.read_stream(decode_body(exchange.response.headers, exchange.response.body)).ends
    wanted = 0 if own.table.stream.end.none else 1
    assert_equal(str(ends), str(wanted), "the stream has another number of terminators")


@checks("translation.whole-answer-repeated", when=repeats)
def test_whole_answer(case: VariedCase, probe: Probe) -> None:
    """Given a stream with text and a tool call, when it is translated, then the last event has both once more."""
    own = _own(case, probe)
    exchange = _asked(case, probe, Reply(says=Completion("", (Text(ODD_TEXT), *CALLS[:1]), Finish.TOOL_CALLS, USAGE)))
    read = came(exchange, own)
    whole = own.read_stream(decode_body(exchange.response.headers, exchange.response.body)).whole
    expect(whole is not None, "no event has the whole answer", expected="one", actual="none")
    if whole is not None:
        assert_equal(whole.text, read.text, "the whole answer has another text")
        assert_same_calls(whole.calls, read.calls, own)


@checks("translation.stream-errors-told", when=is_stream)
def test_stream_errors(case: VariedCase, probe: Probe) -> None:
    """Given a stream that fails in its middle, when it is translated, then the client sees an error or a break."""
    own = _own(case, probe)
    failed = Completion("", (Text("Half of"),), finish=None, failure=Failure(MESSAGE, 503))
    exchange = _asked(case, probe, Reply(says=failed))
    told = tells_failure(exchange.response, own, stream=True)
    expect(told, "a failed stream looks complete", expected="an error event or a break", actual="a clean end")


def _own(case: CallCase, probe: Probe) -> Codec:
    return translators(case, probe)[1]


def _asked(case: CallCase, probe: Probe, *replies: Reply) -> Exchange:
    """The exchange of a call that asks for all that an answer can tell."""
    tools: tuple[Tool, ...] = TOOLS
    text = Text(f"Say hi. {BLANK}")
    asking = Conversation(case.model, user(text), tools=tools, limit=999, stream=case.stream, stream_usage=True)
    return probe.send(case, body=dump(_own(case, probe).render_request(asking)), replies=replies)


def _answered(
    case: CallCase, probe: Probe, *parts: Part, finish: Finish = Finish.STOP
) -> tuple[Completion, Completion, Codec]:
    """What both dialects can say of an answer, what the client read of it, and the client's dialect."""
    called, own = translators(case, probe)
    told = Completion("", parts, finish, USAGE)
    read = came(_asked(case, probe, Reply(says=told)), own)
    return carried(replace(told, model=read.model), called, own), read, own
