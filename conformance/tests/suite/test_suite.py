"""The suite itself: every defect is caught, and what a check says is said of what it tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
from ampmap_conformance.cases.selection import ON_REQUEST
from ampmap_conformance.checks.registry import Check
from ampmap_conformance.engine.judge import Engine
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.engine.plan import Plan, make_plan
from ampmap_conformance.evidence.files import read_matrix
from ampmap_conformance.probe.probe import Probe
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.run.open import open_run
from ampmap_conformance.target.file import Policy
from ampmap_conformance.target.target import Target
from ampmap_conformance.verdicts import Attribution, ExitCode, Verdict
from ampmap_tests_support.places import EVIDENCE

Run: TypeAlias = Callable[..., RunOutcome]


USUAL = {
    id_: rules
    for id_, defect in DEFECTS.items()
    if (rules := tuple(rule for rule in defect.breaks if rule.partition(".")[0] not in ON_REQUEST))
}
"""Defects with the rules by which a run that names no profile catches them; others are caught in
`fuzz/test_fuzz.py` and `suite/test_sdks.py`."""
TRANSLATING = {id_ for id_ in USUAL if (DEFECTS[id_].variant or "").startswith("translating-")}
"""Defects of proxies that call their upstream in another dialect: the kit may not tell whose fault a failure is, but it
never says that it is its own or the upstream's."""


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """What was planned, by the description of the proxy: those with a defect of the usual one are described alike."""
    return {}


@pytest.fixture
def _planned_once(plans: dict[str, Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(target: Target) -> Plan:
        described = target.file.model_copy(update={"base_url": ""}).model_dump_json()
        if described not in plans:
            plans[described] = make_plan(target)
        return plans[described]

    monkeypatch.setattr("ampmap_conformance.run.open.make_plan", planned)


@pytest.mark.usefixtures("_planned_once")
@pytest.mark.parametrize("defect", USUAL)
def test_every_defect_is_caught_by_a_requirement_that_it_breaks(
    reference: Reference, kills: dict[str, set[str]], defect: str
) -> None:
    """The case that caught it when the matrix was made is tried first; `nox -s defects` tries all that it breaks."""
    with open_run(RunOptions(defects=(defect,), strict=True, attribute=True), reference) as session:
        tasks = [task for name in USUAL[defect] for task in session.plan.all[name]]
        tasks.sort(key=lambda task: task.id not in kills[defect])
        outcomes = map(session.engine.outcome, tasks)
        red = next(outcome for outcome in outcomes if outcome.verdict is Verdict.FAIL)
    cannot_tell = {Attribution.UNCLEAR} if defect in TRANSLATING else set()
    assert red.attribution in {Attribution.PROXY, Attribution.UNKNOWN} | cannot_tell


@pytest.fixture(scope="module")
def kills() -> defaultdict[str, set[str]]:
    """By defect the cases that caught it when the matrix was made; none for a new one."""
    rows = read_matrix(EVIDENCE).defects.items()
    made = {defect: {f"{name}[{case}]" for name, case in row.kills.items()} for defect, row in rows}
    return defaultdict(set, made)


def test_what_rests_on_a_failed_control_is_blocked_and_names_it(run: Run) -> None:
    ended = run(defects=("count-tokens-not-served",), select=("routing.query-kept[anthropic-*]",))
    verdicts = {result.case: result for result in ended.report.results}
    blocked = verdicts["anthropic-messages.count_tokens"]
    assert blocked.verdict is Verdict.BLOCKED
    assert "routing.reaches-upstream[anthropic-messages.count_tokens]" in blocked.reason
    assert verdicts["anthropic-messages"].verdict is Verdict.PASS


def test_a_fault_of_the_kit_is_an_error_and_not_a_failure_of_the_target() -> None:
    def faulty(_case: object, probe: Probe) -> None:
        raise ZeroDivisionError(f"nonce and key: {probe.client_key}")

    with open_run(RunOptions(select=("routing.warm-up",))) as session:
        (task,) = session.plan.selected
        check = Check(task.row.id, faulty, task.check.when, ())
        outcome = session.engine.outcome(replace(task, check=check))
        assert outcome.verdict is Verdict.ERROR
        assert "ZeroDivisionError" in outcome.reason
        assert session.target.client is not None
        assert session.target.client.value not in outcome.reason


def test_a_provider_that_is_added_to_the_reference_passes(run: Run, reference: Reference) -> None:
    added = reference.providers["groq"].model_copy(update={"id": "newcomer", "base_path": "/api/provider/newcomer"})
    wider = reference.model_copy(update={"providers": {**reference.providers, "newcomer": added}})
    ended = run(reference=wider, select=("*.*[newcomer*]",))
    assert ended.code is ExitCode.CONFORMANT
    assert len(ended.report.results) > 30


def test_what_is_neither_claimed_nor_promised_is_not_applicable() -> None:
    with open_run(RunOptions()) as session:
        file = session.target.file.model_copy(update={"claims": (), "policy": Policy(lists="own")})
        target = replace(session.target, file=file)
        plan = make_plan(target)
        engine = Engine(replace(session.context, target=target), plan, session.scrubber)
        (listing,) = [task for task in plan.all["routing.query-kept"] if task.case.name == "groq-models.list"]
        unclaimed = ("management.forwarded", "fallback.local-stays-local", "headers.amp-headers-forwarded")
        for task in (listing, *(plan.all[requirement][0] for requirement in unclaimed)):
            outcome = engine.outcome(task)
            assert outcome.verdict is Verdict.NOT_APPLICABLE
            assert outcome.reason
