"""Profile routing: every call reaches its provider as the client made it, and the client gets the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, quote

from ..cases.cases import CallCase, ModeCase
from ..checks.expect import (
    assert_equal,
    assert_same_path,
    assert_success,
    expect,
    only_upstream_request,
)
from ..checks.registry import checks
from ..probe.probe import Probe
from .support.conditions import (
    has_body,
    has_model_in_path,
    is_model_call,
    is_warm_up,
    streams,
)
from .support.outside import ANSWER, SERVED, assert_marked_as_stream
from .support.told import assert_answer_told, assert_told

QUERY = (
    "ampmap=b%20b&ampmap=&ampmap=a&ampmap.other=%C3%A9&ampmap.plus=a+b%2Bc&beta=true&api-version=2025-01-01"
    "&pageToken=Zm9v%3D&keywords=key"
)
"""A repeated key, an empty value, an order that is not the alphabet's, percent-encoding, what chooses contracts, and
names that hold the name of a credential."""

WARM_UP_SECONDS = 1.0
"""The SDK's own timeout for the warm-up."""
WARM_UP_ATTEMPTS = 3
"""The quickest counts: a busy machine is not a slow proxy."""
RETRIED = (408, 409, 429)


@checks("routing.reaches-upstream", when=is_model_call, outside=SERVED)
def test_reaches_upstream(case: CallCase, probe: Probe) -> None:
    """Given a call, when it is sent, then its provider gets one request and no other upstream gets a request."""
    exchange = probe.send(case)

    only_upstream_request(exchange)


@checks("routing.method-and-path", when=is_model_call)
def test_method_and_path(case: CallCase, probe: Probe) -> None:
    """Given a call, when it is sent, then method and path at the provider are those of its upstream URL."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    assert_equal(upstream.method, case.method, "the method changed")
    if probe.called(case) is not None:
        known = probe.asked(upstream) is not None
        saying, wanted = "the upstream is called by an unknown path", "a path of the dialect that is called"
        expect(known, saying, expected=wanted, actual=upstream.path)
        return
    assert_same_path(upstream.path, probe.upstream_target(case), "the upstream got another path")
    if not exchange.request.body:
        assert_equal(upstream.body, b"", "a call without a body was given one")


@checks("routing.query-kept", when=is_model_call)
def test_query_kept(case: CallCase, probe: Probe) -> None:
    """Given a query of repeated, empty and encoded values, when it is sent, then all of them arrive."""
    exchange = probe.send(case, more_query=QUERY)

    upstream = only_upstream_request(exchange)
    own = probe.upstream_target(case).partition("?")[2]
    expected = parse_qs(f"{own}&{QUERY}", keep_blank_values=True)
    actual = parse_qs(upstream.query or "", keep_blank_values=True)
    kept = {name: actual.get(name) for name in expected}
    assert_equal(json.dumps(kept), json.dumps(expected), "the upstream got a changed query")


@checks("routing.body-kept", when=has_body)
def test_body_kept(case: CallCase, probe: Probe) -> None:
    """Given a JSON body, when it is sent, then the same bytes arrive."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    assert_equal(upstream.body, exchange.request.body, "the upstream got a changed body (see `policy.body`)")


@checks("routing.answer-relayed", when=is_model_call, outside=ANSWER)
def test_answer_relayed(case: CallCase, probe: Probe) -> None:
    """Given an answer of the upstream, when the proxy relays it, then nothing of it is missing."""
    exchange = probe.send(case)

    only_upstream_request(exchange)
    assert_equal(exchange.response.status, exchange.answers[0].status, "the status changed")
    assert_answer_told(case, probe, exchange)


@checks("routing.stream-relayed", when=streams, outside=ANSWER)
def test_stream_relayed(case: CallCase, probe: Probe) -> None:
    """Given a stream of the upstream, when the proxy relays it, then it is a stream with the same events."""
    exchange = probe.send(case)

    only_upstream_request(exchange)
    assert_success(exchange)
    assert_marked_as_stream(exchange.response)
    assert_told(case, probe, exchange)


@checks("routing.agent-mode-endpoint", outside=SERVED)
def test_agent_mode_endpoint(case: ModeCase, probe: Probe) -> None:
    """Given a mode's primary model, when it is called, then the provider of the routing map gets the call."""
    exchange = probe.send(case)

    assert_success(exchange)
    upstream = only_upstream_request(exchange)
    assert_equal(probe.model_of(case, upstream), case.model, "the mode's call names another model")


@checks("routing.alternate-roots", when=is_model_call, requests=2, outside=ANSWER)
def test_alternate_roots(case: CallCase, probe: Probe) -> None:
    """Given another form of a path, when it is called, then the same operation is reached as by the usual form."""
    usual = only_upstream_request(probe.send(replace(case, root=case.provider.roots[0])))
    exchange = probe.send(case)

    assert_success(exchange)
    upstream = only_upstream_request(exchange)
    if upstream.path.partition("?")[0] != usual.path.partition("?")[0]:
        assert_same_path(upstream.path, probe.upstream_target(case), "the upstream got another path")


@checks("routing.encoded-model-id", when=has_model_in_path)
def test_encoded_model_id(case: CallCase, probe: Probe) -> None:
    """Given an id with a slash, all of it percent-encoded, when it is called, then the slash arrives encoded."""
    encoded = "".join(letter if letter.isalnum() else f"%{ord(letter):02X}" for letter in f"example/{case.model}")
    plain = quote(case.model, safe="")
    exchange = probe.send(case, target=case.target.replace(plain, encoded).replace(":", "%3A"))

    assert_success(exchange)
    upstream = only_upstream_request(exchange)
    if probe.called(case) is not None:
        assert_equal(probe.model_of(case, upstream), f"example/{case.model}", "the upstream got another model")
        return
    expected = probe.upstream_target(case).replace(plain, f"example%2F{plain}")
    assert_same_path(upstream.path, expected, "the encoded path led to another place")


@checks("routing.warm-up", when=is_warm_up, requests=WARM_UP_ATTEMPTS)
def test_warm_up(case: CallCase, probe: Probe) -> None:
    """Given the warm-up call, when it is sent, then the SDK's constructor continues at once."""
    answers = [probe.send(case).response for _ in range(WARM_UP_ATTEMPTS)]

    retried = [a.status for a in answers if a.status in RETRIED or a.status >= 500]
    actual = ", ".join(f"status {status}" for status in retried)
    expect(not retried, "the SDK will try again", expected="no status that SDKs retry", actual=actual)
    in_time = min(answer.seconds for answer in answers) < WARM_UP_SECONDS
    expect(in_time, "the SDK gives up waiting", expected="an answer within 1 s", actual="no answer within 1 s")
