"""Profile management: which calls to Amp's own servers the proxy accepts, and which key they carry."""

from __future__ import annotations

from ..cases.cases import ManagementCase
from ..checks.expect import (
    assert_absent,
    assert_own_credential,
    assert_success,
    expect,
    only_upstream_request,
)
from ..checks.findings import expect_none
from ..checks.registry import checks
from ..probe.lookups import AMP_CARRIERS
from ..probe.probe import Probe
from ..reference.types import CredentialCarrier
from ..wire.credentials import NO_CREDENTIAL, REFUSED, carried, holding
from ..wire.messages import AMP, Exchange
from .support.client_keys import foreign_to
from .support.hop import NAMED_HOP, assert_no_hop_headers
from .support.management_conditions import (
    is_first_family,
    is_open_page,
    is_open_read,
    is_sample,
    is_sample_with_key,
    is_sign_in,
    needs_client_key,
)
from .support.outside_management import OPEN, SHUT
from .support.refusals import SHUT_BY_METHOD, assert_method_needs_key, assert_rejected, must_change_nothing

HEADER_CARRIERS: tuple[CredentialCarrier, ...] = (*AMP_CARRIERS, "x-goog-api-key")
UNKNOWN = ("/api/ampmap-no-such-family/x", "/api/ampmap-no-such-page.rss")


def assert_no_key_lent(exchange: Exchange) -> None:
    """Nothing that went upstream holds a credential; the client had none."""
    lent = [carrier for request in exchange.upstream for carrier in carried(request.headers, request.query)]
    expect_none(lent, "the proxy lent its own key", expected="no credential upstream")


@checks("management.wrong-key-refused", when=needs_client_key, outside=SHUT)
def test_wrong_key_is_refused(case: ManagementCase, probe: Probe) -> None:
    """Given a wrong key, when a management call is sent, then the proxy rejects it and sends nothing upstream."""
    probe.require_client_key()
    must_change_nothing(case, probe, keyed=False)
    exchange = probe.send(case, credential=holding("authorization-bearer", probe.canary()))

    assert_rejected(case, probe, exchange, *REFUSED, saying="a wrong key opened a management path")


@checks("management.every-method-needs-key", when=is_sample_with_key, requests=2, outside=SHUT_BY_METHOD)
def test_every_method_needs_a_key(case: ManagementCase, probe: Probe) -> None:
    """Given any method, when a call has no key, or a wrong one, then the proxy does not use its own key for it."""
    assert_method_needs_key(case, probe, case.variation, case.carrier or "authorization-bearer")


@checks("management.amp-key-set", when=needs_client_key)
def test_amp_key_is_set(case: ManagementCase, probe: Probe) -> None:
    """Given the client's key, when the proxy forwards a management call, then it carries a key of the proxy's own."""
    upstream = only_upstream_request(probe.send(case), AMP)

    assert_own_credential(upstream, AMP_CARRIERS, client_key=foreign_to(upstream, probe))


@checks("management.hop-by-hop-dropped", when=is_sample)
def test_hop_by_hop_headers_are_dropped(case: ManagementCase, probe: Probe) -> None:
    """Given a header that `Connection` names, when the proxy forwards a management call, then it strips the header."""
    assert_no_hop_headers(only_upstream_request(probe.send(case, more_headers=NAMED_HOP), AMP))


@checks("management.host-is-amps", when=is_first_family)
def test_host_is_amps(case: ManagementCase, probe: Probe) -> None:
    """Given a call to the proxy's host, when the proxy forwards it, then Host names Amp's servers."""
    exchange = probe.send(case)

    hosts = only_upstream_request(exchange, AMP).headers.all("host")
    called = exchange.request.headers.get("host")
    expect(len(hosts) == 1, "Host is not there once", expected="one Host", actual=f"{len(hosts)} of them")
    expect(hosts[0] != called, "the upstream got the client's Host", expected="Amp's host", actual="the proxy's host")


@checks("management.second-client", when=is_sample_with_key)
def test_second_client(case: ManagementCase, probe: Probe) -> None:
    """Given another client's key, when the proxy forwards a management call, then no part of it holds that key."""
    key = probe.second_client_key
    exchange = probe.send(case, credential=holding("authorization-bearer", key))

    assert_success(exchange)
    upstream = only_upstream_request(exchange, AMP)
    assert_absent(key, in_=upstream, saying="the second client's key reached Amp's servers")


@checks("management.sign-in-open", when=is_sign_in, outside=OPEN)
def test_sign_in_is_open(case: ManagementCase, probe: Probe) -> None:
    """Given no credential, when a sign-in page is called, then Amp's servers answer."""
    exchange = probe.send(case, credential=NO_CREDENTIAL)

    only_upstream_request(exchange, AMP)
    assert_success(exchange)


@checks("management.pages-open", when=is_open_page, outside=OPEN)
def test_pages_are_open(case: ManagementCase, probe: Probe) -> None:
    """Given no credential, when another page is called, then Amp's servers answer."""
    exchange = probe.send(case, credential=NO_CREDENTIAL)

    only_upstream_request(exchange, AMP)
    assert_success(exchange)


@checks("management.open-pages-carry-no-key", when=is_open_read)
def test_open_pages_carry_no_key(case: ManagementCase, probe: Probe) -> None:
    """Given no credential, when an open page is called, then the proxy does not add its own key."""
    assert_no_key_lent(probe.send(case, credential=NO_CREDENTIAL))


@checks("management.unknown-path", when=is_first_family, requests=4)
def test_unknown_path(case: ManagementCase, probe: Probe) -> None:
    """Given paths of no family, when each is called with and without a key, then it neither fails nor opens."""
    for path in UNKNOWN:
        known, unknown = (probe.send(case, target=path, credential=given) for given in (None, NO_CREDENTIAL))
        for exchange in (known, unknown):
            status = exchange.response.status
            expect(status < 500, "a new path makes the proxy fail", expected="status 404", actual=f"status {status}")
        assert_no_key_lent(unknown)


@checks("management.key-in-other-carriers", when=is_sample_with_key)
def test_key_in_other_carriers(case: ManagementCase, probe: Probe) -> None:
    """Given the client's key in every header for keys, when the proxy forwards the call, then it strips the key."""
    key, everywhere = probe.client_key, NO_CREDENTIAL
    for carrier in HEADER_CARRIERS:
        everywhere += holding(carrier, key)
    upstream = only_upstream_request(probe.send(case, credential=everywhere), AMP)

    assert_absent(key, in_=upstream, saying="the client's key reached Amp's servers")
