"""What a target claims, against what is seen; the core that it cannot leave; and the file that it begins with."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, get_args

import pytest
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.claims import without_rows
from ampmap_conformance.errors import UsageError
from ampmap_conformance.observer import Observer
from ampmap_conformance.reference.types import ClaimName, Reference
from ampmap_conformance.refproxy import ProxyConfig, ReferenceProxy, config_for_observer
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.target import target as targets
from ampmap_conformance.target.discover import discovered, target_file
from ampmap_conformance.target.file import Part, TargetFile
from ampmap_conformance.target.target import Secret
from ampmap_conformance.verdicts import ExitCode, Verdict
from ampmap_tests_support.places import GUIDES

Run: TypeAlias = Callable[..., RunOutcome]
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "canary-of-the-claims-canary"
GROQ = "providers: [groq]\ncredentials: {client: {env: STAGING_KEY}}\n"


@pytest.fixture
def staged(tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """A target file for a reference proxy whose upstreams lead to where the kit will listen."""
    monkeypatch.setenv("STAGING_KEY", KEY)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        observer = f"http://127.0.0.1:{reserved.getsockname()[1]}"
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
    assert (ended.code, ended.report.summary.verdict) == (ExitCode.CONFORMANT, "conformant")
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
        ("claims: [no-routing]", "6:10", "`routing` is core: every target is held to the core"),
        ("claims: [auth.missing-credential-rejected]", "6:10", "`auth.missing-credential-rejected` is core"),
        ("claims: [-management]", "6:10", "leave `management` out of `claims`"),
        ("claims: [managment]", "6:10", "there is no claim `managment`; did you mean `management`?"),
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


@pytest.mark.parametrize(
    ("observer", "words"),
    [
        ("{advertise: 'http://o', control: 'http://c'}", "requires `token`"),
        (
            "{advertise: 'http://o', token: {env: STAGING_KEY}, personas: {groq: 'http://g'}}",
            "start the remote observer with --persona",
        ),
        ("{advertise: 'http://o', personas: {grok: 'http://g'}}", "unknown persona `grok`; did you mean `groq`?"),
        ("{advertise: 'o:9100'}", "expected an absolute http or https URL"),
    ],
)
def test_an_observer_is_named_in_one_of_two_ways(
    tmp_path: Path, reference: Reference, observer: str, words: str
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"name: x\nbase_url: http://p\nobserver: {observer}\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        targets.load(file, reference, {"STAGING_KEY": KEY})
    assert str(caught.value).startswith(f"{file}:3:")
    assert words in str(caught.value)


# --- target init


@pytest.fixture
def observer(reference: Reference) -> Iterator[Observer]:
    with Observer(reference) as running:
        yield running


@pytest.fixture
def config(observer: Observer, reference: Reference) -> ProxyConfig:
    return config_for_observer(reference, observer.persona_url, [KEY])


def test_a_target_file_is_found_out_at_no_cost(
    config: ProxyConfig, observer: Observer, reference: Reference, tmp_path: Path
) -> None:
    groq_alone = {"groq": reference.providers["groq"]}
    narrow = replace(config, reference=reference.model_copy(update={"providers": groq_alone}))
    with ReferenceProxy(narrow) as proxy:
        found = discovered(proxy.url, reference, Secret(KEY, "$AMPMAP_CLIENT_KEY"))
        text = target_file(proxy.url, reference, found)
    assert found.providers == ("groq",)
    assert "openai" in found.absent
    assert (found.needs_key, found.key_accepted, found.management) == (True, True, True)
    assert KEY not in text
    file = tmp_path / "staging.yaml"
    file.write_text(text, encoding="utf-8")
    target = targets.load(file, reference, {"AMPMAP_CLIENT_KEY": KEY})
    assert [provider.id for provider in target.providers] == ["groq"]
    assert target.claims("management")
    paid = [seen for seen in observer.all_requests() if seen.method == "POST" and seen.body != b"{"]
    assert paid == []


def test_without_a_key_it_says_only_what_is_sure(config: ProxyConfig, reference: Reference) -> None:
    with ReferenceProxy(config) as proxy:
        found = discovered(proxy.url, reference, None)
        wrong = discovered(proxy.url, reference, Secret("a-wrong-key", "$AMPMAP_CLIENT_KEY"))
    assert (found.providers, found.needs_key, found.key_accepted) == (None, True, None)
    assert (wrong.providers, wrong.key_accepted) == (None, False)
    assert "rejects the key in" in target_file(proxy.url, reference, wrong)


def test_the_file_names_everything_that_can_be_said(reference: Reference, tmp_path: Path) -> None:
    text = target_file("https://proxy.example.com", reference)
    missing = [name for name in named_keys(TargetFile) if f"{name}:" not in text]
    assert missing == []
    optional = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and ": " in line]
    assert len(optional) > 10
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    assert targets.load(file, reference, {"AMPMAP_CLIENT_KEY": KEY}).file.base_url == "https://proxy.example.com"


def test_the_guide_explains_everything_that_can_be_said() -> None:
    guide = (GUIDES / "target-file.md").read_text(encoding="utf-8")
    explained = {word for cell in re.findall(r"`([\w.]+)`", guide) for word in cell.split(".")}
    explained |= set(re.findall(r"^(\w+):", guide, re.MULTILINE))
    assert set(named_keys(TargetFile)) - explained == set()
    assert set(get_args(ClaimName)) <= set(re.findall(r"`([\w-]+)`", guide))


def named_keys(model: type[Part]) -> Iterator[str]:
    """Every key that a target file can have, at any depth."""
    for name, info in model.model_fields.items():
        yield info.alias or name
        for kind in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, Part):
                yield from named_keys(kind)


def test_target_init_writes_a_file_once(command: Command, always: Callable[[int], str]) -> None:
    done = command("target", "init", "--from-url", always(200), "--out", "staging.yaml")
    assert done.returncode == 0
    checked = command("target", "check", "staging.yaml", env={"AMPMAP_CLIENT_KEY": KEY})
    assert checked.returncode == 0
    again = command("target", "init", "--out", "staging.yaml")
    assert (again.returncode, "already exists" in again.stderr) == (4, True)
    for url, code, words in (
        ("http://127.0.0.1:9", 6, "is unreachable: the connection was refused."),
        (always(404), 6, "has no Amp surface"),
        ("nonsense", 4, "--from-url: `nonsense` is invalid; expected an absolute http or https URL"),
    ):
        done = command("target", "init", "--from-url", url)
        assert (done.returncode, words in done.stderr, done.stdout) == (code, True, "")
