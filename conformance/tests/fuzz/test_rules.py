"""The rules of the profile `fuzz`, on exchanges that no proxy made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ampmap_conformance.dialects.schemas import Schemas
from ampmap_conformance.errors import Violation
from ampmap_conformance.fuzz.rules import RULES, Facts, Sent, Wrong
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.wire.messages import (
    Chunk,
    Exchange,
    Headers,
    Request,
    Response,
    UpstreamAnswer,
    UpstreamRequest,
)

BODY = b'{"model":7}'


def sent(reference: Reference, wrong: Wrong, status: int, upstream: tuple[int, bytes] | None, **facts: Any) -> Sent:
    """An exchange that was answered with `status`; `upstream` is the observer's status and the body that it got."""
    request = Request("POST", "/x", Headers(), BODY)
    error = b'{"error":{"message":"m","type":"t"}}'
    response = Response(status, Headers((("Content-Type", "application/json"),)), (Chunk(0.0, error),), 0.0)
    seen: tuple[UpstreamRequest, ...] = ()
    answers: tuple[UpstreamAnswer, ...] = ()
    if upstream is not None:
        seen = (UpstreamRequest("groq", "POST", "/x", Headers(), upstream[1], upstream[1], 1, 0.0),)
        answers = (UpstreamAnswer(upstream[0], Headers(), b""),)
    known = Facts(Schemas(reference), reference.error_shapes["groq"], observed=True)
    return Sent(Exchange(request, response, seen, "groq", answers), wrong, replace(known, **facts))


@pytest.mark.parametrize(
    ("wrong", "status", "upstream", "holds_under"),
    [
        (Wrong.DATA, 400, None, {"either", "proxy"}),
        (Wrong.DATA, 308, None, {"either", "proxy"}),
        (Wrong.DATA, 400, (400, BODY), {"either", "upstream"}),
        (Wrong.DATA, 200, (200, b'{ "model": 7 }'), {"either", "upstream"}),
        (Wrong.DATA, 200, (200, b'{"model":"7"}'), set()),
        (Wrong.DATA, 200, (400, BODY), set()),
        (Wrong.DATA, 200, None, set()),
        (Wrong.METHOD, 405, None, {"either", "proxy", "upstream"}),
        (Wrong.METHOD, 404, (404, BODY), {"either", "proxy", "upstream"}),
        (Wrong.METHOD, 200, (200, BODY), set()),
        (Wrong.NOTHING, 200, None, {"either", "proxy", "upstream"}),
    ],
)
def test_who_refuses_invalid_data_is_a_policy(
    reference: Reference, wrong: Wrong, status: int, upstream: tuple[int, bytes] | None, holds_under: set[str]
) -> None:
    rule = RULES["fuzz.invalid-rejected-or-relayed"]
    policies = ("either", "proxy", "upstream")
    assert {name for name in policies if holds(rule, sent(reference, wrong, status, upstream, invalid_data=name))} == (
        holds_under
    )


@pytest.mark.parametrize(
    ("status", "upstream", "observed", "holds_it"),
    [
        (500, None, True, False),
        (500, (500, BODY), True, True),
        (500, (200, BODY), True, False),
        (0, None, True, False),
        (502, None, False, False),
        (503, None, False, True),
        (400, None, True, True),
    ],
)
def test_a_failure_counts_where_it_is_the_proxys(
    reference: Reference, status: int, upstream: tuple[int, bytes] | None, observed: bool, holds_it: bool
) -> None:
    case = sent(reference, Wrong.DATA, status, upstream, observed=observed)
    assert holds(RULES["fuzz.no-server-error"], case) is holds_it


def test_a_method_that_a_server_does_not_know_may_be_not_implemented(reference: Reference) -> None:
    rule = RULES["fuzz.no-server-error"]
    assert holds(rule, sent(reference, Wrong.METHOD, 501, None))
    assert not holds(rule, sent(reference, Wrong.DATA, 501, None))


def holds(rule: Callable[[Sent], None], case: Sent) -> bool:
    try:
        rule(case)
    except Violation:
        return False
    return True
