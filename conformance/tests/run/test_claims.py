"""What a target claims, against what is seen; and the core that it cannot leave."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.claims import without_rows
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy import ReferenceProxy, config_for_observer
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import ExitCode, Verdict

Run: TypeAlias = Callable[..., RunOutcome]
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "canary-of-the-claims-canary"
GROQ = "providers: [groq]\ncredentials: {client: {env: STAGING_KEY}}\n"


@pytest.fixture
def staged(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch, reserved: str
) -> Iterator[Callable[..., Path]]:
    """A target file for a reference proxy whose upstreams lead to where the kit will listen."""
    monkeypatch.setenv("STAGING_KEY", KEY)
    observer = f"http://{reserved}"
    config = config_for_observer(reference, lambda persona: f"{observer}/{persona}", [KEY])

    def written(text: str) -> Path:
        file = tmp_path / "staging.yaml"
        advertise = f"observer: {{advertise: '{observer}'}}\n"
        file.write_text(f"name: staging\nbase_url: {proxy.url}\n{advertise}{GROQ}{text}", encoding="utf-8")
        return file

    with ReferenceProxy(config) as proxy:
        yield written


def test_a_feature_that_is_there_and_not_claimed_is_a_notice(run: Run, staged: Callable[..., Path]) -> None:
    ended = run(target=staged(""), profiles=("management",))
    assert {result.verdict for result in ended.report.results} == {Verdict.NOT_APPLICABLE}
    assert {result.reason for result in ended.report.results} == {"the target does not claim `management`"}
    assert [notice.kind for notice in ended.report.notices] == ["unclaimed-feature"]
    assert "does not claim `management`" in ended.report.notices[0].text
    claimed = run(target=staged("claims: [management]\n"), select=("management.forwarded",))
    assert (claimed.code, claimed.report.notices) == (ExitCode.CONFORMANT, ())


def test_a_feature_that_is_not_there_and_not_claimed_is_no_notice(run: Run, staged: Callable[..., Path]) -> None:
    ended = run(target=staged(""), profiles=("fallback",))
    assert [notice for notice in ended.report.notices if notice.kind == "unclaimed-feature"] == []


@pytest.mark.parametrize(("policy", "told"), [("translated", True), ("rewritten", False)])
def test_bodies_that_are_not_translated_as_the_file_says_are_a_notice(
    run: Run, staged: Callable[..., Path], policy: str, told: bool
) -> None:
    ended = run(target=staged(f"policy: {{body: {policy}}}\n"), select=("routing.reaches-upstream", "auth.missing-*"))
    assert ended.code == ExitCode.CONFORMANT
    texts = [notice.text for notice in ended.report.notices if notice.kind == "untrue-policy"]
    assert len(texts) == told
    assert all("of `groq` in openai-chat are `translated`, and 2 of 2 calls arrived in openai-chat" in t for t in texts)


def test_a_target_on_loopback_has_no_client_with_another_address(run: Run, staged: Callable[..., Path]) -> None:
    claims = "claims: [management, localhost-only]\n"
    ended = run(target=staged(claims), select=("security.foreign-peer-refused",))
    reasons = {result.reason for result in ended.report.results if result.verdict is Verdict.NOT_TESTABLE}
    assert reasons == {"no client with another address: the target was not reached by any other address of its machine"}


def test_what_cannot_be_seen_is_no_notice(run: Run, always: Callable[[int], str]) -> None:
    ended = run(base_url=always(200), profiles=("management",))
    assert ended.report.notices == ()


def test_a_claim_that_does_not_hold_fails(run: Run, always: Callable[[int], str], staged: Callable[..., Path]) -> None:
    file = staged("claims: [management]\n")
    text = file.read_text(encoding="utf-8")
    lines = [f"base_url: {always(200)}" if line.startswith("base_url") else line for line in text.splitlines()]
    file.write_text("\n".join(lines), encoding="utf-8")
    ended = run(target=file, select=("management.forwarded",))
    assert ended.code is ExitCode.FAILURES


def test_a_claim_that_is_not_exercised_makes_the_run_incomplete(run: Run, staged: Callable[..., Path]) -> None:
    ended = run(target=staged("claims: [mapping]\n"), profiles=("fallback",))
    assert (ended.code, ended.report.summary.verdict) == (ExitCode.NOTHING_RAN, "incomplete")
    assert "fallback.mapping-rewrites-model" in ended.report.summary.untested


SECOND = "management.second-client"


def test_what_a_target_may_do_without_leaves_no_run_incomplete(run: Run, staged: Callable[..., Path]) -> None:
    ended = run(target=staged("claims: [management]\n"), profiles=("management",))
    assert (ended.code, ended.report.summary.verdict) == (ExitCode.CONFORMANT, "partial")
    assert {r.verdict for r in ended.report.results if r.requirement == SECOND} == {Verdict.NOT_TESTABLE}
    (notice,) = ended.report.notices
    assert notice.kind == "not-testable"
    assert "`credentials.second_client`" in notice.text
    assert f"not tested: {SECOND} (not required" in notice.text


@pytest.mark.parametrize(
    ("claim", "row"),
    [
        ("per-client-upstream", "tenancy.own-amp-key-on-management"),
        ("hot-reload", "reload.restrict-management-to-localhost"),
    ],
)
def test_a_claim_of_which_nothing_can_be_tried_leaves_the_run_incomplete(
    run: Run, staged: Callable[..., Path], claim: str, row: str
) -> None:
    ended = run(target=staged(f"claims: [{claim}]\n"), select=(row, "routing.answer-relayed"))
    assert (ended.code, ended.report.summary.verdict) == (ExitCode.NOTHING_RAN, "incomplete")
    assert ended.report.summary.untested == (row,)
    unclaimed = run(target=staged(""), select=(row, "routing.answer-relayed"))
    assert unclaimed.code is ExitCode.CONFORMANT


def test_a_claim_without_any_requirement_cannot_be_exercised(reference: Reference) -> None:
    rows = {name: row for name, row in reference.requirements.items() if row.claim != "hot-reload"}
    known = reference.model_copy(update={"requirements": rows})
    target = embedded_description(reference)
    claiming = replace(target, file=target.file.model_copy(update={"claims": ("mapping", "hot-reload")}))
    assert without_rows(known, claiming) == ("hot-reload",)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("claims: [no-routing]", "6:10", "`routing` is core: every target is tested on the core"),
        ("claims: [auth.missing-credential-rejected]", "6:10", "`auth.missing-credential-rejected` is core"),
        ("claims: [-management]", "6:10", "remove `-management` from `claims`"),
        ("claims: [managment]", "6:10", "unknown claim `managment`; did you mean `management`?"),
        ("exempt: [auth]", "6:1", "a target file cannot disclaim it"),
        ("skip: [auth]", "6:1", "a target file cannot disclaim it"),
    ],
)
def test_the_core_cannot_be_disclaimed(
    command: Command, staged: Callable[..., Path], text: str, place: str, words: str
) -> None:
    file = staged(f"{text}\n")
    done = command("run", "--target", str(file), env={"STAGING_KEY": KEY})
    assert done.returncode == 4
    assert done.stderr.startswith(f"{file}:{place}: ")
    assert words in done.stderr
