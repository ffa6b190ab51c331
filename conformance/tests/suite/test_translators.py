"""Translating proxies that are right in ways of their own: no rule on translated calls may accuse them."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.dialects.bodies import dump
from ampmap_conformance.meanings import Completion, Failure, Usage, codecs
from ampmap_conformance.reference import load
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.suite.support.streams import ODD_TEXT
from ampmap_conformance.verdicts import Verdict

from .handmade import OWN, Answer, Call, Handmade

Run: TypeAlias = Callable[..., RunOutcome]
Serve: TypeAlias = Callable[..., Path]

CODECS = codecs(load())
RED = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR, Verdict.FLAKY)


def translating(name: str) -> str:
    """The `providers` of a target that serves this one alone, by calls of Chat Completions."""
    others = ("anthropic", "openai", "google", "xai", "cerebras", "groq", "supernova")
    none = ", ".join(f"{other}: none" for other in others if other != name)
    return f"{{{name}: {{body: translated, upstream_dialects: [openai-chat]}}, {none}}}"


CLAUDE, GPT, CEREBRAS = translating("anthropic"), translating("openai"), translating("cerebras")
REPEATED = 3


class Translates(Handmade):
    """Calls Chat Completions for calls of Messages, with headers of its own alone, and writes both anew."""

    provider = "anthropic"
    dialect = "anthropic-messages"

    def forwarded(self, call: Call) -> Answer | None:
        own, called = CODECS[self.dialect], CODECS["openai-chat"]
        if call.method != "POST" or call.path.endswith("/count_tokens"):
            return self.error(404, "the other dialect has no such call")
        packed = call.headers.get("content-encoding") == "gzip"
        body = json.loads(gzip.decompress(call.body) if packed else call.body)
        said = own.read_request(body if isinstance(body, dict) else body[0])
        sent = dump(called.render_request(replace(said, stream_usage=said.stream)))
        upstream = http.client.HTTPConnection(self.observer, timeout=20)
        try:
            name, key = "Authorization", f"Bearer {OWN[self.provider][1]}"
            upstream.request("POST", f"/{self.provider}/v1/chat/completions", sent, {name: key})
            answer = upstream.getresponse()
            told = self.answer_of(answer)
        finally:
            upstream.close()
        if answer.status >= 400:
            failure = called.read_error(answer.status, json.loads(told))
            return self.failed(answer.status, failure or Failure(told.decode(), answer.status))
        try:
            meant = self.read(answer, told, whole=not said.stream)
        except ValueError as error:
            return self.unread(str(error), stream=said.stream)
        if said.stream:
            return self.streamed(meant)
        return Answer(200, dump(own.render_answer(meant)), [("Content-Type", "application/json")])

    def read(self, upstream: http.client.HTTPResponse, told: bytes, *, whole: bool) -> Completion:
        """What the upstream said, in the form in which it said it. Raises ValueError for what is not an answer."""
        called = CODECS["openai-chat"]
        is_stream = (upstream.getheader("Content-Type") or "").startswith("text/event-stream")
        meant = called.read_stream(told).completion if is_stream else called.read_answer(json.loads(told))
        if not (meant.parts or meant.failure or meant.usage):
            raise ValueError("the answer of the upstream says nothing")
        if whole and is_stream and meant.finish is None:
            raise ValueError("the answer of the upstream broke off")
        return meant

    def answer_of(self, upstream: http.client.HTTPResponse) -> bytes:
        return upstream.read()

    def failed(self, status: int, failure: Failure) -> Answer:
        return self.error(status, failure.message)

    def unread(self, words: str, *, stream: bool) -> Answer:  # noqa: ARG002 - others tell it in the stream
        return self.error(502, words)

    def streamed(self, told: Completion) -> Answer:
        frames = CODECS[self.dialect].render_stream(told)
        return Answer(200, b"".join(frames), [("Content-Type", "text/event-stream")])


class NamesErrorsOtherwise(Translates):
    """Tells the error of a stream in an event of that name with other fields, at which every client fails."""

    def streamed(self, told: Completion) -> Answer:
        if told.failure is None:
            return super().streamed(told)
        begun = super().streamed(replace(told, failure=None, finish=None))
        error = b'event: error\ndata: {"type":"error","message":{"message":"It failed."}}\n\n'
        return replace(begun, body=begun.body + error)

    def unread(self, words: str, *, stream: bool) -> Answer:
        failed = Completion("", (), finish=None, failure=Failure(words, 502))
        return self.streamed(failed) if stream else super().unread(words, stream=stream)


class ReadsBeforeItAnswers(Translates):
    """Reads a stream before its own answer begins, and answers an error in it with a status."""

    def streamed(self, told: Completion) -> Answer:
        return super().streamed(told) if told.failure is None else self.failed(500, told.failure)


class EndsWhatWasSaid(Translates):
    """Writes an end to a stream that broke off upstream if the reason for the end had arrived."""

    def answer_of(self, upstream: http.client.HTTPResponse) -> bytes:
        try:
            return upstream.read()
        except http.client.IncompleteRead as broken:
            if b'"finish_reason":"stop"' not in broken.partial:
                raise
            return broken.partial


class CountsByItself(Translates):
    """Tells in streams how many tokens it counted, not what the upstream says."""

    def streamed(self, told: Completion) -> Answer:
        return super().streamed(replace(told, usage=Usage(23, 10)))


class BreaksOffRepetition(Translates):
    """Takes a model that says the same again and again for a broken one."""

    def streamed(self, told: Completion) -> Answer:
        size = 1000 * len(ODD_TEXT)
        pieces = [told.text[at : at + size] for at in range(0, len(told.text), size)]
        repeats = any(len(set(pieces[at : at + REPEATED])) == 1 for at in range(len(pieces) - REPEATED))
        return self.error(500, "it repeats itself") if repeats else super().streamed(told)


class NamesClassesOtherwise(Translates):
    """Ends a stream of chat completions that broke off upstream with an error that has a code and no type."""

    provider, dialect = "cerebras", "openai-chat"

    def forwarded(self, call: Call) -> Answer | None:
        try:
            return super().forwarded(call)
        except (http.client.IncompleteRead, ConnectionError):
            error = {"message": "It broke off.", "type": None, "param": None, "code": "500"}
            body = b"data: " + dump({"error": error}) + b"\n\n"
            return Answer(200, body, [("Content-Type", "text/event-stream")])


class FailsResponses(Translates):
    """Ends a stream of Responses that broke off upstream with an answer that failed, and with a mark behind it."""

    provider, dialect = "openai", "openai-responses"

    def forwarded(self, call: Call) -> Answer | None:
        try:
            return super().forwarded(call)
        except (http.client.IncompleteRead, ConnectionError):
            error = {"code": "server_error", "message": "It broke off."}
            failed = {"type": "response.failed", "sequence_number": 0, "response": {"status": "failed", "error": error}}
            body = b"event: response.failed\ndata: " + dump(failed) + b"\n\ndata: [DONE]\n\n"
            return Answer(200, body, [("Content-Type", "text/event-stream")])


class SpeaksChat(Translates):
    """Writes errors as the vendor of the dialect does, whatever the provider's own shape is."""

    provider, dialect = "cerebras", "openai-chat"

    def failed(self, status: int, failure: Failure) -> Answer:
        body = {"error": {"message": failure.message, "type": "api_error", "param": None, "code": None}}
        return Answer(status, dump(body), [("Content-Type", "application/json")])


@pytest.mark.parametrize(
    ("kind", "providers", "select"),
    [
        (Translates, CLAUDE, "translation.*"),
        (Translates, CLAUDE, "bodies.coded-request-served"),
        (Translates, CLAUDE, "errors.method-not-allowed[anthropic-messages]"),
        (NamesErrorsOtherwise, CLAUDE, "translation.stream-errors-told"),
        (NamesErrorsOtherwise, CLAUDE, "translation.answer-that-says-nothing"),
        (EndsWhatWasSaid, CLAUDE, "streaming.upstream-abort-not-ended-cleanly[*-cut-before-end-stream]"),
        (ReadsBeforeItAnswers, CLAUDE, "streaming.in-band-error-relayed"),
        (CountsByItself, CLAUDE, "streaming.legal-forms[*-crlf-stream]"),
        (CountsByItself, CLAUDE, "routing.stream-relayed"),
        (BreaksOffRepetition, CLAUDE, "streaming.big"),
        (NamesClassesOtherwise, CEREBRAS, "streaming.upstream-abort-not-ended-cleanly"),
        (FailsResponses, GPT, "streaming.upstream-abort-not-ended-cleanly"),
        (FailsResponses, GPT, "streaming.abort-is-the-servers-fault"),
        (SpeaksChat, CEREBRAS, "translation.errors-kept"),
    ],
)
def test_a_right_translator_is_spared(
    run: Run, serve: Serve, kind: type[Handmade], providers: str, select: str
) -> None:
    report = run(target=serve(kind, providers=providers), select=(select,)).report
    assert [f"{one.id}: {one.reason}" for one in report.results if one.verdict in RED] == []
    assert report.summary.counts.get(Verdict.PASS)


def test_a_body_that_is_served_wrongly_breaks_the_rule_on_it_alone(run: Run, serve: Serve) -> None:
    """A proxy that takes a list for a request makes no error of its own for it, so that none can be looked at."""
    rule, case = "errors.non-object-never-succeeds[anthropic-messages-array]", "anthropic-no-object"
    wanted = (rule, f"errors.own-shape[{case}]", f"tenancy.connection-after-error[{case}]")
    report = run(target=serve(TakesLists, providers=CLAUDE), select=wanted).report
    assert {one.id: one.verdict for one in report.results} == dict(
        zip(wanted, (Verdict.FAIL, Verdict.NOT_TESTABLE, Verdict.NOT_TESTABLE), strict=True)
    )


def test_a_body_over_the_limit_that_is_served_breaks_the_rule_on_it_alone(run: Run, serve: Serve) -> None:
    rule, case = "errors.body-limit[anthropic]", "anthropic-too-large"
    wanted = (rule, f"errors.own-shape[{case}]", f"tenancy.connection-after-error[{case}]")
    target = serve(Translates, providers=CLAUDE, policy="{body_limit: 100000}")
    report = run(target=target, select=wanted).report
    assert {one.id: one.verdict for one in report.results} == dict(
        zip(wanted, (Verdict.FAIL, Verdict.NOT_TESTABLE, Verdict.NOT_TESTABLE), strict=True)
    )


class TakesLists(Translates):
    """Answers a list in place of a request as if nothing were said."""

    def forwarded(self, call: Call) -> Answer | None:
        if call.method == "POST" and isinstance(json.loads(call.body), list):
            call.body = b'{"model":"claude-opus-4-20250514","messages":[{"role":"user","content":"nothing"}]}'
        return super().forwarded(call)
