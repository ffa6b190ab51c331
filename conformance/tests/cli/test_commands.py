"""The command as its users see it: what it prints and how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance import reference as packaged
from ampmap_conformance.cases.selection import ON_REQUEST
from ampmap_conformance.cli import show as show_rules
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.engine.plan import proxy_rules
from ampmap_conformance.errors import SuiteError
from ampmap_conformance.reference.types import EDITION, Reference, Requirement
from ampmap_conformance.refproxy import ReferenceProxy, config_for_observer
from ampmap_conformance.report.write import read_report
from ampmap_conformance.target.as_reference import spare_models
from ampmap_conformance.verdicts import Verdict

from ..support import DefaultRun

Process: TypeAlias = "subprocess.Popen[str]"
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "canary-of-the-command-canary"


def speaks_of_other_proxies(row: Requirement) -> bool:
    """Whether a rule is on proxies of a kind that the reference proxy is not; defects of a variant break these."""
    policies = [condition.policy for condition in row.when if condition.policy]
    return any(p.routing or p.client_key or p.browser_pages or p.body == ("translated",) for p in policies)


@pytest.mark.long
@pytest.mark.cost
def test_the_default_run_is_green_and_quick(default_run: DefaultRun, reference: Reference) -> None:
    done, report = default_run.done, default_run.report
    assert done.returncode == 0, done.stdout
    assert "conformant: " in done.stdout
    assert done.stderr == ""
    assert report.summary.verdict == "conformant"
    assert set(report.summary.counts) == {"pass", "not-applicable"}
    freed = {r.requirement for r in report.results if r.verdict is Verdict.NOT_APPLICABLE}
    assert freed == {row.id for row in proxy_rules(reference).values() if speaks_of_other_proxies(row)}
    usual = [row for row in proxy_rules(reference).values() if not row.excluded and row.profile not in ON_REQUEST]
    assert {r.requirement for r in report.results} == {row.id for row in usual}
    assert (report.reference.edition, report.reference.digest) == (EDITION, reference.digest)
    # Seconds of processor time. A processor whose other half is busy, as beside other tests, needs half as many more.
    assert default_run.seconds < 30


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (
            ("run", "--base-url", "http://127.0.0.1:9"),
            6,
            "http://127.0.0.1:9 is unreachable: the connection was refused.",
        ),
        (("run", "--base-url", "http://no-such-host.invalid"), 6, "the host name has no address"),
        (
            ("run", "--base-url", "nonsense"),
            4,
            "--base-url: `nonsense` is invalid; expected an absolute http or https URL",
        ),
        (("run", "--target", "gone.yaml"), 4, "gone.yaml: No such file or directory"),
        (("run", "--target", "gone.yaml", "--base-url", "http://x"), 4, "cannot be combined"),
        (("run", "--profile", "rooting"), 4, "--profile: unknown profile `rooting`; did you mean `routing`?"),
        (("run", "--profile", "auth-modes"), 4, "apply to a resolver, not to a proxy; test a resolver with `ampmap"),
        (
            ("run", "--dry-run", "--select", "auth-modes.*"),
            4,
            "test a resolver with `ampmap-conformance resolve-auth --command",
        ),
        (("run", "--select", "headers.nothing"), 4, "--select: `headers.nothing` matches no case"),
        (("run", "--select", "auth"), 4, "--select: `auth` matches no case; did you mean `auth.*`?"),
        (
            ("run", "--report-dir", "/dev/null/report"),
            4,
            "--report-dir: /dev/null/report cannot be written: /dev/null is a",
        ),
        (("serve", "--defect", "q"), 4, "run `ampmap-conformance defects` to list them"),
        (("run", "--observer", "http://127.0.0.1:9"), 4, "--observer requires --target or --base-url"),
        (("run", "--no-such-option"), 4, "--no-such-option"),
        (("explain", "auth.missing-credential-rejecte"), 4, "did you mean `auth.missing-credential-rejected`?"),
        (("serve", "--defect", "bearer-onli"), 4, "did you mean `bearer-only`?"),
        (("observe", "--listen", "here"), 4, "--listen: `here` is invalid; expected HOST:PORT"),
        (("target", "check", "gone.yaml"), 4, "gone.yaml"),
        (("target", "check", "--no-secrets", "gone.yaml", "lost.yaml"), 4, "lost.yaml: No such file or directory"),
        (("target", "check"), 4, "no target: name a target file, or write one with `ampmap-conformance target init"),
        (("run", "--depth", "thorugh"), 4, "; did you mean `thorough`?"),
        (("report", "render", "gone.json", "--format", "junti"), 4, "; did you mean `junit`?"),
        (("run", "--embedded", "--base-url", "http://x"), 4, "--embedded cannot be combined with --target or"),
        (("run", "--json", "--annotations", "github"), 4, "both write to standard output"),
    ],
)
def test_bad_input_and_absent_targets_end_in_one_message(
    command: Command, words: tuple[str, ...], code: int, says: str
) -> None:
    done = command(*words)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 5
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("status", "env", "says"),
    [
        (401, {"AMPMAP_CLIENT_KEY": KEY}, "refuses the client key in $AMPMAP_CLIENT_KEY on every route."),
        (403, {}, "refuses calls without a client key on every route (set a key"),
        (404, {}, "has no Amp surface: every route answers 404."),
    ],
)
def test_the_smoke_stage_says_what_is_wrong_with_the_target(
    command: Command, always: Callable[[int], str], status: int, env: dict[str, str], says: str
) -> None:
    done = command("run", "--base-url", always(status), env=env)
    assert done.returncode == 6
    assert says in done.stderr
    assert KEY not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_says_yes_to_everything_is_not_conformant(
    command: Command, always: Callable[[int], str], tmp_path: Path
) -> None:
    done = command("run", "--base-url", always(200), env={"AMPMAP_CLIENT_KEY": KEY})
    assert done.returncode == 1
    assert KEY not in done.stdout
    report = read_report(tmp_path / "ampmap-report" / "report.json")
    assert {r.requirement for r in report.results if r.verdict.value == "pass" and not r.half} == {"routing.warm-up"}
    decided: dict[str, set[str]] = {}
    for result in report.results:
        decided.setdefault(result.requirement, set()).add(result.verdict.value)
    assert decided["routing.stream-relayed"] == {"fail"}
    assert "fail" in decided["routing.answer-relayed"]
    # An empty answer is not one of the model, so it shows nothing of a rule on calls that are served.
    assert decided["routing.agent-mode-endpoint"] == {"not-testable"}
    refused = [r.verdict.value for r in report.results if r.requirement == "auth.missing-credential-rejected"]
    assert set(refused) == {"blocked"}  # it does not serve what a key is for, so that no refusal can be told


def test_without_an_observer_nothing_is_green_that_was_not_seen(
    command: Command, always: Callable[[int], str], tmp_path: Path
) -> None:
    done = command("run", "--base-url", always(200), "--profile", "headers", env={"AMPMAP_CLIENT_KEY": KEY})
    assert done.returncode == 1
    assert re.search(
        r"^non-conformant, as seen from outside: .* cases that apply were decided; .* was not seen",
        done.stdout,
        re.MULTILINE,
    )
    report = read_report(tmp_path / "ampmap-report" / "report.json")
    assert [r.id for r in report.results if r.verdict.value == "pass" and not r.half] == []


def test_a_target_file_with_an_observer_is_tested_on_both_sides(
    command: Command, tmp_path: Path, reference: Reference, reserved: str
) -> None:
    observer = f"http://{reserved}"
    unavailable, _ = spare_models(reference)
    config = config_for_observer(reference, lambda persona: f"{observer}/{persona}", [KEY])
    with ReferenceProxy(config) as proxy:
        lines = [
            "name: staging",
            f"base_url: {proxy.url}",
            "credentials: {client: {env: STAGING_KEY}}",
            "claims: [management]",
            "providers: [groq, google]",
            f"observer: {{advertise: '{observer}'}}",
        ]
        (tmp_path / "staging.yaml").write_text("\n".join(lines), encoding="utf-8")
        words = ("--target", "staging.yaml", "--profile", "routing", "--profile", "management")
        done = command("run", *words, "--report-dir", "out", env={"STAGING_KEY": KEY})
        narrow = command(
            "run", *words, "--select", "routing.query-kept[groq*]", "--skip", "*[*stream]", env={"STAGING_KEY": KEY}
        )
        checked = command("target", "check", "staging.yaml", env={"STAGING_KEY": KEY})
    assert done.returncode == 0, done.stdout
    report = read_report(tmp_path / "out" / "report.json")
    assert {r.case.split("-")[0] for r in report.results if r.requirement == "routing.body-kept"} == {"groq", "google"}
    assert narrow.returncode == 0
    assert "1 requirement, 2 cases" in narrow.stdout
    assert checked.returncode == 0
    assert "$STAGING_KEY" in checked.stdout
    assert unavailable
    assert KEY not in done.stdout + checked.stdout + (tmp_path / "out" / "report.json").read_text(encoding="utf-8")


def test_a_claim_that_the_file_gives_nothing_for_is_incomplete(
    command: Command, always: Callable[[int], str], tmp_path: Path
) -> None:
    (tmp_path / "x.yaml").write_text(f"name: x\nbase_url: {always(200)}\nclaims: [mapping]\n", encoding="utf-8")
    done = command("run", "--target", "x.yaml", "--profile", "fallback")
    assert done.returncode == 5
    assert "fallback.mapping-rewrites-model" in done.stdout


def test_a_dry_run_sends_nothing(command: Command, tmp_path: Path) -> None:
    done = command("run", "--dry-run", "--base-url", "http://127.0.0.1:9", "--profile", "auth")
    assert done.returncode == 0
    assert "auth.missing-credential-rejected" in done.stdout
    assert "templates" in done.stdout
    assert "routing." not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_fail_fast_stops_at_the_first_failure(command: Command, always: Callable[[int], str], tmp_path: Path) -> None:
    done = command("run", "--base-url", always(200), "--profile", "auth", "--fail-fast", env={"AMPMAP_CLIENT_KEY": KEY})
    assert done.returncode == 1
    verdicts = [r.verdict.value for r in read_report(tmp_path / "ampmap-report" / "report.json").results]
    assert verdicts.count("fail") == 1
    assert verdicts[-1] == "fail"


def test_an_interrupted_run_leaves_a_valid_report(begin: Callable[..., Process], tmp_path: Path) -> None:
    process = begin("run", "--workers", "1")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("checks"):
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "interrupted" in rest
    assert read_report(tmp_path / "ampmap-report" / "report.json").summary.verdict == "incomplete"


def test_a_reader_who_leaves_does_not_end_the_run(begin: Callable[..., Process], tmp_path: Path) -> None:
    process = begin("run", "--profile", "tenancy")
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()  # as `| head -1` does

    assert process.wait(60) == 0
    assert read_report(tmp_path / "ampmap-report" / "report.json").summary.verdict == "conformant"


def test_requirements_and_defects_are_listed(command: Command, reference: Reference) -> None:
    rows = json.loads(command("list", "--profile", "auth", "--json").stdout)
    assert [row["id"] for row in rows] == [r.id for r in reference.requirements.values() if r.profile == "auth"]
    assert (
        "groq-chat.completions" in next(row for row in rows if row["id"] == "auth.missing-credential-rejected")["cases"]
    )
    defects = json.loads(command("defects", "--json").stdout)
    assert all(set(defect["breaks"]) <= set(reference.requirements) for defect in defects)
    explained = command("explain", "auth.accepts-credential").stdout
    assert "bearer-only" in explained
    assert "amp-routing-map" in explained


def test_a_rule_without_a_check_is_shown_with_a_warning_and_not_run(
    reference: Reference, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = reference.requirements["auth.accepts-credential"]
    draft = known.model_copy(update={"id": "headers.draft", "profile": "headers"})
    rows = {**reference.requirements, draft.id: draft}
    monkeypatch.setattr(packaged, "load", lambda **_: reference.model_copy(update={"requirements": rows}))

    file = "conformance/ampmap_conformance/suite/test_headers.py"
    listed = partial(show_rules.list_requirements, (), as_json=False)
    for show in (partial(show_rules.explain_requirement, draft.id), listed):
        code = show()
        shown = capsys.readouterr()
        assert (code, draft.id in shown.out) == (0, True)
        assert shown.err == f"warning: {draft.id} has no check yet: write one in {file}\n"
    with pytest.raises(SuiteError, match="draft has neither a check nor `excluded`"):
        show_rules.dry_run(RunOptions())


def test_the_version_names_tool_edition_and_reference(process: Command, reference: Reference) -> None:
    done = process("--version")
    assert done.returncode == 0
    assert EDITION in done.stdout
    assert reference.digest in done.stdout


@pytest.mark.parametrize("name", ["", "run", "list", "explain", "defects", "observe", "serve", "target", "manifest"])
def test_help_has_an_example(command: Command, name: str) -> None:
    done = command(*filter(None, [name]), "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert "ampmap-conformance" in done.stdout


@pytest.mark.parametrize("name", ["observe", "serve"])
def test_servers_say_where_they_are_and_end_cleanly(begin: Callable[..., Process], name: str) -> None:
    process = begin(name, env={"AMPMAP_CLIENT_KEY": KEY})
    assert process.stdout is not None
    host, _, port = process.stdout.readline().strip().removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10):
        pass
    process.terminate()
    assert process.wait(30) == 0


def test_the_default_target_file_is_used_and_told_and_programs_read_json(command: Command, tmp_path: Path) -> None:
    (tmp_path / "ampmap-target.yaml").write_text("name: mine\nbase_url: http://127.0.0.1:9\n", encoding="utf-8")
    checked = json.loads(command("target", "check", "--json").stdout)
    assert (checked["name"], checked["client_key"], checked["claims"]) == ("mine", None, [])
    plan = json.loads(command("run", "--json", "--dry-run", "--select", "auth.accepts-credential").stdout)
    assert [row["requirement"] for row in plan["templates"]] == ["auth.accepts-credential"]
    gone = command("run", "--json", "--select", "auth.accepts-credential")
    assert (gone.returncode, json.loads(gone.stdout)["exit_code"]) == (6, 6)
    assert "notice: the target is ampmap-target.yaml" in gone.stderr

    own = ("run", "--select", "auth.accepts-credential[groq-*]", "--json")
    for words, verdict, code in (
        (("--embedded",), "conformant", 0),
        (("--defect", "x-api-key-only"), "non-conformant", 1),
    ):
        done = command(*own, *words)
        data = json.loads(done.stdout)
        assert (done.returncode, data["exit_code"], data["verdict"]) == (code, code, verdict)
        assert bool(data["causes"]) == bool(code)
        assert read_report(tmp_path / data["files"]["report.json"]).summary.verdict == verdict
    rule = json.loads(command("explain", "auth.accepts-credential", "--json").stdout)
    assert (rule["id"], rule["severity"]) == ("auth.accepts-credential", "high")
