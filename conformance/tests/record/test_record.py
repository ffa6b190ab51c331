"""What `record` sees of a client, says of it, and keeps from it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ampmap_conformance.cli import main
from ampmap_conformance.record import client as clients
from ampmap_conformance.record import run as runs
from ampmap_conformance.record.calls import Meanings
from ampmap_conformance.record.client import Ended, Outcome
from ampmap_conformance.record.recording import Recording
from ampmap_conformance.record.tap import Sent
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.wire.messages import Headers
from ampmap_conformance.wire.redaction import SecretBook
from ampmap_generator.client_build.recorded import read_recording
from click.testing import CliRunner, Result

FAKE = str(Path(__file__).with_name("fake_client.py"))
EDITION = "amp-0.0.1777897475"
OWN = {
    "Content-Type": "application/json",
    "X-Amp-Client-Application": "CLI",
    "X-Amp-Client-Type": "cli",
    "X-Amp-Client-Version": "0.0.1777897475-g2324e1",
    "X-Amp-Installation-ID": "00000000-0000-4000-8000-000000000000",
    "X-Amp-Device-Fingerprint": "v1:fp_0123456789abcdef",
}
MANAGED = {**OWN, "Authorization": "Bearer {key}"}
CHAT = {**MANAGED, "x-amp-feature": "amp.chat", "x-amp-thread-id": "T-0", "x-amp-message-id": "0"}
XAI = "/api/provider/xai/v1/chat/completions"
ASKED = {
    "model": "grok-code-fast-1",
    "messages": [{"role": "user", "content": "hi {key}"}],
    "tools": [],
    "stream": True,
}
XAI_CALL = ["call", "POST", XAI, {**CHAT, "x-grok-conv-id": "T-0"}, {**ASKED, "stream_options": {}}]
USER_CALL = ["call", "POST", "/api/internal?getUserInfo", MANAGED, {"method": "getUserInfo", "params": {}}]


def allowed() -> bool:
    """Whether the system allows a network namespace."""
    code = "from ampmap_conformance.record.launch import enter_namespace as enter; enter()"
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


isolating = pytest.mark.skipif(not allowed(), reason="the system does not allow a network namespace")


def record(tmp_path: Path, steps: list[Any], *options: str, network: bool = True) -> Result:
    command = ["record", "--edition", EDITION, "--out", str(tmp_path / "out"), *options]
    command += ["--allow-network"] if network else []
    return CliRunner().invoke(main, [*command, "--", sys.executable, FAKE, json.dumps(steps)])


def test_a_body_that_is_not_packed_as_its_header_says_is_recorded(reference: Reference) -> None:
    lines = Headers((("Content-Type", "application/json"), ("Content-Encoding", "gzip")))
    sent = Sent(0.0, "POST", "/api/internal", "getUserInfo", lines, b"not packed", 400)
    call = (sent, Meanings(reference).of(sent))
    recording = Recording(reference, Outcome(Ended.EXITED, 0, "", ""), True, (call,), 0, SecretBook("key-of-nobody"))

    assert json.loads(recording.lines())["body"] == "not packed"
    assert recording.facts()["requests"] == 1


def recorded(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "out" / "recorded.json").read_text())


def lines(tmp_path: Path) -> list[Any]:
    return [json.loads(line) for line in (tmp_path / "out" / "requests.jsonl").read_text().splitlines()]


def said(tmp_path: Path) -> list[Any]:
    """What the fake client printed."""
    return [json.loads(line) for line in (tmp_path / "out" / "output.txt").read_text().splitlines()]


def test_calls_as_the_reference_states_them_are_no_difference(tmp_path: Path) -> None:
    result = record(tmp_path, [USER_CALL, XAI_CALL])
    assert result.exit_code == 0, result.output
    facts = recorded(tmp_path)
    read = read_recording(tmp_path / "out" / "recorded.json")
    assert [call.model for call in read.calls] == [None, "grok-code-fast-1"]  # as `ampmap inspect --recorded` reads it
    assert facts["client"] == "0.0.1777897475-g2324e1"
    assert [(each["path"], each["statuses"], each["times"]) for each in facts["calls"]] == [
        ("/api/internal", [200], 1),
        (XAI, [200], 1),
    ]
    assert facts["calls"][1] == {
        **facts["calls"][1],
        "provider": "xai",
        "model": "grok-code-fast-1",
        "streamed": True,
        "body": ["model", "messages", "tools", "stream", "stream_options"],
    }
    assert [(each["method"], each["status"], each["means"]) for each in lines(tmp_path)] == [
        ("POST", 200, "management api-internal getUserInfo"),
        ("POST", 200, "xai chat.completions"),
    ]


def changed(
    call: list[Any], *, target: str = "", headers: Any = None, body: Any = None, without: str = ""
) -> list[Any]:
    kept = {name: value for name, value in call[3].items() if name != without}
    return [*call[:2], target or call[2], {**kept, **(headers or {})}, {**call[4], **(body or {})}]


DIFFERENT = (
    (changed(USER_CALL, target="/api/wonders"), "path", "/api/wonders"),
    (changed(XAI_CALL, target="/api/provider/wonder/v1/x"), "path", "/api/provider/wonder/v1/x"),
    (changed(XAI_CALL, target="/api/provider/xai/v1/wonders"), "path", "/api/provider/xai/v1/wonders"),
    (changed(USER_CALL, target="/api/internal?getWonders"), "management method", "getWonders"),
    (changed(XAI_CALL, body={"model": "grok-9"}), "model", "xai/grok-9"),
    (changed(XAI_CALL, headers={"x-amp-wonder": "1"}), "header", "x-amp-wonder"),
    (changed(USER_CALL, headers={"x-amp-marvel": "1"}), "header", "x-amp-marvel"),
    (changed(XAI_CALL, without="x-amp-thread-id"), "missing header", "x-amp-thread-id"),
    (changed(USER_CALL, without="X-Amp-Client-Type"), "missing header", "x-amp-client-type"),
    (changed(XAI_CALL, body={"wonder": 1}), "body key", "wonder"),
    (changed(XAI_CALL, body={"stream": False}), "streaming", "not streamed"),
)


def test_each_kind_of_difference_is_told_and_no_other(tmp_path: Path) -> None:
    result = record(tmp_path, [call for call, _, _ in DIFFERENT])
    assert result.exit_code == 1, result.output
    found = [(each["kind"], each["name"], each["times"]) for each in recorded(tmp_path)["differences"]]
    assert sorted(found) == sorted((kind, name, 1) for _, kind, name in DIFFERENT)
    assert all(name in result.output for _, _, name in DIFFERENT)
    unstated = [name for each in recorded(tmp_path)["calls"] for name in each["unstated_headers"]]
    assert sorted(unstated) == ["x-amp-marvel", "x-amp-wonder"]


def test_a_header_that_only_a_tool_leaves_out_is_no_difference_on_its_calls(tmp_path: Path) -> None:
    headers = {**CHAT, "x-goog-api-key": "placeholder", "x-goog-api-client": "gl-node/20"}
    headers = {name: value for name, value in headers.items() if not name.startswith("X-Amp-Client")}
    del headers["x-amp-message-id"], headers["X-Amp-Installation-ID"], headers["X-Amp-Device-Fingerprint"]
    path = "/api/provider/google/v1beta1/publishers/google/models/gemini-3-flash-preview:generateContent"
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    result = record(tmp_path, [["call", "POST", path, headers, body]])
    assert recorded(tmp_path)["differences"] == [], result.output


def test_the_key_is_in_no_file_and_not_in_what_is_printed(tmp_path: Path) -> None:
    secret = "a-value-that-is-secret"
    steps = [["variables"], changed(XAI_CALL, target=f"{XAI}?key={{key}}", headers={"x-own": secret})]
    result = record(tmp_path, steps, "--env", f"OWN={secret}")
    assert said(tmp_path)[0]["AMP_API_KEY"].startswith("sga***")
    written = "".join(file.read_text() for file in (tmp_path / "out").iterdir())
    assert "sgamp_user_" not in written + result.output
    assert secret not in written + result.output
    assert "hi sga***" in written


@isolating
def test_the_client_reaches_the_proxy_and_nothing_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = record(tmp_path, [["connect", server.getsockname()[1]], USER_CALL], network=False)
    assert result.exit_code == 0, result.output
    reached, (status, _) = said(tmp_path)
    assert (reached, status) == (False, 200)
    assert recorded(tmp_path)["isolated"] is True


def test_without_a_namespace_it_needs_a_word_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> object:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(runs, "start_isolated", refused)
    result = record(tmp_path, [USER_CALL], network=False)
    assert (result.exit_code, "--allow-network" in result.output, (tmp_path / "out").exists()) == (4, True, False)
    result = record(tmp_path, [USER_CALL])
    assert result.exit_code == 0, result.output
    assert recorded(tmp_path)["isolated"] is False


def test_the_client_has_a_home_and_variables_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "value")
    settings = tmp_path / "settings.json"
    settings.write_text("{}")
    with clients.stage("{}") as at:
        variables = at.environment("http://127.0.0.1:1", {"MORE": "1"})
        assert (at.home / ".config" / "amp" / "settings.json").read_text() == "{}"
        assert variables["HOME"] == str(at.home) != os.environ.get("HOME")
    assert "SOME_SECRET" not in variables
    assert (variables["MORE"], variables["AMP_URL"]) == ("1", "http://127.0.0.1:1")
    assert not at.home.exists()


def test_a_tool_is_asked_for_once_with_arguments_that_fit(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"task": {"type": "string"}}, "required": ["task"]}
    tools = [{"type": "function", "function": {"name": "wonder", "description": "x", "parameters": schema}}]
    call = changed(XAI_CALL, body={"tools": tools, "stream": False})
    answers = []
    for option in ("wonder", 'wonder={"task": "mine"}'):
        record(tmp_path, [call, call], "--ask-tool", option)
        answers.append([json.loads(body)["choices"][0]["message"] for _, body in said(tmp_path)])
    (first, then), (given, _) = answers
    assert set(json.loads(first["tool_calls"][0]["function"]["arguments"])) == {"task"}
    assert not then.get("tool_calls")
    assert json.loads(given["tool_calls"][0]["function"]["arguments"]) == {"task": "mine"}


def test_the_time_limit_ends_the_client_and_keeps_what_was_sent(tmp_path: Path) -> None:
    result = record(tmp_path, [USER_CALL, ["wait"]], "--time-limit", "3")
    assert result.exit_code == 0, result.output
    assert recorded(tmp_path)["ended"]["how"] == "time limit"
    assert len(lines(tmp_path)) == 1


def test_a_signal_ends_the_client_and_keeps_what_was_sent(tmp_path: Path) -> None:
    start = "from ampmap_conformance.cli import main; main()"
    command = [sys.executable, "-c", start, "record", "--allow-network", "--edition", EDITION]
    steps = json.dumps([USER_CALL, ["stop-kit"], ["wait"]])
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out"), "--", sys.executable, FAKE, steps],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert recorded(tmp_path)["ended"]["how"] == "interrupted"
    assert len(lines(tmp_path)) == 1


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--", "no-such-program-at-all"], 4, "is not a program"),
        (["--ask-tool", "a=1", "--", sys.executable], 4, "must be a JSON object"),
        (["--env", "x", "--", sys.executable], 4, "expected NAME=VALUE"),
        (["--allow-network", "--", sys.executable, "-c", "pass"], 5, "no difference"),
    ],
)
def test_wrong_use_and_a_client_without_a_call_have_codes_of_their_own(
    words: list[str], code: int, text: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(main, ["record", "--out", str(tmp_path / "out"), *words])
    assert (result.exit_code, text in result.output) == (code, True), result.output
