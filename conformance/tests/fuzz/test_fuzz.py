"""The profile `fuzz`: what it generates, what it finds, and that the guide's ways of using it work."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance import reference as packaged
from ampmap_conformance.cases.axes import expand
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.errors import Failure, KitFaultError, NoAnswerError, NotTestableError, Violation
from ampmap_conformance.fuzz.document import document_for, part_for
from ampmap_conformance.fuzz.generation import GenerationJob, Generator
from ampmap_conformance.fuzz.rules import RULES
from ampmap_conformance.fuzz.session import MOST_SILENT, Campaign
from ampmap_conformance.probe.probe import Probe
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.write import read_report
from ampmap_conformance.run.open import open_run
from ampmap_conformance.verdicts import ExitCode, Verdict
from ampmap_conformance.wire.messages import (
    Exchange,
    Headers,
    Request,
    Response,
)

Run: TypeAlias = Callable[..., RunOutcome]
Done: TypeAlias = "subprocess.CompletedProcess[str]"

CASE = "fuzz.no-leak[xai-models.list]"
"""A case of few requests."""
ODD = {
    "odd-model-500": "fuzz.no-server-error[groq-chat.completions]",
    "zero-refused": "fuzz.valid-forwarded[anthropic-messages]",
    "missing-fields-made-up": "fuzz.invalid-rejected-or-relayed[cerebras-chat.completions]",
    "validation-in-own-shape": "fuzz.error-shape[anthropic-messages.count_tokens]",
    "page-for-rare-methods": "fuzz.content-type[xai-models.list]",
    "key-in-complaint": "fuzz.no-leak[cerebras-chat.completions]",
    "trace-in-complaint": "fuzz.no-stack-trace[openai-chat.completions]",
    "management-odd-body-500": "fuzz.management-holds[api-internal]",
}
"""A defect that odd data shows, and a case that shows it."""


@pytest.mark.parametrize(("defect", "case"), ODD.items())
def test_a_defect_that_odd_data_shows_is_found_in_one_case(run: Run, defect: str, case: str) -> None:
    assert DEFECTS[defect].breaks == (case.partition("[")[0],)
    ended = run(defects=(defect,), select=(case,), strict=True)
    (result,) = ended.report.results
    assert (result.id, result.verdict, ended.code) == (case, Verdict.FAIL, ExitCode.FAILURES)
    assert re.search(r"\(.+; \d+ of \d+ requests\)$", result.reason)


def test_every_rule_has_a_defect_that_it_finds(reference: Reference) -> None:
    rules = {name for name, row in reference.requirements.items() if row.profile == "fuzz"}
    assert rules == set(RULES) == {case.partition("[")[0] for case in ODD.values()}
    assert set(ODD) == {name for name, defect in DEFECTS.items() if set(defect.breaks) & rules}


def test_the_reference_proxy_holds_and_the_report_tells_what_was_generated(run: Run) -> None:
    ended = run(select=("fuzz.*[groq-*]", "fuzz.*[cerebras-*]", "fuzz.*[api-auth]"))
    report = ended.report
    assert ended.code is ExitCode.CONFORMANT
    assert set(report.summary.counts) == {Verdict.PASS}
    assert report.generated is not None
    assert (report.generated.seed, report.generated.max_examples) == (1, 0)
    assert report.generated.by.startswith("schemathesis 4.")
    assert report.requests is not None
    assert 500 < report.requests.sent <= report.requests.planned


@pytest.mark.long
def test_random_data_is_added_and_the_seed_is_printed(command: Callable[..., Done], tmp_path: Path) -> None:
    words = ("run", "--select", "fuzz.*[openai-responses]", "--seed", "7")
    covered = command(*words)
    assert "generated  coverage, seed 7, by schemathesis 4." in covered.stdout
    sent = requests_sent(tmp_path)
    random = command(*words, "--max-examples", "9")
    assert random.returncode == 0, random.stdout
    assert "generated  9 random requests for each operation, seed 7, by schemathesis 4." in random.stdout
    assert sent < requests_sent(tmp_path) <= sent + 9
    assert [path.name for path in tmp_path.iterdir()] == ["ampmap-report"]


def requests_sent(folder: Path) -> int:
    report = read_report(folder / "ampmap-report" / "report.json")
    assert report.requests is not None
    return report.requests.sent


GENERATE = """
import hashlib, sys
from contextlib import closing
from ampmap_conformance import reference
from ampmap_conformance.cases.axes import expand
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.fuzz.document import document_for, part_for
from ampmap_conformance.fuzz.generation import Generator, GenerationJob
seeds, *names = sys.argv[1:]
known = reference.load()
cases = {c.name: c for c in expand(known.requirements["fuzz.no-leak"], embedded_description(known))}
parts = {name: GenerationJob(part_for(document_for(known), known, cases[name]), "m") for name in names}
for seed in seeds.split(","):
    with closing(Generator(parts, seed=int(seed), max_examples=5)) as generator:
        made = generator.requests("openai-responses")
    print(len(made), hashlib.sha256(repr(made).encode()).hexdigest())
"""


@pytest.mark.long
def test_the_same_seed_gives_the_same_requests_whatever_else_is_generated_or_configured(
    python: Callable[..., Done],
) -> None:
    first, other, second = (
        line
        for words, env in (
            (("1,2", "openai-responses"), {"PYTHONHASHSEED": "1"}),
            (("1", "xai-models.list", "openai-responses", "groq-chat.completions"), {"PYTHONHASHSEED": "2", "CI": "1"}),
        )
        for line in python("-c", GENERATE, *words, env=env).stdout.splitlines()
    )
    assert int(first.split()[0]) > 60
    assert first == second
    assert first != other


def test_a_document_that_schemathesis_cannot_read_is_a_fault_of_the_kit() -> None:
    path = {"/x": {"post": {"requestBody": {"$ref": "#/nowhere"}, "responses": {}}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": path}
    good = {**document, "paths": {"/y": {"get": {"responses": {"200": {"description": "d"}}}}}}
    parts = {"bad": GenerationJob(document, ""), "good": GenerationJob(good, "")}
    with closing(Generator(parts, seed=1, max_examples=0)) as generator:
        with pytest.raises(KitFaultError, match=r"(?s)schemathesis cannot generate data: .*nowhere"):
            generator.requests("bad")
        assert {request.target for request in generator.requests("good")} == {"/y"}


def test_it_runs_only_when_it_is_named(command: Callable[..., Done]) -> None:
    for words, named in (
        (("run",), False),
        (("run", "--select", "*.*[groq*]"), False),
        (("run", "--select", CASE), True),
    ):
        assert ("fuzz." in command(*words, "--dry-run").stdout) is named
    assert "fuzz.no-leak  " in command("list", "--profile", "fuzz").stdout


@pytest.mark.long
def test_a_budget_holds_and_what_it_cut_off_is_not_passed(run: Run) -> None:
    ended = run(select=("fuzz.no-leak[xai-chat.completions]",), max_requests=20)
    (result,) = ended.report.results
    assert (result.verdict, ended.code) == (Verdict.NOT_TESTABLE, ExitCode.NOTHING_RAN)
    assert ended.report.requests is not None
    assert ended.report.requests.sent == 20
    found = run(select=("fuzz.no-server-error[xai-chat.completions]",), max_requests=120, defects=("odd-model-500",))
    assert found.report.results[0].verdict is Verdict.WARN


def test_a_known_failure_is_put_up_with(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text("- pattern: fuzz.content-type[xai-models.list]\n  reason: pages for TRACE\n", encoding="utf-8")
    case = ODD["page-for-rare-methods"]
    assert (
        run(defects=("page-for-rare-methods",), select=(case,), strict=True, baseline=file).code is ExitCode.CONFORMANT
    )
    assert run(select=(case,), strict=True, baseline=file).code is ExitCode.STALE_BASELINE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "--openapi api.json: No such file or directory"),
        ("{}", "--openapi api.json: expected an OpenAPI document that `ampmap build openapi` wrote"),
        ('{"info": {"x-ampmap": {"digest": "sha256:0"}}}', "--openapi api.json was built from another reference"),
    ],
)
def test_a_wrong_document_ends_in_one_message(
    command: Callable[..., Done], tmp_path: Path, text: str | None, says: str
) -> None:
    if text is not None:
        (tmp_path / "api.json").write_text(text)
    done = command("run", "--profile", "fuzz", "--openapi", "api.json")
    assert (done.returncode, done.stdout) == (4, "")
    assert says in done.stderr


def test_every_edition_has_its_document() -> None:
    for edition in packaged.editions():
        document = document_for(packaged.load(edition=edition))
        assert document["info"]["version"] == edition


@pytest.mark.long
def test_plain_pytest_on_the_suite_generates_when_it_is_asked_to(python: Callable[..., Done]) -> None:
    words = (
        "-m",
        "pytest",
        "-p",
        "ampmap_conformance.run.items",
        "-p",
        "no:cacheprovider",
        "-q",
        "-k",
        "xai-models.list",
    )
    plain = (*words, "--pyargs", "ampmap_conformance.suite.test_fuzz", "-W", "error")
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert "7 passed" in python(*plain, "--ampmap-profile", "fuzz", env=alone).stdout
    assert "no tests ran" in python(*plain, env=alone).stdout


def test_without_schemathesis_it_says_what_to_install(python: Callable[..., Done]) -> None:
    main = "import sys; sys.modules['schemathesis'] = None; from ampmap_conformance.cli.main import main; main()"
    done = python("-c", main, "run", "--profile", "fuzz")
    assert (done.returncode, done.stdout) == (4, "")
    assert "pip install 'ampmap[fuzz]'" in done.stderr
    assert (
        python("-c", main, "run", "--profile", "auth", "--select", "auth.missing-credential-rejected[groq*]").returncode
        == 0
    )


def test_a_part_of_the_document_has_the_operations_of_a_case_where_the_target_has_them(reference: Reference) -> None:
    target = embedded_description(reference)
    moved = tuple(
        provider.model_copy(update={"base_path": "/g"}) if provider.id == "google" else provider
        for provider in target.providers
    )
    row = reference.requirements["fuzz.no-leak"]
    (case,) = [case for case in expand(row, replace(target, providers=moved)) if case.name == "google-generateContent"]
    part = part_for(document_for(reference), reference, case)
    assert len(part["paths"]) == 2 * len(moved[2].roots)
    assert "/g/v1beta/models/{model}:streamGenerateContent" in part["paths"]
    assert all(path.startswith("/g/") for path in part["paths"])
    assert "security" not in json.dumps(part["paths"])


def test_a_target_that_says_nothing_is_not_asked_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(probe: Probe, request: Request, **_: object) -> Exchange:
        probe.exchanges.append(Exchange(request, Response(0, Headers(), (), 0.0), ()))
        raise NoAnswerError(Failure.TIMEOUT)

    names = ("fuzz.no-server-error", "fuzz.no-leak")
    monkeypatch.setattr(Probe, "exchange", silent)
    with open_run(RunOptions(select=tuple(f"{name}[xai-models.list]" for name in names))) as session:
        probe = Probe(session.context)
        (first, second) = session.plan.selected
        campaign = probe.generated(first.case, names[0])
        assert isinstance(campaign, Campaign)
        assert campaign is probe.generated(second.case, names[1])
        assert campaign.sent == MOST_SILENT
        with pytest.raises(Violation, match="no answer"):
            campaign.raise_for(names[0], probe.exchanges)
        with pytest.raises(NotTestableError, match="5 requests in a row"):
            campaign.raise_for(names[1], probe.exchanges)


def test_what_the_dialect_wants_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    send, versions = Probe.exchange, set()

    def noting(probe: Probe, request: Request, *, persona: str) -> Exchange:
        versions.add(request.headers.get("anthropic-version"))
        return send(probe, request, persona=persona)

    monkeypatch.setattr(Probe, "exchange", noting)
    with open_run(RunOptions(select=("fuzz.no-leak[anthropic-messages.count_tokens]",))) as session:
        (task,) = session.plan.selected
        Probe(session.context).generated(task.case, task.row.id).raise_for(task.row.id, [])
    assert {None, "2023-06-01"} <= versions
