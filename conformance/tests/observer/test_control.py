"""An observer in another process: its control API, its token, its ports, and a whole run that rests on it."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest
from ampmap_conformance.errors import ObserverGoneError
from ampmap_conformance.observer import RemoteObserver, Reply
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy import ReferenceProxy, config_for_observer
from ampmap_conformance.report.write import read_report
from ampmap_conformance.wire.client import ProxyClient
from ampmap_conformance.wire.messages import Headers, Request, Response

from ..support import MAIN, start_python

Process: TypeAlias = "subprocess.Popen[str]"
Begin: TypeAlias = Callable[..., Process]
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

TOKEN = "canary-of-the-observer-canary"
KEY = "canary-of-the-client-canary"
ENV = {"OBSERVER_TOKEN": TOKEN, "STAGING_KEY": KEY}
NONCE = "ampmap-0123456789abcdef"
CHAT = "/groq/openai/v1/chat/completions"


def started(begin: Begin, *words: str) -> tuple[str, list[str]]:
    """The observer's URL and its further lines."""
    process = begin("observe", "--token-env", "OBSERVER_TOKEN", *words, env=ENV)
    assert process.stdout is not None
    return process.stdout.readline().strip(), [process.stdout.readline().strip() for word in words if "=" in word]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An observer that all tests ask; what one of them sent is forgotten at its end."""
    words = ("observe", "--token-env", "OBSERVER_TOKEN")
    process = start_python(tmp_path_factory.mktemp("observer"), *MAIN, *words, env=ENV)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture
def observer(url: str) -> Iterator[RemoteObserver]:
    with RemoteObserver(url, url, TOKEN) as remote:
        yield remote
        remote.forget(NONCE)


def ask(url: str, nonce: str, path: str = CHAT) -> Response:
    body = json.dumps({"model": "m", "messages": [], "note": nonce}).encode()
    with ProxyClient(url) as client:
        return client.send(Request("POST", path, Headers((("Host", "h"), ("X-Odd", "1"))), body), timeout=10)


def test_what_it_saw_and_answered_comes_over_with_its_time(observer: RemoteObserver, url: str) -> None:
    observer.script(NONCE, [Reply(status=503, body=b"\xffno", delay=0.05)])
    answer = ask(url, NONCE)
    (seen,) = observer.seen(NONCE, at_least=1, within=5)
    assert (answer.status, answer.body) == (503, b"\xffno")
    assert seen.request.persona == "groq"
    assert seen.request.headers.lines[1] == ("X-Odd", "1")
    assert seen.request.raw.endswith(seen.request.body)
    assert seen.request.json()["note"] == NONCE
    assert seen.answer is not None
    assert (seen.answer.status, seen.answer.body, seen.answer.fault) == (503, b"\xffno", None)
    assert seen.answer.sent_at[0] - seen.request.at >= 0.05
    observer.forget(NONCE)
    assert observer.seen(NONCE) == ()
    assert ask(url, NONCE).status == 200


def test_it_waits_for_requests_and_for_senders_that_leave(observer: RemoteObserver, url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(observer.seen, NONCE, at_least=1, within=10)
        ask(url, NONCE)
        assert len(waiting.result(10)) == 1
    observer.script(NONCE, [Reply.silent()])
    at = urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as sock:
        sock.sendall(f"GET /groq/openai/v1/models HTTP/1.1\r\nUser-Agent: {NONCE}\r\n\r\n".encode())
        assert len(observer.seen(NONCE, at_least=2, within=5)) == 2
        assert not observer.client_closed(NONCE, within=0)
    assert observer.client_closed(NONCE, within=5)


def test_held_answers_are_released(observer: RemoteObserver, url: str) -> None:
    observer.script(NONCE, [Reply(pieces=((0.0, b"one"), (0.0, b"two")), held=True)])
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask, url, NONCE)
        assert len(observer.seen(NONCE, at_least=1, within=5)) == 1
        assert not asking.done()
        observer.release((NONCE,), 2)
        assert asking.result(10).body == b"onetwo"


def test_one_that_is_not_there_is_told(observer: RemoteObserver) -> None:
    with (
        pytest.raises(ObserverGoneError, match="is unreachable"),
        RemoteObserver("", "http://127.0.0.1:9", TOKEN) as gone,
    ):
        gone.about()
    assert observer.about()["personas"]


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        ("GET", "health", TOKEN, 200),
        ("GET", "health", "wrong", 401),
        ("GET", "health", "", 401),
        ("GET", f"records/{NONCE}", "wrong", 401),
        ("GET", "records/everything", TOKEN, 404),
        ("POST", "health", TOKEN, 405),
        ("PUT", f"scripts/{NONCE}", TOKEN, 400),
        ("GET", f"records/{NONCE}?within=soon", TOKEN, 400),
        ("PUT", f"released/{NONCE}", TOKEN, 400),
    ],
)
def test_the_control_api_refuses_what_it_should(url: str, method: str, path: str, token: str, status: int) -> None:
    lines = (("Host", "h"), *((("Authorization", f"Bearer {token}"),) if token else ()))
    body = b'[{"statuss": 1}]' if method == "PUT" else b""
    with ProxyClient(url) as client:
        answer = client.send(Request(method, f"/-/ampmap/{path}", Headers(lines), body))
    assert answer.status == status
    assert TOKEN.encode() not in answer.body


def test_without_a_token_there_is_no_control_api(begin: Begin) -> None:
    process = begin("observe")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with (
        pytest.raises(ObserverGoneError, match="started without --token-env"),
        RemoteObserver(url, url, TOKEN) as remote,
    ):
        remote.about()


def test_200_at_once_do_not_mix(observer: RemoteObserver, url: str) -> None:
    nonces = [f"ampmap-{number:016x}" for number in range(1, 201)]
    start = threading.Barrier(len(nonces))

    def probe(nonce: str) -> tuple[bytes, int, str]:
        observer.script(nonce, [Reply(status=500, body=nonce.encode())])
        start.wait(30)
        answer = ask(url, nonce)
        (seen,) = observer.seen(nonce, at_least=1, within=10)
        return answer.body, len(observer.seen(nonce)), seen.request.json()["note"]

    with ThreadPoolExecutor(len(nonces)) as pool:
        found = list(pool.map(probe, nonces))
    assert found == [(nonce.encode(), 1, nonce) for nonce in nonces]


def test_a_persona_can_have_a_port_of_its_own(begin: Begin) -> None:
    url, lines = started(begin, "--persona", "groq=127.0.0.1:0")
    name, own = lines[0].split(" ")
    assert name == "groq"
    assert own != url
    assert ask(own, NONCE, CHAT.removeprefix("/groq")).status == 200
    with RemoteObserver(url, url, TOKEN) as observer:
        (seen,) = observer.seen(NONCE)
    assert (seen.request.persona, seen.request.target) == ("groq", CHAT.removeprefix("/groq"))


def test_a_run_rests_on_a_remote_observer(command: Command, url: str, tmp_path: Path, reference: Reference) -> None:
    config = config_for_observer(reference, lambda persona: f"{url}/{persona}", [KEY])
    with ReferenceProxy(config) as proxy:
        lines = [
            "name: staging",
            f"base_url: {proxy.url}",
            "credentials: {client: {env: STAGING_KEY}}",
            "providers: [groq]",
            f"observer: {{advertise: 'http://o.internal', control: '{url}', token: {{env: OBSERVER_TOKEN}}}}",
        ]
        (tmp_path / "staging.yaml").write_text("\n".join(lines), encoding="utf-8")
        words = (
            "run",
            "--target",
            "staging.yaml",
            "--profile",
            "headers",
            "--profile",
            "errors",
            "--trace",
            "headers.*",
        )
        done = command(*words, env=ENV)
        report = read_report(tmp_path / "ampmap-report" / "report.json")
        folder = (tmp_path / "ampmap-report").rename(tmp_path / "right")
        wrong = command(*words, env={**ENV, "OBSERVER_TOKEN": "wrong"})
        other = command(*words, "--edition", "amp-0.0.1767830505", env=ENV)
    assert done.returncode == 0, done.stdout
    assert "the observer answers instead of the paid providers" in done.stdout
    assert report.summary.counts["pass"] > 50  # type: ignore[index]
    assert any(exchange.upstream for result in report.results for exchange in result.exchanges)
    assert wrong.returncode == 6
    assert "rejects the token" in wrong.stderr
    assert other.returncode == 4
    assert "start both with the same --edition" in other.stderr
    written = "".join(file.read_text(encoding="utf-8") for file in folder.iterdir())
    assert not [secret for secret in (TOKEN, KEY) if secret in done.stdout + wrong.stderr + other.stderr + written]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--token-env", "NO_SUCH"), "--token-env: the environment variable NO_SUCH is not set"),
        (("--persona", "grok=127.0.0.1:0"), "--persona: unknown persona 'grok'"),
        (("--persona", "groq"), "--persona: `groq` is invalid; expected NAME=HOST:PORT"),
    ],
)
def test_bad_options_end_in_one_message(command: Command, words: tuple[str, ...], says: str) -> None:
    done = command("observe", *words)
    assert done.returncode == 4
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
