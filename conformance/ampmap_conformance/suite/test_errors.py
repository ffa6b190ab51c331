"""Profile errors: the proxy's own, for what the client or the configuration did wrong."""

from __future__ import annotations

from dataclasses import replace

from ..cases.cases import CallCase, VariedCase
from ..checks.client_half import ClientHalf
from ..checks.expect import (
    assert_absent,
    assert_answered,
    assert_equal,
    assert_served,
    assert_status,
    assert_success,
    expect,
)
from ..checks.findings import gathering
from ..checks.internals import NAMING, TYPES, VERSIONS, shows_address
from ..checks.registry import checks
from ..checks.stack_traces import TRACES
from ..errors import NotTestableError
from ..probe.probe import Probe
from ..wire.credentials import carried
from ..wire.messages import Exchange, Request
from ..wire.raw import RawRequest, chunked, whole
from ..wire.sse import decode_body
from .support.conditions import has_body, is_no_object, names_model_in_body
from .support.outside import served
from .support.own_errors import (
    OF_REJECTION,
    UNKNOWN_CODING,
    assert_failed,
    assert_in_shape,
    bad_json,
    can_be_provoked,
    must_be_the_proxys,
    nested,
    over_limit,
    provoke_error,
    two_models,
)

NO_SUCH_PROVIDER = "ampmap-no-such-provider"
WRONG_TYPES = b'{"model": {"name": 5}, "messages": "hi", "input": 5, "contents": true, "max_tokens": "many"}'
"""JSON whose fields have other types than programs have for them."""
MALFORMED = b'{"model": "example-model", "messages": [}'
CHUNK = 1 << 18
"""Bytes of a chunk of a large body."""
NOT_ALLOWED = 405
SERVER_FAULT = 500
"""The first status that tells a fault of a server."""
METHODS = ("GET", "PUT", "DELETE")
"""What no route for sending JSON has."""
DEPTH = 20_000
"""Arrays in each other: more than a recursive reader can follow, and few bytes."""


@checks("errors.unknown-provider")
def test_unknown_provider(case: CallCase, probe: Probe) -> None:
    """Given a provider that does not exist, when its route is called, then the answer is 404."""
    probe.must_name_provider(case)
    exchange = probe.send(case, target=case.target.replace(case.provider.id, NO_SUCH_PROVIDER, 1))

    assert_status(exchange.response, 404, saying="an unknown provider was not answered with 404")


@checks("errors.method-not-allowed", when=has_body, requests=len(METHODS))
def test_method_not_allowed(case: CallCase, probe: Probe) -> None:
    """Given methods that the route does not have, when they are used, then the proxy rejects each."""
    for method in METHODS:
        exchange = probe.send(case, method=method, body=b"")

        relayed = tuple(answer.status for answer in exchange.answers)
        saying, status = "a method that the route does not have was not rejected", exchange.response.status
        held = 400 <= status < 500 or status in relayed
        expect(held, saying, expected="status 405, or another 4xx", actual=f"status {status}")


@checks("errors.wrong-method-is-405", when=has_body)
def test_wrong_method_is_405(case: CallCase, probe: Probe) -> None:
    """Given a method that the route does not have, when the proxy rejects it, then the status says so."""
    exchange = probe.send(case, method="GET", body=b"")

    if not exchange.upstream:
        assert_status(exchange.response, 405, saying="a wrong method gets the status of another mistake")


@checks("errors.allow-header", when=has_body)
def test_405_names_the_methods(case: CallCase, probe: Probe) -> None:
    """Given a method that the proxy rejects with 405, when the client gets the answer, then `Allow` names a method."""
    exchange = probe.send(case, method="GET", body=b"")

    response = exchange.response
    if response.status != NOT_ALLOWED or exchange.upstream:
        return
    methods = [method.strip() for line in response.headers.all("allow") for method in line.split(",")]
    expect(
        case.method in methods,
        "Allow is missing",
        expected=f"Allow: {case.method}",
        actual=", ".join(methods) or "none",
    )


@checks("errors.malformed-json", when=has_body)
def test_malformed_json(case: CallCase, probe: Probe) -> None:
    """Given a body that is not valid JSON, when it is sent, then the proxy rejects it."""
    exchange = probe.send(case, body=MALFORMED)

    assert_status(exchange.response, 400, 422, saying="a body that is not valid JSON was not rejected")


@checks("errors.odd-json")
def test_odd_json(case: VariedCase, probe: Probe) -> None:
    """Given a body that is not a JSON object, when it is sent, then the proxy rejects it as the client's mistake."""
    exchange = probe.send(case, body=bad_json(case.variation, case))

    assert_status(exchange.response, 400, 422, saying="a body that is not a JSON object was not rejected")


@checks("errors.non-object-never-succeeds", when=is_no_object)
def test_non_object_never_succeeds(case: VariedCase, probe: Probe) -> None:
    """Given a body that cannot be a request, when it is sent, then the call fails."""
    exchange = probe.send(case, body=bad_json(case.variation, case))

    status = exchange.response.status
    expect(status >= 400, "a body that is not a request succeeded", expected="an error", actual=f"status {status}")


@checks("errors.non-object-not-replaced", when=is_no_object)
def test_non_object_is_not_replaced(case: VariedCase, probe: Probe) -> None:
    """Given a body that cannot be a request, when it is sent, then no other body goes upstream."""
    exchange = probe.send(case, body=bad_json(case.variation, case))

    for upstream in exchange.upstream:
        assert_equal(
            upstream.body,
            exchange.request.body,
            "the upstream got another body in place of one that is not a request",
        )


@checks("errors.two-models", when=names_model_in_body)
def test_two_models(case: VariedCase, probe: Probe) -> None:
    """Given a body that names two models, when it is sent, then the proxy rejects it, or forwards it unchanged."""
    others = [model.id for model in probe.target.models(case.provider) if case.model not in (model.id, model.wire_id)]
    exchange = probe.send(case, body=two_models(case, next(iter(others), "example-model")))

    arrived = [request.body for request in exchange.upstream]
    refused = 400 <= exchange.response.status < 500 and not arrived
    saying = "the upstream got another model than the one that the proxy routed by"
    same = arrived == [exchange.request.body]
    expect(refused or same, saying, expected="a 4xx status, or the same body upstream", actual="another body")


def _serves_after_deep_json(case: VariedCase, probe: Probe) -> None:
    status = probe.send(case, body=nested(case, DEPTH)).response.status
    if status >= SERVER_FAULT:
        raise NotTestableError(f"JSON that is nested deeply gets status {status}, and the upstream was not seen")
    served(lambda: probe.send(case))


@checks(
    "errors.deep-json",
    requests=2,
    outside=ClientHalf("that the next call is served", _serves_after_deep_json, requests=2),
)
def test_deep_json(case: VariedCase, probe: Probe) -> None:
    """Given JSON that is nested very deeply, when it is sent, then the proxy does not fail, nor afterwards."""
    status = probe.send(case, body=nested(case, DEPTH)).response.status

    saying = "the proxy fails on JSON that is nested deeply"
    expect(status < SERVER_FAULT, saying, expected="no 5xx status", actual=f"status {status}")
    assert_success(probe.send(case))


@checks("errors.body-limit", is_large=True)
def test_body_limit(case: VariedCase, probe: Probe) -> None:
    """Given a body over the promised limit, when it is sent, then the proxy rejects it as too large."""
    exchange = probe.send(case, body=over_limit(case, probe.target))

    assert_status(exchange.response, 413, saying="a body over the limit was not rejected as too large")


@checks("errors.body-limit-in-chunks", is_large=True)
def test_body_limit_in_chunks(case: VariedCase, probe: Probe) -> None:
    """Given a body over the promised limit, without a length, when it is sent, then the proxy rejects it too."""

    def in_chunks(request: Request) -> RawRequest:
        lines = request.headers.without("content-length").adding(("Transfer-Encoding", "chunked"))
        return whole(replace(request, headers=lines, body=chunked(request.body, CHUNK)))

    exchange, _ = probe.send_raw(case, in_chunks, body=over_limit(case, probe.target))
    assert_status(exchange.response, 413, saying="a body over the limit was not rejected as too large")


@checks("errors.unknown-coding", outside=ClientHalf("that a body in an unknown coding is rejected"))
def test_unknown_coding(case: VariedCase, probe: Probe) -> None:
    """Given a body in an unknown coding, when it is sent, then the proxy rejects it, or forwards it with its label."""
    exchange = probe.send(case, more_headers=(("Content-Encoding", UNKNOWN_CODING),))

    status = exchange.response.status
    same = all(
        request.body == exchange.request.body and request.headers.get("content-encoding") == UNKNOWN_CODING
        for request in exchange.upstream
    )
    told = status in (400, 415) or (bool(exchange.upstream) and same)
    if not told and not probe.is_observed:
        raise NotTestableError(f"the body got status {status}, and the upstream was not seen")
    expect(
        told,
        "the proxy guessed a coding",
        expected="status 415 or 400, or the body as it was",
        actual=f"status {status}",
    )


@checks("errors.own-shape", when=can_be_provoked, outside=OF_REJECTION)
def test_own_errors_have_the_providers_shape(case: VariedCase, probe: Probe) -> None:
    """Given an error of the proxy's own, when the client gets it, then it is JSON in the provider's shape."""
    must_be_the_proxys(case, probe)
    exchange = provoke_error(case, probe)

    assert_answered(exchange)
    assert_failed(case, exchange)
    assert_in_shape(case, probe, exchange.response)


@checks("errors.tell-no-internals", when=can_be_provoked, requests=3, outside=OF_REJECTION)
def test_errors_tell_no_internals(case: VariedCase, probe: Probe) -> None:
    """Given an error of the proxy's own, when the client gets it, then it shows nothing of the proxy's inside."""
    must_be_the_proxys(case, probe)
    hosts = [request.headers.get("host") or "" for request in probe.send(case).upstream] if probe.is_observed else []
    failures = [provoke_error(case, probe)]
    assert_answered(failures[0])
    if case.variation == "no-object":
        failures.append(probe.send(case, body=WRONG_TYPES))
    texts = [_own_words(failed, unreachable=case.variation == "no-upstream") for failed in failures]

    with gathering() as part:
        for text in texts:
            with part():
                shown = TRACES.search(text)
                saying, wanted = "an error shows the proxy's internals", "no stack trace"
                expect(shown is None, saying, expected=wanted, actual="a stack trace")
            with part():
                named = TYPES.search(text)
                saying, wanted = "an error names a type or a library of the proxy", "the client's mistake alone"
                expect(named is None, saying, expected=wanted, actual=named[0] if named else "")
            with part():
                told = any(shows_address(text, host) for host in hosts if host)
                saying, wanted = "an error shows the upstream's address", "no address"
                expect(not told, saying, expected=wanted, actual="the upstream's address")


@checks("errors.tell-no-version", when=can_be_provoked, outside=OF_REJECTION)
def test_errors_tell_no_version(case: VariedCase, probe: Probe) -> None:
    """Given an error of the proxy's own, when the client gets it, then it names no version of a program."""
    must_be_the_proxys(case, probe)
    failed = provoke_error(case, probe)

    assert_answered(failed)
    relayed = failed.answers and case.variation != "no-upstream"
    told = "" if relayed else "\n".join(value for name in NAMING for value in failed.response.headers.all(name))
    asked = " ".join(value for _, value in failed.request.headers)
    text = f"{told}\n{_own_words(failed, unreachable=case.variation == 'no-upstream')}"
    named = next((found for found in VERSIONS.findall(text) if found not in asked), "")
    saying, wanted = "an error names the version of the proxy's software", "no version"
    expect(not named, saying, expected=wanted, actual=named)


def _own_words(failed: Exchange, *, unreachable: bool) -> str:
    """What the proxy itself says of a failure; nothing where an upstream said it."""
    relayed = failed.answers and not unreachable
    return "" if relayed else decode_body(failed.response.headers, failed.response.body).decode("utf-8", "replace")


@checks("errors.tell-no-key", when=can_be_provoked, requests=2)
def test_errors_tell_no_key(case: VariedCase, probe: Probe) -> None:
    """Given an error of the proxy's own, when the client gets it, then the upstream's key is not in it."""
    good = probe.send(case)
    failed = provoke_error(case, probe)

    assert_served(good)
    assert_answered(failed)
    for request in good.upstream:
        for keys in carried(request.headers, request.query).values():
            for key in keys:
                assert_absent(key, in_=failed.response, saying="an error holds the upstream's key")
