"""Runs without an observer: what the client sees is judged, and the rest is said to be unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.observer.server import Observer
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy import ReferenceProxy, behaviour_with, config_for_observer
from ampmap_conformance.report.badge import badge_json
from ampmap_conformance.report.facts import ending
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import ExitCode, Verdict

Run: TypeAlias = Callable[..., RunOutcome]
Outside: TypeAlias = Callable[..., RunOutcome]
KEY = "canary-of-the-outside-canary"
RELAYED = ("routing.answer-relayed", "routing.stream-relayed")
UNSEEN = "headers.client-credential-replaced"
UNDECIDED = (Verdict.NOT_TESTABLE, Verdict.NOT_APPLICABLE)


@pytest.fixture
def outside(run: Run, reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """Runs of a reference proxy with defects, of whose upstream the kit knows nothing."""
    monkeypatch.setenv("STAGING_KEY", KEY)
    file = tmp_path / "x.yaml"

    def ran(*defects: str, **options: Any) -> RunOutcome:
        config = config_for_observer(reference, paid.persona_url, [KEY])
        with ReferenceProxy(config, behaviour_with(defects)) as proxy:
            known = "providers: [anthropic, openai]\nclaims: [management]\ncredentials: {client: {env: STAGING_KEY}}\n"
            file.write_text(f"name: x\nbase_url: {proxy.url}\n{known}", encoding="utf-8")
            return run(target=file, **options)

    with Observer(reference) as paid:
        yield ran


@pytest.mark.parametrize(
    ("strict", "code", "verdict"),
    [(False, ExitCode.CONFORMANT, "outside"), (True, ExitCode.NOTHING_RAN, "incomplete")],
)
def test_a_run_without_an_observer_has_a_verdict_of_its_own(
    outside: Outside, strict: bool, code: int, verdict: str
) -> None:
    select = ("auth.accepts-credential", *RELAYED, UNSEEN, "tenancy.close-is-announced")
    ended = outside(select=select, require_observer=strict)
    summary = ended.report.summary
    assert (ended.code, summary.verdict, summary.outside) == (code, verdict, not strict)
    assert {one.verdict for one in ended.report.results if one.requirement == UNSEEN} == {Verdict.NOT_TESTABLE}
    relayed = [one for one in ended.report.results if one.requirement in RELAYED]
    assert {one.verdict for one in relayed} == {Verdict.NOT_TESTABLE if strict else Verdict.PASS}
    assert {one.half for one in relayed} == {not strict}
    if not strict:
        assert "cases that apply were decided; what the proxy sends to its upstreams was not seen" in ending(
            ended.report
        )
        assert json.loads(badge_json(ended.report))["message"].endswith(" pass, as seen from outside")


@pytest.mark.parametrize(
    ("defect", "requirement"),
    [
        ("terminator-dropped", "routing.stream-relayed"),
        ("event-names-dropped", "routing.stream-relayed"),
        ("stream-buffered", "routing.stream-relayed"),
        ("events-doubled", "routing.stream-relayed"),
        ("second-event-lost", "routing.stream-relayed"),
        ("lists-in-one-form", "routing.models-list-form"),
        ("head-hangs", "routing.head-answered"),
        ("one-error-shape", "errors.own-shape"),
        ("choiceless-events-dropped", "streaming.every-kind-of-event"),
        ("item-ids-change", "streaming.well-formed"),
        ("usage-dropped", "bodies.every-end-kept"),
        ("management-open", "management.refuses-without-credential"),
        ("version-shown", "errors.tell-no-version"),
        ("newer-fields-dropped", "bodies.client-fields-kept"),
        ("stream-usage-added-up", "bodies.every-end-kept"),
    ],
)
def test_what_a_client_sees_fails_from_outside(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, defect: str, requirement: str
) -> None:
    if defect == "head-hangs":  # the others answer, and a busy machine may take more than a second for it
        monkeypatch.setattr("ampmap_conformance.probe.context.UNOBSERVED", 1.0)
    ended = outside(defect, select=(requirement,), strict=True)
    broken = {one.requirement for one in ended.report.results if one.verdict is Verdict.FAIL}
    assert (ended.code, ended.report.summary.verdict, broken) == (ExitCode.FAILURES, "non-conformant", {requirement})


@pytest.mark.parametrize(
    ("defects", "broken"),
    [
        ((), set()),
        (("answers-kept",), {"tenancy.no-shared-answer", "tenancy.no-answer-to-another-call"}),
    ],
)
def test_a_kept_answer_shows_by_its_id(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, defects: tuple[str, ...], broken: set[str]
) -> None:
    """Before an upstream whose answers have ids of their own, as a vendor's have; without ids, nothing is judged."""
    select = ("tenancy.no-shared-answer", "tenancy.no-answer-to-another-call[*-accept]")
    report = outside(*defects, select=select).report
    assert {one.verdict for one in report.results} == {Verdict.NOT_TESTABLE}

    numbers = count(1)

    def numbered(body: bytes) -> bytes:
        return body.replace(b"example0001", b"example%04d" % next(numbers))

    whole, streamed = bodies.response_body, bodies.stream_frames
    monkeypatch.setattr(bodies, "response_body", lambda *call: numbered(whole(*call)))
    monkeypatch.setattr(bodies, "stream_frames", lambda *call: [numbered(one) for one in streamed(*call)])
    report = outside(*defects, select=select).report
    decided = [one for one in report.results if one.verdict is not Verdict.NOT_TESTABLE]
    assert {one.requirement for one in decided} == {"tenancy.no-shared-answer", "tenancy.no-answer-to-another-call"}
    assert {one.requirement for one in decided if one.verdict is not Verdict.PASS} == broken


def test_an_error_of_an_upstream_that_was_not_seen_is_no_fault_of_the_proxy(outside: Outside) -> None:
    ended = outside("upstream-key-missing", select=("routing.stream-relayed",))
    assert Verdict.FAIL not in {one.verdict for one in ended.report.results}


def test_a_right_proxy_is_accused_of_nothing_and_the_run_tells_what_it_may_cost(outside: Outside) -> None:
    report = outside().report
    wrong = {one.id for one in report.results if one.verdict not in (Verdict.PASS, *UNDECIDED)}
    assert not wrong
    decided = sum(one.verdict is Verdict.PASS for one in report.results)
    applying = sum(one.verdict is not Verdict.NOT_APPLICABLE for one in report.results)
    assert decided > applying / 4
    assert report.requests is not None
    paid = {one.provider: one for one in report.requests.paid if one.calls > 1}
    assert {"anthropic", "openai"} <= paid.keys()
    assert all(one.tokens and 0 < one.rejected < one.calls for one in paid.values())
