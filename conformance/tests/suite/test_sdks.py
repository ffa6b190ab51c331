"""The profile of SDKs: it runs on request, says what is missing, catches what breaks SDKs, and calls nobody else."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import TypeAlias, cast

import httpx
import pytest
from ampmap_conformance.cases import sdks as table
from ampmap_conformance.cases.sdks import SDKS
from ampmap_conformance.engine.plan import proxy_rules
from ampmap_conformance.errors import KitFaultError, UsageError
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_conformance.report.junit import to_junit
from ampmap_conformance.report.markdown import to_markdown
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.page import to_html
from ampmap_conformance.suite.sdks.protocol import Settings
from ampmap_conformance.suite.sdks.stainless import Stainless
from ampmap_conformance.suite.sdks.wire import Line, new_nonce
from ampmap_conformance.verdicts import Attribution, ExitCode, Verdict

from ..support import DefaultRun

Run: TypeAlias = Callable[..., RunOutcome]
PROFILE = "clients"
RULES = [name for name, row in proxy_rules(load()).items() if row.profile == PROFILE]
FAULTS = [(name, rule) for name, defect in DEFECTS.items() for rule in defect.breaks if rule in RULES]
INSTALLED = all(sdk.version for sdk in SDKS)
needs_sdks = pytest.mark.skipif(not INSTALLED, reason=f"not every SDK is installed: {table.REMEDY}")


@pytest.fixture
def no_sdks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no SDK were installed."""
    monkeypatch.setattr(table, "version_of", lambda _package, _module: None)


def test_sdks_take_no_part_in_a_run_that_does_not_ask_for_them(default_run: DefaultRun) -> None:
    assert not [result for result in default_run.report.results if result.profile == PROFILE]
    assert default_run.report.clients == ()


@pytest.mark.usefixtures("no_sdks")
def test_a_profile_that_needs_sdks_asks_for_them(run: Run) -> None:
    with pytest.raises(UsageError, match=re.escape("install them by `pip install 'ampmap[clients]'`")):
        run(profiles=(PROFILE,))


@pytest.mark.usefixtures("no_sdks")
def test_without_sdks_nothing_is_tested_and_the_remedy_is_named(run: Run) -> None:
    ended = run(select=("clients.plain[*groq*]",))
    assert ended.code is ExitCode.NOTHING_RAN
    assert {result.verdict for result in ended.report.results} == {Verdict.NOT_TESTABLE}
    assert all("pip install 'ampmap[clients]'" in result.reason for result in ended.report.results)
    assert ended.report.clients == ()


@pytest.mark.long
def test_one_that_is_missing_takes_its_own_cases_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    known = table.version_of
    monkeypatch.setattr(table, "version_of", lambda name, module: None if name == "groq" else known(name, module))
    results = run(select=("clients.models",)).report.results
    without = {result.case for result in results if "SDK groq is not installed" in result.reason}
    assert without == {"groq-chat.completions-groq"}


@needs_sdks
def test_every_sdk_works_through_the_reference_proxy(run: Run) -> None:
    ended = run(profiles=(PROFILE,))
    assert ended.code is ExitCode.CONFORMANT
    assert {result.verdict for result in ended.report.results} == {Verdict.PASS}
    assert {result.requirement for result in ended.report.results} == set(RULES)


@needs_sdks
def test_what_the_observer_answers_is_valid_to_sdks_that_look_closely(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SDKs let wrong types pass unless they are told not to. The groq SDK of 2025 refuses Groq's own chunks then."""
    make = Stainless.__init__

    def strictly(self: Stainless, sdk: ModuleType, name: str, settings: Settings) -> None:
        strict = {name: partial(getattr(sdk, name), _strict_response_validation=True)}
        make(self, cast("ModuleType", SimpleNamespace(**{**vars(sdk), **strict})), name, settings)

    monkeypatch.setattr(Stainless, "__init__", strictly)
    rules = ("clients.plain", "clients.stream", "clients.count-tokens", "clients.models", "clients.tool-round-trip")
    ended = run(select=rules)
    assert [result.id for result in ended.report.results if result.verdict is not Verdict.PASS] == []
    assert len(ended.report.results) > 40


@needs_sdks
def test_reports_name_the_versions(run: Run) -> None:
    report = run(select=("clients.models",)).report
    assert {client.name: client.version for client in report.clients} == {sdk.package: sdk.version for sdk in SDKS}
    for made in (to_html(report), to_junit(report), to_markdown(report)):
        assert all(f"{sdk.package} {sdk.version}".encode() in made for sdk in SDKS)


@needs_sdks
@pytest.mark.parametrize(("defect", "rule"), FAULTS)
def test_each_rule_catches_what_breaks_it(run: Run, defect: str, rule: str) -> None:
    ended = run(defects=(defect,), select=(rule,), strict=True, fail_fast=True)
    red = [result for result in ended.report.results if result.verdict is Verdict.FAIL]
    assert ended.code is ExitCode.FAILURES
    assert {result.requirement for result in red} == {rule}
    assert red[0].reproduce.command.startswith("ampmap-conformance run --defect")


def test_each_rule_has_something_that_breaks_it() -> None:
    assert {rule for _, rule in FAULTS} == set(RULES)


@needs_sdks
def test_variables_of_the_users_own_are_not_sent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "users-own-value"
    names = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "OPENAI_ORG_ID", "GOOGLE_CLOUD_PROJECT")
    for name in names:
        monkeypatch.setenv(name, f"X-Own: {secret}" if "HEADERS" in name else secret)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    report = run(select=("clients.plain",), trace=("clients.plain",)).report
    assert {result.verdict for result in report.results} == {Verdict.PASS}
    exchanges = json.dumps([result.model_dump(mode="json")["exchanges"] for result in report.results])
    assert "/chat/completions" in exchanges
    assert secret not in exchanges


@needs_sdks
def test_sdks_connect_to_loopback_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever library they connect by: some have several."""
    connect, hosts = socket.socket.connect, set()

    def watched(self: socket.socket, address: object) -> None:
        hosts.add(address[0] if isinstance(address, tuple) else "a local socket")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", watched)
    rules = ("clients.plain", "clients.count-tokens", "clients.models", "clients.own-errors")
    assert run(select=rules).code is ExitCode.CONFORMANT
    assert hosts - {"a local socket"} == {"127.0.0.1"}


def test_no_other_host_is_called_and_the_attempt_is_a_fault_of_the_kit() -> None:
    line = Line("http://127.0.0.1:9", new_nonce(), lambda: None, lambda _nonce: True)
    with httpx.Client(transport=line.transport(httpx)) as client, pytest.raises(KitFaultError, match=r"example\.com"):
        client.get("http://telemetry.example.com/")
    assert isinstance(line.fault, KitFaultError)
    assert line.records == []


@needs_sdks
def test_failures_are_told_apart_from_those_of_the_upstream(run: Run) -> None:
    ended = run(select=("clients.plain[groq-*]",), defects=("answers-in-envelope",), attribute=True)
    assert {result.attribution for result in ended.report.results} == {Attribution.PROXY}


@needs_sdks
def test_sdks_spend_the_budget_of_the_run(run: Run) -> None:
    ended = run(select=("clients.plain",), max_requests=4, workers=1)
    assert ended.report.requests is not None
    assert ended.report.requests.sent == 4
    assert ended.code is ExitCode.NOTHING_RAN
    assert any("--max-requests" in result.reason for result in ended.report.results)


def test_the_table_of_sdks_holds_for_a_provider_that_is_added(reference: Reference) -> None:
    (openai,) = [sdk for sdk in SDKS if sdk.id == "openai"]
    added = reference.providers["xai"].model_copy(update={"id": "newcomer", "base_path": "/api/provider/newcomer/v1"})
    wider = reference.model_copy(update={"providers": {**reference.providers, "newcomer": added}})
    assert [call.id for call, _ in openai.calls(wider, added)] == ["chat.completions"]
