"""Profile routing: rarer forms of paths and queries, and paths that are not routes."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, unquote

from ..cases.cases import CallCase, VariedCase
from ..checks.client_half import ClientHalf
from ..checks.expect import (
    assert_equal,
    assert_json_relayed,
    assert_same_path,
    assert_success,
    expect,
    only_upstream_request,
)
from ..checks.registry import Pace, checks
from ..dialects import bodies
from ..errors import NotTestableError
from ..observer import Reply
from ..probe.probe import LONGER, Probe
from ..probe.requests import BLANK
from ..wire.address import absolute_url
from ..wire.messages import AMP, Exchange, Request, Response
from ..wire.raw import RawRequest, whole
from ..wire.sse import decode_body
from .support.abandoned import FAR, assert_left
from .support.attempts import ATTEMPTS
from .support.conditions import (
    counts_tokens,
    has_model_in_path,
    has_neighbour,
    is_count_or_list,
    is_list,
    is_warm_up,
    neighbours,
    streams_by_path,
    switches_in_body,
)
from .support.outside import of_call
from .support.streams import asking_for_array
from .support.told import SERVER_ERROR

WRITTEN = "b=two%20words&a=&a=1&flag&b=%C3%A9%2Fx&a=%7e&c=1;d=2&e=a+b?c"
"""Names out of order and repeated, an empty value, a field without a value, encodings that could be others, and marks
that part fields for some readers, and a path from its query."""
NO_OPERATION = "ampmap-no-such-operation"
UNLISTED = "Example/Ampmap-unlisted:free[1m] (x)"
NOT_IMPLEMENTED = 501


@checks("routing.query-bytes")
def test_query_arrives_as_it_was_written(case: CallCase, probe: Probe) -> None:
    """Given a query, when the proxy forwards the call, then the query is the same text."""
    exchange = probe.send(case, more_query=WRITTEN)

    upstream = only_upstream_request(exchange)
    own = probe.upstream_target(case).partition("?")[2]
    written = f"{own}&{WRITTEN}" if own else WRITTEN
    came = upstream.query or "no query"
    expect(written in came, "the query was written anew", expected=written, actual=came)


@checks("routing.absolute-form")
def test_absolute_form(case: CallCase, probe: Probe) -> None:
    """Given a request for the whole URL of a path, when it is sent, then it is served like one for the path."""
    exchange = probe.send(case, target=absolute_url(probe.target.file.base_url) + case.target)

    assert_success(exchange)
    upstream = only_upstream_request(exchange)
    if probe.called(case) is None:
        assert_same_path(upstream.path, probe.upstream_target(case), "the upstream got another path")


@checks("routing.slash-in-model-id", when=has_model_in_path)
def test_slash_in_a_model_id(case: CallCase, probe: Probe) -> None:
    """Given a model id with a bare slash, when its path is called, then the path arrives with it."""
    plain = quote(case.model, safe="")
    exchange = probe.send(case, target=case.target.replace(plain, f"example/{plain}"))

    upstream = only_upstream_request(exchange)
    if probe.called(case) is not None:
        assert_equal(probe.model_of(case, upstream), f"example/{case.model}", "the upstream got another model")
        return
    expected = probe.upstream_target(case).replace(plain, f"example/{plain}")
    assert_same_path(upstream.path, expected, "the path with a slash in the model id led to another place")


@checks("routing.head-answered", when=is_list)
def test_head(case: CallCase, probe: Probe) -> None:
    """Given a route that has GET, when HEAD is sent, then no body comes, and no surprise."""

    def head(request: Request) -> RawRequest:
        return whole(replace(request, method="HEAD", headers=request.headers.setting("Connection", "close")))

    exchange, answer = probe.send_raw(case, head, responses=2)
    status = exchange.response.status
    known = status < 300 or 400 <= status < 500 or status == NOT_IMPLEMENTED
    expect(known, "HEAD is answered otherwise than GET", expected="status 200, 4xx or 501", actual=f"status {status}")
    after = answer.raw.partition(b"\r\n\r\n")[2]
    expect(not after, "a body follows the answer to HEAD", expected="no body", actual=f"{len(after)} bytes")


@checks("routing.unknown-operation", outside=ClientHalf("that a path which is not an operation is rejected"))
def test_unknown_operation(case: CallCase, probe: Probe) -> None:
    """Given a path that is not an operation, when it is called, then the proxy rejects it and calls nothing else."""
    path = case.target.partition("?")[0]
    end = ":" if ":" in path.rpartition("/")[2] else "/"
    exchange = probe.send(case, target=f"{path.rpartition(end)[0]}{end}{NO_OPERATION}")

    status = exchange.response.status
    if status >= SERVER_ERROR and not probe.is_observed:
        raise NotTestableError(f"an unknown path gets status {status}, and the upstream was not seen")
    expect(400 <= status < 500, "an unknown path was not rejected", expected="status 404", actual=f"status {status}")
    others = [request.path for request in exchange.upstream if not request.path.endswith(NO_OPERATION)]
    expect(not others, "another operation was called", expected="none", actual=", ".join(others))


@checks("routing.unprefixed-path")
def test_path_without_prefix(case: CallCase, probe: Probe) -> None:
    """Given a provider's path without the proxy's prefix, when it is called, then the status is not a 5xx status."""
    probe.must_name_provider(case)
    exchange = probe.send(case, target=case.target.removeprefix(case.provider.base_path or ""))

    status = exchange.response.status
    expect(status < 500, "a wrong base URL looks like an outage", expected="a 4xx status", actual=f"status {status}")


@checks("routing.models-list-form", when=is_list)
def test_form_of_a_list(case: CallCase, probe: Probe) -> None:
    """Given a list of models, when it comes, then an SDK of the dialect can read it."""
    exchange = probe.send(case)

    assert_success(exchange)
    body = decode_body(exchange.response.headers, exchange.response.body)
    problem = probe.schemas.response(case.call, body)
    expect(problem is None, "the list has another form", expected=f"the {case.call.dialect} form", actual=problem or "")


@checks("routing.count-refusal-relayed", when=counts_tokens)
def test_refusal_to_count(case: VariedCase, probe: Probe) -> None:
    """Given an upstream that rejects a count, when the client asks for one, then the client gets the rejection."""
    reply = Reply.error(int(case.variation))
    exchange = probe.send(case, replies=(reply,) * ATTEMPTS)

    if exchange.upstream:
        assert_equal(exchange.response.status, int(case.variation), "a rejection was hidden")


@checks("routing.client-gone", when=is_count_or_list, pace=Pace.WAITS, requests=len(LONGER))
def test_client_that_leaves_a_short_call(case: CallCase, probe: Probe) -> None:
    """Given a count or list whose client leaves before its answer, when it is gone, then the upstream call ends."""
    assert_left(case, probe, Reply(delay=FAR), patience=probe.target.policy.answer_timeout)


def _send_without_stream(case: CallCase, probe: Probe) -> Exchange:
    switch = case.call.operation.stream
    plain = bodies.request_body(case.call, case.model, f"Say hi. {BLANK}", stream=False)
    field = (switch.field if switch else None) or "stream"
    return probe.send(case, body=plain[:-1] + bodies.dump({field: False}).replace(b"{", b",", 1))


def _assert_not_a_stream(_case: CallCase, _probe: Probe, response: Response) -> None:
    kind = response.headers.get("content-type") or "no Content-Type"
    expect("event-stream" not in kind, "the answer is a stream", expected="application/json", actual=kind)


@checks(
    "routing.explicit-no-stream",
    when=switches_in_body,
    outside=of_call("that the answer is not a stream", _send_without_stream, _assert_not_a_stream),
)
def test_stream_field_that_is_false(case: CallCase, probe: Probe) -> None:
    """Given a stream field that is false, when the client gets the answer, then it is not a stream."""
    exchange = _send_without_stream(case, probe)

    only_upstream_request(exchange)
    _assert_not_a_stream(case, probe, exchange.response)


def _send_for_array(case: VariedCase, probe: Probe) -> Exchange:
    return probe.send(case, target=asking_for_array(case))


def _assert_array(case: CallCase, probe: Probe, response: Response) -> None:
    kind = (response.headers.get("content-type") or "").partition(";")[0]
    assert_equal(kind, "application/json", "the answer is not an array")
    problem = probe.schemas.array(case.call, decode_body(response.headers, response.body))
    expect(problem is None, "the answer is not an array", expected="one JSON array of events", actual=problem or "")


@checks(
    "routing.json-array-stream",
    when=streams_by_path,
    outside=of_call("that the answer is one JSON array of events", _send_for_array, _assert_array),
)
def test_stream_as_an_array(case: VariedCase, probe: Probe) -> None:
    """Given a stream path without the query for events, when the answer comes, then it is the upstream's array."""
    exchange = _send_for_array(case, probe)

    only_upstream_request(exchange)
    assert_success(exchange)
    _assert_array(case, probe, exchange.response)
    assert_json_relayed(exchange)


@checks("routing.unlisted-model")
def test_unlisted_model(case: CallCase, probe: Probe) -> None:
    """Given an unlisted model, when it is called, then the provider or Amp is asked for it by its name."""
    exchange = probe.send(replace(case, model=UNLISTED))

    asked = [request.persona for request in exchange.upstream]
    refused = f"status {exchange.response.status} and requests at {', '.join(asked) or 'no upstream'}"
    own = probe.persona_of(case)
    expected = f"a request at {' or '.join(dict.fromkeys((own, AMP)))}"
    expect(asked in ([own], [AMP]), "no upstream got the model", expected=expected, actual=refused)
    upstream = exchange.upstream[0]
    named = UNLISTED in unquote(upstream.target) or UNLISTED in upstream.body.decode()
    expect(named, "the upstream got another model", expected=UNLISTED, actual=probe.model_of(case, upstream))


@checks("routing.model-chooses-provider", when=has_neighbour)
def test_model_chooses_the_provider(case: CallCase, probe: Probe) -> None:
    """Given a path of one provider and a model of another, when it is called, then the model's provider gets it."""
    other, model = neighbours(case, probe.target)[0]
    exchange = probe.send(replace(case, model=model))

    upstream = only_upstream_request(exchange, other.id)
    assert_equal(probe.model_of(case, upstream), model, "the upstream got another model")


@checks("routing.warm-up-unmetered", when=is_warm_up)
def test_warm_up_is_unmetered(case: CallCase, probe: Probe) -> None:
    """Given the warm-up call, when it is sent, then the proxy forwards at most the same call, once."""
    exchange = probe.send(case)

    own = {case.provider.id: case.upstream_target.partition("?")[0], AMP: case.target.partition("?")[0]}
    asked = [
        (f"{one.method} {one.path} at {one.persona}", own.get(one.persona) == one.path) for one in exchange.upstream
    ]
    others = [call for number, (call, is_own) in enumerate(asked) if number or not is_own]
    expect(not others, "the warm-up causes other calls", expected="none", actual=", ".join(others))
