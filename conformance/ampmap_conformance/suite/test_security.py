"""Profile security: callers on other machines, and what a web page may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from ..cases.cases import CallCase, Case, ManagementCase
from ..checks.expect import assert_nothing_upstream, assert_served, assert_success, expect, only_upstream_request
from ..checks.findings import expect_none
from ..checks.registry import checks
from ..errors import Failure, NoAnswerError, NotTestableError
from ..observer import Reply
from ..probe.probe import Probe
from ..wire.credentials import NO_CREDENTIAL, REFUSED, carried
from ..wire.messages import AMP, Exchange
from .support.conditions import is_model_call, is_not_among_management
from .support.management_conditions import is_first_family, is_sample, is_sample_with_key
from .support.own_errors import OF_REJECTION
from .support.refusals import must_change_nothing

OTHER_NAME = "rebound.example"
LOOK_ALIKES = ("localhost.rebound.example", "127.0.0.1.rebound.example")
OTHER_ORIGIN = "https://elsewhere.example"
FOREIGN_ORIGINS = (OTHER_ORIGIN, "null")
"""Of a page on another site, and of one without an origin, as a sandboxed frame or a file."""
OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
RARE_ADDRESS_HEADERS = ("Client-IP", "X-Original-Forwarded-For", "X-Remote-Addr", "X-Originating-IP")
"""Headers that no source in the spec has; a proxy that believes one of them is as open as by any other."""
PRIVATE = (("Cache-Control", "private, no-store"),)
PUBLIC = ("public", "s-maxage")
"""Directives by which a shared cache may keep the answer to a request with a credential."""
FAR = "203.0.113.9"
NEAR = ("127.0.0.1", "::1")
PREFLIGHT = (
    ("Origin", OTHER_ORIGIN),
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "authorization, content-type"),
)


def coming_from(address: str, probe: Probe) -> list[tuple[str, str]]:
    """Every header by which a proxy says where a call comes from."""
    forwarded = f'for="[{address}]"' if ":" in address else f"for={address}"
    known = [name for name in probe.header_names("client-address") if not name.endswith("-host")]
    return [(name, forwarded if name == "forwarded" else address) for name in (*known, *RARE_ADDRESS_HEADERS)]


def call_by_host_name(probe: Probe, case: Case, name: str, *, keyed: bool) -> Exchange:
    """The call of a case, made where it always is, by another name of the host; without a key unless it is `keyed`."""
    request = probe.request(case, credential=None if keyed else NO_CREDENTIAL)
    port = urlsplit(f"//{request.headers.get('host')}").port
    host = f"{name}:{port}" if port else name
    changed = replace(request, headers=request.headers.setting("Host", host))
    return probe.exchange(changed, persona=probe.persona_of(case))


def assert_refused(probe: Probe, sent: Callable[[], Exchange], saying: str) -> None:
    """What `sent` gets is a 4xx status, or a closed connection, and nothing goes upstream."""
    try:
        exchange = sent()
    except NoAnswerError as error:
        if error.failure is not Failure.DROPPED:
            raise
        assert_nothing_upstream(probe.exchanges[-1])
        return
    status = exchange.response.status
    expect(400 <= status < 500, saying, expected="status 403", actual=f"status {status}")
    assert_nothing_upstream(exchange)


def assert_no_key_lent(exchanges: Iterable[Exchange]) -> None:
    """Nothing that went upstream holds a credential; the client had none."""
    sent = [request for exchange in exchanges for request in exchange.upstream]
    lent = [f"{request.method} {request.path}" for request in sent if carried(request.headers, request.query)]
    expect_none(lent, "the proxy lent its own key", expected="no credential upstream")


def assert_nothing_for_page(probe: Probe, case: Case, name: str) -> None:
    """A web page that makes a name of its own lead here gets nothing by the operator's key; it has no key itself."""
    try:
        exchange = call_by_host_name(probe, case, name, keyed=False)
    except NoAnswerError as error:
        if error.failure is not Failure.DROPPED:
            raise
        exchange = probe.exchanges[-1]
    assert_no_key_lent([exchange])


def assert_not_public(case: Case, probe: Probe) -> None:
    """No answer to a call with a key, and no rejection, says that a shared cache may keep it.

    What the upstream says of it by itself is the upstream's; it says nothing, and then that nothing may be kept.
    """
    replies = ((), PRIVATE) if probe.is_observed else ()  # what an unseen upstream says is its own
    answers = [probe.send(case, replies=(Reply(more_headers=lines),)) for lines in replies]
    for exchange in answers:
        assert_served(exchange)
    must_change_nothing(case, probe, keyed=False)
    rejected = probe.send(case, credential=NO_CREDENTIAL)
    for exchange in (*answers, rejected):
        told = ", ".join(exchange.response.headers.all("cache-control")).lower()
        words = [word.strip() for word in told.split(",")]
        public = [word for word in words if word.partition("=")[0] in PUBLIC]
        expect_none(public, "the proxy lets shared caches keep a private answer", expected="no such directive")


def assert_no_page_trusted(probe: Probe, case: Case) -> None:
    """No preflight, call or rejection trusts a page of another origin with the user's credentials.

    What an upstream says to a page is its own: where it is not seen, only the proxy's rejection counts.
    """
    for origin in FOREIGN_ORIGINS:
        lines = [("Origin", origin)]
        if not probe.is_observed:
            must_change_nothing(case, probe, keyed=False)
            answered = probe.send(case, credential=NO_CREDENTIAL, more_headers=lines)
            if (status := answered.response.status) not in REFUSED:
                raise NotTestableError(f"a call without a key gets status {status}, and the upstream was not seen")
            _assert_page_not_trusted(answered, origin)
            continue
        asked = probe.send(
            case, method="OPTIONS", body=b"", credential=NO_CREDENTIAL, more_headers=[*lines, *PREFLIGHT[1:]]
        )
        called = probe.send(case, more_headers=lines)
        refused = probe.send(case, credential=NO_CREDENTIAL, more_headers=lines)
        for exchange in (asked, called, refused):
            _assert_page_not_trusted(exchange, origin)


def _assert_page_not_trusted(exchange: Exchange, origin: str) -> None:
    headers = exchange.response.headers
    told = headers.get("access-control-allow-origin")
    trusts = headers.get("access-control-allow-credentials") == "true" and told in (origin, "*", "null")
    saying, actual = "a foreign page is trusted", f"{told} is trusted"
    expect(not trusts, saying, expected="no credentials for it", actual=actual)


@checks("security.foreign-peer-refused", shows_alone=True)
def test_foreign_peer_is_refused(case: ManagementCase, probe: Probe) -> None:
    """Given a caller on another machine, when it makes a management call, then the proxy rejects it."""
    assert_refused(probe, lambda: probe.send_from_elsewhere(case), "another machine got through")


@checks("security.address-headers-not-believed", when=is_sample, requests=len(NEAR), shows_alone=True)
def test_address_headers_are_not_believed(case: ManagementCase, probe: Probe) -> None:
    """Given a caller on another machine that claims to be on this one, when it calls, then the proxy rejects it."""
    for address in NEAR:
        claiming = partial(probe.send_from_elsewhere, case, more_headers=coming_from(address, probe))
        assert_refused(probe, claiming, "another machine got through by a header")


@checks("security.models-served-to-other-machines", when=is_not_among_management)
def test_models_served_to_other_machines(case: CallCase, probe: Probe) -> None:
    """Given a caller on another machine, when it calls a model, then it is served."""
    exchange = probe.send_from_elsewhere(case)

    only_upstream_request(exchange)
    assert_success(exchange)


@checks("security.peer-decides", when=is_sample)
def test_peer_decides(case: ManagementCase, probe: Probe) -> None:
    """Given a caller on this machine whose headers name another, when it makes a call, then the proxy serves it."""
    exchange = probe.send(case, more_headers=coming_from(FAR, probe))

    only_upstream_request(exchange, AMP)
    assert_success(exchange)


@checks("security.rebound-name-refused")
def test_rebound_name_is_refused(case: ManagementCase, probe: Probe) -> None:
    """Given a call without a key by a name that is not this machine's, when it is made, then no key is lent to it."""
    assert_nothing_for_page(probe, case, OTHER_NAME)


@checks("security.look-alike-name-refused", when=is_first_family, requests=len(LOOK_ALIKES))
def test_look_alike_names_are_refused(case: ManagementCase, probe: Probe) -> None:
    """Given a call without a key by a name that begins as this machine's, when it is made, then no key is lent."""
    for name in LOOK_ALIKES:
        assert_nothing_for_page(probe, case, name)


@checks("security.own-names-served", when=is_first_family, requests=3)
def test_own_names_are_served(case: ManagementCase, probe: Probe) -> None:
    """Given the names of this machine, when a call is made by each, then it is served."""
    for name in OWN_NAMES:
        exchange = call_by_host_name(probe, case, name, keyed=True)
        assert_served(exchange)
        assert_success(exchange)


@checks("security.answers-not-public", when=is_model_call, requests=3, outside=OF_REJECTION)
def test_answers_are_not_public(case: CallCase, probe: Probe) -> None:
    """Given answers of a provider and a rejection, when the client gets them, then no shared cache may keep them."""
    assert_not_public(case, probe)


@checks("security.management-answers-not-public", when=is_sample_with_key, requests=3, outside=OF_REJECTION)
def test_management_answers_are_not_public(case: ManagementCase, probe: Probe) -> None:
    """Given answers of Amp's servers and a rejection, when the client gets them, then no shared cache may keep them."""
    assert_not_public(case, probe)


@checks("security.no-foreign-origin", requests=3 * len(FOREIGN_ORIGINS))
def test_no_foreign_origin_is_trusted(case: CallCase, probe: Probe) -> None:
    """Given a foreign web page, when it makes calls with and without a key, then no answer lets it in."""
    assert_no_page_trusted(probe, case)


@checks("security.no-foreign-origin-on-management", when=is_sample, requests=3 * len(FOREIGN_ORIGINS))
def test_no_foreign_origin_is_trusted_on_management(case: ManagementCase, probe: Probe) -> None:
    """Given a foreign web page, when it makes management calls, then no answer lets it in with credentials."""
    assert_no_page_trusted(probe, case)


@checks("security.preflight-without-proxy-key")
def test_preflight_without_proxy_key(case: CallCase, probe: Probe) -> None:
    """Given a preflight, when it is sent to a provider's route, then the proxy's key stays at home."""
    assert_no_key_lent([probe.send(case, method="OPTIONS", body=b"", credential=NO_CREDENTIAL, more_headers=PREFLIGHT)])


@checks("security.management-preflight-without-proxy-key", when=is_sample)
def test_management_preflight_without_proxy_key(case: ManagementCase, probe: Probe) -> None:
    """Given a preflight, when it is sent to a management path, then the proxy's key stays at home."""
    assert_no_key_lent([probe.send(case, method="OPTIONS", credential=NO_CREDENTIAL, more_headers=PREFLIGHT)])
