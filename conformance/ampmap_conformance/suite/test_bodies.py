"""Profile bodies: what is in them arrives, in every size, coding and spelling."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import assert_equal, assert_status, assert_success, assert_whole, expect, only_upstream_request
from ..checks.expect_framing import assert_same_media_type, unpacked
from ..checks.findings import gathering
from ..checks.registry import checks
from ..dialects import bodies
from ..observer import Reply
from ..probe.probe import Probe
from ..probe.requests import BLANK
from ..wire.json_text import loads
from ..wire.messages import Exchange
from ..wire.raw import in_chunks
from ..wire.sse import covers, decode_body
from .support.arrived import assert_message_arrived
from .support.codings import zstd
from .support.conditions import is_asked_for_blocks
from .support.outside import of_call

RICH = (
    b' , "ampmap_extra" : {"b":1, "a":2,"big": 9007199254740993,"huge":123456789012345678901234567890,\n'
    b'\t"exact":1.0,"exponent":1E+2,"zeros":0.1000,"minus":-0, "none":null , "empty":{ },"list":[ ],\n'
    b'"bare":"\xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x98\x80","escaped":"\\u00e9 \\ud83d\\ude00 \\/"},\n'
    b'"ampmap_none":null,"ampmap_list":[],"ampmap_empty":{},"ampmap_text":"","ampmap_no":false,"ampmap_zero":0}\n'
)
"""Members behind those of a body, and its end: numbers that a double changes, letters that a writer escapes, blanks,
and what some take for nothing."""
SIZE = 8 << 20
"""Bytes of text in a body that proxies have to take unless they promise a smaller limit, as the row states."""
SAID = f"Say hi. {BLANK}"
NEEDS_LENGTH = 411
FAILED = 500
TIMES = 20
"""Calls after which a body that is written in a random order, or by one worker of several, was written in two."""
CHARSETS = ("application/json; charset=utf-8", 'application/json;charset="UTF-8"')
SIGNED = b'{"type":"thinking", "thinking":"\\u00e9 1.0","signature":"c2lnbmVk"}'
UNSIGNED = b'{"type":"thinking","thinking":"x","signature":%b}'
BLOCKS = (
    {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"},
    {"type": "tool_use", "id": "toolu_example0001", "name": "probe", "input": {"n": 9_007_199_254_740_993}},
)


def rich(body: bytes) -> bytes:
    """A JSON object with further members that are easily lost."""
    return b"\n " + body[:-1] + RICH


PACKED = MappingProxyType({"gzip": lambda data: gzip.compress(data, mtime=0), "zstd": zstd})


def exact(body: bytes) -> Any:
    """JSON with its numbers as they are, however they are written."""
    return loads(body, number=Decimal)


@checks("bodies.byte-fidelity")
def test_bytes_arrive(case: CallCase, probe: Probe) -> None:
    """Given a body with everything that is easily changed, when the proxy forwards it, then its hash is the same."""
    sent = rich(bodies.request_body(case.call, case.model, SAID, stream=case.stream))
    exchange = probe.send(case, body=sent)

    upstream = only_upstream_request(exchange)
    if hashlib.sha256(upstream.body).digest() != hashlib.sha256(exchange.request.body).digest():
        assert_equal(upstream.body, exchange.request.body, "the upstream got a changed body (see `policy.body`)")
    assert_success(exchange)


@checks("bodies.answer-fidelity")
def test_values_come_back(case: CallCase, probe: Probe) -> None:
    """Given an answer with all that is easily changed, when the proxy relays it, then every value is the same."""
    sent = rich(bodies.response_body(case.call, case.model))
    exchange = probe.send(case, replies=(Reply(body=sent),))

    only_upstream_request(exchange)
    assert_whole(exchange.response)
    came = decode_body(exchange.response.headers, exchange.response.body)
    if not covers(exact(sent), exact(came)):
        assert_equal(came, sent, "the client got changed values")


@checks("bodies.large", is_large=True)
def test_large_body(case: CallCase, probe: Probe) -> None:
    """Given a body of 8 MB, when it is sent, then it arrives whole."""
    text = "ampmap! " * (SIZE // 8)
    body = bodies.request_body(case.call, case.model, f"{text}{BLANK}", stream=False)
    exchange = probe.send(case, body=body)

    assert_success(exchange)
    upstream = only_upstream_request(exchange)
    expect(text.encode() in upstream.body, "the body was cut", expected="8 MB of text", actual="less, or another text")
    assert_message_arrived(exchange, upstream, "the body was cut")


def _send_in_chunks(case: CallCase, probe: Probe) -> Exchange:
    return probe.send_raw(case, in_chunks)[0]


@checks("bodies.chunked-request", outside=of_call("that a call with a chunked body is served", _send_in_chunks))
def test_chunked_body(case: CallCase, probe: Probe) -> None:
    """Given a body in chunks, when it is sent, then it arrives whole."""
    exchange = _send_in_chunks(case, probe)
    assert_status(exchange.response, 200, NEEDS_LENGTH, saying="a body in chunks was not served")
    if exchange.response.status != NEEDS_LENGTH:
        assert_message_arrived(exchange, only_upstream_request(exchange), "a body in chunks was cut")


@checks("bodies.coded-request-readable")
def test_coded_body_is_readable(case: VariedCase, probe: Probe) -> None:
    """Given a compressed body, when the proxy forwards it, then its headers say how to decode it."""
    plain, label = rich(bodies.request_body(case.call, case.model, SAID, stream=False)), case.variation
    exchange = probe.send(case, body=plain, pack=PACKED[label], more_headers=[("Content-Encoding", label)])

    for upstream in exchange.upstream:
        coding = upstream.headers.get("content-encoding") or "none"
        if (coding, upstream.body) != (label, exchange.request.body):
            assert_equal(coding, "gzip" if upstream.body.startswith(b"\x1f\x8b") else "none", "the label is wrong")
            came = unpacked(upstream.headers, upstream.body, "the label is wrong")
            expect(b"Say hi." in came, "the body changed", expected="a body with `Say hi.`", actual="another one")


def _send_packed(case: CallCase, probe: Probe) -> Exchange:
    plain = bodies.request_body(case.call, case.model, SAID, stream=False)
    return probe.send(case, body=plain, pack=PACKED["gzip"], more_headers=[("Content-Encoding", "gzip")])


@checks("bodies.coded-request-served", outside=of_call("that a call with a compressed body is served", _send_packed))
def test_coded_body_is_served(case: CallCase, probe: Probe) -> None:
    """Given a compressed body, when it is sent, then the call is served."""
    exchange = _send_packed(case, probe)

    assert_success(exchange)
    only_upstream_request(exchange)


def _send_with_charset(case: CallCase, probe: Probe, kind: str = CHARSETS[0]) -> Exchange:
    request = probe.request(case)
    changed = replace(request, headers=request.headers.setting("Content-Type", kind))
    return probe.exchange(changed, persona=probe.persona_of(case))


@checks(
    "bodies.charset-parameter",
    requests=len(CHARSETS),
    outside=of_call("that a call whose media type has a charset is served", _send_with_charset),
)
def test_charset_parameter(case: CallCase, probe: Probe) -> None:
    """Given a charset beside the media type, when the call is sent, then it is served, and forwarded as JSON."""
    for kind in CHARSETS:
        exchange = _send_with_charset(case, probe, kind)

        upstream = only_upstream_request(exchange)
        assert_success(exchange)
        assert_same_media_type(upstream.headers, kind, "the media type was lost or changed")


@checks("bodies.history-round-trip", when=is_asked_for_blocks, requests=2)
def test_history_round_trip(case: CallCase, probe: Probe) -> None:
    """Given blocks as the client got them, when it sends them back, then the upstream sees its own."""
    answer = {**loads(bodies.response_body(case.call, case.model)), "content": BLOCKS}
    first = probe.send(case, replies=(Reply(body=bodies.dump(answer)),))
    came = loads(decode_body(first.response.headers, first.response.body))["content"]

    asked = loads(bodies.request_body(case.call, case.model, SAID, stream=False))
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": BLOCKS[1]["id"], "content": "done"}]}
    messages = [*asked["messages"], {"role": "assistant", "content": came}, result]
    upstream = only_upstream_request(probe.send(case, body=bodies.dump({**asked, "messages": messages})))

    sent = upstream.json()["messages"][-2]["content"]
    strange = [block for block in sent if block not in BLOCKS]
    expect(not strange, "the upstream's own block changed", expected="its blocks", actual=json.dumps(strange))
    expect(BLOCKS[1] in sent, "the call of a tool was lost", expected="the tool_use block", actual="none")


@checks("bodies.signed-blocks-kept", when=is_asked_for_blocks)
def test_signed_blocks_are_kept(case: CallCase, probe: Probe) -> None:
    """Given a signed block among unsigned ones, when the proxy forwards them, then its bytes are the same."""
    others = [UNSIGNED % signature for signature in (b'""', b'" "', b"5", b"null")]
    blocks = [*others[:2], SIGNED, *others[2:], b'{"type":"text","text":"Hm."}']
    upstream = only_upstream_request(probe.send(case, body=_with_history(case, blocks)))

    expect(SIGNED in upstream.body, "a signed block changed", expected=SIGNED.decode(), actual="another text, or none")


@checks("bodies.same-call-same-bytes", requests=TIMES)
def test_same_call_has_the_same_bytes(case: VariedCase, probe: Probe) -> None:
    """Given one call made 20 times, when the proxy forwards it, then the upstream gets the same bytes each time."""
    request = probe.request(case)
    sent = [probe.exchange(request, persona=probe.persona_of(case)) for _ in range(TIMES)]

    only_upstream_request(sent[0])
    upstream = [request for exchange in sent for request in exchange.upstream]
    with gathering() as part:
        for what, forms in (
            ("body", {one.body for one in upstream}),
            ("path or query", {one.target for one in upstream}),
        ):
            with part():
                saying, actual = f"the same call went upstream with another {what}", f"{len(forms)} for {TIMES} calls"
                expect(len(forms) == 1, saying, expected=f"one {what}", actual=actual)


@checks("bodies.unsigned-blocks-harmless", when=is_asked_for_blocks)
def test_unsigned_blocks_are_harmless(case: VariedCase, probe: Probe) -> None:
    """Given thinking blocks without a signature, when the history is sent, then the proxy does not fail on it."""
    blocks = [b'{"type":"thinking","thinking":"x"}', *(UNSIGNED % signature for signature in (b'""', b'" "'))]
    exchange = probe.send(case, body=_with_history(case, [*blocks, b'{"type":"text","text":"Hm."}']))

    status = exchange.response.status
    expect(status < FAILED, "unsigned blocks make the proxy fail", expected="no 5xx", actual=f"status {status}")
    for upstream in exchange.upstream:
        upstream.json()


def _with_history(case: CallCase, blocks: list[bytes]) -> bytes:
    """The body of a case's call with these blocks as the model's last answer."""
    plain = bodies.request_body(case.call, case.model, SAID, stream=False)
    history = b',{"role":"assistant","content":[%b]},{"role":"user","content":"Go on."}]}' % b",".join(blocks)
    return plain.removesuffix(b"]}") + history
