"""What the tests of the kit share: whole runs, in this process or by the command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import chdir
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest
from ampmap_conformance.cli.main import main
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.write import read_report
from ampmap_conformance.run.run import Listener, conformance
from ampmap_tests_support.once import made_once
from click.testing import CliRunner

from .support import MAIN, OWN, DefaultRun, Done, Process, Silent, report_of, start_python, wait_for_end


@pytest.fixture(scope="session")
def reference() -> Reference:
    return load()


@pytest.fixture(scope="session")
def run() -> Callable[..., RunOutcome]:
    """A run in this process: `run(select=..., defects=..., strict=...)`."""

    def ran(reference: Reference | None = None, listener: Listener | None = None, **options: Any) -> RunOutcome:
        return conformance(RunOptions(**options), listener or Silent(), reference=reference)

    return ran


@pytest.fixture(scope="session")
def made_report() -> Callable[..., Report]:
    """A report that no run made: `made_report({"auth.a[x]": "fail"}, exit_code=1)`."""
    return report_of


@pytest.fixture(scope="session")
def default_run(tmp_path_factory: pytest.TempPathFactory) -> DefaultRun:
    """`ampmap-conformance run`, once for all tests that look at what it left behind."""

    def make(folder: Path) -> None:
        before = getrusage(RUSAGE_CHILDREN)
        done = wait_for_end(start_python(folder, *MAIN, "run"))
        after = getrusage(RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        told = (done.args, done.returncode, done.stdout, done.stderr)
        (folder / "ended.json").write_text(json.dumps([told, seconds]), encoding="utf-8")

    folder = made_once(tmp_path_factory, "default-run", make)
    told, seconds = json.loads((folder / "ended.json").read_text(encoding="utf-8"))
    return DefaultRun(subprocess.CompletedProcess(*told), seconds, read_report(folder / "ampmap-report/report.json"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts a command of Python's in an empty folder, with nothing of the user's own in its environment."""
    begun: list[Process] = []

    def begin(*words: str, env: dict[str, str] | None = None) -> Process:
        begun.append(start_python(tmp_path, *words, env=env))
        return begun[-1]

    yield begin
    for process in begun:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def begin(start: Callable[..., Process]) -> Callable[..., Process]:
    """Starts `ampmap-conformance`."""
    return partial(start, *MAIN)


@pytest.fixture
def process(begin: Callable[..., Process]) -> Callable[..., Done]:
    """Runs `ampmap-conformance` to its end, in a process of its own."""
    return lambda *words, **rest: wait_for_end(begin(*words, **rest))


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Done]:
    """Runs `ampmap-conformance` to its end in this process, which saves its start; else as `start` does."""

    def ran(*words: str, env: dict[str, str] | None = None) -> Done:
        with chdir(tmp_path), patch.dict(os.environ, {**OWN, **(env or {})}, clear=True):
            done = CliRunner().invoke(main, words, catch_exceptions=False)
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    return ran


@pytest.fixture
def python(start: Callable[..., Process]) -> Callable[..., Done]:
    """Runs Python to its end."""
    return lambda *words, **rest: wait_for_end(start(*words, **rest))


@pytest.fixture
def always() -> Iterator[Callable[[int], str]]:
    """Servers that answer every request alike, with nothing: `always(200)` is the URL of one."""
    servers: list[ThreadingHTTPServer] = []

    def serve(status: int) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            do_POST = do_DELETE = do_GET  # noqa: N815 - named by the base class

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
