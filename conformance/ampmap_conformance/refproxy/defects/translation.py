"""Faults of a proxy that calls its upstreams in another dialect."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from ...meanings import (
    Completion,
    Conversation,
    Finish,
    Image,
    Part,
    Said,
    Side,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)
from ...wire.messages import Headers
from ..behaviour import Behaviour, Chunks
from ..exchange import OwnAnswer, RoutedExchange
from .registry import defect

TO_CHAT, TO_MESSAGES = "translating-to-openai-chat", "translating-to-anthropic-messages"
ERROR_BODIES = ("errors.upstream-error-body-relayed", "errors.routed-error-body-relayed")
FOLLOWS = ("translation.*", "streaming.*", "routing.*", "bodies.*", "tenancy.*", "headers.*", "fallback.*", "reload.*")
"""What may notice as well that an answer says something else."""


def asking(right: Behaviour, change: Callable[[Conversation], Conversation]) -> Behaviour:
    """The behaviour with a change to what upstreams are asked."""
    return replace(right, asked=lambda exchange, said: change(right.asked(exchange, said)))


def telling(right: Behaviour, change: Callable[[Completion], Completion]) -> Behaviour:
    """The behaviour with a change to what clients are told."""
    return replace(right, told=lambda exchange, told: change(right.told(exchange, told)))


def keeping(conversation: Conversation, wanted: Callable[[Said], bool]) -> Conversation:
    """The conversation with some of its parts alone."""
    return replace(conversation, said=tuple(said for said in conversation.said if wanted(said)))


def rewriting(right: Behaviour, change: Callable[[bytes], bytes]) -> Behaviour:
    """The behaviour with a change to each piece of an answer to a translated call."""

    async def body(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        async for chunk in right.response_body(exchange, headers, given):
            yield chunk if exchange.translation is None else change(chunk)

    def lengthless(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent if exchange.translation is None else sent.without("content-length")

    return replace(right, response_body=body, response_headers=lengthless)


@defect(
    "users-text-lost-in-translation",
    breaks=("translation.user-text-kept",),
    also=FOLLOWS,
    seen_in="margbug01/amp-proxy-rs@e0252b8",
    variant=TO_MESSAGES,
)
def users_text_lost(right: Behaviour) -> Behaviour:
    """Leaves the user's text out of translated calls."""

    def kept(said: Said) -> bool:
        return said.side is not Side.USER or not isinstance(said.part, Text)

    return asking(right, lambda asked: keeping(asked, kept))


@defect("turns-reversed", breaks=("translation.history-kept",), also=("translation.*",), variant=TO_CHAT)
def turns_reversed(right: Behaviour) -> Behaviour:
    """Sends the turns of a translated conversation in the reverse order."""
    return asking(right, lambda asked: replace(asked, said=asked.said[::-1]))


@defect("system-text-lost", breaks=("translation.system-text-kept",), also=("translation.*",), variant=TO_CHAT)
def system_text_lost(right: Behaviour) -> Behaviour:
    """Leaves the system text out of translated calls."""
    return asking(right, lambda asked: replace(asked, system=None))


@defect("images-lost", breaks=("translation.images-kept",), also=("translation.*",), variant=TO_CHAT)
def images_lost(right: Behaviour) -> Behaviour:
    """Leaves images out of translated calls."""
    return asking(right, lambda asked: keeping(asked, lambda said: not isinstance(said.part, Image)))


@defect("tool-parameters-lost", breaks=("translation.tools-kept",), also=("translation.*",), variant=TO_CHAT)
def tool_parameters_lost(right: Behaviour) -> Behaviour:
    """Leaves the parameters of tools out of translated calls."""
    bare = {"type": "object"}
    return asking(right, lambda asked: replace(asked, tools=tuple(replace(t, parameters=bare) for t in asked.tools)))


@defect("results-swapped", breaks=("translation.earlier-calls-kept",), also=("translation.*",), variant=TO_CHAT)
def results_swapped(right: Behaviour) -> Behaviour:
    """Gives the results of tools to the wrong calls in translated conversations."""

    def swapped(asked: Conversation) -> Conversation:
        results = [said.part for said in asked.said if isinstance(said.part, ToolResult)]
        others = reversed(results)
        said = [
            replace(one, part=replace(next(others), text=one.part.text)) if isinstance(one.part, ToolResult) else one
            for one in asked.said
        ]
        return replace(asked, said=tuple(said))

    return asking(right, swapped)


@defect("limit-lost", breaks=("translation.limit-kept",), also=("translation.*",), variant=TO_CHAT)
def limit_lost(right: Behaviour) -> Behaviour:
    """Leaves the limit for tokens out of translated calls."""
    return asking(right, lambda asked: replace(asked, limit=None))


@defect(
    "usage-not-asked-for",
    breaks=("translation.usage-kept",),
    also=("translation.*", "streaming.*"),
    seen_in="margbug01/amp-proxy@18e8270",
    variant=TO_CHAT,
)
def usage_not_asked_for(right: Behaviour) -> Behaviour:
    """Does not ask an upstream for the usage of a stream that tells it only then."""
    return asking(right, lambda asked: replace(asked, stream_usage=False))


@defect(
    "content-lost-without-stream",
    breaks=("translation.answer-text-kept", "routing.answer-relayed", "fallback.only-names-change-in-answers"),
    also=FOLLOWS,
    seen_in="margbug01/amp-proxy@d8d7d6e",
    variant=TO_CHAT,
)
def content_lost(right: Behaviour) -> Behaviour:
    """Gives translated answers without their text."""
    return telling(right, lambda told: replace(told, parts=tuple(p for p in told.parts if not isinstance(p, Text))))


@defect(
    "reasoning-as-text",
    breaks=("translation.reasoning-kept", "streaming.every-kind-of-event", "bodies.rich-answer-kept"),
    also=FOLLOWS,
    variant=TO_CHAT,
)
def reasoning_as_text(right: Behaviour) -> Behaviour:
    """Gives the reasoning of a translated answer as text of the answer."""

    def shown(part: Part) -> Part:
        return Text(part.text) if isinstance(part, Thinking) else part

    return telling(right, lambda told: replace(told, parts=tuple(shown(part) for part in told.parts)))


@defect(
    "parallel-calls-run-together",
    breaks=("translation.tool-calls-kept", "streaming.every-kind-of-event"),
    also=FOLLOWS,
    seen_in="nghyane/ampcode-connector@b713a23",
    variant=TO_CHAT,
)
def calls_run_together(right: Behaviour) -> Behaviour:
    """Makes one call of the tool calls of a translated answer, with the arguments of all of them in a row."""

    def joined(told: Completion) -> Completion:
        if len(told.calls) < 2:
            return told
        texts = [json.dumps(call.arguments, ensure_ascii=False) for call in told.calls]
        rest = tuple(part for part in told.parts if not isinstance(part, ToolCall))
        return replace(told, parts=(*rest, replace(told.calls[0], arguments={"text": "".join(texts)})))

    return telling(right, joined)


@defect("always-a-stop", breaks=("translation.finish-kept",), also=FOLLOWS, variant=TO_CHAT)
def always_a_stop(right: Behaviour) -> Behaviour:
    """Says of every translated answer that it is complete."""
    return telling(right, lambda told: replace(told, finish=told.finish and Finish.STOP))


@defect("usage-of-zero", breaks=("translation.usage-kept",), also=FOLLOWS, variant=TO_CHAT)
def usage_of_zero(right: Behaviour) -> Behaviour:
    """Tells that translated calls used no tokens."""
    return telling(right, lambda told: replace(told, usage=told.usage and Usage(0, 0)))


@defect(
    "model-of-its-own",
    breaks=("translation.model-named",),
    also=(*FOLLOWS, "errors.*"),
    variant=TO_CHAT,
)
def model_of_its_own(right: Behaviour) -> Behaviour:
    """Names a model of its own in translated answers."""
    return telling(right, lambda told: replace(told, model=told.model and "translated"))


@defect(
    "done-twice",
    breaks=("translation.one-terminator",),
    also=FOLLOWS,
    seen_in="nghyane/ampcode-connector@88a038c",
    variant=TO_MESSAGES,
)
def done_twice(right: Behaviour) -> Behaviour:
    """Sends the terminator of a translated stream twice."""
    end = b"data: [DONE]\n\n"
    return rewriting(right, lambda chunk: chunk.replace(end, end + end))


@defect(
    "whole-answer-without-output",
    breaks=("translation.whole-answer-repeated",),
    also=FOLLOWS,
    seen_in="margbug01/amp-proxy@18e8270",
    variant=TO_CHAT,
)
def without_output(right: Behaviour) -> Behaviour:
    """Leaves `output` empty in the last event of a translated stream."""

    def emptied(chunk: bytes) -> bytes:
        lines = []
        for line in chunk.split(b"\n"):
            if line.startswith(b"data: {") and b'"response.completed"' in line:
                data = json.loads(line[6:])
                data["response"]["output"] = []
                line = b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()  # noqa: PLW2901
            lines.append(line)
        return b"\n".join(lines)

    return rewriting(right, emptied)


@defect(
    "failed-streams-ended",
    breaks=("translation.stream-errors-told", "streaming.in-band-error-relayed"),
    also=FOLLOWS,
    variant=TO_CHAT,
)
def failed_streams_ended(right: Behaviour) -> Behaviour:
    """Ends a translated stream like a complete one when the upstream reports a failure."""

    def ended(told: Completion) -> Completion:
        return told if told.failure is None else replace(told, failure=None, finish=Finish.STOP)

    return telling(right, ended)


@defect(
    "stream-for-everybody",
    breaks=("translation.form-kept", "headers.content-type-relayed"),
    also=(*FOLLOWS, "errors.*", "auth.*"),
    seen_in="nghyane/ampcode-connector@da5cd96",
    variant=TO_CHAT,
)
def stream_for_everybody(right: Behaviour) -> Behaviour:
    """Labels every translated answer as a stream."""

    def labelled(exchange: RoutedExchange, headers: Headers) -> Headers:
        sent = right.response_headers(exchange, headers)
        return sent if exchange.translation is None else sent.setting("Content-Type", "text/event-stream")

    return replace(right, response_headers=labelled)


@defect(
    "errors-in-its-own-words",
    breaks=("translation.errors-kept", *ERROR_BODIES),
    also=("errors.*", *FOLLOWS),
    variant=TO_CHAT,
)
def errors_in_its_own_words(right: Behaviour) -> Behaviour:
    """Answers a translated call that the upstream refused with an error that says nothing of the reason."""

    def own(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
        if exchange.translation is None or status is None or status < 400:
            return right.stand_in(exchange, status)
        return OwnAnswer(status, Headers((("Content-Type", "application/json"),)), b'{"error":{"message":"Failed."}}')

    return replace(right, stand_in=own)


@defect("errors-blame-the-client", breaks=ERROR_BODIES, also=("errors.*", *FOLLOWS), variant=TO_CHAT)
def errors_blame_the_client(right: Behaviour) -> Behaviour:
    """Tells every failure of an upstream that is called in another dialect as an invalid request."""
    return rewriting(right, lambda chunk: chunk.replace(b'"api_error"', b'"invalid_request_error"'))
