"""Resolvers that are commands or servers: every way of answering, and of not answering, has its own verdict."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from ampmap_conformance.errors import UnreachableError, UsageError
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.model import Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.resolver.harnesses import resolver as sample
from ampmap_conformance.resolver.resolvers import ResolverOptions
from ampmap_conformance.resolver.run import check_resolver
from ampmap_conformance.verdicts import ExitCode, Verdict
from ampmap_tests_support.programs import need_program

HARNESSES = Path(sample.__file__).parent
COMBINATIONS = "auth-modes.combinations"


class Silent:
    """Watches a check and says nothing."""

    def announce(self, reference: Reference, target: str, requirements: int, cases: int) -> None: ...

    def case(self, result: Result) -> None: ...


def check(**options: Any) -> RunOutcome:
    return check_resolver(ResolverOptions(**options), Silent())


# --- commands


def python(body: str) -> str:
    """A harness in Python: `body` gives the line for `request`, and may do what it likes."""
    script = f"""
import json, os, sys, time
sys.path[:0] = {[path for path in sys.path if path]!r}
from ampmap_conformance.resolver.harnesses.resolver import answer
out = sys.stdout.buffer
for line in sys.stdin:
    request = json.loads(line)
    seq = request.get("seq")
    if request["cmd"] == "stop":
        break
    reply = {{"version": 1, "implementation": {{"name": "t"}}}} if request["cmd"] == "start" else answer(request)
    data = json.dumps(reply).encode() + b"\\n"
{body}
    out.write(data)
    out.flush()
"""
    return shlex.join([sys.executable, "-c", script])


@pytest.mark.parametrize("file", ["resolver.py", "resolver.mjs"])
def test_the_sample_harnesses_are_conformant(file: str) -> None:
    program = sys.executable if file.endswith(".py") else need_program("node")
    ended = check(command=shlex.join([program, str(HARNESSES / file)]))

    assert ended.code is ExitCode.CONFORMANT, [r for r in ended.report.results if r.verdict is Verdict.FAIL][:3]
    assert ended.report.target.name.startswith("sample-")
    assert ended.report.summary.counts.keys() == {Verdict.PASS, Verdict.NOT_APPLICABLE}


def test_a_right_resolver_with_odd_manners_passes() -> None:
    odd = """
    reply = {"note": [1, {"x": None}], **reply}
    if "error" in reply:
        reply = {**reply, "resolution": None, "error": {**reply["error"], "message": "nö", "extra": 1}}
    data = ("  " + json.dumps(reply, indent=None, ensure_ascii=False) + " \\r\\n").encode()
    for at in range(0, len(data), 17):
        out.write(data[at:at + 17])
        out.flush()
    data = b""
"""
    ended = check(command=python(odd), select=("auth-modes.*",), skip=(COMBINATIONS,))

    assert ended.code is ExitCode.CONFORMANT, [r for r in ended.report.results if r.verdict is Verdict.FAIL][:3]


FAULTS = [
    ("time.sleep(60)", "no answer in time", "nothing for 1 s"),
    ("out.write(b'{'); out.flush(); time.sleep(60)", "an incomplete line", "'{', then nothing for 1 s"),
    ("out.write(data[:9]); out.flush(); sys.exit(4)", "an incomplete line", "then it ended with exit code 4"),
    ("sys.exit(3)", "the resolver ended", "with exit code 3"),
    ("os.kill(os.getpid(), 9)", "the resolver ended", "by signal 9"),
    ("data = b'resolving claude...\\n'", "an answer that is not valid JSON", "'resolving claude...'"),
    ("data = b'\\xff\\xfe\\n'", "an answer that is not valid JSON", ""),
    ("data = b'[]\\n'", "JSON that is not an answer of the protocol", "'[]' is not an object"),
    ("data = b'{\"seq\": 2}\\n'", "JSON that is not an answer of the protocol", "either `resolution` or `error`"),
    (
        'data = b\'{"seq": 2, "resolution": {}}\\n\'',
        "JSON that is not an answer of the protocol",
        "resolution.mode: Field required",
    ),
    (
        'data = b\'{"seq": true, "error": {}}\\n\'',
        "JSON that is not an answer of the protocol",
        "seq: Input should be a valid integer",
    ),
    ("data = data.replace(b'\"seq\": 2, ', b'')", "JSON that is not an answer of the protocol", "`seq` is missing"),
    ("data = data.replace(b'\"seq\": 2', b'\"seq\": 1')", "an answer to another request", "`seq` is 1; expected 2"),
    ("data = b'x' * (3 << 20)", "an answer of more than 1 MiB", ""),
]


@pytest.mark.parametrize(("what", "reason", "detail"), FAULTS, ids=[fault[0][:30] for fault in FAULTS])
def test_each_way_of_not_answering_has_its_own_words_and_spoils_one_vector(what: str, reason: str, detail: str) -> None:
    command = python(f"    if seq == 2: {what}")
    ended = check(command=command, select=("auth-modes.single-mode[claude.*]",), timeout=1)
    first, second, *rest = ended.report.results

    assert (second.verdict, second.reason) == (Verdict.FAIL, reason)
    assert detail in second.actual
    assert second.exchanges[0].request.body.startswith('{"cmd":"resolve","seq":2,')
    assert {result.verdict for result in (first, *rest)} == {Verdict.PASS}
    assert ended.code is ExitCode.FAILURES


def test_a_resolver_that_stops_answering_is_not_asked_for_ever() -> None:
    command = python("    if seq and seq > 1: time.sleep(60)")
    ended = check(command=command, select=("auth-modes.single-mode", "auth-modes.never-widens"), timeout=0.5)
    verdicts = [result.verdict.value for result in ended.report.results]

    assert verdicts[:5] == ["pass", "fail", "fail", "fail", "blocked"]
    assert set(verdicts[4:]) == {"blocked"}
    assert ended.missing == ("auth-modes.never-widens",)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    sys.exit(7)", "did not answer `start`: the resolver ended: with exit code 7."),
        ("    time.sleep(60)", "did not answer `start`: no answer in time: nothing for 1 s."),
        ("    data = b'ready\\n'", "did not answer `start`: an answer that is not valid JSON: 'ready'."),
        (
            '    data = b\'{"version": 2, "implementation": {"name": "t"}}\\n\'',
            "the resolver uses version 2 of the protocol; expected version 1",
        ),
        ("    data = b'{\"version\": 1}\\n'", "implementation: Field required"),
    ],
)
def test_a_resolver_that_does_not_start_is_unreachable(body: str, words: str) -> None:
    with pytest.raises(UnreachableError, match=re.escape(words)):
        check(command=python(body), start_timeout=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"command": "/nowhere/resolver"}, "--command: /nowhere/resolver: No such file"),
        ({"command": ""}, "--command: expected a command, not an empty text"),
        ({"command": "node 'x"}, "--command: no closing quotation"),
        ({"command": "a", "url": "http://b"}, "cannot be combined"),
        ({"url": "localhost:80"}, "--url: "),
        ({"url": "http://user:pass@host/"}, "--url: "),
        ({"select": ("auth-modes.preference",)}, "did you mean `auth-modes.preference-order`"),
        ({"defects": ("widening",)}, "unknown defect `widening` of a resolver"),
        ({"defects": ("any-first",), "command": "a"}, "--defect requires the kit's own resolver"),
    ],
)
def test_options_that_do_not_fit_are_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        check(**options)


# --- over HTTP


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[dict[str, Any]], tuple[int, bytes]]], str]]:
    """Servers that answer each POST with a status and a body: `serve(reply)` is the URL of one."""
    servers: list[ThreadingHTTPServer] = []

    def served(reply: Callable[[dict[str, Any]], tuple[int, bytes]]) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                status, body = reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/resolve?v=1"

    yield served
    for server in servers:
        server.shutdown()
        server.server_close()


def ready() -> bytes:
    return json.dumps({"version": 1, "implementation": {"name": "http", "version": "3"}}).encode()


def test_a_server_is_judged_by_its_bodies_whatever_its_status(serve: Callable[..., str]) -> None:
    def reply(request: dict[str, Any]) -> tuple[int, bytes]:
        if request["cmd"] == "start":
            return 200, ready()
        answered = sample.answer(request)
        del answered["seq"]
        return (422 if "error" in answered else 200), json.dumps(answered).encode()

    ended = check(url=serve(reply), skip=(COMBINATIONS,))

    assert ended.code is ExitCode.CONFORMANT
    assert (ended.report.target.name, ended.report.target.version) == ("http", "3")


def test_a_server_that_fails_is_told_apart_from_one_that_is_not_there(serve: Callable[..., str]) -> None:
    def reply(request: dict[str, Any]) -> tuple[int, bytes]:
        return (200, ready()) if request["cmd"] == "start" else (500, b"<h1>Internal Server Error</h1>")

    url = serve(reply)
    failed = check(url=url, select=("auth-modes.single-mode",)).report.results[0]

    assert (failed.verdict, failed.reason) == (Verdict.FAIL, "an answer that is not valid JSON")
    assert "status 500, '<h1>Internal" in failed.actual
    assert failed.reproduce.curl.startswith(f"curl -s '{url}' ")
    with pytest.raises(UnreachableError, match="the connection was refused"):
        check(url="http://127.0.0.1:9/")
