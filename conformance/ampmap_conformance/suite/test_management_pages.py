"""Profile management: pages for browsers that a proxy redirects, and clients that send their Amp keys."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

from ..cases.cases import ManagementCase
from ..checks.expect import assert_absent, assert_equal, assert_same_path, assert_status, expect, only_upstream_request
from ..checks.registry import checks
from ..probe.probe import Probe
from ..wire.credentials import NO_CREDENTIAL, QUERY_KEYS, carried
from ..wire.messages import AMP, Exchange
from .support.management_conditions import is_read, is_sample_with_key

REDIRECTS = (301, 302, 303, 307, 308)
QUERY = "ampmap=1&ampmap=2"


@checks("management.pages-redirected-to-amp", when=is_read)
def test_pages_are_redirected_to_amp(case: ManagementCase, probe: Probe) -> None:
    """Given a page for browsers, when it is called, then the redirect names the same page on Amp's own host."""
    open_ = case.route.authentication == "open"
    exchange = probe.send(case, credential=NO_CREDENTIAL if open_ else None, more_query=QUERY)

    where = urlsplit(_location(exchange))
    bases = {f"{base.scheme}://{base.netloc}": base.path.rstrip("/") for base in map(urlsplit, probe.amp_urls)}
    origin = f"{where.scheme}://{where.netloc}"
    expect(origin in bases, "the redirect leads to another host", expected=" or ".join(bases), actual=origin)
    path = where.path.removeprefix(bases[origin]) if where.path.startswith(f"{bases[origin]}/") else where.path
    assert_same_path(path, case.path, "the redirect leads to another page")
    assert_equal(str(parse_qs(where.query)), str(parse_qs(QUERY)), "the redirect has another query")


@checks("management.redirects-hold-no-key", when=is_read)
def test_redirects_hold_no_key(case: ManagementCase, probe: Probe) -> None:
    """Given a page for browsers, when it is called with a key, then the redirect holds no key."""
    exchange = probe.send(case)

    location = _location(exchange)
    assert_absent(probe.client_key, in_=exchange.response, saying="the redirect holds the client's key")
    found = [name for name, _ in parse_qsl(urlsplit(location).query) if name in QUERY_KEYS]
    found += ["the user of the URL"] if "@" in urlsplit(location).netloc else []
    expect(not found, "the redirect holds a key", expected="no key in the URL", actual=", ".join(found))


@checks("management.client-amp-key-forwarded", when=is_sample_with_key)
def test_the_clients_amp_key_is_forwarded(case: ManagementCase, probe: Probe) -> None:
    """Given a client that sends its Amp key, when the call is forwarded, then Amp's servers get that key alone."""
    upstream = only_upstream_request(probe.send(case), AMP)

    keys = {key for values in carried(upstream.headers, upstream.query).values() for key in values}
    expect(
        probe.client_key in keys,
        "the client's Amp key was lost",
        expected="the client's key",
        actual="another key" if keys else "no key",
    )
    expect(
        keys <= {probe.client_key},
        "another key is beside the client's",
        expected="the client's key alone",
        actual="another key too",
    )


def _location(exchange: Exchange) -> str:
    """Where the answer redirects to; nothing was sent upstream for it."""
    assert_status(exchange.response, *REDIRECTS, saying="the page is not redirected")
    lines = exchange.response.headers.all("location")
    expect(
        len(lines) == 1, "the redirect does not name one place", expected="one Location", actual=f"{len(lines)} of them"
    )
    return lines[0]
