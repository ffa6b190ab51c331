"""Profile management: everything that goes to Amp's own servers."""

from __future__ import annotations

from urllib.parse import parse_qs

from ..cases.cases import ManagementCase
from ..checks.expect import (
    assert_absent,
    assert_equal,
    assert_json_relayed,
    assert_same_path,
    only_upstream_request,
)
from ..checks.findings import gathering
from ..checks.registry import checks
from ..observer import Reply
from ..probe.probe import Probe
from ..wire.credentials import NO_CREDENTIAL, REFUSED
from ..wire.messages import AMP
from .support.management_conditions import is_documented, is_read, is_undocumented, needs_client_key
from .support.outside_management import ANSWERED, SHUT
from .support.refusals import assert_rejected, must_change_nothing

COOKIES = (("Set-Cookie", "ampmap-a=1; Path=/"), ("Set-Cookie", "ampmap-b=2; Path=/; HttpOnly"))
QUERY = "ampmap=1&ampmap=2&authToken=ampmap-token"
"""The field of the sign-in among them."""


@checks("management.forwarded", when=is_documented, outside=ANSWERED)
def test_management_is_forwarded(case: ManagementCase, probe: Probe) -> None:
    """Given a management call, when it is sent, then Amp's servers get it whole and the client gets their answer."""
    _assert_forwarded(case, probe)


@checks("management.rare-forwarded", when=is_undocumented, outside=ANSWERED)
def test_rare_management_is_forwarded(case: ManagementCase, probe: Probe) -> None:
    """Given a call to a path that no page lists, when it is sent, then Amp's servers get it whole."""
    _assert_forwarded(case, probe)


def _assert_forwarded(case: ManagementCase, probe: Probe) -> None:
    exchange = probe.send(case, more_query=QUERY)

    upstream = only_upstream_request(exchange, AMP)
    with gathering() as part:
        with part():
            assert_equal(upstream.method, case.method, "the method changed")
        with part():
            assert_same_path(upstream.path, case.path, "the upstream got another path")
        with part():
            query = str(parse_qs(upstream.query or ""))
            assert_equal(query, str(parse_qs(QUERY)), "the upstream got a changed query")
        with part():
            assert_equal(upstream.body, exchange.request.body, "the upstream got a changed body")
        with part():
            assert_equal(exchange.response.status, exchange.answers[0].status, "the status changed")
        with part():
            assert_json_relayed(exchange)


@checks("management.credential-replaced")
def test_client_key_does_not_reach_amp(case: ManagementCase, probe: Probe) -> None:
    """Given the client's key, when the proxy forwards a management call, then no part of it holds the key."""
    key = probe.client_key
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange, AMP)
    assert_absent(key, in_=upstream, saying="the client's key reached Amp's servers")


@checks("management.cookies-relayed", when=is_read)
def test_cookies_are_relayed(case: ManagementCase, probe: Probe) -> None:
    """Given two cookies, when the proxy relays the answer, then each has its line."""
    exchange = probe.send(case, replies=(Reply(more_headers=COOKIES),))

    expected = " | ".join(value for _, value in COOKIES)
    actual = " | ".join(exchange.response.headers.all("set-cookie"))
    assert_equal(actual, expected, "Set-Cookie lines were lost, merged or changed")


@checks("management.refuses-without-credential", when=needs_client_key, outside=SHUT)
def test_management_needs_the_client_key(case: ManagementCase, probe: Probe) -> None:
    """Given no credential, when a management call is sent, then the proxy rejects it and sends nothing upstream."""
    probe.require_client_key()
    must_change_nothing(case, probe, keyed=False)
    exchange = probe.send(case, credential=NO_CREDENTIAL)

    assert_rejected(case, probe, exchange, *REFUSED, saying="a management path was open")
