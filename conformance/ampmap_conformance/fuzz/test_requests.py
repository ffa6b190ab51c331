"""Makes requests of OpenAPI documents with schemathesis: a program of its own, which `generation` starts.

hypothesis draws constants from the code of the modules that a process has loaded, unless they are installed packages or
tests. So this program loads nothing of ampmap, and as a pytest module it is a test: the same document and seed give the
same requests wherever ampmap lies. pytest is how schemathesis offers its coverage phase to other programs.

It reads an array of jobs from stdin, `{"document": ..., "model": ..., "seed": ..., "max_examples": ...}`, and writes a
line for each when it is done: `{"job": 0, "requests": [...], "error": null}`. `error` is what stopped the generation.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import hypothesis
import pytest
import requests
import schemathesis

Case: TypeAlias = schemathesis.Case[Any]

NOWHERE = "http://proxy.invalid"
"""The server that the requests are made for; only their targets are used."""
ADDED = frozenset(
    {"user-agent", "accept-encoding", "accept", "connection", "content-length", "x-schemathesis-testcaseid"}
)
"""Headers that the library adds by itself."""


def wrong_in(case: Case) -> tuple[str, str]:
    """What is wrong with a case (a value of `Wrong`), and what is special about it in schemathesis' words."""
    meta = case.meta
    if meta is None:
        return "nothing", ""
    described = meta.phase.data
    what = "random data"
    if meta.phase.name == "coverage" and described.description:
        what = f"{described.parameter}: {described.description}" if described.parameter else described.description
    if case.method.upper() != case.operation.method.upper():
        return "method", what
    return "data" if meta.generation.mode.is_negative else "nothing", what


class Job:
    """The requests of all operations of one document."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._model: str = job["model"]
        self.requests: list[dict[str, Any]] = []
        self.error: str | None = None
        random = job["max_examples"]
        config = schemathesis.Config.from_dict(
            {
                "seed": job["seed"],
                "base-url": NOWHERE,
                "suppress-health-check": ["all"],
                "generation": {"mode": "all", "database": "none", "max-examples": max(random, 1)},
                "phases": {"examples": {"enabled": False}, "fuzzing": {"enabled": random > 0}},
            }
        )
        self._schema = schemathesis.openapi.from_dict(job["document"], config=config)

    def test(self) -> Callable[[Case], None]:
        """A test that schemathesis calls with every case of the coverage phase, and with the random ones."""

        def collect(case: Case) -> None:
            wrong, what = wrong_in(case)
            if wrong == "nothing":
                self._pin(case)
            request = _request(case)
            if request is not None:
                self.requests.append({**request, "wrong": wrong, "what": what})

        collect.__name__ = "test_requests"
        test: Callable[[Case], None] = self._schema.parametrize()(collect)
        return test

    def _pin(self, case: Case) -> None:
        """Names the model in a valid request, so that no proxy has a reason to reject it."""
        if isinstance(case.body, dict) and isinstance(case.body.get("model"), str):
            case.body = {**case.body, "model": self._model}
        if "model" in (case.path_parameters or {}):
            case.path_parameters = {**case.path_parameters, "model": self._model}


def _request(case: Case) -> dict[str, Any] | None:
    """The case as it is sent; None where it cannot be written as a request at all."""
    try:
        prepared = requests.Request(**case.as_transport_kwargs(base_url=NOWHERE)).prepare()
    except (requests.RequestException, schemathesis.errors.SchemathesisError, ValueError):
        return None
    url = urlsplit(prepared.url or "")
    body = prepared.body or b""
    return {
        "method": prepared.method or case.method,
        "target": f"{url.path or '/'}?{url.query}" if url.query else url.path or "/",
        "lines": [(str(k), str(v)) for k, v in prepared.headers.items() if str(k).lower() not in ADDED],
        "body": (body if isinstance(body, bytes) else str(body).encode()).decode("latin-1"),
    }


class Jobs:
    """The pytest plugin that adds a test for each job to this module, and writes what each job came to."""

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Adds the tests before pytest looks for them."""
        if isinstance(collector, pytest.Module):
            for number, job in enumerate(self._jobs):
                setattr(collector.obj, f"test_{number}", job.test())

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Writes a job whose document schemathesis cannot read."""
        if report.failed:
            number = _number(report.nodeid)
            self._jobs[number].error = report.longreprtext
            self._write(number)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps what stopped the generation for one operation."""
        if report.failed:
            self._jobs[_number(report.nodeid)].error = report.longreprtext

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, Any, Any]:
        """Writes a job when its last operation is done."""
        result = yield
        number = _number(item.nodeid)
        if nextitem is None or _number(nextitem.nodeid) != number:
            self._write(number)
        return result

    def _write(self, number: int) -> None:
        job = self._jobs[number]
        sys.stdout.write(json.dumps({"job": number, "requests": job.requests, "error": job.error}) + "\n")
        sys.stdout.flush()
        job.requests.clear()


def _number(nodeid: str) -> int:
    """The job of a test, by its name: `.../test_requests.py::test_3[POST /v1/messages]` is 3."""
    return int(nodeid.partition("[")[0].rpartition("::test_")[2])


def main() -> int:
    """Runs all jobs. Returns pytest's exit code."""
    hypothesis.settings.load_profile("default")
    jobs = [Job(job) for job in json.load(sys.stdin)]
    options = ["--capture=no", "--noconftest", "--import-mode=importlib", "-c", os.devnull]
    options += ["--continue-on-collection-errors", "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "schemathesis"]
    return int(pytest.main([*options, __file__], plugins=[Jobs(jobs)]))


if __name__ == "__main__":
    sys.exit(main())
