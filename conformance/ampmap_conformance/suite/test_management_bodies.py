"""Profile management: bodies and answers of every kind, size and coding."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ..cases.cases import ManagementCase
from ..checks.client_half import ClientHalf
from ..checks.expect import (
    assert_equal,
    assert_header,
    assert_served,
    assert_success,
    assert_whole,
    only_upstream_request,
)
from ..checks.expect_framing import assert_same_media_type, unpacked
from ..checks.findings import gathering
from ..checks.registry import checks
from ..dialects import bodies
from ..observer import Gzip, Reply
from ..probe.probe import Probe
from ..wire.messages import AMP
from ..wire.sse import decode_body
from .support.attempts import ATTEMPTS
from .support.management_conditions import is_first_family, is_sample, is_sample_with_body
from .support.outside_management import answered
from .support.retry_hints import HINTS, RETRY_AFTER, assert_hints_relayed, hint_lines

READS_GZIP = (("Accept-Encoding", "gzip, deflate"),)
EVERY_BYTE = bytes(range(256)) * 4
FORM, FEED = "multipart/form-data; boundary=ampmap-0", "application/atom+xml; charset=utf-8"
SIZE = 2 << 20
STATUSES = (403, 500)
ERROR = b'{"ok":false, "error":{"code":"ampmap-\\u00e9","message":"no\\/thing"},"n":1.0}\n'


@checks("management.bytes-kept", when=is_sample_with_body)
def test_bytes_are_kept(case: ManagementCase, probe: Probe) -> None:
    """Given a form with any bytes for a body and a feed for an answer, when both pass, then nothing of them changes."""
    request = replace(probe.request(replace(case, verb="POST")), body=EVERY_BYTE)
    sent = replace(request, headers=request.headers.setting("Content-Type", FORM))
    feed = Reply(headers=(("Content-Type", FEED),), body=EVERY_BYTE)
    exchange = probe.exchange(sent, persona=AMP, replies=(feed,))

    upstream = only_upstream_request(exchange, AMP)
    assert_equal(upstream.body, EVERY_BYTE, "the upstream got a changed body")
    assert_header(upstream.headers, "content-type", FORM, saying="the form's parts can no longer be separated")
    assert_success(exchange)
    assert_equal(exchange.response.body, EVERY_BYTE, "the client got a changed answer")
    assert_same_media_type(exchange.response.headers, FEED, "the answer's media type changed")


@checks("management.large-body", when=is_first_family)
def test_large_body(case: ManagementCase, probe: Probe) -> None:
    """Given a body of 2 MB, when it is sent, then it arrives whole."""
    sent = bodies.dump({"thread": "ampmap! " * (SIZE // 8)})
    exchange = probe.send(replace(case, verb="POST"), body=sent)

    assert_success(exchange)
    upstream = only_upstream_request(exchange, AMP)
    assert_equal(len(upstream.body), len(sent), "the body was cut")
    assert_equal(hashlib.sha256(upstream.body).hexdigest(), hashlib.sha256(sent).hexdigest(), "the body changed")


def _assert_readable(case: ManagementCase, probe: Probe) -> None:
    response = answered(case, probe, more_headers=READS_GZIP)
    assert_whole(response)
    unpacked(response.headers, response.body, "the answer's label is wrong")


@checks(
    "management.compressed-answer-readable",
    when=is_sample,
    outside=ClientHalf("that the answer to a read can be read by its label", _assert_readable, requests=1),
)
def test_compressed_answer_is_readable(case: ManagementCase, probe: Probe) -> None:
    """Given a client that reads gzip, when Amp's servers use it, then the answer can be read by its label."""
    feed = Reply(headers=(("Content-Type", FEED),), body=EVERY_BYTE, gzip=Gzip.DECLARED)
    exchange = probe.send(case, more_headers=READS_GZIP, replies=(feed,))

    only_upstream_request(exchange, AMP)
    assert_whole(exchange.response)
    came = unpacked(exchange.response.headers, exchange.response.body, "the answer's label is wrong")
    assert_equal(came, EVERY_BYTE, "the answer cannot be read")


@checks("management.errors-relayed", when=is_sample, requests=len(STATUSES))
def test_errors_are_relayed(case: ManagementCase, probe: Probe) -> None:
    """Given an error of Amp's servers, when the proxy relays it, then it is the same."""
    for status in STATUSES:
        reply = Reply(status=status, headers=(("Content-Type", "application/json"),), body=ERROR)
        exchange = probe.send(case, replies=(reply,) * ATTEMPTS)

        assert_served(exchange)
        assert_equal(exchange.response.status, status, "the status changed")
        came = decode_body(exchange.response.headers, exchange.response.body)
        assert_equal(came, ERROR, "the client got a changed error")


@checks("management.retry-after-relayed", when=is_sample, requests=len(HINTS))
def test_retry_after_is_relayed(case: ManagementCase, probe: Probe) -> None:
    """Given errors of Amp's servers with a `Retry-After`, when they are relayed, then it is unchanged."""
    with gathering() as part:
        for status, value in HINTS:
            lines = hint_lines((RETRY_AFTER,), value)
            reply = Reply(status=status, headers=(("Content-Type", "application/json"), *lines), body=ERROR)
            with part():
                assert_hints_relayed(probe.send(case, replies=(reply,) * ATTEMPTS), status, lines)
