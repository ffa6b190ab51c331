"""The rules of the profile `fuzz` as checks of schemathesis, for its own command and for pytest.

SCHEMATHESIS_HOOKS=ampmap_conformance.fuzz.hooks st run openapi.json --url http://127.0.0.1:8317

To import this module registers them. What needs an observer is judged by `ampmap-conformance run` alone. Keys that must
not show are those in the environment variables AMPMAP_CLIENT_KEY and AMPMAP_CLIENT_KEY_2, and in those that
AMPMAP_CANARIES names, with commas between them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import schemathesis
from schemathesis import CheckContext, CheckFunction
from schemathesis import Response as Answer

from ..dialects.schemas import Schemas
from ..errors import Violation
from ..reference import editions, load
from ..reference.types import Reference
from ..wire.messages import Chunk, Exchange, Headers, Request, Response
from . import rules
from .rules import Facts, Rule, Sent, Wrong
from .test_requests import Case, wrong_in

OWN_KEYS = ("AMPMAP_CLIENT_KEY", "AMPMAP_CLIENT_KEY_2")
CANARIES = "AMPMAP_CANARIES"
"""The variable that names others, which hold keys of upstreams."""


@schemathesis.check
def ampmap_no_server_error(_context: CheckContext, response: Answer, case: Case) -> None:
    """The proxy itself does not fail: `fuzz.no-server-error`."""
    _assert("fuzz.no-server-error", rules.no_server_error, response, case)


@schemathesis.check
def ampmap_error_shape(_context: CheckContext, response: Answer, case: Case) -> None:
    """An error has the shape of the provider that was called: `fuzz.error-shape`."""
    _assert("fuzz.error-shape", rules.error_shape, response, case)


@schemathesis.check
def ampmap_content_type(_context: CheckContext, response: Answer, case: Case) -> None:
    """An answer is JSON or a stream of events, and an error JSON: `fuzz.content-type`."""
    _assert("fuzz.content-type", rules.content_type, response, case)


@schemathesis.check
def ampmap_no_leak(_context: CheckContext, response: Answer, case: Case) -> None:
    """No key shows in an answer: `fuzz.no-leak`."""
    _assert("fuzz.no-leak", rules.no_leak, response, case)


@schemathesis.check
def ampmap_no_stack_trace(_context: CheckContext, response: Answer, case: Case) -> None:
    """An error holds no stack trace: `fuzz.no-stack-trace`."""
    _assert("fuzz.no-stack-trace", rules.no_stack_trace, response, case)


CHECKS: list[CheckFunction] = [
    ampmap_no_server_error,
    ampmap_error_shape,
    ampmap_content_type,
    ampmap_no_leak,
    ampmap_no_stack_trace,
]
"""For `case.call_and_validate(checks=CHECKS)`."""


def _assert(requirement: str, rule: Rule, response: Answer, case: Case) -> None:
    """Raises AssertionError, which schemathesis takes for a failure, where the rule is broken."""
    wrong, _ = wrong_in(case)
    try:
        rule(Sent(_exchange(response), Wrong(wrong), _facts(case)))
    except Violation as found:
        told = f"{requirement}: {found.saying}\nexpected  {found.expected}\nactual    {found.actual}"
        raise AssertionError(told) from None


def _exchange(response: Answer) -> Exchange:
    request = response.request
    sent = Request(request.method or "GET", request.path_url, Headers(tuple(_lines(request.headers))))
    lines = tuple((name, value) for name, values in response.headers.items() for value in values)
    headers = Headers(lines).without("content-encoding")  # it is decoded already
    body = (Chunk(response.elapsed, response.content),)
    return Exchange(sent, Response(response.status_code, headers, body, response.elapsed), ())


def _lines(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in headers.items()]


def _facts(case: Case) -> Facts:
    document: dict[str, Any] = case.operation.schema.raw_schema
    reference, schemas = _known(document["info"]["x-ampmap"]["edition"])
    marks = case.operation.definition.raw.get("x-ampmap", {})
    provider = {**reference.providers}.get(marks.get("provider", ""))
    named = (*OWN_KEYS, *(name.strip() for name in os.environ.get(CANARIES, "").split(",")))
    return Facts(
        schemas,
        reference.error_shapes[provider.error_shape] if provider else None,
        other_keys=tuple(value for name in named if name and (value := os.environ.get(name))),
    )


@cache
def _known(edition: str) -> tuple[Reference, Schemas]:
    reference = load(edition=edition if edition in editions() else None)
    return reference, Schemas(reference)
