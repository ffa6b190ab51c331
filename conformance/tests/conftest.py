"""What the tests of the kit share: whole runs, in this process or by the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias
from unittest.mock import patch

import pytest
from ampmap_conformance.cli.main import main
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.engine.session import Session
from ampmap_conformance.reference import load
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.model import Report, Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.run.run import Listener, conformance
from click.testing import CliRunner

pytest_plugins = ["ampmap_tests_support.plugin"]

Process: TypeAlias = "subprocess.Popen[str]"
Done: TypeAlias = "subprocess.CompletedProcess[str]"


OWN = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}
"""The environment of a command: nothing of the user's own."""
MEASURED = {name: value for name, value in os.environ.items() if name == "COVERAGE_PROCESS_CONFIG"}
"""What coverage hands on to the processes that it measures."""


class Silent:
    """Watches a run and says nothing."""

    def begin(self, session: Session) -> None: ...

    def case(self, result: Result) -> None: ...


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


def report_of(
    verdicts: Mapping[str, str], *, results: Mapping[str, Any] | None = None, report: Any = None, **summary: Any
) -> Report:
    """A report with these verdicts by id; `results` are fields of each result, `summary` those of the summary."""
    made = []
    for name, verdict in verdicts.items():
        requirement, _, case = name.partition("[")
        made.append(
            {
                "id": name,
                "requirement": requirement,
                "case": case.removesuffix("]"),
                "level": "must",
                "profile": requirement.partition(".")[0],
                "verdict": verdict,
                "reason": "" if verdict == "pass" else f"why {verdict}",
                "expected": "",
                "actual": "",
                "docs_url": "",
                "exchanges": [],
                "reproduce": {"curl": "", "command": f"ampmap-conformance run --select '{name}'"},
                "duration_ms": 1.5,
                **(results or {}),
            }
        )
    profiles = {
        name: Counter(r["verdict"] for r in made if r["profile"] == name) for name in (r["profile"] for r in made)
    }
    counts = Counter(r["verdict"] for r in made)
    return Report.model_validate(
        {
            "kit": {"version": "1.0"},
            "reference": {"edition": "amp-1", "digest": "sha256:0"},
            "target": {"name": "staging", "version": None, "base_url": "https://proxy.example.com", "claims": []},
            "summary": {
                "verdict": "conformant",
                "planned": len(made),
                "counts": counts,
                "by_profile": profiles,
                "by_level": {"must": counts},
                **summary,
            },
            "rules": {
                r["requirement"]: {"statement": "It does.", "level": "must", "profile": r["profile"], "docs_url": ""}
                for r in made
            },
            "results": made,
            **(report or {}),
        }
    )


@pytest.fixture(scope="session")
def default_run(run: Callable[..., RunOutcome]) -> RunOutcome:
    """The whole default run, once."""
    return run()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts a command of Python's in an empty folder, with nothing of the user's own in its environment."""
    begun: list[Process] = []

    def started(*words: str, env: dict[str, str] | None = None) -> Process:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=tmp_path,
            env={**OWN, **MEASURED, "PYTHONPATH": ":".join(filter(None, sys.path)), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield started
    for process in begun:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def begin(start: Callable[..., Process]) -> Callable[..., Process]:
    """Starts `ampmap-conformance`."""
    return partial(start, "-c", "from ampmap_conformance.cli.main import main; main()")


@pytest.fixture
def process(begin: Callable[..., Process]) -> Callable[..., Done]:
    """Runs `ampmap-conformance` to its end, in a process of its own."""
    return lambda *words, **rest: finished(begin(*words, **rest))


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
    return lambda *words, **rest: finished(start(*words, **rest))


def finished(process: Process) -> Done:
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


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
