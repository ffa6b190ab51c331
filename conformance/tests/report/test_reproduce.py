"""What a report tells to see a failure again is executed here, and shows the same."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy import ReferenceProxy, config_for_observer
from ampmap_conformance.report.model import Message, Report, Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.reproduce import LONGEST_BODY, SAMPLE_NONCE, SERVED_AT, curl_line
from ampmap_conformance.report.write import read_report
from ampmap_conformance.target.file import TargetFile
from ampmap_conformance.target.target import Secret, Target
from ampmap_conformance.verdicts import Verdict
from ampmap_conformance.wire.messages import Headers, Request
from ampmap_conformance.wire.redaction import NONCE, Scrubber, SecretBook
from ampmap_tests_support.programs import need_program

Run: TypeAlias = Callable[..., RunOutcome]
Process: TypeAlias = "subprocess.Popen[str]"
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

KEY = "canary-of-the-reproduction-canary"
LOUD = ("allow-missing", "wrong-key-echoed", "terminator-dropped", "unknown-provider-500", "query-key-forwarded")
"""Defects of which all but the last can be seen by the client."""
SELECT = ("auth.*[groq-*]", "errors.*[groq*]", "routing.*[groq-chat*]", "headers.client-credential-replaced[groq-*]")
DYNAMIC = frozenset({"date", "server"})


@dataclass(frozen=True)
class Curled:
    """What curl got."""

    status: str
    headers: frozenset[str]
    body: str


@pytest.fixture(scope="module")
def broken(run: Run) -> Report:
    return run(defects=LOUD, select=SELECT).report


def one_of_each(report: Report) -> list[Result]:
    """The first failure of each requirement."""
    found: dict[str, Result] = {}
    for result in report.results:
        if result.verdict in (Verdict.FAIL, Verdict.WARN):
            found.setdefault(result.requirement, result)
    return list(found.values())


def again(command: Command, line: str, **rest: object) -> subprocess.CompletedProcess[str]:
    """Runs an `again` line of a report."""
    name, *words = shlex.split(line)
    assert name == "ampmap-conformance"
    return command(*words, **rest)


def test_the_command_of_a_failure_comes_to_the_same(broken: Report, command: Command, tmp_path: Path) -> None:
    failures = one_of_each(broken)
    assert len(failures) >= 5
    by_profile = {result.profile: result for result in failures}
    for result in by_profile.values():
        done = again(command, result.reproduce.command)
        assert done.returncode == (result.verdict is Verdict.FAIL), done.stdout + done.stderr
        (seen,) = read_report(tmp_path / "ampmap-report" / "report.json").results
        assert (seen.id, seen.verdict, seen.actual) == (result.id, result.verdict, result.actual)


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({"defects": ("one-error-shape",), "strict": True}, "fail"),
        ({"defects": ("one-error-shape",)}, "warn"),
        ({"defects": ("one-error-shape",), "strict": True, "baseline": True}, "known-failure"),
        ({"baseline": True}, "unexpected-pass"),
    ],
)
def test_the_command_holds_all_that_the_verdict_rests_on(
    run: Run, command: Command, tmp_path: Path, options: dict[str, object], verdict: str
) -> None:
    if options.get("baseline"):
        file = tmp_path / "known ones.yaml"
        file.write_text("- pattern: errors.own-shape[*]\n  reason: one shape for all\n", encoding="utf-8")
        options = {**options, "baseline": file}
    results = run(select=("errors.own-shape[groq*]",), **options).report.results
    result = next(result for result in results if result.verdict.value == verdict)
    again(command, result.reproduce.command)
    (seen,) = read_report(tmp_path / "ampmap-report" / "report.json").results
    assert (seen.id, seen.verdict.value) == (result.id, verdict)


@pytest.fixture
def curl(tmp_path: Path) -> Callable[[str, dict[str, str]], Curled]:
    """Executes a curl line of a report by a shell."""
    need_program("curl")

    def run_line(line: str, environment: dict[str, str]) -> Curled:
        head, body = tmp_path / "head", tmp_path / "body"
        options = f"curl --dump-header {head} --output {body} --max-time 30"
        line = re.sub(r"(^|\| )curl ", rf"\g<1>{options} ", line, count=1)
        subprocess.run(["sh", "-c", line], env={"PATH": "/usr/bin:/bin", **environment}, check=True, timeout=60)
        status, *lines = head.read_bytes().decode("latin-1").split("\r\n\r\n")[-2].split("\r\n")
        shown = body.read_bytes().decode() if body.exists() else ""
        return Curled(status.split(" ")[1], names(line.partition(":")[0] for line in lines), without_nonce(shown))

    return run_line


def names(headers: Iterator[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in headers) - DYNAMIC


def without_nonce(text: str) -> str:
    return NONCE.sub(SAMPLE_NONCE, text)


def seen_by_kit(answer: Message) -> Curled:
    return Curled(answer.start, names(name for name, _ in answer.headers), without_nonce(answer.body))


@pytest.fixture
def served(begin: Callable[..., Process]) -> Callable[[str], tuple[str, dict[str, str]]]:
    """Executes a `serve` line on a port of the system's choice: the address, and the variables that it exports."""

    def serve(line: str) -> tuple[str, dict[str, str]]:
        exports, _, command = line.partition("; ")
        environment = dict(pair.split("=", 1) for pair in exports.removeprefix("export ").split())
        name, *words = shlex.split(command.removesuffix(" &"))
        assert name == "ampmap-conformance"
        process = begin(*[word.replace(SERVED_AT, "127.0.0.1:0") for word in words], env=environment)
        assert process.stdout is not None
        return process.stdout.readline().strip().removeprefix("http://"), environment

    return serve


def test_the_curl_line_of_a_failure_shows_what_the_kit_saw(
    broken: Report,
    served: Callable[[str], tuple[str, dict[str, str]]],
    curl: Callable[[str, dict[str, str]], Curled],
) -> None:
    failures = [result for result in one_of_each(broken) if result.reproduce.curl_alone]
    assert {"errors.allow-header", "auth.client-keys-not-returned", "routing.stream-relayed"} <= {
        r.requirement for r in failures
    }
    address, environment = served(failures[0].reproduce.serve)
    for result in failures:
        line = result.reproduce.curl
        assert SERVED_AT in line
        assert result.exchanges[-1].response.encoding != "base64"
        shown = curl(line.replace(SERVED_AT, address), environment)
        assert shown == seen_by_kit(result.exchanges[-1].response), line


ODD = (
    (
        ("odd-model-500", "zero-refused", "page-for-rare-methods", "key-in-complaint"),
        "fuzz.*[openai-responses]",
        {"fuzz.no-server-error", "fuzz.valid-forwarded", "fuzz.content-type", "fuzz.no-leak"},
    ),
    (("missing-fields-made-up",), "fuzz.*[anthropic-messages.count_tokens]", {"fuzz.invalid-rejected-or-relayed"}),
    (("validation-in-own-shape",), "fuzz.*[anthropic-messages.count_tokens]", {"fuzz.error-shape"}),
    (("trace-in-complaint",), "fuzz.*[anthropic-messages.count_tokens]", {"fuzz.no-stack-trace"}),
    (("management-odd-body-500",), "fuzz.*[api-internal]", {"fuzz.management-holds"}),
)
"""Defects that generated data shows, where to look for them, and at least what they break."""


@pytest.mark.long
@pytest.mark.parametrize(("defects", "select", "broken"), ODD)
def test_both_lines_of_what_generated_data_found_show_it_again(
    run: Run,
    command: Command,
    served: Callable[[str], tuple[str, dict[str, str]]],
    curl: Callable[[str, dict[str, str]], Curled],
    tmp_path: Path,
    defects: tuple[str, ...],
    select: str,
    broken: set[str],
) -> None:
    failures = one_of_each(run(defects=defects, select=(select,), seed=5).report)
    assert broken <= {result.requirement for result in failures}
    address, environment = served(failures[0].reproduce.serve)
    for result in failures:
        assert "--seed 5" in result.reproduce.command
        again(command, result.reproduce.command)
        (seen,) = read_report(tmp_path / "ampmap-report" / "report.json").results
        assert (seen.id, seen.verdict, seen.reason) == (result.id, result.verdict, result.reason)
        assert (seen.actual, seen.reproduce.curl) == (result.actual, result.reproduce.curl)
        assert result.reproduce.curl_alone
        shown = curl(result.reproduce.curl.replace(SERVED_AT, address), environment)
        shown = replace(shown, body=SecretBook("upstream-key-openai").hide(shown.body))
        assert shown == seen_by_kit(result.exchanges[-1].response), result.reproduce.curl


def test_a_scripted_case_says_that_curl_is_not_all(run: Run) -> None:
    report = run(defects=("upstream-status-500",), select=("errors.upstream-status-relayed[groq-4*]",)).report
    failing = [result for result in report.results if result.verdict is Verdict.FAIL]
    assert failing
    assert not any(result.reproduce.curl_alone for result in failing)


def test_a_target_of_the_users_own_is_named_in_both_lines(
    command: Command,
    curl: Callable[[str, dict[str, str]], Curled],
    reference: Reference,
    tmp_path: Path,
) -> None:
    """A proxy with a key that the file refers to by variable, and that is found nowhere else."""
    from ampmap_conformance.observer import Observer
    from ampmap_conformance.refproxy.defects import behaviour_with

    with Observer(reference).start() as observer:
        config = config_for_observer(reference, observer.persona_url, [KEY])
        with ReferenceProxy(config, behaviour_with(("wrong-key-echoed", "allow-missing"))) as proxy:
            file = tmp_path / "my target.yaml"
            file.write_text(
                f"name: staging\nbase_url: {proxy.url}\nproviders: [groq]\ncredentials: {{client: {{env: MY_KEY}}}}\n",
                encoding="utf-8",
            )
            words = (
                "run",
                "--target",
                "my target.yaml",
                "--select",
                "errors.allow-header",
                "--select",
                "auth.canary-*",
            )
            first = command(*words, env={"MY_KEY": KEY})
            assert first.returncode == 1, first.stdout + first.stderr
            failures = one_of_each(read_report(tmp_path / "ampmap-report" / "report.json"))
            assert len(failures) == 2, first.stdout + first.stderr
            for result in failures:
                done = again(command, result.reproduce.command, env={"MY_KEY": KEY})
                assert done.returncode == (result.verdict is Verdict.FAIL), done.stdout + done.stderr
                assert KEY not in done.stdout + result.reproduce.curl
                assert result.reproduce.serve == ""
                shown = curl(result.reproduce.curl, {"MY_KEY": KEY})
                assert shown == seen_by_kit(result.exchanges[-1].response)


BODIES = (b"", b"plain", b"@file", b'it\'s $HOME `x` \\ "y" !', "né\n".encode(), b"\xff\xfe\n 'x'")
HEADERS = Headers((("X-Empty", ""), ("X-Odd", "it's $HOME \"`\\"), ("Authorization", f"Bearer {KEY}")))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/a/../b?x=[1]&y={z}&&k=%2F"), ("DELETE", "/a%20b:c"), ("GET", "/")]
)
def test_a_curl_line_sends_the_request_byte_for_byte(
    curl: Callable[[str, dict[str, str]], Curled],
    echo: Callable[[], bytes],
    echo_url: str,
    body: bytes,
    method: str,
    path: str,
) -> None:
    target = Target(
        file=TargetFile(name="x", base_url=f"{echo_url}/mounted"),
        providers=(),
        reference=Reference.model_construct(),
        client=Secret(KEY, "$MY_KEY"),
        source=f"--base-url {echo_url}/mounted",
    )
    line = curl_line(Request(method, path, HEADERS, body), target, Scrubber(SecretBook(KEY)))
    assert KEY not in line
    curl(line, {"MY_KEY": KEY, "HOME": "/wrong"})
    head, _, sent = echo().partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == f"{method} /mounted{path} HTTP/1.1"
    assert sent == body
    framing = {"host", "content-length"}
    found = [line for line in lines if line.partition(":")[0].lower() not in framing]
    assert found == ["X-Empty:", "X-Odd: it's $HOME \"`\\", f"Authorization: Bearer {KEY}"]


def test_a_body_too_long_for_a_line_has_none() -> None:
    target = Target(file=TargetFile(name="x", base_url="http://x"), providers=(), reference=Reference.model_construct())
    request = Request("POST", "/", Headers(), b"x" * (LONGEST_BODY + 1))
    assert curl_line(request, target, Scrubber(SecretBook())) == ""


@pytest.fixture(scope="module")
def echo_server() -> Iterator[tuple[str, list[bytes]]]:
    """A server that keeps the bytes of each request; its URL, and what it got."""
    import socket
    from threading import Thread

    got: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                head, _, body = data.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                while length and len(body) < int(length[1]):
                    body += connection.recv(65536)
                got.append(head + b"\r\n\r\n" + body)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", got
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def echo_url(echo_server: tuple[str, list[bytes]]) -> str:
    return echo_server[0]


@pytest.fixture
def echo(echo_server: tuple[str, list[bytes]]) -> Callable[[], bytes]:
    return echo_server[1].pop
