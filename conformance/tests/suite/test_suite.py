"""The suite itself: every requirement has its check, every defect is caught, and pytest runs it too."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
from ampmap_conformance.cases.cases import AXES
from ampmap_conformance.cases.selection import ON_REQUEST
from ampmap_conformance.checks.registry import Check
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.judge import Engine
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.engine.plan import make_plan, proxy_rules, suite_checks
from ampmap_conformance.errors import SuiteError
from ampmap_conformance.evidence.files import read_matrix
from ampmap_conformance.probe.probe import Probe
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.run.open import opened
from ampmap_conformance.target.file import Policy
from ampmap_conformance.verdicts import Attribution, ExitCode, Verdict
from ampmap_tests_support.places import EVIDENCE

Run: TypeAlias = Callable[..., RunOutcome]
Done: TypeAlias = "subprocess.CompletedProcess[str]"
SUITE = "ampmap_conformance.suite"


USUAL = {
    id_: rules
    for id_, defect in DEFECTS.items()
    if (rules := tuple(rule for rule in defect.breaks if rule.partition(".")[0] not in ON_REQUEST))
}
"""Defects with the rules by which a run that names no profile catches them; others are caught in `test_fuzz` and
`test_clients`."""


@pytest.mark.parametrize("defect", USUAL)
def test_every_defect_is_caught_by_a_requirement_that_it_breaks(
    reference: Reference, kills: dict[str, set[str]], defect: str
) -> None:
    """The case that caught it when the matrix was made is tried first; `nox -s defects` tries all that it breaks."""
    with opened(RunOptions(defects=(defect,), strict=True, attribute=True), reference) as session:
        tasks = [task for name in USUAL[defect] for task in session.plan.all[name]]
        tasks.sort(key=lambda task: task.id not in kills[defect])
        outcomes = map(session.engine.outcome, tasks)
        red = next(outcome for outcome in outcomes if outcome.verdict is Verdict.FAIL)
    assert red.attribution in {Attribution.PROXY, Attribution.UNKNOWN}


@pytest.fixture(scope="module")
def kills() -> defaultdict[str, set[str]]:
    """By defect the cases that caught it when the matrix was made; none for a new one."""
    rows = read_matrix(EVIDENCE).defects.items()
    made = {defect: {f"{name}[{case}]" for name, case in row.kills.items()} for defect, row in rows}
    return defaultdict(set, made)


def test_every_requirement_has_a_check_and_every_check_a_requirement(reference: Reference) -> None:
    rules = proxy_rules(reference)
    assert set(suite_checks()) == {name for name, row in rules.items() if not row.excluded}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "auth.new-rule"}, "neither a check nor `excluded`"),
        ({"control": None}, "a negative check without a control"),
        ({"control": "auth.missing-credential-rejected"}, "its own control"),
        ({"for_each": ("planet",)}, "planet is no axis"),
        ({"for_each": ("management_route",)}, "must take a case of type ManagementCase"),
        ({"excluded": "cannot be tested"}, "neither a check nor"),
    ],
)
def test_rows_and_checks_that_do_not_fit_do_not_load(
    reference: Reference, change: dict[str, object], words: str
) -> None:
    row = reference.requirements["auth.missing-credential-rejected"].model_copy(update=change)
    rows = {**reference.requirements, row.id: row}
    with pytest.raises(SuiteError, match=words):
        make_plan(embedded_description(reference.model_copy(update={"requirements": rows})))


def test_an_axis_that_the_kit_or_the_reference_does_not_know_does_not_load(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: axis for name, axis in AXES.items() if name != "pause"}
    monkeypatch.setattr("ampmap_conformance.engine.plan.AXES", {**known, "planet": AXES["pause"]})
    with pytest.raises(SuiteError) as raised:
        make_plan(embedded_description(reference))
    assert "the kit cannot expand over pause" in str(raised.value)
    assert "planet is not an axis of the reference" in str(raised.value)


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

    with opened(RunOptions(select=("routing.warm-up",))) as session:
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
    with opened(RunOptions()) as session:
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


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("-k", "fallback and openai"), 0, "passed"),
        (("-k", "routing", "--collect-only", "-q"), 0, "routing.warm-up[cerebras-tcp_warming]"),
        (("--base-url", "http://127.0.0.1:9"), 6, "is unreachable: the connection was refused."),
        (("--target", "gone.yaml"), 4, "gone.yaml: No such file or directory"),
    ],
)
def test_plain_pytest_runs_the_same_suite(
    python: Callable[..., Done], words: tuple[str, ...], code: int, says: str
) -> None:
    plain = ("-m", "pytest", "-p", "ampmap_conformance.run.items", "-p", "no:cacheprovider", "-W", "error")
    done = python(*plain, "--pyargs", SUITE, *words, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert done.returncode == code, done.stdout
    assert says in done.stdout + done.stderr
