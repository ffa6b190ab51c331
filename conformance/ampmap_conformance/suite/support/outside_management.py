"""What a client sees by itself of calls that Amp's own servers answer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ...cases.cases import ManagementCase
from ...checks.client_half import ClientHalf
from ...checks.expect import assert_equal, assert_whole
from ...errors import NotTestableError
from ...probe.probe import Probe
from ...wire.credentials import NO_CREDENTIAL, Credential
from ...wire.messages import Response
from .refusals import must_change_nothing

UNKNOWN = (401, 403, 404, 405, 408, 425, 429)
"""Statuses of an answer that Amp's servers may give to a right call, and a proxy that does not forward it as well."""


def answered(
    case: ManagementCase,
    probe: Probe,
    *,
    verb: str | None = None,
    key: Credential | None = None,
    more_headers: Iterable[tuple[str, str]] = (),
) -> Response:
    """The answer to a call that only reads. Raises NotTestableError where it may be an error of Amp's own servers."""
    must_change_nothing(case, probe, verb)
    response = probe.send(case, method=verb, credential=key, more_headers=more_headers).response
    if response.status in UNKNOWN or response.status >= 500:
        raise NotTestableError(f"the call gets status {response.status}, and Amp's servers were not seen")
    return response


def assert_answered(case: ManagementCase, probe: Probe, *, key: Credential | None = None) -> None:
    """A read gets a whole answer."""
    assert_whole(answered(case, probe, key=key))


def assert_head_answered(case: ManagementCase, probe: Probe) -> None:
    """HEAD gets an answer without a body."""
    assert_no_body(answered(case, probe, verb="HEAD"))


def assert_no_body(response: Response) -> None:
    """No body came with the answer to HEAD."""
    assert_equal(response.body, b"", "a body came with the answer to HEAD")


ANSWERED = ClientHalf("that a read with the client's key gets a whole answer", assert_answered, requests=1)
HEAD_ANSWERED = ClientHalf("that HEAD gets an answer, and no body", assert_head_answered, requests=1)
WITHOUT_KEY = partial(assert_answered, key=NO_CREDENTIAL)
OPEN = ClientHalf("that a page gets a whole answer without a key", WITHOUT_KEY, requests=1)
SHUT = ClientHalf("that the call is rejected, of those that replace or delete nothing")
