"""Which meaning of a model call stands where in each dialect. Its forms are templates, see `filled` and `found`."""

from __future__ import annotations

from .base import ErrorShapeId, Fact, Json, OperationId, Shape, SourceRef
from .wire import StreamEvent


class Place(Shape):
    """Where a body of a dialect has one meaning: in one of `forms`, in the path of the call, or nowhere."""

    forms: tuple[Json, ...] = ()
    """Templates of the whole body, each with this meaning alone. All are read, and the first that fits is written."""
    written: Json = None
    """What is written in place of the first form, where a body needs more than is asked for when it is read."""
    in_path: bool = False
    """Whether the path of the call tells it instead."""
    none: str | None = None
    """Why the dialect cannot say it, where it cannot."""
    sources: tuple[SourceRef, ...] = ()


class RequestMeanings(Shape):
    """What a request says."""

    frame: Json = None
    """Members that a request must have whatever it says, laid under what is written."""
    model: Place
    stream: Place
    stream_usage: Place
    """That a stream is to tell the usage; nowhere in dialects whose streams always do."""
    limit: Place
    """The most tokens that the answer may have."""
    system: Place
    tool: Place
    """One tool that the model may call."""
    any_tool: Place
    """That the model must call a tool."""
    forced_tool: Place
    """The tool that the model must call."""
    answer_json: Place
    """That the answer must be JSON."""
    answer_schema: Place
    """The JSON Schema that the answer must fit."""
    user_text: Place
    user_image: Place
    assistant_thinking: Place
    assistant_text: Place
    tool_call: Place
    """A call that the model made earlier."""
    tool_result: Place


class AnswerMeanings(Shape):
    """What an answer says that is not a stream."""

    frame: Json = None
    """Members that an answer has whatever it says, laid under what is written."""
    model: Place
    thinking: Place
    text: Place
    tool_call: Place
    stop: Place
    """The answer is complete."""
    tool_calls: Place
    """The answer ends because tools are to be called."""
    length: Place
    """The answer ends at a limit of tokens."""
    filtered: Place
    """The answer ends because of its content."""
    usage: Place


class Step(Shape):
    """One step of a stream: the events that are written, and how the data of one event is read."""

    events: tuple[StreamEvent, ...] = ()
    forms: tuple[Json, ...] = ()
    """Templates of the data of an event; each that fits tells something."""
    framed: bool = True
    """Whether the data of its events has the members of the frame."""
    none: str | None = None
    """Why the dialect has no such step."""
    sources: tuple[SourceRef, ...] = ()


class StreamMeanings(Shape):
    """What a stream says, in the order in which it is written.

    A part has a beginning, pieces and an end. The steps that tell why the answer ends are written in place of one
    another; `usage` is written where the request asked for it or the dialect cannot ask.
    """

    frame: Json = None
    """Members that the data of every event has, laid under what is written."""
    start: Step
    thinking_start: Step
    thinking: Step
    thinking_end: Step
    text_start: Step
    text: Step
    text_end: Step
    tool_call_start: Step
    tool_call: Step
    tool_call_end: Step
    stop: Step
    tool_calls: Step
    length: Step
    filtered: Step
    usage: Step
    end: Step
    """The terminator."""
    error: Step
    """A failure after the 200."""


class Meanings(Fact):
    """Which meaning of a model call has which place in one dialect."""

    display_name: str
    operation: OperationId
    """The operation of the dialect that these meanings are about."""
    error_shape: ErrorShapeId
    """The shape of the dialect's own vendor, whose types and codes its errors have."""
    snake_case: bool = False
    """Whether keys may also be spelt in snake case."""
    request: RequestMeanings
    answer: AnswerMeanings
    stream: StreamMeanings
    notes: tuple[str, ...] = ()
