"""Proxies that are right in ways which the reference proxy cannot take, and target files that are honest about them."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.target.target import load
from ampmap_conformance.verdicts import Verdict

Run: TypeAlias = Callable[..., RunOutcome]
KEY = "canary-of-the-honest-canary"
PREFIX = "/api/provider/cerebras"


@pytest.fixture
def buffering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reserved: str) -> Iterator[Path]:
    """The target file of a proxy that holds answers back, and hangs up where one breaks off before it is whole."""
    monkeypatch.setenv("HONEST_KEY", KEY)
    observer = reserved

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            upstream = http.client.HTTPConnection(observer)
            own = {"Authorization": "Bearer of-the-proxy", "User-Agent": self.headers["User-Agent"]}
            try:
                upstream.request("POST", self.path.replace(PREFIX, "/cerebras", 1), body, own)
                answer = upstream.getresponse()
                whole = answer.read()
            except (http.client.HTTPException, ConnectionError):
                self.close_connection = True
                return
            finally:
                upstream.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    file = tmp_path / "buffering.yaml"
    file.write_text(
        f"name: buffering\nbase_url: http://127.0.0.1:{server.server_port}\nproviders: [cerebras]\n"
        f"credentials: {{client: {{env: HONEST_KEY}}}}\nobserver: {{advertise: 'http://{observer}'}}\n",
        encoding="utf-8",
    )
    yield file
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        ("streaming.upstream-abort-not-ended-cleanly[openai-chat-local-cut-at-once-stream]", Verdict.PASS),
        ("streaming.upstream-abort-not-ended-cleanly[openai-chat-local-cut-in-event-stream]", Verdict.PASS),
        ("errors.truncation-reaches-client[openai-chat-local-cut]", Verdict.PASS),
        ("errors.upstream-unreachable[openai-chat-local-closed]", Verdict.FAIL),
    ],
)
def test_who_hangs_up_breaks_off_what_broke_off_and_answers_the_rest(
    run: Run, buffering: Path, case: str, verdict: Verdict
) -> None:
    (result,) = run(target=buffering, select=(case,)).report.results
    assert result.verdict is verdict, result.reason


def test_a_model_that_a_pattern_matches_is_not_taken_for_a_local_one(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONEST_KEY", KEY)
    file = tmp_path / "patterns.yaml"
    mapping = "{from: '^claude-3', to: claude-sonnet-4-20250514, regex: true}"
    text = f"name: x\nbase_url: http://127.0.0.1:1\nmappings: [{mapping}]\n"
    file.write_text(text, encoding="utf-8")
    doubtful = load(file, reference)
    anthropic = next(provider for provider in doubtful.providers if provider.id == "anthropic")
    names = [model.id for model in doubtful.models(anthropic)]
    assert names
    assert not [name for name in names if name.startswith("claude-3")]

    file.write_text(f"{text}models: {{available: {{anthropic: [claude-3-5-haiku-20241022]}}}}\n", encoding="utf-8")
    assert [model.id for model in load(file, reference).models(anthropic)] == ["claude-3-5-haiku-20241022"]
