"""What a client sees of a rule by itself: judges of answers that no observer made.

A real model answers freely, so a judge asks only for what holds of every answer of a right upstream. Where an answer
may be the upstream's own fault, the case is not testable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from ...cases.cases import CallCase
from ...checks.client_half import PLAIN, CallForm, ClientHalf
from ...checks.error_events import own_error_of
from ...checks.expect import assert_equal, assert_whole, expect
from ...checks.expect_streams import came_events
from ...dialects.bodies import FINISH_KEYS, dump
from ...dialects.stream_order import broken_rule
from ...errors import Failure, NoAnswerError, NotTestableError, Violation
from ...meanings import Completion, Conversation, Demands, Finish, Text, Tool, user
from ...probe.probe import Probe
from ...probe.requests import BLANK
from ...wire.json_text import loads
from ...wire.messages import Exchange, Response, media_type
from ...wire.sse import decode_body
from .told import EVENTS, said

Judge: TypeAlias = Callable[[CallCase, Probe, Response], None]

SUCCESS = range(200, 300)
TOOL = Tool(
    "Read",
    "Reads a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
FILE = {**TOOL.parameters, "additionalProperties": False}
"""The schema of an answer, for dialects that want one; those of tools may not be closed everywhere."""
TOOL_CALL = CallForm("tool call", tokens=256)
"""A call whose model must call a tool, and whose stream tells the usage."""
JSON_ANSWER = CallForm("JSON answer", tokens=256)
"""A call whose answer must be JSON."""
LONG = CallForm("long answer", tokens=400)
"""A call for an answer that takes a model some time."""
FEWEST = 200
"""Tokens of an answer that no model makes in less than `AT_ONCE`."""
LETTERS = 4 * FEWEST
"""Letters of as many tokens. A model also counts the tokens of reasoning that it does not send."""
AT_ONCE = 0.02
"""Seconds in which a stream came all at once."""
LONG_WAIT = 1.0
"""Seconds for which a client waits when a proxy collects a long stream."""


# --- the calls


def of_answer(sees: str, judge: Judge, form: CallForm = PLAIN) -> ClientHalf:
    """A client's half that judges the answer to a call in a form; the call is made once for all halves."""

    def judged(case: CallCase, probe: Probe) -> None:
        judge(case, probe, answer_to(case, probe, form))

    return ClientHalf(sees, judged, form)


def of_call(sees: str, send: Callable[[Any, Probe], Exchange], judge: Judge | None = None) -> ClientHalf:
    """A client's half that judges the answer to a call of its own; without `judge` it is a whole answer.

    The call differs in one thing from a plain one, whose answer must be right.
    """

    def judged(case: CallCase, probe: Probe) -> None:
        must_be_right_plainly(case, probe)
        (judge or assert_answer)(case, probe, served(lambda: send(case, probe)))

    return ClientHalf(sees, judged, PLAIN, requests=1)


def must_be_right_plainly(case: CallCase, probe: Probe) -> None:
    """Raises NotTestableError where the answer to a plain call is wrong already, which other rules tell."""
    _must_be_right(case, probe, answer_to(case, probe, PLAIN))


def _must_be_right(case: CallCase, probe: Probe, response: Response) -> None:
    try:
        assert_answer(case, probe, response)
    except Violation as found:
        told_by = "routing.stream-relayed" if case.stream else "routing.answer-relayed"
        raise NotTestableError(f"the answer itself is wrong, as `{told_by}` tells: {found.saying}") from found


def answer_to(case: CallCase, probe: Probe, form: CallForm) -> Response:
    """The answer to a case's call in a form. Raises NotTestableError where the upstream may have made it fail."""
    body = _BODIES[form](case, probe, form)
    return served(lambda: probe.send_once(form.key(case), partial(probe.send, case, body=body)))


def served(send: Callable[[], Exchange]) -> Response:
    """The answer to a call. Raises NotTestableError where it is an error or late: the upstream may be the cause."""
    try:
        response = send().response
    except NoAnswerError as error:
        if error.failure is not Failure.TIMEOUT:
            raise
        raise NotTestableError("the call was not answered in time, and the upstream was not seen") from error
    if response.status not in SUCCESS:
        raise NotTestableError(f"the call was answered with status {response.status}, and the upstream was not seen")
    return response


def _smallest(_case: CallCase, _probe: Probe, _form: CallForm) -> None:
    return None


def _tool_call(case: CallCase, probe: Probe, form: CallForm) -> bytes:
    asked = f"Read the file named {BLANK}."
    return written(case, probe, form, asked, tools=(TOOL,), demands=Demands(tool_call=True, tool=TOOL.name))


def _long_answer(case: CallCase, probe: Probe, form: CallForm) -> bytes:
    return written(case, probe, form, f"Count from 1 to 300 in words. {BLANK}")


def _json_answer(case: CallCase, probe: Probe, form: CallForm) -> bytes:
    codec = probe.codec(case)
    needs_schema = codec is not None and not codec.table.request.answer_json.forms
    demands = Demands(json=True, schema=FILE if needs_schema else None)
    return written(case, probe, form, f"Name a file as JSON, in the field `path`. {BLANK}", demands=demands)


def written(case: CallCase, probe: Probe, form: CallForm, text: str, **more: Any) -> bytes:
    """The body of a call in a form, which says this to a model. Raises NotTestableError where no model answers it."""
    codec = probe.codec(case)
    if codec is None or codec.operation != case.call.id:
        raise NotTestableError("the call is not answered by a model")
    said_to = user(Text(text))
    asked = Conversation(case.model, said_to, limit=form.tokens, stream=case.stream, stream_usage=True, **more)
    return dump(codec.render_request(asked))


_BODIES: dict[CallForm, Callable[[CallCase, Probe, CallForm], bytes | None]] = {
    PLAIN: _smallest,
    TOOL_CALL: _tool_call,
    JSON_ANSWER: _json_answer,
    LONG: _long_answer,
}


# --- what is judged of an answer


def assert_answer(case: CallCase, probe: Probe, response: Response) -> None:
    """An answer is complete, and one of its dialect: of the vendor's schema, or a stream that a client can follow."""
    assert_whole(response)
    if case.stream:
        assert_followable(case, probe, response)
        return
    problem = probe.schemas.response(case.call, decode_body(response.headers, response.body))
    saying, wanted = "the answer is not one of the dialect", "an answer that the dialect's schema allows"
    expect(problem is None, saying, expected=wanted, actual=problem or "")


def assert_followable(case: CallCase, probe: Probe, response: Response) -> None:
    """A stream is marked as one, and a client of its dialect can follow it from its first to its last event.

    Raises NotTestableError where it tells an error, behind which the upstream itself may have stopped.
    """
    assert_marked_as_stream(response)
    came = came_events(response)
    expect(bool(came), "the stream has no events", expected="at least one event", actual="none")
    if own_error_of(came) is not None:
        raise NotTestableError("the stream tells an error, and the upstream was not seen")
    problem = probe.schemas.stream(case.call, decode_body(response.headers, response.body))
    expect(problem is None, "the stream is not one of the dialect", expected="its events", actual=problem or "")
    assert_in_order(case, probe, response)


def assert_marked_as_stream(response: Response) -> None:
    """The media type of an answer says that it is a stream."""
    kind = media_type(response.headers.get("content-type"))
    assert_equal(kind, EVENTS, "the answer is not marked as a stream")


def assert_in_order(case: CallCase, probe: Probe, response: Response) -> None:
    """The events of a complete stream build one answer, in the dialect's order."""
    broken = broken_rule(probe.reference.endpoints[case.call.dialect], came_events(response))
    expect(broken is None, "a client cannot follow the stream", expected="the dialect's order", actual=broken or "")


def assert_end_told(case: CallCase, probe: Probe, response: Response) -> None:
    """An answer says why it ends, and what it cost where its vendor always says that."""
    _must_be_right(case, probe, response)
    if not case.stream:
        body = loads(decode_body(response.headers, response.body))
        told = any(reasons_in(body))
        saying, wanted = "the answer does not say why it ends", f"one of {', '.join(sorted(ENDS))}"
        expect(told, saying, expected=wanted, actual="none")
    if not case.stream or not _leaves_usage_to_request(case, probe):
        _assert_usage(case, probe, said_by(case, probe, response))


ENDS = FINISH_KEYS | {"status"}
"""The fields in which the dialects say why an answer ends."""


def reasons_in(answer: Any) -> list[str]:
    """Why an answer ends, as each of its parts says; a blocked prompt has a reason in place of candidates."""
    if isinstance(answer, list):
        return [reason for item in answer for reason in reasons_in(item)]
    if not isinstance(answer, dict):
        return []
    own = [value for name, value in answer.items() if name in {*ENDS, "blockReason"} and isinstance(value, str)]
    return own + [reason for value in answer.values() for reason in reasons_in(value)]


def assert_tool_called(case: CallCase, probe: Probe, response: Response) -> None:
    """A model that was told to call a tool calls it, with arguments that are JSON; a stream of it tells the usage.

    Raises NotTestableError where the limit of tokens cut the call off, and where another vendor than the dialect's own
    may not know the demand.
    """
    _must_be_right(case, probe, response)
    completion = said_by(case, probe, response)
    if completion.finish in (Finish.LENGTH, Finish.FILTERED):
        raise NotTestableError("the answer ended before the tool was called")
    if not completion.calls:
        not_by_other_vendor(case, probe, "the model called no tool, and the upstream was not seen")
    names = ", ".join(call.name for call in completion.calls) or "none"
    expect(TOOL.name in names.split(", "), "the tool was not called", expected=TOOL.name, actual=names)
    broken = [call.name for call in completion.calls if not isinstance(call.arguments, dict)]
    saying, wanted = "the arguments of a tool's call are not an object", "one JSON object in all its pieces"
    expect(not broken, saying, expected=wanted, actual=", ".join(broken))
    _assert_usage(case, probe, completion)


def assert_json(case: CallCase, probe: Probe, response: Response) -> None:
    """An answer that must be JSON is a JSON object, and so are all pieces of a stream's text together.

    Raises NotTestableError where the limit of tokens or the vendor ended it, and where another vendor than the
    dialect's own may not know the demand.
    """
    _must_be_right(case, probe, response)
    completion = said_by(case, probe, response)
    if completion.finish in (Finish.LENGTH, Finish.FILTERED) or not completion.text:
        raise NotTestableError("the answer ended before its JSON did")
    try:
        is_object = isinstance(loads(completion.text), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        not_by_other_vendor(case, probe, "the answer is not JSON, and the upstream was not seen")
    saying, actual = "an answer that must be JSON is not", f"{len(completion.text)} letters of text"
    expect(is_object, saying, expected="one JSON object in all its pieces", actual=actual)


def _answer_as_json(case: CallCase, probe: Probe) -> None:
    streaming = replace(case, stream=case.call.operation.stream is not None)
    assert_json(streaming, probe, answer_to(streaming, probe, JSON_ANSWER))


def assert_in_pieces(case: CallCase, probe: Probe, response: Response) -> None:
    """A long stream comes in the time that a model takes to make it, not all at once when it is complete.

    Raises NotTestableError where the answer is too short to tell, or began at once.
    """
    _must_be_right(case, probe, response)
    completion = said_by(case, probe, response)
    usage, letters = completion.usage, len(completion.text)
    times = [chunk.at for chunk in response.chunks]
    if usage is None or usage.output < FEWEST or letters < LETTERS or times[-1] < LONG_WAIT:
        raise NotTestableError("the answer is too short or came too soon to tell whether its stream was held back")
    took = times[-1] - times[0]
    saying, wanted = "the stream was held back until it was complete", "events in the time that a model takes"
    actual = f"{letters} letters within {took * 1000:.0f} ms, after {times[0]:.1f} s"
    expect(took > AT_ONCE, saying, expected=wanted, actual=actual)


def assert_served(case: CallCase, probe: Probe, response: Response) -> None:
    """An answer of success has a body. Raises NotTestableError where it is not an answer of the dialect.

    A server that says yes to everything serves nothing.
    """
    _must_be_right(case, probe, response)
    expect(bool(response.body), "the answer is empty", expected="the answer of a model", actual="no body")


def assert_marked(case: CallCase, _probe: Probe, response: Response) -> None:
    """The media type of an answer is that of its form."""
    kind = media_type(response.headers.get("content-type"))
    assert_equal(kind, EVENTS if case.stream else "application/json", "the answer has another media type")


def said_by(case: CallCase, probe: Probe, response: Response) -> Completion:
    """What an answer says. Raises NotTestableError where no model answers the call."""
    codec = probe.codec(case)
    if codec is None or codec.operation != case.call.id:
        raise NotTestableError("the call is not answered by a model")
    return said(codec, response.headers, response.body)


def _leaves_usage_to_request(case: CallCase, probe: Probe) -> bool:
    codec = probe.codec(case)
    return codec is not None and bool(codec.table.request.stream_usage.forms)


def _assert_usage(case: CallCase, probe: Probe, completion: Completion) -> None:
    if completion.usage is None:
        not_by_other_vendor(case, probe, "the answer tells no usage, and the upstream was not seen")
    saying, wanted = "the answer does not tell its usage", "the tokens of request and answer"
    expect(completion.usage is not None, saying, expected=wanted, actual="none")


def not_by_other_vendor(case: CallCase, probe: Probe, reason: str) -> None:
    """Raises NotTestableError where the case's provider is not the vendor of the dialect, who always does it."""
    codec = probe.codec(case)
    if codec is None or codec.shape.id != case.provider.id:
        raise NotTestableError(reason)


SERVED = of_answer("that the call is answered with success", assert_served)
ANSWER = of_answer("a whole answer in the vendor's form; of a stream the order, names and last event", assert_answer)
MARK = of_answer("that the media type is that of the answer's form", assert_marked)
CALLED = of_answer("that a model which must call a tool calls it, with whole arguments", assert_tool_called, TOOL_CALL)
AS_JSON = ClientHalf("that an answer which must be JSON is JSON in all its pieces", _answer_as_json, JSON_ANSWER)
IN_PIECES = of_answer("that a long stream does not come all at once when it is complete", assert_in_pieces, LONG)
