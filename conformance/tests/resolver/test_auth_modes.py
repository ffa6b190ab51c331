"""`resolve-auth`: right resolvers pass however they are made, wrong ones fail at the vectors of the rule they break."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ampmap_conformance.engine.plan import RESOLVER
from ampmap_conformance.reference.types import AuthVector, Reference
from ampmap_conformance.report.model import Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.write import read_report
from ampmap_conformance.resolver import behaviour, vectors
from ampmap_conformance.resolver.defects import DEFECTS, behaviour_with
from ampmap_conformance.resolver.harnesses import resolver as sample
from ampmap_conformance.resolver.judge import judge
from ampmap_conformance.resolver.protocol import Failed, Fault, Found, NoUsableAnswerError, ResolverAnswer
from ampmap_conformance.resolver.resolvers import OwnResolver, ResolverOptions
from ampmap_conformance.resolver.run import check_resolver
from ampmap_conformance.verdicts import ExitCode, Level, Verdict
from ampmap_tests_support.places import GUIDES

VECTORS = vectors.load().vectors
HARNESSES = Path(sample.__file__).parent
GUIDE = GUIDES / "check-your-resolver.md"
COMBINATIONS = "auth-modes.combinations"


class Silent:
    """Watches a check and says nothing."""

    def announce(self, reference: Reference, target: str, requirements: int, cases: int) -> None: ...

    def case(self, result: Result) -> None: ...


def check(**options: Any) -> RunOutcome:
    return check_resolver(ResolverOptions(**options), Silent())


def failing(decide: Callable[[AuthVector], ResolverAnswer]) -> dict[str, str]:
    """The vectors that a resolver fails, each with its requirement."""
    return {
        vectors.vector_id(vector): vector.requirement
        for vector in VECTORS
        if judge(vector, decide(vector), Level.MUST, strict=True).verdict is Verdict.FAIL
    }


# --- right and wrong resolvers


def test_two_resolvers_that_were_written_apart_agree_on_every_vector() -> None:
    own = OwnResolver()

    assert failing(lambda vector: own.ask(0, vector)) == {}
    assert failing(lambda vector: behaviour.answer(behaviour.CORRECT, vector)) == {}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_wrong_resolver_fails_at_the_vectors_of_the_rules_that_it_breaks(defect: str) -> None:
    wrong = behaviour_with([defect])
    failed = set(failing(lambda vector: behaviour.answer(wrong, vector)).values())

    assert set(DEFECTS[defect].breaks) - failed == set()


def test_a_fault_that_touches_one_rule_shows_at_that_rule_alone() -> None:
    """Faults that change what every later step sees show in more places; these do not."""
    narrow = {
        "allowed-true-widens": "never-widens",
        "provider-over-model": "lookup-order",
        "any-first": "lookup-order",
        "every-denial-counts": "lookup-order",
        "empty-set-means-all": "empty-intersection",
        "local-before-host-session": "preference-order",
        "host-session-in-the-cloud": "local-capacity",
        "entitlement-not-checked": "metered-entitlement",
        "key-pool-not-checked": "metered-key",
        "quota-not-checked": "shared-quota",
        "gemini-not-rewritten": "runtime-provider",
        "unknown-mode-taken": "result-in-set",
    }
    shown = {
        defect: set(failing(lambda v, d=defect: behaviour.answer(behaviour_with([d]), v)).values()) - {COMBINATIONS}
        for defect in narrow
    }

    assert shown == {defect: {f"auth-modes.{rule}"} for defect, rule in narrow.items()}


def test_every_rule_and_every_vector_that_binds_catches_a_wrong_resolver(reference: Reference) -> None:
    caught: set[str] = set()
    for defect in DEFECTS:
        wrong = behaviour_with([defect])
        caught |= set(failing(lambda vector, wrong=wrong: behaviour.answer(wrong, vector)))
    rules = {row.id for row in reference.requirements.values() if RESOLVER in row.needs}

    assert {vector.requirement for vector in VECTORS} == rules
    assert {rule for defect in DEFECTS.values() for rule in defect.breaks} | {COMBINATIONS} == rules
    assert [
        vectors.vector_id(vector) for vector in VECTORS if vector.asserted and vectors.vector_id(vector) not in caught
    ] == []


# --- where the sources are silent


def silent_vector() -> AuthVector:
    return next(v for v in VECTORS if v.case == "claude.api-key-beside-metered")


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (ResolverAnswer(seq=1, resolution=Found(mode="metered")), Verdict.NOT_APPLICABLE),
        (ResolverAnswer(seq=1, error=Failed(code="INVALID_PROFILE")), Verdict.NOT_APPLICABLE),
        (ResolverAnswer(seq=1, error=Failed()), Verdict.NOT_APPLICABLE),
        (ResolverAnswer(seq=1, resolution=Found(mode="api-key")), Verdict.FAIL),
        (ResolverAnswer(seq=1, resolution=Found(mode="byok")), Verdict.FAIL),
        (NoUsableAnswerError(Fault.ENDED), Verdict.WARN),
    ],
)
def test_where_the_sources_are_silent_only_an_impossible_mode_fails(
    given: ResolverAnswer | NoUsableAnswerError, verdict: Verdict
) -> None:
    judgement = judge(silent_vector(), given, Level.MUST, strict=False)

    assert judgement.verdict is verdict
    assert judgement.reason


def test_a_code_is_compared_only_where_a_source_states_it_for_the_provider() -> None:
    cases = {v.case: v for v in VECTORS if v.requirement == "auth-modes.local-capacity"}
    other = ResolverAnswer(seq=1, error=Failed(code="NO_CAPACITY"))

    assert judge(cases["claude.host-session-in-the-cloud"], other, Level.MUST, strict=False).verdict is Verdict.FAIL
    assert judge(cases["codex.host-session-in-the-cloud"], other, Level.MUST, strict=False).verdict is Verdict.PASS


def test_a_wrong_runtime_provider_warns_and_fails_when_strict() -> None:
    select = ("auth-modes.runtime-provider",)

    assert check(defects=("gemini-not-rewritten",), select=select).code is ExitCode.CONFORMANT
    assert check(defects=("gemini-not-rewritten",), select=select, strict=True).code is ExitCode.FAILURES


# --- the command and its report


def test_the_command_reports_as_run_does(command: Callable[..., Any], tmp_path: Path) -> None:
    done = command("resolve-auth", "--defect", "any-first", "--report-dir", "out", "--verbose")
    again = command("resolve-auth", "--defect", "any-first", "--report-dir", "again")
    report = read_report(tmp_path / "out" / "report.json")

    assert done.returncode == again.returncode == 1
    assert "WARN auth-modes.lookup-order[claude.org.model-over-*.allows]   should" in done.stdout
    assert "FAIL auth-modes.combinations[" in done.stdout
    assert "again     ampmap-conformance resolve-auth --defect any-first --select" in done.stdout
    assert report.summary.verdict == "non-conformant"
    assert set(report.summary.by_profile) == {"auth-modes"}
    assert report.results[0].docs_url == ""
    timeless = [r.model_copy(update={"duration_ms": 0.0}) for r in report.results]
    repeated = read_report(tmp_path / "again" / "report.json").results
    assert timeless == [r.model_copy(update={"duration_ms": 0.0}) for r in repeated]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 0, f"conformant: {len(VECTORS)} cases"),
        (("--command", "/nowhere/resolver"), 4, "No such file"),
        (("--url", "http://127.0.0.1:9/"), 6, "the connection was refused"),
        (("--select", "auth-modes.result-in-set"), 5, "no case was executed, most often because of this: "),
        (("--timeout", "0"), 4, "--timeout"),
    ],
)
def test_exit_codes_are_those_of_run(command: Callable[..., Any], words: tuple[str, ...], code: int, says: str) -> None:
    done = command("resolve-auth", *words)

    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout + done.stderr


def test_a_dry_run_prints_what_a_harness_reads(command: Callable[..., Any]) -> None:
    done = command("resolve-auth", "--dry-run", "--select", "auth-modes.lookup-order[codex.model-of-three]")
    start, question, stop = map(json.loads, done.stdout.splitlines())

    assert (start["cmd"], start["version"], stop) == ("start", 1, {"cmd": "stop"})
    assert sample.answer(question) == {"seq": 1, "resolution": {"mode": "byok"}}
    assert not {"expected", "possible", "because", "asserted"} & set(question)


def test_rules_for_resolvers_are_listed_and_explained_with_their_vectors_and_defects(
    command: Callable[..., Any],
) -> None:
    rows = json.loads(command("list", "--profile", "auth-modes", "--json").stdout)
    lookup = next(row for row in rows if row["id"] == "auth-modes.lookup-order")

    assert "codex.model-of-three" in lookup["cases"]
    assert "provider-over-model" in lookup["defects"]
    assert "16 vectors, sent by `resolve-auth`" in command("explain", "auth-modes.lookup-order").stdout


# --- the guide


def test_the_guide_shows_the_sample_and_messages_that_are_true() -> None:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    sources = [text for language, text in blocks if language == "javascript"]
    messages = [text for language, text in blocks if language == "json"]
    question = json.loads(next(text for text in messages if '"resolve"' in text))
    resolved, _ = next(text for text in messages if '"resolution"' in text).splitlines()
    vector = VECTORS[0].model_dump(mode="json", exclude_unset=True)

    assert sources == [(HARNESSES / "resolver.mjs").read_text(encoding="utf-8")]
    assert sample.answer(question) == json.loads(resolved)
    assert set(question) - {"cmd", "seq"} == {"profile", "policy", "provider", "environment"}
    assert all(set(question[name]) == set(vector[name]) for name in ("profile", "policy", "provider", "environment"))


def test_the_guide_names_every_fault() -> None:
    text = GUIDE.read_text(encoding="utf-8")

    assert [fault.value for fault in Fault if f"`{fault.value}`" not in text] == []
