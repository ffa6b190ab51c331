"""A reason says what was seen: right proxies are spared, and the fault of a wrong one has its true name."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import pytest
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.suite.test_tenancy import MARK
from ampmap_conformance.verdicts import Verdict
from ampmap_conformance.wire.client import ProxyClient
from ampmap_conformance.wire.messages import Request, Response

from .handmade import Answer, Call, Handmade

Run: TypeAlias = Callable[..., RunOutcome]
Serve: TypeAlias = Callable[..., Path]
GZIP = b"\x1f\x8b"


class TellsAborts(Handmade):
    """Ends a stream that its upstream broke off with an error event that has a class and a message."""

    event = b'{"type":"error","error":{"type":"api_error","message":"the upstream broke off"}}'

    def sent_to(self, provider: str, call: Call) -> Answer | None:
        try:
            return self.relayed(provider, call)
        except http.client.IncompleteRead as broken:
            whole = broken.partial.rpartition(b"\n\n")[0]
            body = whole + b"\n\nevent: error\ndata: " + self.event + b"\n\n"
            return Answer(200, body.lstrip(), [("Content-Type", "text/event-stream")])
        except (http.client.HTTPException, ConnectionError):
            return self.error(502, "no answer")


class TellsNumbersAlone(TellsAborts):
    """Ends such a stream with an event that has only the number of the request."""

    event = b'{"type":"error","request_id":"req_1"}'


@pytest.mark.parametrize(("kind", "verdict"), [(TellsAborts, Verdict.PASS), (TellsNumbersAlone, Verdict.FAIL)])
def test_an_error_event_is_judged_by_class_and_message(
    run: Run, serve: Serve, kind: type[Handmade], verdict: Verdict
) -> None:
    target = serve(kind, providers="[anthropic]")
    wanted = "streaming.upstream-abort-not-ended-cleanly[anthropic-messages-local-cut-b*]"
    results = run(target=target, select=(wanted,)).report.results
    assert {result.verdict for result in results} == {verdict}
    assert {bool(result.reason) for result in results} == {verdict is Verdict.FAIL}


class ReadsErrorsAsText(Handmade):
    """Takes the bytes of an error for text, also where they are compressed without a label."""

    def forwarded(self, call: Call) -> Answer | None:
        found = super().forwarded(call)
        if found is not None and found.status >= 400:
            found.body = found.body.decode("utf-8", "replace").encode()
        return found


def test_bytes_that_became_neither_are_not_called_readable(run: Run, serve: Serve) -> None:
    target = serve(ReadsErrorsAsText, providers="[anthropic]")
    (result,) = run(target=target, select=("headers.undeclared-compression-alike[anthropic*]",)).report.results
    assert (result.verdict, result.reason) == (Verdict.WARN, "errors are treated otherwise")
    assert result.actual.startswith("200 still compressed, 400 neither the packed bytes nor the plain ones")
    right = run(target=serve(Handmade, providers="[anthropic]"), select=(result.id,)).report.results
    assert [one.verdict for one in right] == [Verdict.PASS]


class LendsItsKey(Handmade):
    """Serves management without a key, by the operator's own."""

    def answer(self, call: Call) -> Answer | None:
        return super().answer(call) if "/api/provider/" in call.path else self.sent_to("amp", call)


@pytest.mark.parametrize(("kind", "verdict"), [(Handmade, Verdict.PASS), (LendsItsKey, Verdict.FAIL)])
def test_a_proxy_that_lends_no_key_may_ignore_the_name_of_the_host(
    run: Run, serve: Serve, kind: type[Handmade], verdict: Verdict
) -> None:
    target = serve(kind, providers="[cerebras]", claims="[management, localhost-only]")
    wanted = ("security.rebound-name-refused[*internal*]", "security.look-alike-name-refused")
    results = run(target=target, select=wanted).report.results
    assert len({result.requirement for result in results}) == 2
    assert {result.verdict for result in results} == {verdict}


class SaysTheSame(Handmade):
    """Answers every call with a text of its own."""

    def forwarded(self, call: Call) -> Answer | None:
        found = super().forwarded(call)
        if found is not None:
            found.body = re.sub(MARK.pattern.encode(), b"its own text", found.body)
        return found


class MixesUp(Handmade):
    """Answers every call with what the first of its kind got."""

    first: bytes | None = None

    def forwarded(self, call: Call) -> Answer | None:
        found = super().forwarded(call)
        if found is not None and re.search(MARK.pattern.encode(), found.body):
            self.first = self.first or found.body
            found.body = self.first
        return found


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(SaysTheSame, "a client's answer has not its text"), (MixesUp, "a client got another client's answer")],
)
def test_another_clients_answer_is_told_by_its_mark_alone(
    run: Run, serve: Serve, kind: type[Handmade], reason: str
) -> None:
    target = serve(kind, providers="[anthropic]")
    wanted = ("tenancy.answers-stay-with-their-calls[anthropic*]",)
    results = run(target=target, select=wanted).report.results
    assert {(one.verdict, one.reason) for one in results if one.verdict is not Verdict.NOT_APPLICABLE} == {
        (Verdict.FAIL, reason)
    }


# --- numbers


class WritesNumbersShort(Handmade):
    """Writes answers anew as JavaScript does, which has `1` for `1.0`."""

    def relayed(self, provider: str, call: Call) -> Answer:
        answer = super().relayed(provider, call)
        values = json.loads(answer.body, parse_float=lambda digits: int(float(digits)))
        return replace(answer, body=json.dumps(values).encode())


@pytest.mark.parametrize("case", ["routing.answer-relayed[openai-responses]", "bodies.every-end-kept[*-local]"])
def test_numbers_are_compared_by_value(run: Run, serve: Serve, case: str) -> None:
    target = serve(WritesNumbersShort, providers="[openai]", policy="{body: rewritten}")
    report = run(target=target, select=(case,)).report

    assert {result.verdict for result in report.results} == {Verdict.PASS}, [r.reason for r in report.results]


# --- streams


class CountsItself(Handmade):
    """Answers counts of tokens by itself."""

    counted: ClassVar[list[str]] = []

    def forwarded(self, call: Call) -> Answer | None:
        if call.path.endswith("/count_tokens"):
            self.counted.append(call.path)
            return Answer(200, b'{"input_tokens":9}', [("Content-Type", "application/json")])
        return super().forwarded(call)


class WithoutStreams(Handmade):
    """Asks its upstream for a stream, and answers with 500."""

    def forwarded(self, call: Call) -> Answer | None:
        answer = super().forwarded(call)
        return self.error(500, "no streams") if b'"stream":true' in call.body else answer


def test_a_stream_that_is_never_served_did_not_fail_because_another_had(run: Run, serve: Serve) -> None:
    wanted = ("fallback.next-call-after-broken-stream", "fallback.next-call-after-two-failures[*-stream-500]")
    report = run(target=serve(WithoutStreams, providers="[anthropic]"), select=wanted).report

    assert {result.verdict for result in report.results} == {Verdict.NOT_TESTABLE}


def test_only_the_stream_of_a_case_must_have_events(run: Run, serve: Serve) -> None:
    target = serve(CountsItself, providers="{anthropic: {counts: own}}")
    case = "fallback.next-call-after-two-failures[anthropic-messages-messages-stream-500]"
    (result,) = run(target=target, select=(case,)).report.results

    assert result.verdict is Verdict.PASS, result.reason
    assert CountsItself.counted


# --- time


@pytest.mark.parametrize("case", ["bodies.large[anthropic]", "streaming.long-events[anthropic-local-16-mb-stream]"])
def test_a_proxy_may_work_on_what_is_large(run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Claude Code Router works on 8 MB of a call, or 16 MB of an answer, for more than 10 s on a busy machine."""
    allowed: list[float] = []
    send = ProxyClient.send

    def watched(client: ProxyClient, request: Request, *, timeout: float, **more: Any) -> Response:
        allowed.append(timeout)
        return send(client, request, timeout=timeout, **more)

    monkeypatch.setattr(ProxyClient, "send", watched)
    (result,) = run(target=serve(Handmade, providers="[anthropic]"), select=(case,)).report.results

    assert result.verdict is Verdict.PASS, result.reason
    assert max(allowed) > 3 * min(allowed)
