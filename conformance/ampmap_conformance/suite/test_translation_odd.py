"""Profile translation: answers in another form than was asked for, answers that say nothing, and other calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import assert_equal, assert_served, expect, only_upstream_request, shown_status
from ..checks.registry import checks
from ..dialects.bodies import dump
from ..meanings import Completion, Finish, Text, Usage
from ..observer import Reply
from ..probe.probe import Probe
from ..reference.types import Meanings
from ..target.target import Target
from ..wire.messages import AMP, Exchange, media_type
from .support.attempts import ATTEMPTS
from .support.own_errors import UNKNOWN_CODING, assert_in_shape
from .support.told import EVENTS, came, tells_failure, translators
from .test_translation_requests import is_answered

SAID = Completion("example-upstream", (Text("It is told."),), Finish.STOP, Usage(11, 7))
JSON = "application/json"
SAYS_NOTHING = (
    (JSON, b"{}"),
    (JSON, b"[]"),
    (JSON, b'{"ok":true,"data":"It is told."}'),
    ("text/html", b"<html><body>It is told.</body></html>"),
)
"""Answers with status 200 that are not those of a model in any dialect, with their media types."""


def is_without_counterpart(case: VariedCase, target: Target) -> bool:
    """Calls of a dialect with meanings that no model answers."""
    known: Mapping[str, Meanings] = target.reference.meanings
    return case.call.dialect in known and not is_answered(case, target)


@checks("translation.dialect-headers-sent", when=is_answered)
def test_dialect_headers(case: VariedCase, probe: Probe) -> None:
    """Given a call, when it is translated, then it has the headers that the called dialect requires."""
    called, _ = translators(case, probe)
    upstream = only_upstream_request(probe.send(case))

    for name in probe.reference.endpoints[called.dialect].request_headers:
        if name.lower() != "accept":
            saying = f"the call has no {name}, so that the provider rejects it"
            came_with = upstream.headers.get(name) or "none"
            expect(came_with != "none", saying, expected=name, actual=came_with)


@checks("translation.other-form-of-answer", when=is_answered, requests=2)
def test_other_form_of_answer(case: VariedCase, probe: Probe) -> None:
    """Given an answer in the other form, whole or half, when it is translated, then the client reads it, or fails."""
    called, own = translators(case, probe)
    if case.stream:
        exchange = _answered_with(case, probe, JSON, dump(called.render_answer(SAID)))
    else:
        begun = called.stream_writer(usage=True).grow(replace(SAID, finish=None))
        half = _answered_with(case, probe, called.framing.content_type, b"".join(begun))
        saying = "half of an answer looks complete"
        told = tells_failure(half.response, own, stream=False)
        expect(told, saying, expected="an error", actual=shown_status(half.response))
        whole = b"".join(called.render_stream(SAID, usage=True))
        exchange = _answered_with(case, probe, called.framing.content_type, whole)

    response = exchange.response
    if tells_failure(response, own, stream=case.stream):
        return
    shown = media_type(response.headers.get("content-type"))
    assert_equal(shown, EVENTS if case.stream else JSON, "the answer has the form that the upstream chose")
    assert_equal(came(exchange, own).text, SAID.text, "the client got another text")


@checks("translation.answer-that-says-nothing", when=is_answered, requests=len(SAYS_NOTHING))
def test_answer_that_says_nothing(case: VariedCase, probe: Probe) -> None:
    """Given an answer that is not one of a model, when a call is translated, then the client gets an error."""
    _, own = translators(case, probe)
    for kind, body in SAYS_NOTHING:
        exchange = _answered_with(case, probe, kind, body)
        response = exchange.response
        told = response.status >= 500 or (response.status < 400 and tells_failure(response, own, stream=case.stream))
        saying = "an answer that says nothing looks like one of the model"
        expect(told, saying, expected="a 5xx status", actual=shown_status(response))


@checks("translation.own-error-shape", when=is_answered, requests=2)
def test_own_error_shape(case: VariedCase, probe: Probe) -> None:
    """Given a body or an answer that cannot be translated, when the client gets an error, it has the right shape."""
    translators(case, probe)
    unread = probe.send(case, more_headers=(("Content-Encoding", UNKNOWN_CODING),))
    unsaid = _answered_with(case, probe, *SAYS_NOTHING[0])
    for exchange in (unread, unsaid):
        if exchange.response.status >= 400:
            assert_in_shape(case, probe, exchange.response)


@checks("translation.other-calls-not-answered-by-model", when=is_without_counterpart)
def test_calls_without_counterpart(case: VariedCase, probe: Probe) -> None:
    """Given a count or a list in a translated dialect, when it is made, then no model is asked in its place."""
    exchange = probe.send(case)

    models = [request for request in exchange.upstream if request.persona != AMP and probe.asked(request) is not None]
    made = ", ".join(f"{request.method} {request.path}" for request in models)
    expect(not models, f"{case.call.id} became a model's call, which is billed", expected="none", actual=made)


def _answered_with(case: CallCase, probe: Probe, kind: str, body: bytes) -> Exchange:
    exchange = probe.send(case, replies=(Reply(headers=(("Content-Type", kind),), body=body),) * ATTEMPTS)
    assert_served(exchange)
    return exchange
