"""Makes a proxy answer with an error of its own, in each of the ways that the axis `own_error` names."""

from __future__ import annotations

import json
from collections.abc import Callable

from ...cases.cases import VariedCase
from ...checks.client_half import ClientHalf
from ...checks.expect import assert_shape, expect
from ...dialects.bodies import error_body, request_body
from ...errors import NotTestableError
from ...observer import End, Reply
from ...probe.changes import Changes
from ...probe.probe import Probe
from ...probe.requests import BLANK
from ...target.target import Target
from ...wire.credentials import NO_CREDENTIAL
from ...wire.messages import Exchange, Request, Response, media_type
from ...wire.sse import decode_body
from .attempts import ATTEMPTS

LONG = 100_000
"""Bytes of an error that is too long for small buffers."""
PAGE = "<html><head><title>502 Défaut de la passerelle</title></head><body></body></html>\n".encode("latin-1")
"""Such as gateways answer in a language of their own, in bytes that are not UTF-8."""
_REJECTED_BY = {
    "no-object": "errors.non-object-never-succeeds",
    "wrong-method": "errors.method-not-allowed",
    "too-large": "errors.body-limit",
}
UNKNOWN_CODING = "x-ampmap-unknown"
NO_CREDENTIAL_SENT = "no-credential"
NO_SUCH_OPERATION = "/v1/ampmap-no-such-operation"


def provoke_error(case: VariedCase, probe: Probe) -> Exchange:
    """The exchange of a case that fails in the way that its word names."""
    request, replies = failing_request(case, probe)
    return probe.exchange(request, persona=probe.persona_of(case), replies=replies)


def failing_request(case: VariedCase, probe: Probe) -> tuple[Request, tuple[Reply, ...]]:
    """A request that fails in the way that the word of a case names, and what its upstream answers."""
    made = _WAYS[case.variation](case, probe)
    return made, UNREACHABLE if case.variation == "no-upstream" else ()


OF_REJECTION = ClientHalf("the rejection of a call without a key")
"""What a client knows to be the proxy's own error, without a sight of the upstreams."""


def must_be_the_proxys(case: VariedCase, probe: Probe) -> None:
    """Raises NotTestableError where the error of a case may be an upstream's that is not seen."""
    if not probe.is_observed and case.variation != NO_CREDENTIAL_SENT:
        raise NotTestableError("the error may be the upstream's, which was not seen")


def must_be_failed_unseen(case: VariedCase, probe: Probe) -> None:
    """Raises NotTestableError where a case's error is made by an observer, which is not there."""
    if not probe.is_observed and case.variation == "no-upstream":
        raise NotTestableError("no observer plays an upstream that cannot be reached")


def assert_failed(case: VariedCase, exchange: Exchange) -> None:
    """A request of `failing_request` was answered by an error.

    Raises NotTestableError where the proxy served a request that another rule says to reject.
    """
    status, rule = exchange.response.status, _REJECTED_BY.get(case.variation)
    if status < 400 and rule is not None:
        raise NotTestableError(f"the proxy made no error here, but status {status}: `{rule}` tells that")
    expect(status >= 400, "no error was made", expected="an error", actual=f"status {status}")


def assert_in_shape(case: VariedCase, probe: Probe, response: Response) -> None:
    """An error of the proxy's own is JSON, is labelled as JSON, and has the shape of the called provider."""
    kind = media_type(response.headers.get("content-type")) or "none"
    saying = "SDKs do not read the error: it is not marked as JSON"
    expect(kind.endswith("json"), saying, expected="Content-Type: application/json", actual=f"Content-Type: {kind}")
    shape, body = probe.error_shape(case), decode_body(response.headers, response.body)
    if shape.body_schema is None or probe.schemas.error(shape, body) is not None:
        assert_shape(body, shape.body, saying=f"not the error shape of {shape.display_name}")


def _no_credential(case: VariedCase, probe: Probe) -> Request:
    probe.require_client_key()
    return probe.request(case, credential=NO_CREDENTIAL)


UNREACHABLE = (Reply(end=End.RESET_BEFORE_HEAD),) * ATTEMPTS
_WAYS: dict[str, Callable[[VariedCase, Probe], Request]] = {
    NO_CREDENTIAL_SENT: _no_credential,
    "no-operation": lambda case, probe: probe.request(
        case, changes=Changes(target=f"{case.provider.base_path}{NO_SUCH_OPERATION}")
    ),
    "no-object": lambda case, probe: probe.request(case, changes=Changes(body=b"[]")),
    "wrong-method": lambda case, probe: probe.request(case, changes=Changes(method="GET", body=b"")),
    "no-upstream": lambda case, probe: probe.request(case),
    "too-large": lambda case, probe: probe.request(case, changes=Changes(body=over_limit(case, probe.target))),
}


def can_be_provoked(case: VariedCase, target: Target) -> bool:
    """Ways to fail that a target has: a body is too large only where the target promises a limit."""
    return case.variation != "too-large" or target.policy.body_limit is not None


def bad_json(word: str, case: VariedCase) -> bytes:
    """A body that is not a JSON object, in the way that `word` (of the axis `bad_json`) names."""
    good = request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream)
    return {
        "empty": b"",
        "null": b"null",
        "number": b"42",
        "text": b'"model"',
        "array": b"[" + good + b"]",
        "truncated": good[: len(good) * 2 // 3],
        "not-utf-8": good[:-1] + b',"x_text":"\xff\xfe"}',
        "trailing-text": good + b'{"x',
    }[word]


def odd_error(word: str, case: VariedCase, probe: Probe) -> Reply:
    """An upstream's error that is not as the provider makes them, as `word` (of the axis `odd_error`) says."""
    shape = probe.error_shape(case)
    if word in ("long", "unlisted-status"):
        return Reply.error(498 if word == "unlisted-status" else 400, "Scripted error. " * (LONG // 16))
    status, kind, body = {
        "html": (502, "text/html; charset=iso-8859-1", PAGE),
        "empty": (500, "text/plain", b""),
        "event-stream": (503, "text/event-stream", b"event: error\ndata: " + error_body(shape, 503, "Busy.") + b"\n\n"),
        "list": (400, "application/json", b"[" + error_body(shape, 400, "Scripted error.") + b"]"),
    }[word]
    return Reply(status=status, headers=(("Content-Type", kind),), body=body)


def two_models(case: VariedCase, other: str) -> bytes:
    """A body that names two models."""
    good = request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream)
    return b'{"model":' + json.dumps(other).encode() + b"," + good[1:]


def over_limit(case: VariedCase, target: Target) -> bytes:
    """A valid body of one byte more than the target promises to take."""
    return padded(case, (target.policy.body_limit or 0) + 1)


def padded(case: VariedCase, size: int) -> bytes:
    """A valid body of exactly `size` bytes."""
    start = request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream)[:-1] + b',"x_padding":"'
    return start + b"p" * (size - len(start) - 2) + b'"}'


def nested(case: VariedCase, depth: int) -> bytes:
    """A valid body with so many arrays in each other."""
    start = request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream)[:-1]
    return start + b',"x_deep":' + b"[" * depth + b"]" * depth + b"}"
