"""Profile headers: lengths, codings and expectations."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

from ..cases.cases import CallCase, VariedCase
from ..checks.client_half import PLAIN, ClientHalf
from ..checks.expect import (
    assert_equal,
    assert_served,
    assert_status,
    assert_success,
    assert_whole,
    expect,
    only_upstream_request,
)
from ..checks.expect_framing import assert_one_right_length, unpacked
from ..checks.registry import checks
from ..dialects.bodies import dump
from ..errors import Violation
from ..meanings import Codec
from ..observer import Framing, Gzip, Reply
from ..probe.probe import Probe
from ..wire.json_text import loads
from ..wire.messages import Exchange, Request, UpstreamRequest
from ..wire.raw import Piece, RawRequest, wire
from ..wire.sse import covers, decode_body, events
from .support import told
from .support.arrived import assert_message_arrived
from .support.attempts import ATTEMPTS
from .support.codings import zstd
from .support.conditions import goes_mapped
from .support.outside import assert_answer, must_be_right_plainly, of_call, served
from .support.streams import whole_answer
from .support.told import assert_same_answer, came, failure_told

PACKED = (("Accept-Encoding", "gzip"),)
PATIENCE = 0.3
"""Seconds that the client waits for leave to send its body; then it sends it all the same."""
REFUSED_EXPECTATION = 417
STATUSES = (200, 400, 503)
SCRIPTED = "Scripted error."


def said(body: bytes) -> list[Any]:
    """What an answer or a stream says, however it is cut and framed."""
    found = events(body) or ()
    return [event.json() for event in found] or [body.decode("utf-8", "replace")]


def _has_all(came: bytes, sent: bytes) -> bool:
    """Whether JSON came that has everything which was sent."""
    try:
        return covers(loads(sent), loads(came))
    except ValueError:
        return False


RIGHT = "one right Content-Length, or Transfer-Encoding: chunked"


@checks("headers.length-kept")
def test_length_is_kept(case: CallCase, probe: Probe) -> None:
    """Given a body with a length, when the proxy forwards the call, then it has one right length, or chunks."""
    upstream: UpstreamRequest = only_upstream_request(probe.send(case))

    _assert_one_length_or_chunks(upstream)


def _assert_one_length_or_chunks(upstream: UpstreamRequest) -> None:
    told = [*upstream.headers.all("content-length"), *upstream.headers.all("transfer-encoding")]
    saying = "the upstream does not get one right length"
    expect(told in ([str(len(upstream.body))], ["chunked"]), saying, expected=RIGHT, actual=", ".join(told) or "none")


@checks("headers.length-not-replaced-by-chunks")
def test_length_is_not_replaced_by_chunks(case: CallCase, probe: Probe) -> None:
    """Given a body with a length, when the proxy forwards the call, then it has a length, and no chunks."""
    upstream: UpstreamRequest = only_upstream_request(probe.send(case))

    assert_one_right_length(upstream.headers, upstream.body, "the upstream does not get one right length")


@checks("headers.length-after-rewrite", when=goes_mapped)
def test_length_after_a_rewrite(case: VariedCase, probe: Probe) -> None:
    """Given a call whose model is mapped, when body and answer are changed, then so are their lengths."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    _assert_one_length_or_chunks(upstream)
    assert_whole(exchange.response)
    told = [*exchange.response.headers.all("content-length"), *exchange.response.headers.all("transfer-encoding")]
    expect(len(told) <= 1, "the answer has two lengths", expected="one length, or chunks", actual=", ".join(told))


def _assert_readable(case: VariedCase, probe: Probe) -> None:
    streamed, failing = replace(case, stream=case.variation == "stream"), case.variation == "error"
    exchange = probe.send(streamed, body=b"[]" if failing else None, more_headers=PACKED)
    unpacked(exchange.response.headers, exchange.response.body, "the answer's label is wrong")
    if not failing:
        must_be_right_plainly(streamed, probe)
        assert_answer(streamed, probe, served(lambda: exchange))


@checks(
    "headers.compressed-answer-readable",
    outside=ClientHalf(
        "that an answer which the client lets be compressed is what its headers say",
        _assert_readable,
        PLAIN,
        requests=1,
    ),
)
def test_compressed_answer_is_readable(case: VariedCase, probe: Probe) -> None:
    """Given a compressed answer, when the proxy relays it, then its headers say how to decode it."""
    reply = Reply.error(400) if case.variation == "error" else Reply()
    streamed = replace(case, stream=case.variation == "stream")
    exchange = probe.send(streamed, replies=(replace(reply, gzip=Gzip.DECLARED),) * ATTEMPTS)

    only_upstream_request(exchange)
    answer, response = exchange.answers[0], exchange.response
    assert_whole(response)
    assert_equal(response.status, answer.status, "the status changed")
    sent = decode_body(answer.headers, answer.body)
    came = unpacked(response.headers, response.body, "the answer's label is wrong")
    called, own = probe.called(streamed), probe.codec(streamed)
    if called is not None and own is not None:
        if case.variation == "error":
            failure_told(case, probe, exchange)
        else:
            assert_same_answer(told.sent(exchange, called), told.came(exchange, own), called, own)
        return
    if case.variation == "error":
        assert_equal(came, sent, "the error cannot be read")
    same = covers(said(sent), said(came)) or (not events(sent) and came[:1] == b"{")
    if not same:
        assert_equal(came, sent, "the answer cannot be read")


@checks("headers.undeclared-compression-alike", requests=3)
def test_undeclared_compression_is_treated_alike(case: CallCase, probe: Probe) -> None:
    """Given compressed answers without a label, when the proxy relays them, then errors look like successes."""
    treated = {}
    for status in STATUSES:
        reply = Reply.error(status, SCRIPTED) if status >= STATUSES[1] else Reply()
        exchange = probe.send(case, replies=(replace(reply, gzip=Gzip.UNDECLARED),) * ATTEMPTS)
        assert_served(exchange)
        treated[status] = _treated(case, probe, exchange)

    actual = ", ".join(f"{status} {how}" for status, how in treated.items())
    expect(len(set(treated.values())) == 1, "errors are treated otherwise", expected="all alike", actual=actual)


def _treated(case: CallCase, probe: Probe, exchange: Exchange) -> str:
    """What became of a compressed answer that does not say so."""
    sent, response, own = exchange.answers[-1].body, exchange.response, probe.codec(case)
    body = decode_body(response.headers, response.body)
    if body == sent:
        return "still compressed"
    if probe.called(case) is not None and own is not None:
        return "unpacked" if _is_read(exchange, own, body) else "not read"
    plain = gzip.decompress(sent)
    return "unpacked" if body == plain or _has_all(body, plain) else "neither the packed bytes nor the plain ones"


def _is_read(exchange: Exchange, own: Codec, body: bytes) -> bool:
    """Whether the client of a translated call gets what the upstream said."""
    if exchange.answers[-1].status >= STATUSES[1]:
        return SCRIPTED.encode() in body
    try:
        came(exchange, own)
    except Violation:
        return False
    return True


@checks("headers.coding-not-asked-for")
def test_coding_that_was_not_asked_for(case: CallCase, probe: Probe) -> None:
    """Given a client that accepts no compression, when the proxy requests some, then the client gets a plain answer."""
    request = probe.request(case)
    plain = replace(request, headers=request.headers.setting("Accept-Encoding", "identity"))
    packed = (Reply(gzip=Gzip.DECLARED),) * ATTEMPTS
    exchange = probe.exchange(plain, persona=probe.persona_of(case), replies=packed)

    offered = only_upstream_request(exchange).headers.get("accept-encoding") or "identity"
    coding = exchange.response.headers.get("content-encoding") or "identity"
    own = "gzip" in offered and coding != "identity"
    expect(not own, "the proxy asked for compression", expected="no Content-Encoding", actual=f"{coding}")


def _send_expecting(case: CallCase, probe: Probe) -> Exchange:
    def waiting(request: Request) -> RawRequest:
        head, end, body = wire(request).partition(b"\r\n\r\n")
        return RawRequest((Piece(head + end), Piece(body, PATIENCE)))

    return probe.send_raw(case, waiting, more_headers=[("Expect", "100-continue")])[0]


@checks(
    "headers.expectation-met", outside=of_call("that a call which waits for `100 Continue` is served", _send_expecting)
)
def test_expectation_is_met(case: CallCase, probe: Probe) -> None:
    """Given a body that is sent after `100 Continue`, when the client asks for it, then the call is served."""
    exchange = _send_expecting(case, probe)
    assert_status(exchange.response, 200, 417, saying="the call was not served")
    if exchange.response.status != REFUSED_EXPECTATION:
        upstream = only_upstream_request(exchange)
        assert_message_arrived(exchange, upstream, "the body was lost while the client waited")


@checks("headers.interim-answers-harmless", is_long=True)  # a client that is left hanging waits for the kit's limit
def test_interim_answers_are_harmless(case: VariedCase, probe: Probe) -> None:
    """Given interim answers of the upstream, when the final one comes, then the client gets that one."""
    # A proxy that mistakes an interim answer must not leave the final one in a connection that other calls use.
    _assert_relayed_whole(case, probe, Reply(interim=(int(case.variation),) * 2, framing=Framing.CLOSE))


@checks("headers.trailers-harmless")
def test_trailers_are_harmless(case: VariedCase, probe: Probe) -> None:
    """Given headers behind the upstream's body, when the proxy relays the answer, then the body is whole."""
    _assert_relayed_whole(case, probe, Reply(trailers=(("X-Ampmap-Trailer", "1"),)))


def _assert_relayed_whole(case: VariedCase, probe: Probe, reply: Reply) -> None:
    exchange = probe.send(case, replies=(reply,) * ATTEMPTS)

    only_upstream_request(exchange)
    assert_success(exchange)
    assert_whole(exchange.response)
    expect(bool(exchange.response.body), "the answer is empty", expected="the upstream's answer", actual="no body")


@checks("headers.rare-coding-readable")
def test_rare_coding_is_readable(case: CallCase, probe: Probe) -> None:
    """Given an answer in zstd, which the client offered, when it is relayed, then its label says how to decode it."""
    plain = dump(whole_answer(case, probe))[:-1] + b',"ampmap_extra":"%b"}' % (b"e" * 300)
    reply = Reply(body=zstd(plain), more_headers=(("Content-Encoding", "zstd"),))
    request = probe.request(case)
    offering = replace(request, headers=request.headers.setting("Accept-Encoding", "zstd"))
    exchange = probe.exchange(offering, persona=probe.persona_of(case), replies=(reply,) * ATTEMPTS)

    if "zstd" not in (only_upstream_request(exchange).headers.get("accept-encoding") or ""):
        return  # the proxy offered codings of its own, of which no upstream would choose this one
    assert_whole(exchange.response)
    called, own = probe.called(case), probe.codec(case)
    if called is not None and own is not None:
        assert_same_answer(called.read_answer(loads(plain)), came(exchange, own), called, own)
        return
    label, body = exchange.response.headers.get("content-encoding") or "none", exchange.response.body
    same = body == zstd(plain) if label == "zstd" else label == "none" and _has_all(body, plain)
    expect(same, "the answer cannot be read", expected="what the upstream said", actual=f"Content-Encoding: {label}")
