"""Profile management: methods, queries, paths, bodies, cookies, redirects, conditions, streams and upgrades."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from ..cases.cases import CallCase, ManagementCase
from ..checks.client_half import ClientHalf
from ..checks.expect import (
    assert_equal,
    assert_header,
    assert_same_path,
    assert_served,
    assert_success,
    assert_whole,
    expect,
    only_upstream_request,
    shown_status,
)
from ..checks.expect_framing import unpacked
from ..checks.registry import Pace, checks
from ..dialects import bodies
from ..observer import Framing, Reply
from ..probe.probe import LONGER, Probe
from ..reference.types import find_call
from ..wire.messages import AMP, Exchange, Response
from ..wire.sse import decode_body
from ..wire.websocket import SWITCHING, offer_lines
from .support.abandoned import FAR, assert_left
from .support.afterwards import TWICE, assert_served_at_once, fail_twice
from .support.dropped_calls import CALLS, DROPPED, DROPS, IDEMPOTENT, assert_never_repeated, dropping
from .support.management_conditions import (
    can_fail,
    changes_something,
    has_paths_below,
    is_any_method_or_post,
    is_first_family,
    is_sample,
    is_sample_with_body,
    takes_get_alone,
    takes_head,
)
from .support.outside_management import HEAD_ANSWERED, answered, assert_no_body
from .support.timing import ATTEMPTS, assert_flushed

SELECTOR = "ampmapGetUserInfo"
WRITTEN = "b=two%20words&a=&a=1&flag&b=%C3%A9%2Fx&c=1;d=2&e=a+b?c&keywords=key&pageToken=T-1"
"""With fields whose names hold the name of a credential."""
FOREIGN = "key=T-2&auth_token=T-3"
"""Fields that are named like a credential, and hold no key."""
LONG = "&".join(f"ids=T-{number:04d}" for number in range(600))
BELOW = "T-0/a.b%20c%25d+e.md"
WITH_SLASH = "T-0/a%2Fb.md"
TAG = '"ampmap-1"'
COOKIES = "ampmap-a=1; ampmap-b=2"
REDIRECTS = (302, 307)
NOT_MODIFIED = 304
PARTIAL = 206
PART = (("Content-Range", "bytes 0-3/10"),)
JSON_LINE = ("Content-Type", "application/json")
SUCCESSES = ((200, b""), (201, b'{"ok":true}'), (202, b""), (204, b""), (PARTIAL, b'{"ok'))
ELSEWHERE = "https://elsewhere.example/ampmap?next=%2Fa"
PACKED_SIZE = 25_600
"""Bytes above which the client compresses a body."""
PARTS = MappingProxyType({"text/event-stream": b"data: part %d\n\n", "application/x-ndjson": b'{"part":%d}\n'})
"""Media types of answers that come in parts, and how a part is written."""
PAGE = (("Origin", "https://page.example"),)
LETS_IN = (("Access-Control-Allow-Origin", "https://page.example"), ("Access-Control-Allow-Credentials", "true"))


@checks("management.methods", when=changes_something)
def test_method_is_kept(case: ManagementCase, probe: Probe) -> None:
    """Given a method that changes something, when the call is sent, then Amp's servers get it with its body."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange, AMP)
    assert_equal(upstream.method, case.verb, "the method changed")
    assert_equal(upstream.body, exchange.request.body, "the upstream got a changed body")
    assert_success(exchange)


@checks("management.no-repeat-after-dropped-connection", when=is_any_method_or_post, requests=len(DROPS) * CALLS)
def test_no_repeat_after_dropped_connection(case: ManagementCase, probe: Probe) -> None:
    """Given Amp's servers that drop the connection, when a call ends, then it was not repeated, nor changed."""

    def send(word: str) -> Exchange:
        exchange = probe.send(case, replies=dropping(word))
        other = [request.method for request in exchange.upstream if request.method != case.verb]
        saying = "a call was repeated with another method"
        expect(not other, saying, expected=case.verb, actual=", ".join(other))
        return exchange

    for word in DROPS:
        if case.verb in IDEMPOTENT:
            send(word)
        else:
            assert_never_repeated(partial(send, word))


@checks("management.dropped-connection-is-an-error", when=is_sample, requests=len(DROPS))
def test_dropped_connection_is_an_error(case: ManagementCase, probe: Probe) -> None:
    """Given Amp's servers that drop the connection, when a call is made, then the status says so."""
    for word in DROPS:
        exchange = probe.send(case, replies=dropping(word))

        assert_served(exchange)
        if len(exchange.upstream) > DROPPED:  # it was answered in the end, and a GET may be repeated
            continue
        saying = "a dropped upstream connection does not show in the status"
        expect(exchange.response.status >= 500, saying, expected="a 5xx status", actual=shown_status(exchange.response))


@checks("management.head", when=takes_head, outside=HEAD_ANSWERED)
def test_head(case: ManagementCase, probe: Probe) -> None:
    """Given HEAD, when it is sent, then the status comes, and no body, and no other length than the upstream's."""
    exchange = probe.send(case, method="HEAD")

    only_upstream_request(exchange, AMP)
    assert_equal(exchange.response.status, exchange.answers[0].status, "the status changed")
    assert_no_body(exchange.response)
    told, came = (of.headers.get("content-length") for of in (exchange.answers[0], exchange.response))
    if came is not None and not exchange.response.headers.get("content-encoding"):
        assert_equal(came, told or str(len(exchange.answers[0].body)), "the answer to HEAD has another length")


@checks("management.head-where-get", when=takes_get_alone)
def test_head_where_get_is(case: ManagementCase, probe: Probe) -> None:
    """Given HEAD on a family that takes GET, when it is sent, then the status comes, and no body."""
    exchange = probe.send(case, method="HEAD")

    only_upstream_request(exchange, AMP)
    assert_equal(exchange.response.status, exchange.answers[0].status, "the status changed")
    assert_no_body(exchange.response)


@checks("management.selector-kept", when=is_sample_with_body)
def test_selector_is_kept(case: ManagementCase, probe: Probe) -> None:
    """Given a query that is a bare name, when the proxy forwards the call, then the name is there."""
    exchange = probe.send(replace(case, verb="POST"), more_query=SELECTOR)

    upstream = only_upstream_request(exchange, AMP)
    assert_equal((upstream.query or "").rstrip("="), SELECTOR, "the name in the query was lost or changed")


@checks("management.query-bytes", when=is_sample, requests=2)
def test_query_arrives_as_it_was_written(case: ManagementCase, probe: Probe) -> None:
    """Given a query, or none, when the proxy forwards the call, then the query is the same text, or there is none."""
    upstream = only_upstream_request(probe.send(case, more_query=WRITTEN), AMP)
    assert_equal(upstream.query, WRITTEN, "the query was written anew")

    bare = only_upstream_request(probe.send(case), AMP)
    expect("?" not in bare.target, "a query was added", expected="no query", actual=bare.target)


@checks("management.foreign-key-in-query", when=is_sample)
def test_foreign_key_in_query(case: ManagementCase, probe: Probe) -> None:
    """Given a query with a field that is only named like a credential, when the call is made, then it does not fail."""
    status = probe.send(case, more_query=FOREIGN).response.status

    saying = "the proxy fails on a field of the query that is named like a credential"
    expect(status < 500, saying, expected="no 5xx status", actual=f"status {status}")


@checks("management.long-query", when=is_first_family)
def test_long_query(case: ManagementCase, probe: Probe) -> None:
    """Given a long query, when the proxy forwards the call, then the query is complete."""
    upstream = only_upstream_request(probe.send(case, more_query=LONG), AMP)

    assert_equal(upstream.query, LONG, "the query was cut or changed")


@checks("management.path-kept", when=has_paths_below)
def test_path_is_kept(case: ManagementCase, probe: Probe) -> None:
    """Given a path below a family, when the proxy forwards the call, then the path is the same."""
    target = f"{case.path}/{BELOW}"
    upstream = only_upstream_request(probe.send(case, target=target), AMP)

    assert_same_path(upstream.path, target, "the upstream got another path")


@checks("management.encoded-slash-kept", when=is_first_family)
def test_encoded_slash_is_kept(case: ManagementCase, probe: Probe) -> None:
    """Given an encoded slash, when the path is called, then it arrives as it was, or not at all."""
    target = f"{case.path}/{WITH_SLASH}"
    exchange = probe.send(case, target=target)

    if not 400 <= exchange.response.status < 500 or exchange.upstream:
        upstream = only_upstream_request(exchange, AMP)
        assert_same_path(upstream.path, target, "the upstream got another path")


@checks("management.compressed-body", when=is_sample_with_body)
def test_compressed_body(case: ManagementCase, probe: Probe) -> None:
    """Given a compressed body, when the proxy forwards the call, then its headers say how to decode it."""
    plain = bodies.dump({"thread": "ampmap " * PACKED_SIZE})
    packed = gzip.compress(plain, mtime=0)
    exchange = probe.send(replace(case, verb="POST"), body=packed, more_headers=[("Content-Encoding", "gzip")])

    upstream = only_upstream_request(exchange, AMP)
    came = unpacked(upstream.headers, upstream.body, "the label of the body is wrong")
    assert_equal(came, plain, "the body cannot be read")


@checks("management.cookies-forwarded", when=is_sample)
def test_cookies_are_forwarded(case: ManagementCase, probe: Probe) -> None:
    """Given cookies, when the proxy forwards the call, then it forwards them unchanged."""
    upstream = only_upstream_request(probe.send(case, more_headers=[("Cookie", COOKIES)]), AMP)

    assert_header(upstream.headers, "cookie", COOKIES, saying="cookies were lost or changed")


@checks("management.redirects-relayed", when=is_sample, requests=2)
def test_redirects_are_relayed(case: ManagementCase, probe: Probe) -> None:
    """Given a redirect to another site, when the proxy relays it, then the client decides whether to follow it."""
    for status in REDIRECTS:
        exchange = probe.send(case, replies=(Reply(status=status, headers=(("Location", ELSEWHERE),), body=b""),))

        only_upstream_request(exchange, AMP)
        assert_equal(exchange.response.status, status, "the redirect was not relayed")
        assert_header(exchange.response.headers, "location", ELSEWHERE, saying="the redirect leads to another place")


@checks("management.not-modified", when=is_sample)
def test_not_modified(case: ManagementCase, probe: Probe) -> None:
    """Given a condition, when the upstream says that nothing changed, then the client learns just that."""
    reply = Reply(status=NOT_MODIFIED, headers=(("ETag", TAG),), body=b"")
    exchange = probe.send(case, more_headers=[("If-None-Match", TAG)], replies=(reply,))

    upstream = only_upstream_request(exchange, AMP)
    assert_header(upstream.headers, "if-none-match", TAG, saying="the condition was lost or changed")
    assert_equal(exchange.response.status, NOT_MODIFIED, "the status changed")
    assert_equal(exchange.response.body, b"", "a body came with 304")
    assert_header(exchange.response.headers, "etag", TAG, saying="the tag was lost or changed")


@checks("management.successes-relayed", when=is_sample, requests=len(SUCCESSES))
def test_successes_are_relayed(case: ManagementCase, probe: Probe) -> None:
    """Given a success of any kind, when the proxy relays it, then its status and body are the same."""
    for status, body in SUCCESSES:
        reply = Reply(status=status, headers=(JSON_LINE,), more_headers=PART if status == PARTIAL else (), body=body)
        exchange = probe.send(case, more_headers=[("Range", "bytes=0-3")] * (status == PARTIAL), replies=(reply,))

        only_upstream_request(exchange, AMP)
        assert_equal(exchange.response.status, status, "the status changed")
        assert_whole(exchange.response)
        assert_equal(
            decode_body(exchange.response.headers, exchange.response.body), body, "the client got a changed answer"
        )


@checks("management.stream-not-buffered", when=is_first_family, pace=Pace.WAITS, requests=ATTEMPTS * len(PARTS))
def test_stream_is_not_buffered(case: ManagementCase, probe: Probe) -> None:
    """Given an answer in parts, when the proxy relays it, then each part arrives before later ones are sent."""
    for kind, form in PARTS.items():
        pieces = tuple((0.0, form % number) for number in range(4))
        assert_flushed(case, probe, Reply(headers=(("Content-Type", kind),), pieces=pieces, framing=Framing.CHUNKED))


def _assert_let_in_once(response: Response) -> None:
    for name, _ in LETS_IN:
        lines = response.headers.all(name)
        saying = f"{name} comes more than once, so that browsers reject the answer"
        expect(len(lines) <= 1, saying, expected="one line", actual=" and ".join(lines))


def _assert_page_let_in_once(case: ManagementCase, probe: Probe) -> None:
    _assert_let_in_once(answered(case, probe, more_headers=PAGE))


@checks(
    "management.cors-lines-not-doubled",
    when=is_sample,
    outside=ClientHalf("that the answer to a page lets the page in once at most", _assert_page_let_in_once, requests=1),
)
def test_cors_lines_are_not_doubled(case: ManagementCase, probe: Probe) -> None:
    """Given an answer that lets a page in, when the proxy relays it, then it says so once."""
    exchange = probe.send(case, more_headers=PAGE, replies=(Reply(more_headers=LETS_IN),))

    only_upstream_request(exchange, AMP)
    _assert_let_in_once(exchange.response)


@checks("management.client-gone", when=is_first_family, pace=Pace.WAITS, requests=len(LONGER))
def test_client_that_leaves(case: ManagementCase, probe: Probe) -> None:
    """Given a client that leaves before its answer has begun, when it is gone, then the call to Amp's servers ends."""
    assert_left(case, probe, Reply(delay=FAR), patience=probe.target.policy.answer_timeout)


def _sample_calls(probe: Probe) -> Iterator[CallCase]:
    """A call of the first provider, where the target serves one."""
    for provider in probe.target.providers[:1]:
        call = find_call(provider, reference=probe.reference)
        yield CallCase(call=call, root=provider.roots[0], model=probe.target.sample_model(provider))


@checks("management.next-call-after-two-failures", when=can_fail, pace=Pace.WAITS, requests=TWICE * len(LONGER) + 2)
def test_next_call_after_two_failures(case: ManagementCase, probe: Probe) -> None:
    """Given a call that failed twice in a row, when it and a model's call follow, then each is served, or put off."""
    following = (case, *(model for model in _sample_calls(probe) if probe.is_served(model)))
    fail_twice(case, probe, case.variation)
    for plain in following:
        assert_served_at_once(probe.send(plain))


@checks("management.upgrade-answered", when=is_sample)
def test_offer_to_upgrade(case: ManagementCase, probe: Probe) -> None:
    """Given an offer to upgrade, when Amp's servers do not accept it, then the call is answered like any other."""
    exchange = probe.send(case, more_headers=offer_lines(), replies=(Reply(status=200),))

    status = exchange.response.status
    ordinary = status < 500 and status != SWITCHING
    expect(
        ordinary,
        "the offer was treated as more than an offer",
        expected="an ordinary answer",
        actual=f"status {status}",
    )
