"""How outcomes come about: verdicts and exit codes, repeats, faults of the kit, empty streams, attribution."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.errors import SuiteError
from ampmap_conformance.observer.answer import Answer
from ampmap_conformance.observer.personas import NORMAL, Personas, Reply
from ampmap_conformance.refproxy import Behaviour
from ampmap_conformance.refproxy.defects.registry import REGISTRY
from ampmap_conformance.refproxy.exchange import RoutedExchange
from ampmap_conformance.report.model import Report, Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import Attribution, ExitCode, Verdict
from ampmap_conformance.wire.messages import Headers, UpstreamRequest

Run: TypeAlias = Callable[..., RunOutcome]
Change: TypeAlias = Callable[[Behaviour], Behaviour]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], tuple[str, ...]]:
    """Makes a fault of the embedded proxy for this test alone; gives what `defects=` takes."""

    def made(change: Change) -> tuple[str, ...]:
        defect = replace(next(iter(REGISTRY.values())), id="of-this-test", change=change)
        monkeypatch.setitem(REGISTRY, defect.id, defect)
        return ("of-this-test",)

    return made


def every_other_answer_fails(right: Behaviour) -> Behaviour:
    count = itertools.count()
    return replace(right, response_status=lambda _exchange, status: 500 if next(count) % 2 else status)


def streams_are_empty(right: Behaviour) -> Behaviour:
    async def none(exchange: RoutedExchange, headers: Headers, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in right.response_body(exchange, headers, chunks):
            if not (headers.get("content-type") or "").startswith("text/event-stream"):
                yield chunk

    return replace(right, response_body=none)


def one(report: Report, requirement: str) -> Result:
    return next(result for result in report.results if result.requirement == requirement)


def verdicts(ended: RunOutcome) -> set[Verdict]:
    return {result.verdict for result in ended.report.results}


def test_a_case_that_does_not_always_hold_is_flaky_and_says_how_often(
    run: Run, faulty: Callable[[Change], tuple[str, ...]]
) -> None:
    wanted = {"defects": faulty(every_other_answer_fails), "select": ("routing.answer-relayed[groq-models.list]",)}
    ended = run(**wanted, workers=1, repeat=6)
    (result,) = ended.report.results
    assert (result.verdict, result.attempts, result.held) == (Verdict.FLAKY, 6, 3)
    assert result.reason == "the status changed (held in 3 of 6 attempts)"
    assert ended.code is ExitCode.FAILURES
    steady = run(select=wanted["select"], repeat=6)
    assert (one(steady.report, "routing.answer-relayed").verdict, steady.code) == (Verdict.PASS, ExitCode.CONFORMANT)
    assert steady.report.requests is not None
    assert steady.report.requests.sent >= 12  # six of the case, six of its control


def test_every_verdict_and_what_it_does_to_the_exit_code(
    run: Run, faulty: Callable[[Change], tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.yaml"
    baseline.write_text("- pattern: errors.unknown-provider[groq]\n  reason: it is known\n", encoding="utf-8")
    unknown = {"select": ("errors.unknown-provider[groq]",), "strict": True, "baseline": baseline}
    relayed = {"select": ("routing.answer-relayed[groq-models.list]",)}
    seen = {
        (frozenset(verdicts(ended)), ended.code)
        for ended in (
            run(**relayed),
            run(select=("errors.unknown-provider[groq]",), defects=("unknown-provider-500",)),
            run(**unknown, defects=("unknown-provider-500",)),
            run(**unknown),
            run(select=("routing.query-kept[groq-models.list]",), defects=("query-dropped",)),
            run(select=("routing.query-kept[anthropic-messages.count_tokens]",), defects=("count-tokens-not-served",)),
            run(**relayed, max_requests=1),
            run(**relayed, repeat=6, workers=1, defects=faulty(every_other_answer_fails)),
        )
    }
    right = bodies.response_body
    wrong = b'{"no": "list"}'
    monkeypatch.setattr(bodies, "response_body", lambda call, m: wrong if "list" in call.id else right(call, m))
    error = run(**relayed)
    seen.add((frozenset(verdicts(error)), error.code))
    assert seen == {
        (frozenset({Verdict.PASS}), ExitCode.CONFORMANT),
        (frozenset({Verdict.WARN}), ExitCode.CONFORMANT),
        (frozenset({Verdict.KNOWN_FAILURE}), ExitCode.CONFORMANT),
        (frozenset({Verdict.UNEXPECTED_PASS}), ExitCode.STALE_BASELINE),
        (frozenset({Verdict.FAIL}), ExitCode.FAILURES),
        (frozenset({Verdict.BLOCKED}), ExitCode.FAILURES),
        (frozenset({Verdict.NOT_TESTABLE}), ExitCode.NOTHING_RAN),
        (frozenset({Verdict.FLAKY}), ExitCode.FAILURES),
        (frozenset({Verdict.ERROR}), ExitCode.KIT_ERROR),
    }
    reached = {verdict for found, _ in seen for verdict in found}
    assert set(Verdict) - reached == {Verdict.NOT_APPLICABLE}  # see test_claims.py


@pytest.mark.parametrize(
    ("broken", "select", "says"),
    [
        ("response_body", "routing.reaches-upstream[groq-models.list]", "the observer's own answer for groq is wrong"),
        ("stream_frames", "routing.reaches-upstream[groq-*-stream]", "the stream has no events"),
        ("request_body", "routing.reaches-upstream[anthropic-*count_tokens]", "the kit's own request for anthropic"),
    ],
)
def test_a_wrong_message_of_the_kits_own_says_nothing_of_the_target(
    run: Run, monkeypatch: pytest.MonkeyPatch, broken: str, select: str, says: str
) -> None:
    before: Any = getattr(bodies, broken)
    wrong: dict[str, Callable[..., Any]] = {
        "response_body": lambda call, model: b'{"id": 5}' if call.id == "models.list" else before(call, model),
        "stream_frames": lambda *_: [],
        "request_body": lambda call, *words, **rest: b"{}" if "count" in call.id else before(call, *words, **rest),
    }
    monkeypatch.setattr(bodies, broken, wrong[broken])
    ended = run(select=(select,))
    assert ended.code is ExitCode.KIT_ERROR
    assert ended.report.summary.verdict == "error"
    assert {result.verdict for result in ended.report.results} == {Verdict.ERROR}
    assert says in ended.report.results[0].reason


def test_an_observer_that_breaks_is_a_fault_of_the_kit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_personas: Personas, _request: UpstreamRequest, _reply: Reply = NORMAL) -> Answer:
        raise RuntimeError("the persona broke")

    select = "routing.reaches-upstream[groq-models.list]"
    with pytest.MonkeyPatch.context() as during_smoke:
        during_smoke.setattr(Personas, "answer", answer)
        with pytest.raises(SuiteError, match="the persona broke"):
            run(select=(select,))
    right = Personas.answer
    count = itertools.count()

    def late(personas: Personas, request: UpstreamRequest, reply: Reply = NORMAL) -> Answer:
        return (right if next(count) == 0 else answer)(personas, request, reply)

    monkeypatch.setattr(Personas, "answer", late)
    ended = run(select=(select,))
    assert (ended.code, verdicts(ended)) == (ExitCode.KIT_ERROR, {Verdict.ERROR})
    assert (
        "the observer's own answer for groq is wrong: RuntimeError: the persona broke"
        in one(ended.report, "routing.reaches-upstream").reason
    )


def test_an_empty_stream_passes_nothing(run: Run, faulty: Callable[[Change], tuple[str, ...]]) -> None:
    ended = run(defects=faulty(streams_are_empty), select=("headers.*[*-stream]", "routing.*[*-stream]"), strict=True)
    answered = [result for result in ended.report.results if not result.requirement.startswith("headers.response-")]
    assert len(answered) > 50
    assert "the stream has no events" in {result.reason for result in answered}
    assert {result.verdict for result in answered} <= {Verdict.FAIL, Verdict.BLOCKED}


def test_a_fault_of_the_upstream_is_not_put_on_the_proxy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Personas.answer

    def answer(personas: Personas, request: UpstreamRequest, reply: Reply = NORMAL) -> Answer:
        found = right(personas, request, reply)
        return replace(found, status=500) if request.persona == "groq" else found

    monkeypatch.setattr(Personas, "answer", answer)
    broken = ("routing.stream-relayed[groq-*]", "auth.accepts-credential[groq-*]")
    ended = run(select=(*broken, "routing.query-kept[xai-*]"), defects=("query-dropped",), attribute=True)
    blamed = {(r.requirement, r.attribution) for r in ended.report.results if r.verdict is Verdict.FAIL}
    assert blamed == {
        ("routing.stream-relayed", Attribution.UPSTREAM),
        ("auth.accepts-credential", Attribution.UPSTREAM),
        ("routing.query-kept", Attribution.PROXY),
    }


def test_without_an_observer_nobody_is_blamed(
    run: Run, always: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPMAP_CLIENT_KEY", "any-key-at-all")
    ended = run(base_url=always(200), select=("auth.accepts-credential[groq-*]",), attribute=True)
    assert [result.attribution for result in ended.report.results] == [Attribution.UNKNOWN]
    silent = run(base_url=always(200), select=("auth.accepts-credential[groq-*]",))
    assert [result.attribution for result in silent.report.results] == [None]
