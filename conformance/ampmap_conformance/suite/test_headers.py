"""Profile headers: what the proxy forwards, replaces, drops and relays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..cases.cases import CallCase, CredentialCase, VariedCase
from ..checks.expect import (
    assert_absent,
    assert_equal,
    assert_header,
    assert_no_placeholder,
    assert_own_credential,
    expect,
    only_upstream_request,
)
from ..checks.expect_framing import assert_same_media_type
from ..checks.findings import expect_none, gathering
from ..checks.registry import checks
from ..observer import Reply
from ..probe.probe import Probe
from ..wire.credentials import as_client_sends, holding
from ..wire.messages import Exchange
from .support.client_keys import assert_key_stripped, foreign_to
from .support.conditions import (
    carrier_by_call,
    has_body,
    is_model_call,
    is_whole_beside_usual_way,
    keeps_query_free,
)
from .support.features import features_asked_for
from .support.hop import FRAMING, HOP_VALUE, NAMED_HOP, assert_no_hop_headers
from .support.retry_hints import HINTS, assert_every_hint_relayed

PROXY_CREDENTIAL = "proxy-authorization"
FIELD_BEFORE = "alt=json"
"""A query field in front of a key: a proxy that looks at the start of the query alone does not find the key."""
OTHER_HEADER = "x-ampmap-probe"
OTHER_VALUE = "one, two;three"


def is_refused_carrier(case: CredentialCase, exchange: Exchange) -> bool:
    """The proxy rejected the call for a key in a place that the client does not use, and sent nothing upstream."""
    odd = case.carrier not in (*case.provider.client_credentials, *case.provider.placeholder_credentials)
    return odd and 400 <= exchange.response.status < 500 and not exchange.upstream


@checks("headers.client-credential-replaced", when=carrier_by_call)
def test_client_credential_is_replaced(case: CredentialCase, probe: Probe) -> None:
    """Given the client's key in a carrier, when the proxy forwards the call, then no part of it holds the key."""
    key = probe.client_key
    credential = holding(case.carrier, key) + as_client_sends(case.provider, key)
    lines = replace(credential.written(str.upper), query=())
    fields = (FIELD_BEFORE, *credential.query) if credential.query else ()
    exchange = probe.send(case, credential=lines, more_query="&".join(fields))

    if is_refused_carrier(case, exchange):
        return
    upstream = only_upstream_request(exchange)
    with gathering() as part:
        with part():
            assert_key_stripped(key, upstream, probe, saying="the client's key reached the upstream")
        with part():
            assert_no_placeholder(upstream)


@checks("headers.query-key-stripped", when=keeps_query_free)
def test_query_key_is_stripped(case: CallCase, probe: Probe) -> None:
    """Given the client's key in the query too, when the proxy forwards the call, then no part of it holds the key."""
    key = probe.client_key
    exchange = probe.send(case, credential=as_client_sends(case.provider, key) + holding("query-key", key))

    if 400 <= exchange.response.status < 500 and not exchange.upstream:
        return
    saying = "the client's key reached the upstream"
    assert_key_stripped(key, only_upstream_request(exchange), probe, saying=saying)


@checks("headers.upstream-credential-set", when=is_model_call)
def test_upstream_credential_is_set(case: CallCase, probe: Probe) -> None:
    """Given a call, when the proxy forwards it, then it carries a credential that is not the client's."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    assert_own_credential(upstream, probe.upstream_carriers(case), client_key=foreign_to(upstream, probe))


@checks("headers.forwarded", when=has_body)
def test_headers_are_forwarded(case: CallCase, probe: Probe) -> None:
    """Given headers that choose version and features, when the proxy forwards the call, then they are unchanged."""
    optional = tuple((name, "ampmap-probe-2025-01-01") for name in probe.optional_headers(case))
    exchange = probe.send(case, more_headers=((name.upper(), value) for name, value in optional))

    upstream = only_upstream_request(exchange)
    chosen = tuple(probe.dialect_headers(case).items())
    with gathering() as part:
        with part():
            assert_same_media_type(upstream.headers, "application/json", "the media type was lost or changed")
        for name, value in chosen:
            with part():
                assert_header(upstream.headers, name, value, saying="a header of the call was lost or changed")
        for name, value in optional:
            came = features_asked_for(upstream.headers, name, probe)
            with part():
                assert_equal(came, value, "a header of the call was lost or changed")


@checks("headers.end-to-end-forwarded")
def test_other_headers_are_forwarded(case: CallCase, probe: Probe) -> None:
    """Given an unknown header, when the proxy forwards the call, then it forwards the header unchanged."""
    exchange = probe.send(case, more_headers=((OTHER_HEADER, OTHER_VALUE),))

    upstream = only_upstream_request(exchange)
    agent = exchange.request.headers.get("user-agent") or ""
    with gathering() as part:
        for name, value in ((OTHER_HEADER, OTHER_VALUE), ("user-agent", agent)):
            with part():
                assert_header(upstream.headers, name, value, saying="a header of the call was lost or changed")


@checks("headers.amp-headers-forwarded")
def test_amp_headers_are_forwarded(case: CallCase, probe: Probe) -> None:
    """Given Amp's own headers, when the proxy forwards the call, then it forwards the headers unchanged."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    with gathering() as part:
        for name in probe.amp_headers(exchange.request.headers):
            sent = exchange.request.headers.get(name) or ""
            with part():
                assert_header(upstream.headers, name, sent, saying="a header of Amp's was lost or changed")


@checks("headers.hop-by-hop-dropped", when=is_whole_beside_usual_way)
def test_hop_by_hop_headers_are_dropped(case: VariedCase, probe: Probe) -> None:
    """Given headers of one connection, when the proxy forwards the call, then it strips them."""
    _assert_not_forwarded(case, probe, NAMED_HOP)


@checks("headers.named-hop-by-hop-dropped")
def test_named_hop_by_hop_headers_are_dropped(case: CallCase, probe: Probe) -> None:
    """Given every hop-by-hop header that HTTP names, when the proxy forwards the call, then it strips them."""
    names = [name for name in probe.header_names("hop-by-hop") if name not in (*FRAMING, PROXY_CREDENTIAL)]
    _assert_not_forwarded(case, probe, [(name, HOP_VALUE) for name in names])


@checks("headers.proxy-credential-dropped")
def test_proxy_credential_is_dropped(case: VariedCase, probe: Probe) -> None:
    """Given a credential for a proxy on the way, when the proxy forwards the call, then it strips the credential."""
    canary = probe.canary()
    upstream = only_upstream_request(probe.send(case, more_headers=[(PROXY_CREDENTIAL, f"Bearer {canary}")]))

    assert_absent(canary, in_=upstream, saying="a credential for a proxy reached the upstream")


def _assert_not_forwarded(case: CallCase, probe: Probe, lines: Iterable[tuple[str, str]]) -> None:
    assert_no_hop_headers(only_upstream_request(probe.send(case, more_headers=lines)))


@checks("headers.client-address-not-added")
def test_client_address_is_not_added(case: VariedCase, probe: Probe) -> None:
    """Given a call, when the proxy forwards it, then no header tells the upstream where the call came from."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    telling = probe.header_names("client-address")
    added = [name for name, _ in upstream.headers if name.lower() in telling and name not in exchange.request.headers]
    expect_none(added, "the upstream is told where the call came from", expected="no such header")


@checks("headers.host-is-upstreams")
def test_host_is_the_upstreams(case: CallCase, probe: Probe) -> None:
    """Given a call to the proxy's host, when the proxy forwards it, then Host names the upstream."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    hosts = upstream.headers.all("host")
    called = exchange.request.headers.get("host")
    expect(len(hosts) == 1, "Host is not there once", expected="one Host", actual=f"{len(hosts)} of them")
    expect(
        hosts[0] != called,
        "the upstream got the client's Host",
        expected="the upstream's host",
        actual="the proxy's host",
    )


@checks("headers.response-relayed", requests=len(HINTS))
def test_retry_headers_are_relayed(case: CallCase, probe: Probe) -> None:
    """Given errors with retry headers, of each status that has them, when they are relayed, they are unchanged."""
    assert_every_hint_relayed(case, probe)


@checks("headers.limits-relayed")
def test_limits_are_relayed(case: CallCase, probe: Probe) -> None:
    """Given request id and limits, when the proxy relays the answer, then they are there."""
    names = probe.relayed_headers(case, "when-available")
    added = tuple((name, "1000") for name in names if name != probe.error_shape(case).request_id_header)
    exchange = probe.send(case, replies=(Reply(more_headers=added),))

    only_upstream_request(exchange)
    with gathering() as part:
        for name in names:
            sent = exchange.answers[0].headers.all(name)
            came = exchange.response.headers.all(name)
            with part():
                assert_equal(", ".join(came), ", ".join(sent), f"{name} was lost or changed")
