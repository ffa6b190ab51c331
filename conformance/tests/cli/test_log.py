"""`--log` of the servers: each call on its hops, in JSON, without a secret; and the line that a terminal shows."""

from __future__ import annotations

import io
import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.cli.log import CallLog
from ampmap_conformance.observer import End, Observer, Reply
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy.embedded import embedded
from ampmap_conformance.wire.client import ProxyClient
from ampmap_conformance.wire.messages import Headers, Request

Process: TypeAlias = "subprocess.Popen[str]"
KEY, UPSTREAM = "canary-of-the-log-canary", "canary-upstream-of-the-log"
CHAT = b'{"model": "m", "messages": [{"role": "user", "content": "%s"}], "stream": true}' % KEY.encode()


def call(path: str, key: str) -> Request:
    headers = Headers((("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"), ("Cookie", "a=b")))
    return Request("POST", path, headers, CHAT)


@pytest.mark.parametrize(
    ("words", "path", "key"),
    [
        (("serve",), f"/api/provider/groq/openai/v1/chat/completions?key={KEY}", KEY),
        (("observe",), f"/groq/openai/v1/chat/completions?key={UPSTREAM}", UPSTREAM),
    ],
)
def test_each_call_is_a_line_without_secrets(
    begin: Callable[..., Process], tmp_path: Path, words: tuple[str, ...], path: str, key: str
) -> None:
    server = begin(*words, "--log", "calls.jsonl", env={"AMPMAP_CLIENT_KEY": KEY})
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    with ProxyClient(url) as client:
        assert client.send(call(path, key)).status == 200
        assert client.send(Request("GET", "/nowhere")).status in (404, 401)
    server.terminate()
    server.communicate(timeout=30)

    file = tmp_path / "calls.jsonl"
    text = file.read_text(encoding="ascii")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in text
    assert "a=b" not in text
    chat, other = sorted(lines, key=lambda line: "POST" not in json.dumps(line))  # they come as they end
    seen = chat["upstream"][0]
    assert seen["request"]["start"].partition("?")[0] == "POST /groq/openai/v1/chat/completions" or (
        seen["persona"] == "groq" and seen["request"]["start"].startswith("POST /openai/v1/chat/completions")
    )
    assert seen["response"]["start"] == "200"
    assert "data: " in seen["response"]["body"]
    if words == ("serve",):
        assert chat["request"]["start"].startswith("POST /api/provider/groq/openai/v1/chat/completions")
        assert chat["response"]["body"] == seen["response"]["body"]
        assert (other["response"]["start"], other["upstream"]) == ("404", [])
    assert server.returncode == 0


def test_a_terminal_shows_one_line_that_changes(reference: Reference) -> None:
    screen = io.StringIO()
    log = CallLog(None, screen, [KEY])
    with Observer(reference, heard=log.seen) as observer, ProxyClient(observer.url) as client:
        observer.script("ampmap-0123456789abcdef", [Reply.error(500)])
        client.send(Request("GET", "/groq/openai/v1/models"))
        client.send(Request("GET", "/groq/openai/v1/models?x=ampmap-0123456789abcdef"))
    first, second = screen.getvalue().split("\r\x1b[2K")[1:]
    assert first.startswith("1 call, 0 failed; groq: GET /openai/v1/models -> 200 in ")
    assert second.startswith("2 calls, 1 failed; groq: GET /openai/v1/models?x=ampmap-")
    assert "\n" not in screen.getvalue()


def test_a_call_that_no_upstream_answers_says_so(reference: Reference) -> None:
    written = io.StringIO()
    log = CallLog(written, None, [])
    nonce = "ampmap-fedcba9876543210"
    with embedded(reference, heard=log.exchange) as running, ProxyClient(running.target.file.base_url) as client:
        running.observer.script(nonce, [Reply(end=End.RESET_BEFORE_HEAD)] * 3)
        key = running.target.client.value if running.target.client else ""
        client.send(call(f"/api/provider/groq/openai/v1/chat/completions?x={nonce}", key))
    (line,) = map(json.loads, written.getvalue().splitlines())
    assert line["response"]["start"].startswith("5")
    assert line["faults"]
    assert key not in written.getvalue()


def test_a_log_that_cannot_be_written_is_one_message(command: Callable[..., Any]) -> None:
    done = command("observe", "--log", "/dev/null/log")
    assert (done.returncode, "--log: /dev/null/log cannot be written" in done.stderr) == (4, True)
