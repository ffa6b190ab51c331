"""Profile auth: which calls a proxy accepts, and which keys it never shows."""

from __future__ import annotations

from ..cases.cases import CallCase, CredentialCase
from ..checks.expect import assert_absent, assert_answers, assert_success
from ..checks.findings import gathering
from ..checks.internals import digests_of
from ..checks.registry import checks
from ..probe.probe import Probe
from ..wire.credentials import NO_CREDENTIAL, PLACEHOLDER, REFUSED, Credential, carried, holding
from .support.conditions import carrier_once, client_uses_carrier
from .support.refusals import assert_rejected

ODD = 400
"""The status for a key in the query where a proxy accepts no key there."""


def refusals(case: CredentialCase) -> tuple[int, ...]:
    """The statuses that reject a key in a carrier."""
    return (*REFUSED, ODD) if case.carrier == "query-key" else REFUSED


@checks("auth.accepts-credential", when=client_uses_carrier, requests=2)
def test_credential_is_accepted(case: CredentialCase, probe: Probe) -> None:
    """Given the key in one carrier alone, its name in lower or upper case, when it is sent, then the call succeeds."""
    credential = holding(case.carrier, probe.client_key)
    for carrier in case.provider.placeholder_credentials:
        credential += holding(carrier, PLACEHOLDER)
    for how in (str.lower, str.upper):
        exchange = probe.send(case, credential=credential.written(how))
        assert_success(exchange)
        assert_answers(exchange, case.call)


@checks("auth.missing-credential-rejected")
def test_missing_credential_rejected(case: CallCase, probe: Probe) -> None:
    """Given no credential, when the call is sent, then the proxy rejects it and sends nothing upstream."""
    probe.require_client_key()
    exchange = probe.send(case, credential=NO_CREDENTIAL)

    assert_rejected(case, probe, exchange, *REFUSED, saying="a call without a credential was let through")


@checks("auth.wrong-refused")
def test_wrong_key_is_refused(case: CredentialCase, probe: Probe) -> None:
    """Given a wrong key, when the call is sent, then the proxy rejects it and sends nothing upstream."""
    probe.require_client_key()
    exchange = probe.send(case, credential=holding(case.carrier, probe.canary()))

    assert_rejected(case, probe, exchange, *refusals(case), saying="a wrong key was accepted")


@checks("auth.placeholder-rejected", when=carrier_once)
def test_placeholder_rejected(case: CredentialCase, probe: Probe) -> None:
    """Given the SDK's placeholder alone, when it is sent, then the proxy rejects it and sends nothing upstream."""
    probe.require_client_key()
    exchange = probe.send(case, credential=holding(case.carrier, PLACEHOLDER))

    assert_rejected(case, probe, exchange, *refusals(case), saying="the placeholder was accepted as a key")


@checks("auth.key-digests-not-returned", requests=2)
def test_key_digests_not_returned(case: CallCase, probe: Probe) -> None:
    """Given an accepted and a rejected key, when the proxy answers, then no answer holds a digest of either key."""
    key, canary = probe.client_key, probe.canary()
    carrier = case.provider.client_credentials[0]
    accepted, rejected = (probe.send(case, credential=holding(carrier, each)) for each in (key, canary))

    upstream = {each for one in accepted.upstream for keys in carried(one.headers, one.query).values() for each in keys}
    for name, digest in (pair for each in (key, canary, *upstream) for pair in digests_of(each)):
        for response in (accepted.response, rejected.response):
            if digest.encode() in response.body or any(digest in value for _, value in response.headers):
                probe.keep_secret(digest)
            saying = "an answer holds a digest of a key"
            assert_absent(digest, in_=response, saying=saying, of=f"the {name} digest of a key")


@checks("auth.client-keys-not-returned", when=carrier_once, requests=3)
def test_client_keys_not_returned(case: CredentialCase, probe: Probe) -> None:
    """Given an accepted and a rejected key, when the proxy answers or fails, then no answer holds either key."""
    key, canary = probe.client_key, probe.canary()
    beside: Credential = holding(case.provider.client_credentials[0], key)
    accepted = probe.send(case, credential=holding(case.carrier, key) + beside)
    refused = probe.send(case, credential=holding(case.carrier, canary))
    lost = probe.send(case, credential=holding(case.carrier, key) + beside, target=f"{case.provider.base_path}/ampmap")

    with gathering() as part:
        for exchange in (accepted, refused, lost):
            with part():
                assert_absent(key, in_=exchange.response, saying="an answer holds the client's key")
            with part():
                assert_absent(canary, in_=exchange.response, saying="an answer holds the rejected key")
