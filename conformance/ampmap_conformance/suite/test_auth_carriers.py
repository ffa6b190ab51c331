"""Profile auth: several carriers at once, keys that are almost right, and keys in places that hold no key."""

from __future__ import annotations

from typing import get_args

from ..cases.cases import CallCase, CredentialCase, VariedCase
from ..checks.client_half import ClientHalf
from ..checks.expect import assert_absent, assert_not_let_through, assert_served, assert_success, expect
from ..checks.findings import gathering
from ..checks.registry import Pace, checks
from ..dialects import bodies
from ..errors import NoAnswerError, Violation
from ..observer import Reply
from ..probe.probe import Probe
from ..probe.requests import BLANK
from ..reference.types import CredentialCarrier
from ..wire.credentials import NO_CREDENTIAL, REFUSED, Credential, as_client_sends, carried, holding
from ..wire.messages import Exchange, Request, Response, UpstreamRequest
from ..wire.raw import Piece, RawRequest, wire
from .support.client_keys import assert_key_stripped
from .support.conditions import has_other_carrier, is_promised_carrier, takes_query_key
from .support.refusals import SHUT_BY_METHOD, assert_method_needs_key, assert_rejected

REFUSED_OR_INVALID = (*REFUSED, 400)
BEHIND = 0.05
"""Seconds between the head of a request and its body, and within the body."""
NO_KEY, SHUT = 401, REFUSED
NOT_SERVED = (404, 405)
"""A proxy need not serve the other forms of paths."""
PRETENCES = (
    [(name, "127.0.0.1") for name in ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP")],
    [("Forwarded", "for=127.0.0.1;host=localhost"), ("X-Forwarded-Host", "localhost")],
    [(name, "admin") for name in ("X-Forwarded-User", "Remote-User", "X-Remote-User", "X-Auth-Request-User")],
    [("X-Middleware-Subrequest", ":".join(["src/middleware"] * 5)), ("X-Internal-Request", "true")],
    [("Origin", "http://localhost"), ("Referer", "http://localhost/"), ("Sec-Fetch-Site", "same-origin")],
    [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
)
"""What a caller without a key may say of itself."""
NOT_RETURNED = ClientHalf("that the answer holds no key that the client sent")
BODY_FIELDS = ("api_key", "apiKey", "key", "access_token")


def almost(word: str, key: str) -> Credential:
    """What is not the key, but near to it."""
    if word == "empty":
        return Credential((("Authorization", "Bearer"), ("x-api-key", "")))
    forms = {
        "cut-short": key[:-1],
        "prolonged": f"{key}x",
        "other-case": key.swapcase() if key.swapcase() != key else key[::-1],
    }
    return holding("authorization-bearer", forms.get(word, word))


def assert_served_or_refused(exchange: Exchange, probe: Probe) -> None:
    """The call reached its upstream, or the proxy rejected it; what an unseen upstream answers says nothing of that."""
    status = exchange.response.status
    known = bool(exchange.upstream) or 400 <= status < 500 or not probe.is_observed
    expect(known, "the call was neither served nor rejected", expected="a call, or a 4xx", actual=f"status {status}")


@checks("auth.promised-carriers", when=is_promised_carrier)
def test_promised_carrier_is_accepted(case: CredentialCase, probe: Probe) -> None:
    """Given the client's key in a carrier that is promised, when the call is sent, then it succeeds."""
    assert_success(probe.send(case, credential=holding(case.carrier, probe.client_key)))


@checks("auth.valid-beside-wrong", when=has_other_carrier)
def test_valid_key_beside_a_wrong_one(case: CredentialCase, probe: Probe) -> None:
    """Given a valid key and a wrong one in another carrier, when the call is sent, then it succeeds."""
    other: CredentialCarrier = next(each for each in case.provider.client_credentials if each != case.carrier)
    wrong = holding(case.carrier, probe.canary())
    exchange = probe.send(case, credential=wrong + holding(other, probe.client_key))

    assert_success(exchange)


@checks("auth.malformed-refused")
def test_key_that_is_almost_right(case: VariedCase, probe: Probe) -> None:
    """Given what is almost the key, when the call is sent, then the proxy rejects it and sends nothing upstream."""
    exchange = probe.send(case, credential=almost(case.variation, probe.client_key))

    assert_rejected(case, probe, exchange, *REFUSED_OR_INVALID, saying="an invalid key was accepted")


@checks("auth.scheme-case-insensitive")
def test_scheme_case_insensitive(case: CallCase, probe: Probe) -> None:
    """Given the scheme in lower case (`bearer`), when the call is sent, then it succeeds."""
    exchange = probe.send(case, credential=Credential((("Authorization", f"bearer {probe.client_key}"),)))

    assert_success(exchange)


@checks("auth.other-keys-stripped", outside=NOT_RETURNED)
def test_other_keys_stripped(case: CallCase, probe: Probe) -> None:
    """Given a different key in every carrier, when the call is made, then no message on either side holds one."""
    key = probe.client_key
    carriers: list[CredentialCarrier] = list(get_args(CredentialCarrier))
    if not takes_query_key(case, probe.target):
        carriers.remove("query-key")
    canaries = {carrier: probe.canary() for carrier in carriers}
    credential = as_client_sends(case.provider, key)
    for carrier in carriers:
        credential += holding(carrier, canaries[carrier])
    exchange = probe.send(case, credential=credential)

    assert_served_or_refused(exchange, probe)
    with gathering() as part:
        for place, canary in (*canaries.items(), ("the client's own", key)):
            with part():
                assert_absent(canary, in_=exchange.response, saying=f"the key in {place} is in the answer")
            for upstream in exchange.upstream:
                if canary != key or not probe.may_get_client_key(upstream):
                    with part():
                        assert_absent(canary, in_=upstream, saying=f"the key in {place} reached the upstream")


@checks(
    "auth.no-header-replaces-credential",
    requests=len(PRETENCES),
    outside=ClientHalf("that a call without a key does not succeed, whatever it says of its caller"),
)
def test_no_header_replaces_credential(case: CallCase, probe: Probe) -> None:
    """Given no credential but a header that names a trusted caller, when it is sent, then nothing goes upstream."""
    probe.require_client_key()
    with gathering() as part:
        for lines in PRETENCES:
            exchange = probe.send(case, credential=NO_CREDENTIAL, more_headers=lines)

            with part():
                names = ", ".join(name for name, _ in lines)
                assert_not_let_through(exchange, f"{names} opened the proxy", at=lines[0][0])


@checks("auth.body-key-ignored", requests=2)
def test_key_in_the_body_is_ignored(case: CallCase, probe: Probe) -> None:
    """Given a key in the body, when the proxy forwards this call and the next, then it uses the key for neither."""
    canary = probe.canary()
    plain = bodies.request_body(case.call, case.model, f"Say hi. {BLANK}", stream=False)
    fields = bodies.dump(dict.fromkeys(BODY_FIELDS, canary))
    exchanges = [probe.send(case, body=plain[:-1] + b"," + fields[1:]), probe.send(case)]

    for exchange in exchanges:
        assert_served(exchange)
    heads = [request.raw.partition(b"\r\n\r\n")[0] for exchange in exchanges for request in exchange.upstream]
    used = [number for number, head in enumerate(heads, start=1) if canary.encode() in head]
    expect(not used, "a key in the body became the credential", expected="no call with it", actual=f"call {used}")


@checks("auth.query-token-stripped")
def test_query_token_stripped(case: CallCase, probe: Probe) -> None:
    """Given the client's key in `auth_token` too, when the proxy forwards the call, then it strips the key."""
    exchange = probe.send(case, more_query=f"auth_token={probe.client_key}")

    assert_served_or_refused(exchange, probe)
    for upstream in exchange.upstream:
        saying = "the key in `auth_token` reached the upstream"
        assert_key_stripped(probe.client_key, upstream, probe, saying=saying)


@checks("auth.repeated-credential-stripped", requests=2, outside=NOT_RETURNED)
def test_repeated_credential_stripped(case: CallCase, probe: Probe) -> None:
    """Given a credential's header twice, in either order, when the call is made, then no message holds either value."""
    key, canary = probe.client_key, probe.canary()
    good = as_client_sends(case.provider, key)
    bad = tuple((name, value.replace(key, canary)) for name, value in good.lines if key in value)
    with gathering() as part:
        for lines in (good.lines + bad, bad + good.lines):
            exchange = probe.send(case, credential=Credential(lines, good.query))
            messages: list[Response | UpstreamRequest] = [exchange.response, *exchange.upstream]
            for message in messages:
                with part():
                    assert_absent(canary, in_=message, saying="a message holds the second of two keys")
            messages = [exchange.response, *(one for one in exchange.upstream if not probe.may_get_client_key(one))]
            for message in messages:
                with part():
                    assert_absent(key, in_=message, saying="a message holds a key that was sent twice")


@checks("auth.challenge-sent")
def test_challenge_is_sent(case: CallCase, probe: Probe) -> None:
    """Given no credential, when the proxy rejects the call with 401, then it says how to sign in."""
    probe.require_client_key()
    response = probe.send(case, credential=NO_CREDENTIAL).response

    if response.status == NO_KEY:
        challenge = response.headers.get("www-authenticate") or "none"
        saying = "a 401 does not say how to sign in"
        expect(challenge != "none", saying, expected="WWW-Authenticate", actual=challenge)


@checks("auth.refused-with-401")
def test_refusal_is_401(case: CallCase, probe: Probe) -> None:
    """Given no credential, when the proxy rejects the call, then the status says that a credential is missing."""
    probe.require_client_key()
    exchange = probe.send(case, credential=NO_CREDENTIAL)

    assert_rejected(case, probe, exchange, NO_KEY, saying="a call without a credential was let through")


@checks("auth.rejection-readable", pace=Pace.WAITS)
def test_rejection_is_readable(case: CallCase, probe: Probe) -> None:
    """Given no credential and a body that comes later than its head, when the call is rejected, then the answer comes.

    A proxy that answers before it has read the body, and closes at once, may take the answer back by doing so.
    """
    probe.require_client_key()

    def slowly(request: Request) -> RawRequest:
        head, end, body = wire(request).partition(b"\r\n\r\n")
        half = len(body) // 2
        return RawRequest((Piece(head + end), Piece(body[:half], BEHIND), Piece(body[half:], BEHIND)))

    try:
        exchange, _ = probe.send_raw(case, slowly, credential=NO_CREDENTIAL)
    except NoAnswerError as error:
        saying, wanted = "the rejection does not reach a client that still sends its body", "status 401 or 403"
        raise Violation(saying, expected=wanted, actual=error.failure.value, code="no-answer") from error
    assert_rejected(case, probe, exchange, *REFUSED, saying="a call without a credential was let through")


@checks("auth.other-roots-need-key")
def test_other_roots_need_a_key(case: CallCase, probe: Probe) -> None:
    """Given another form of a path, when it is called without a key, then the proxy rejects the call."""
    probe.require_client_key()
    exchange = probe.send(case, credential=NO_CREDENTIAL)

    saying = "another form of a path is open"
    assert_rejected(case, probe, exchange, *SHUT, *NOT_SERVED, saying=saying)


@checks("auth.every-method-needs-key", requests=2, outside=SHUT_BY_METHOD)
def test_every_method_needs_a_key(case: CredentialCase, probe: Probe) -> None:
    """Given any method, when a call has no key, or a wrong one, then the proxy does not use its own key for it."""
    assert_method_needs_key(case, probe, case.variation, case.carrier)


@checks("auth.upstream-key-not-returned", requests=2)
def test_upstream_key_not_returned(case: CallCase, probe: Probe) -> None:
    """Given an answer and an error, when the client gets them, then neither holds the key that the upstream got."""
    for reply in (Reply(), Reply.error(400)):
        exchange = probe.send(case, replies=(reply,))
        assert_served(exchange)
        for upstream in exchange.upstream:
            for key in {key for keys in carried(upstream.headers, upstream.query).values() for key in keys}:
                assert_absent(key, in_=exchange.response, saying="the upstream's key is in the answer")
