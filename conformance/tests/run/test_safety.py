"""What a run may cost and touch: its budget and plan, small token limits, loopback alone, and no secret anywhere."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.cases.covering import Depth
from ampmap_conformance.errors import BudgetSpentError
from ampmap_conformance.observer import Observer
from ampmap_conformance.probe.budget import Budget
from ampmap_conformance.reference.types import Reference, calls
from ampmap_conformance.refproxy import ReferenceProxy, config_for_observer
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.suite.support.attempts import LOOKS
from ampmap_conformance.target.amp_config import AmpBlock
from ampmap_conformance.target.file import Reload
from ampmap_conformance.target.reload import CommandHook, Reloading
from ampmap_conformance.verdicts import ExitCode
from ampmap_conformance.wire.redaction import forms

from ..support import DefaultRun

Process: TypeAlias = "subprocess.Popen[str]"
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
Run: TypeAlias = Callable[..., RunOutcome]

CLIENT = "canary-of-the-client-key-canary"
SECOND = "canary-of-the-second-key-canary"
TOKEN = "canary-of-the-token-canary"
SMALL = 16
"""Tokens: the least that every provider takes."""
LIMITS = re.compile(r"max_?(completion_?|output_?)?tokens", re.IGNORECASE)


# --- the budget


def test_a_budget_lets_through_so_many_and_no_more() -> None:
    budget = Budget(100)

    def spend(_: int) -> bool:
        try:
            budget.spend()
        except BudgetSpentError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        let_through = sum(pool.map(spend, range(400)))
    assert (let_through, budget.sent, budget.spent) == (100, 100, True)


def test_a_rate_spaces_requests_evenly_without_bursts() -> None:
    now, slept = [0.0], []
    budget = Budget(rate=4, clock=lambda: now[0], sleep=slept.append)
    for _ in range(3):
        budget.spend()
    now[0] = 10.0
    budget.spend()
    budget.spend()
    assert slept == [0.25, 0.5, 0.25]


@pytest.fixture
def counting() -> Iterator[tuple[str, list[str]]]:
    """A server that answers 200 to everything, and the request lines that it got."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            seen.append(self.requestline)
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_DELETE = do_HEAD = do_PUT = do_POST  # noqa: N815 - named by the base class

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    server.server_close()


def test_max_requests_is_told_before_and_kept(
    command: Command, counting: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = counting
    words = ("--base-url", url, "--profile", "auth", "--max-requests", "7")
    done = command("run", *words, env={"AMPMAP_CLIENT_KEY": CLIENT})
    before = done.stdout.partition("profile ")[0]
    assert "at most 7 are sent" in before
    assert "calls of the target's own upstreams, each with a limit for its tokens" in before
    assert "anthropic claude-" in before
    assert "which a right proxy rejects by itself" in before
    assert len(seen) == 7
    assert "requests   7 sent" in done.stdout
    report = (tmp_path / "ampmap-report" / "report.json").read_text(encoding="utf-8")
    assert "the budget of 7 requests (--max-requests) is used up" in report


def test_the_path_of_a_base_url_stands_before_every_call(
    command: Command, counting: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, seen = counting
    words = ("--select", "auth.accepts-credential[groq-*]", "--workers", "1")
    command("run", "--base-url", f"{url}/my/prefix", *words, env={"AMPMAP_CLIENT_KEY": CLIENT})
    assert len(seen) > 1
    assert [line for line in seen if not line.split(" ")[1].startswith("/my/prefix/api/")] == []
    report = (tmp_path / "ampmap-report" / "report.json").read_text(encoding="utf-8")
    assert f"{url}/my/prefix/api/provider/groq" in report


def test_a_budget_that_is_spent_leaves_the_run_incomplete(run: Run) -> None:
    ended = run(select=("routing.query-kept[groq-*]",), max_requests=4, workers=1)
    assert ended.code is ExitCode.NOTHING_RAN
    assert ended.report.summary.untested == ("routing.query-kept",)
    assert {"pass", "not-testable"} == {result.verdict.value for result in ended.report.results}


def test_too_small_a_budget_and_a_rate_of_nothing_are_refused(
    command: Command, counting: tuple[str, list[str]]
) -> None:
    for option, value in (("--max-requests", "0"), ("--rate", "0"), ("--repeat", "0")):
        done = command("run", option, value)
        assert (done.returncode, option in done.stderr) == (4, True)
    assert counting[1] == []


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"profiles": ("auth",)}, None),
        # the case, its control, and one that asks whether the target is there
        ({"select": ("routing.query-kept[groq-models.list]",)}, 3),
        ({"select": ("routing.answer-relayed[groq-models.list]",), "repeat": 3}, 7),
    ],
)
def test_the_plan_is_what_is_sent_at_most(run: Run, options: dict[str, Any], sent: int | None) -> None:
    requests = run(**options).report.requests
    assert requests is not None
    assert requests.sent <= requests.planned
    assert sent is None or requests.sent == sent
    assert requests.planned - requests.sent < 8  # a smoke stage that had to ask each provider


@pytest.mark.parametrize(
    "options",
    [{"profiles": (name,)} for name in ("fallback", "security", "tenancy", "reload")]
    + [{"profiles": ("reload",), "repeat": 2}, {"base_url": True}, {"base_url": True, "repeat": 2}],
    ids=str,
)
def test_the_plan_is_never_exceeded(
    run: Run, counting: tuple[str, list[str]], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor by what waits for a reload, calls from elsewhere, or looks for features that are not claimed."""
    monkeypatch.setenv("AMPMAP_CLIENT_KEY", CLIENT)
    if "base_url" in options:
        options = {**options, "base_url": counting[0], "profiles": ("auth", "security", "management")}
    requests = run(**options).report.requests
    assert requests is not None
    assert 0 < requests.sent <= requests.planned
    assert len(counting[1]) <= requests.planned


def test_the_whole_plan_is_what_is_sent_at_most(default_run: DefaultRun, command: Command) -> None:
    requests = default_run.report.requests
    assert requests is not None
    assert len(default_run.report.results) <= requests.sent <= requests.planned
    (told,) = re.findall(r"^requests   at most (\d+)", command("run", "--dry-run").stdout, re.MULTILINE)
    assert int(told) >= requests.planned


@pytest.mark.parametrize("seconds", [0.1, 5.0, 13.0, 60.0])
def test_waiting_for_a_reload_costs_few_requests(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now, looks = [0.0], []
    monkeypatch.setattr("ampmap_conformance.target.reload.time.monotonic", lambda: now[0])
    monkeypatch.setattr("ampmap_conformance.target.reload.time.sleep", lambda pause: now.append(now.pop() + pause))
    hook = CommandHook(Reload(command=("true", "{file}")), Path())
    waiting = Reloading(hook, AmpBlock(), seconds)
    assert not waiting.eventually(lambda: bool(looks.append(now[0])))
    assert len(looks) <= LOOKS
    assert looks[-1] >= seconds


def test_a_dry_run_adds_up(command: Command) -> None:
    lines = command("run", "--dry-run", "--profile", "auth", "--repeat", "2").stdout.splitlines()
    header, *rows = (line.split() for line in lines[: lines.index("")])
    assert header[:9] == ["template", "level", "cells", *Depth, "cases", "sent", "requests"]
    cells, quick, default, thorough, cases, _, requests = (
        sum(int(row[place]) for row in rows) for place in range(2, 9)
    )
    assert f"checks     {len(rows)} templates, {cells} cells, {cases} cases" in lines
    assert f"depths     quick {quick} cases, default {default} cases, thorough {thorough} cases" in lines
    total = int(re.search(r"at most (\d+)", next(line for line in lines if line.startswith("requests")))[1])  # type: ignore[index]
    assert total >= requests >= 2 * cases


# --- what is sent


def test_every_body_of_a_metered_call_asks_for_the_fewest_tokens(reference: Reference) -> None:
    metered = [c for p in reference.providers.values() for c in calls(p, reference=reference) if c.operation.metered]
    bodies = {(call.dialect, call.id): call.operation.request for call in metered if call.operation.request}
    limits = {key: list(token_limits(body)) for key, body in bodies.items() if "count" not in key[1]}
    assert limits
    assert {key: found for key, found in limits.items() if found != [SMALL]} == {}


def token_limits(body: Any) -> Iterator[int]:
    if isinstance(body, dict):
        for key, value in body.items():
            if LIMITS.fullmatch(key):
                yield value
            else:
                yield from token_limits(value)


def test_the_default_run_touches_nothing_but_loopback(python: Command) -> None:
    watch = """
import sys
from ampmap_conformance.cli import main
def told(event, arguments):
    if event == "socket.connect" and arguments[1][0] not in ("127.0.0.1", "192.0.2.1"):
        print("CONNECTED", arguments[1], flush=True)
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "192.0.2.1", None):
        print("LOOKED UP", arguments[0], flush=True)
sys.addaudithook(told)
main(["run", "--profile", "auth", "--profile", "management"])
"""
    done = python("-c", watch)
    assert done.returncode == 0, done.stdout
    assert "CONNECTED" not in done.stdout
    assert "LOOKED UP" not in done.stdout


# --- secrets


def test_no_secret_is_in_any_artefact_on_the_terminal_or_in_the_observers_log(
    command: Command, begin: Callable[..., Process], tmp_path: Path, reference: Reference
) -> None:
    """A run against a proxy that leaks nothing; its keys are looked for in everything that is left behind."""
    (tmp_path / "second.key").write_text(SECOND, encoding="utf-8")
    watcher = begin("observe", "--token-env", "OBSERVER_TOKEN", env={"OBSERVER_TOKEN": TOKEN})
    assert watcher.stdout is not None
    url = watcher.stdout.readline().strip()
    config = config_for_observer(reference, lambda persona: f"{url}/{persona}", [CLIENT, SECOND])
    upstream_keys = [upstream.key for upstream in config.upstreams.values()]
    with ReferenceProxy(config) as proxy:
        lines = (
            "name: staging",
            f"base_url: {proxy.url}",
            "credentials: {client: {env: CLIENT_KEY}, second_client: {file: second.key}}",
            "claims: [management]",
            f"observer: {{advertise: '{url}', token: {{env: OBSERVER_TOKEN}}}}",
        )
        (tmp_path / "staging.yaml").write_text("\n".join(lines), encoding="utf-8")
        words = ("--target", "staging.yaml", "--select", "*.*[groq*]", "--select", "management.*", "--trace", "*.*")
        done = command("run", *words, env={"CLIENT_KEY": CLIENT, "OBSERVER_TOKEN": TOKEN})
    watcher.terminate()
    log = "".join(watcher.communicate(timeout=30))
    assert done.returncode in (0, 5), done.stdout
    (tmp_path / "second.key").unlink()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= 5
    left = {str(file): file.read_bytes().decode("utf-8", "replace") for file in files}
    left |= {"the terminal": done.stdout + done.stderr, "the observer's log": log}
    written = {key: forms(key) for key in (CLIENT, SECOND, TOKEN, *upstream_keys)}
    assert [
        (place, key[:14])
        for place, text in left.items()
        for key, ways in written.items()
        if any(w in text for w in ways)
    ] == []
    assert log == ""
    assert "can***ry" in "".join(left.values())  # they were there to be masked


def test_no_client_key_is_in_what_the_observer_keeps(run: Run) -> None:
    kept: list[bytes] = []
    before = Observer.forget

    def forget(observer: Observer, nonce: str) -> None:
        kept.extend(seen.request.raw for seen in observer.seen(nonce))
        before(observer, nonce)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Observer, "forget", forget)
        run(select=("routing.*[groq*]", "management.*"))
    assert len(kept) > 50
    assert not [raw for raw in kept if b"-canary" in raw]
