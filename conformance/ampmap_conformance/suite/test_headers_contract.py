"""Profile headers: versions, features, lists, limits, and what the proxy may decide."""

from __future__ import annotations

import re
from dataclasses import replace

from ..cases.cases import CallCase
from ..checks.expect import (
    assert_absent,
    assert_equal,
    assert_header,
    assert_served,
    assert_success,
    expect,
    only_upstream_request,
)
from ..checks.findings import expect_none, gathering
from ..checks.registry import checks
from ..observer import Reply
from ..probe.probe import Probe
from ..wire.messages import Exchange, UpstreamRequest, media_type
from .support.attempts import ATTEMPTS
from .support.conditions import asks_for_features, chooses_version
from .support.features import features_asked_for, listed
from .support.hop import FRAMING, HOP_HEADER, HOP_VALUE
from .support.outside import MARK, of_call
from .support.told import EVENTS

OTHER_VERSION = "2026-10-21"
"""The newer of the two contracts of Anthropic's API; the client of this edition names the older one."""
FEATURES = ("known-2025-05-14, ampmap-unknown-2099-01-01", "another-2099-01-01")
"""Two lines, of which the first is a list."""
LIST = "x-ampmap-list"
VALUES = ("one, two", "three", "four;five=6")
LIMIT = "1000"
JSON_TYPE = re.compile(r"application/([\w.+-]+\+)?json")
"""Media types of JSON, one with a suffix among them."""
NOT_A_NUMBER = "NOT_GIVEN"
STEERING = "x-should-retry"
TOO_MANY = 429
LIMITED = (400, TOO_MANY, 503)
"""Statuses of errors that tell the limits."""


def assert_dropped(exchange: Exchange) -> None:
    """No header of the upstream's connection reached the client."""
    only_upstream_request(exchange)
    kept = [name for name, value in exchange.response.headers if HOP_VALUE in value]
    expect_none(kept, "the client got headers of the upstream's connection", expected="none")


@checks("headers.version-relayed", when=chooses_version)
def test_version_is_relayed(case: CallCase, probe: Probe) -> None:
    """Given another version than the usual, when the proxy forwards the call, then it names that one and no other."""
    request = probe.request(case)
    names = tuple(probe.dialect_headers(case))
    for name in names:
        request = replace(request, headers=request.headers.setting(name, OTHER_VERSION))
    exchange = probe.exchange(request, persona=probe.persona_of(case))

    upstream = only_upstream_request(exchange)
    with gathering() as part:
        for name in names:
            with part():
                assert_header(upstream.headers, name, OTHER_VERSION, saying="the version was lost or changed")


@checks("headers.beta-lines-kept", when=asks_for_features)
def test_features_are_kept(case: CallCase, probe: Probe) -> None:
    """Given features on two lines, when the proxy forwards the call, then it names just these."""
    names = probe.optional_headers(case)
    exchange = probe.send(case, more_headers=[(name, line) for name in names for line in FEATURES])

    upstream = only_upstream_request(exchange)
    with gathering() as part:
        for name in names:
            came = features_asked_for(upstream.headers, name, probe)
            with part():
                assert_equal(came, ", ".join(FEATURES), f"{name} was lost or changed")


@checks("headers.no-feature-invented", requests=3, when=asks_for_features)
def test_features_are_not_remembered(case: CallCase, probe: Probe) -> None:
    """Given calls with one feature, another, and none, when the proxy forwards them, then each names its own alone."""
    for wanted in (*FEATURES, ""):
        lines = [(name, wanted) for name in probe.optional_headers(case) if wanted]
        upstream = only_upstream_request(probe.send(case, more_headers=lines))
        for name in probe.optional_headers(case):
            assert_equal(
                features_asked_for(upstream.headers, name, probe), wanted, f"{name} is not what the client sent"
            )


def _send_with_telemetry(case: CallCase, probe: Probe) -> Exchange:
    names = dict.fromkeys((*probe.header_names("sdk-telemetry"), "accept-language", "sec-fetch-mode"))
    return probe.send(case, more_headers=[(name, NOT_A_NUMBER) for name in names])


@checks(
    "headers.sdk-telemetry-harmless",
    outside=of_call("that a call with every header that SDKs add is served", _send_with_telemetry),
)
def test_telemetry_does_no_harm(case: CallCase, probe: Probe) -> None:
    """Given every header that SDKs add, with a value that is not a number, when the call is made, then it succeeds."""
    exchange = _send_with_telemetry(case, probe)

    only_upstream_request(exchange)
    assert_success(exchange)


@checks("headers.request-lines-kept")
def test_lines_of_a_request_are_kept(case: CallCase, probe: Probe) -> None:
    """Given a header on several lines, when the proxy forwards the call, then it forwards all values."""
    exchange = probe.send(case, more_headers=[(LIST, value) for value in VALUES])

    upstream = only_upstream_request(exchange)
    assert_equal(listed(upstream.headers, LIST), ", ".join(VALUES), "lines of a header were lost or changed")


@checks("headers.answer-lines-kept")
def test_lines_of_an_answer_are_kept(case: CallCase, probe: Probe) -> None:
    """Given an answer with a header on several lines, when the proxy relays it, then it relays all values."""
    exchange = probe.send(case, replies=(Reply(more_headers=tuple((LIST, value) for value in VALUES)),))

    only_upstream_request(exchange)
    assert_equal(listed(exchange.response.headers, LIST), ", ".join(VALUES), "lines of a header were lost or changed")


@checks("headers.limits-on-errors", requests=len(LIMITED))
def test_limits_come_with_errors(case: CallCase, probe: Probe) -> None:
    """Given errors with request id and limits, when the proxy relays them, then they are there."""
    names = probe.relayed_headers(case, "when-available")
    lines = tuple((name, LIMIT) for name in names)
    with gathering() as part:
        for status in LIMITED:
            exchange = probe.send(case, replies=(Reply.error(status, more_headers=lines),) * ATTEMPTS)
            assert_served(exchange)
            for name in names:
                with part():
                    assert_equal(exchange.response.headers.get(name), LIMIT, f"{name} was lost or changed")


@checks("headers.answer-hop-by-hop-dropped")
def test_hop_by_hop_headers_of_answers_are_dropped(case: CallCase, probe: Probe) -> None:
    """Given headers of the upstream's connection, when the proxy relays the answer, then it strips them."""
    lines = tuple((name, HOP_VALUE) for name in probe.header_names("hop-by-hop") if name not in FRAMING)
    assert_dropped(probe.send(case, replies=(Reply(more_headers=lines),)))


@checks("headers.answer-listed-dropped")
def test_listed_headers_of_answers_are_dropped(case: CallCase, probe: Probe) -> None:
    """Given an answer with a header that `Connection` names, when the proxy relays it, then it strips the header."""
    lines = (("Connection", HOP_HEADER), (HOP_HEADER, HOP_VALUE))
    assert_dropped(probe.send(case, replies=(Reply(more_headers=lines),)))


@checks("headers.retry-hint-not-added")
def test_retry_hint_not_added(case: CallCase, probe: Probe) -> None:
    """Given an error without `x-should-retry`, when the proxy relays it, then the proxy adds none."""
    refused = Reply.error(TOO_MANY)
    exchange = probe.send(case, replies=(refused,) * ATTEMPTS)

    assert_equal(exchange.response.status, TOO_MANY, "the error was not relayed")
    invented = exchange.response.headers.get(STEERING) or "none"
    assert_equal(invented, "none", f"{STEERING} was invented")


@checks("headers.content-type-relayed", requests=2, outside=MARK)
def test_media_type_is_relayed(case: CallCase, probe: Probe) -> None:
    """Given an answer or a stream, and an error, when the proxy relays them, then their media types are right."""
    error = replace(Reply.error(400), headers=(("Content-Type", "application/problem+json"),))
    for reply in (Reply(), error):
        exchange = probe.send(case, replies=(reply,))
        only_upstream_request(exchange)
        sent, came = (of.headers.get("content-type") or "" for of in (exchange.answers[0], exchange.response))
        if probe.called(case) is None:
            assert_equal(media_type(came), media_type(sent), "the media type changed")
        elif reply is error:
            is_json = JSON_TYPE.fullmatch(media_type(came)) is not None
            expect(is_json, "an error has another media type", expected="application/json", actual=came or "none")
        else:
            assert_equal(media_type(came), EVENTS if case.stream else "application/json", "the media type is wrong")


@checks("headers.other-credentials-dropped")
def test_other_credentials_are_dropped(case: CallCase, probe: Probe) -> None:
    """Given a cookie and a key in a header of another API, when the proxy forwards the call, then it strips them."""
    cookie, key = probe.canary(), probe.canary()
    exchange = probe.send(case, more_headers=[("Cookie", f"session={cookie}"), ("api-key", key)])

    upstream: UpstreamRequest = only_upstream_request(exchange)
    assert_absent(cookie, in_=upstream, saying="a cookie reached the provider")
    assert_absent(key, in_=upstream, saying="the key in api-key reached the provider")
