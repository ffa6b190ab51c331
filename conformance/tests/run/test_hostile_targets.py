"""Targets that are broken on purpose: one for each way in which a target could flood, fool or stop the kit."""

from __future__ import annotations

import gzip
import json
import re
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.run import smoke

Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
Misbehave: TypeAlias = Callable[[socket.socket, bytes], object]
KEY = "sk-Zq9/secret+KEY-7f3a2b1c9d"
OK = b"HTTP/1.1 200 OK\r\n"


def whole(body: bytes, *lines: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return OK + b"\r\n".join([b"Content-Type: application/json", *lines, length, b"", body])


def for_ever(sock: socket.socket, data: bytes, pause: float = 0.0) -> None:
    while True:
        sock.sendall(data)
        time.sleep(pause)


def bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(40)), packer.flush()])


def key_in(head: bytes) -> bytes:
    found = re.findall(rb"(?i)(?:authorization: Bearer|x-api-key:|x-goog-api-key:) (\S+)", head)
    return next((key for key in found if key != b"placeholder"), b"")


ESCAPES = b"\x1b]0;TITLE\x07\x1b[2J\x1b[1A\x1b[2K\x1b]8;;http://evil\x1b\\x\r\n::error::x \xe2\x80\xae"
ENDLESS: dict[str, Misbehave] = {
    "body": lambda sock, _: (sock.sendall(OK + b"\r\n"), for_ever(sock, b"a" * 65536)),
    "events": lambda sock, _: (
        sock.sendall(OK + b"Content-Type: text/event-stream\r\n\r\n"),
        for_ever(sock, b"data: 1\n\n" * 9000),
    ),
    "drip": lambda sock, _: (sock.sendall(OK + b"Content-Length: 1000000\r\n\r\n"), for_ever(sock, b"a", 0.1)),
    "head": lambda sock, _: (sock.sendall(OK), for_ever(sock, b"X: %b\r\n" % (b"x" * 60_000))),
    "interim": lambda sock, _: for_ever(sock, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 999),
    "slow interim": lambda sock, _: for_ever(sock, b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.1),
    "bomb": lambda sock, _: sock.sendall(whole(bomb(), b"Content-Encoding: gzip")),
    "silence": lambda _sock, _head: time.sleep(5),
}
WRONG: dict[str, Misbehave] = {
    "escapes": lambda sock, _: sock.sendall(whole(b'{"e":"%b"}' % ESCAPES)),
    "deep": lambda sock, _: sock.sendall(whole(b"[" * 200_000 + b"]" * 200_000)),
    "big number": lambda sock, _: sock.sendall(whole(b'{"id": %b}' % (b"9" * 5000))),
    "surrogate": lambda sock, _: sock.sendall(whole(b'{"id":"\\ud800","content":"\\ud800"}')),
    "bad UTF-8": lambda sock, _: sock.sendall(whole(b'{"id":"\xff\xfe"}')),
    "many lines": lambda sock, _: sock.sendall(whole(b'data: {"a":1}\n\n' * 40_000)),
    "unicode": lambda sock, _: sock.sendall(whole('{"id":"日本"}'.encode())),
    "packed key": lambda sock, head: sock.sendall(
        whole(gzip.compress(b'{"k":"%b"}\xff' % key_in(head)), b"Content-Encoding: gzip")
    ),
    "negative length": lambda sock, _: sock.sendall(OK + b"Content-Length: -5\r\n\r\nabc"),
    "huge length": lambda sock, _: sock.sendall(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc"),
    "two lengths": lambda sock, _: sock.sendall(OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
    "bad chunk": lambda sock, _: sock.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n"),
    "garbage": lambda sock, _: sock.sendall(b"\x00\x01 no HTTP at all\r\n\r\n"),
}


@pytest.fixture
def hostile() -> Iterator[Callable[..., str]]:
    """`hostile(misbehave, first)` is the URL of a target; to the first so many calls it answers with an empty 200."""
    servers: list[socket.socket] = []

    def serve(misbehave: Misbehave, first: int = 0) -> str:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        servers.append(listener)
        calls = iter(range(1_000_000))

        def handle(sock: socket.socket) -> None:
            with sock, suppress(OSError), sock.makefile("rb") as read:
                while line := read.readline():
                    head = line
                    while (line := read.readline()) not in (b"\r\n", b""):
                        head += line
                    length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
                    read.read(int(length[1]) if length else 0)
                    if next(calls) < first:
                        sock.sendall(whole(b"{}"))
                    else:
                        misbehave(sock, head)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    threading.Thread(target=handle, args=(sock,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for server in servers:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def written(folder: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in (folder / "ampmap-report").iterdir())


@pytest.mark.parametrize("mode", ENDLESS)
def test_a_target_without_end_is_told_from_one_that_answers(
    command: Command, hostile: Callable[..., str], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(smoke, "SMOKE_SECONDS", 1.5)
    done = command("run", "--base-url", hostile(ENDLESS[mode]), "--profile", "auth")
    assert done.returncode == 6, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("mode", WRONG)
def test_a_wrong_answer_is_a_failure_of_the_target(
    command: Command, hostile: Callable[..., str], tmp_path: Path, mode: str
) -> None:
    url = hostile(WRONG[mode], 1)
    words = ("--select", "auth.accepts-credential[groq-*]", "--select", "routing.answer-relayed[groq-*]")
    env = {"AMPMAP_CLIENT_KEY": KEY, "GITHUB_ACTIONS": "true"}
    done = command("run", "--base-url", url, *words, "--workers", "1", env=env)
    assert done.returncode in (1, 5), done.stdout + done.stderr
    report = json.loads((tmp_path / "ampmap-report" / "report.json").read_text(encoding="utf-8"))
    assert "error" not in report["summary"]["counts"]
    everything = done.stdout + done.stderr + written(tmp_path)
    assert "\x1b" not in everything
    assert "\u202e" not in everything
    assert not [line for line in done.stdout.splitlines() if line.startswith("::error::x")]
    assert KEY not in everything
    assert KEY.replace("/", "\\/") not in everything
    assert len(everything) < 2_000_000


def test_a_target_that_goes_silent_is_given_up(
    command: Command, hostile: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ampmap_conformance.probe.context.UNOBSERVED", 0.2)
    monkeypatch.setattr("ampmap_conformance.run.open.SILENT_CALLS", 3)
    url = hostile(ENDLESS["silence"], 1)
    done = command("run", "--base-url", url, "--profile", "auth", env={"AMPMAP_CLIENT_KEY": KEY})
    assert done.returncode == 1, done.stdout
    report = json.loads((tmp_path / "ampmap-report" / "report.json").read_text(encoding="utf-8"))
    assert report["requests"]["sent"] < 60
    (told,) = [n["text"] for n in report["notices"] if "stopped to answer" in n["text"]]
    assert "calls in a row were waited for in vain" in told


def test_a_run_ends_at_its_time_limit(command: Command, hostile: Callable[..., str], tmp_path: Path) -> None:
    url = hostile(ENDLESS["silence"], 1)
    words = ("--base-url", url, "--profile", "auth", "--time-limit", "3")
    done = command("run", *words, env={"AMPMAP_CLIENT_KEY": KEY})
    assert done.returncode in (1, 5), done.stdout
    report = json.loads((tmp_path / "ampmap-report" / "report.json").read_text(encoding="utf-8"))
    assert report["requests"]["sent"] < 60
    assert [n for n in report["notices"] if "the time limit of 3 s (--time-limit) is over" in n["text"]]
