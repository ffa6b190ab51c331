"""Requests that schemathesis makes from an OpenAPI document. Beside `hooks`, the only module that knows schemathesis.

The same document, seed and number give the same requests in the same order, whatever else the process has loaded.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from schemathesis.core.errors import SchemathesisError
from schemathesis.core.result import Err
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

from .rules import Wrong

Case: TypeAlias = schemathesis.Case[Any]

NOWHERE = "http://proxy.invalid"
"""The server that the document's requests are made for; only their targets are used."""
ADDED = frozenset(
    {"user-agent", "accept-encoding", "accept", "connection", "content-length", "x-schemathesis-testcaseid"}
)
"""Headers that the library adds itself."""
UNHEEDED = (
    HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example, HealthCheck.too_slow
)  # fmt: skip
"""Health checks of hypothesis that would abort the generation."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?")


@dataclass(frozen=True)
class Generated:
    """One request, less the credentials and what marks it as the kit's."""

    method: str
    target: str
    lines: tuple[tuple[str, str], ...]
    body: bytes
    wrong: Wrong
    what: str
    """What is special about it, in schemathesis' words."""

    @property
    def is_http(self) -> bool:
        """Whether every header line can be written; this profile does not send invalid HTTP."""
        return all(TOKEN.fullmatch(name) and VALUE.fullmatch(value) for name, value in self.lines)


def generated(document: dict[str, object], *, seed: int, max_examples: int, model: str) -> tuple[Generated, ...]:
    """The requests of each operation of a document: every case of the coverage phase, and `max_examples` random ones.

    `model` stands in every valid request for the model, so that no proxy has a reason to refuse it.
    """
    config = schemathesis.Config.from_dict(
        {"seed": seed, "base-url": NOWHERE, "generation": {"mode": "all", "database": "none"}}
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    modes = [HypothesisTestMode.COVERAGE, *([HypothesisTestMode.FUZZING] if max_examples else [])]
    settings = hypothesis.settings(
        deadline=None,
        database=None,
        max_examples=max(max_examples, 1),
        suppress_health_check=UNHEEDED,
        phases=[Phase.explicit, *([Phase.generate] if max_examples else [])],
    )
    wanted = HypothesisTestConfig(
        project=schema.config, modes=modes, settings=settings, seed=seed, apply_ci_profile=False
    )
    made: list[Generated] = []
    with _steady():
        for found in schema.get_all_operations():
            if isinstance(found, Err):
                raise found.err()
            create_test(operation=found.ok(), test_func=_collecting(made, model), config=wanted)()
    return tuple(dict.fromkeys(made))


def _collecting(into: list[Generated], model: str) -> Callable[[Case], None]:
    def collect(case: Case) -> None:
        request = _request(case, model)
        if request is not None and request.is_http:
            into.append(request)

    return collect


def _request(case: Case, model: str) -> Generated | None:
    """The case as it goes onto the wire; None where it cannot be written as a request at all."""
    wrong, what = wrong_in(case)
    if wrong is Wrong.NOTHING:
        _pin(case, model)
    try:
        known = case.as_transport_kwargs(base_url=NOWHERE)
        prepared = requests.Request(**known).prepare()
    except (requests.RequestException, SchemathesisError, ValueError):
        return None
    url = urlsplit(prepared.url or "")
    body = prepared.body or b""
    return Generated(
        prepared.method or case.method,
        f"{url.path or '/'}?{url.query}" if url.query else url.path or "/",
        tuple((str(k), str(v)) for k, v in prepared.headers.items() if str(k).lower() not in ADDED),
        body if isinstance(body, bytes) else str(body).encode(),
        wrong,
        what,
    )


def wrong_in(case: Case) -> tuple[Wrong, str]:
    """What is wrong with a generated case, and what is special about it in schemathesis' words."""
    meta = case.meta
    if meta is None:
        return Wrong.NOTHING, ""
    data = meta.phase.data
    what = "random data"
    if isinstance(data, CoveragePhaseData):
        what = f"{data.parameter}: {data.description}" if data.parameter else data.description
        if data.scenario is CoverageScenario.UNSPECIFIED_HTTP_METHOD:
            return Wrong.METHOD, what
    return Wrong.DATA if meta.generation.mode.is_negative else Wrong.NOTHING, what


def _pin(case: Case, model: str) -> None:
    if isinstance(case.body, dict) and isinstance(case.body.get("model"), str):
        case.body = {**case.body, "model": model}
    if "model" in (case.path_parameters or {}):
        case.path_parameters = {**case.path_parameters, "model": model}


@contextmanager
def _steady() -> Iterator[None]:
    """Keeps hypothesis from drawing constants of whatever modules are loaded, and from leaving a folder behind."""
    before = providers._get_local_constants
    providers._get_local_constants = Constants  # drawn from what is loaded, they differ from run to run
    with tempfile.TemporaryDirectory(prefix="ampmap-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            providers._get_local_constants = before
            set_hypothesis_home_dir(None)
