"""What a check asserts. Each helper raises Violation with what was expected and what was seen, secrets masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from ..errors import UnservedError, Violation
from ..reference.types import Call, CredentialCarrier
from ..wire.credentials import PLACEHOLDER, carried
from ..wire.json_text import loads
from ..wire.messages import Exchange, Headers, Response, UpstreamRequest
from ..wire.redaction import forms, mask, masked_piece
from ..wire.sse import Event, covers, decode_body, each_event, events
from .findings import expect_none, together

SHOWN = 160
"""Longest piece of a body in a message, in characters."""


def expect(holds: bool, saying: str, *, expected: str, actual: str) -> None:
    """The plain assertion."""
    if not holds:
        raise Violation(saying, expected=expected, actual=actual)


def assert_equal(actual: str | bytes | int | None, expected: str | bytes | int | None, saying: str) -> None:
    """Equality; of long texts the part around the first difference is shown."""
    if actual != expected:
        left, right = _apart(_text(expected), _text(actual))
        raise Violation(saying, expected=left, actual=right)


def assert_same_path(actual: str, expected: str, saying: str) -> None:
    """Two paths (without query) that are the same URL, however letters and colons are percent-encoded."""
    assert_equal(_normal(actual), _normal(expected.partition("?")[0]), saying)


def assert_status(response: Response, *allowed: int, saying: str) -> None:
    """The answer's status is one of those named."""
    words = " or ".join(str(status) for status in allowed)
    if response.status not in allowed:
        raise Violation(saying, expected=f"status {words}", actual=shown_status(response), at=str(response.status))


def shown_status(response: Response) -> str:
    """The status of an answer in words, or that there was none."""
    return f"status {response.status}" if response.status else f"no answer: {response.broken or 'nothing came'}"


def assert_success(exchange: Exchange) -> None:
    """The client got a whole 2xx answer. Raises UnservedError where it got another one and no upstream was asked."""
    response = exchange.response
    if not 200 <= response.status < 300:
        saying, wanted, actual = "the call failed", "status 200", f"status {response.status}"
        if not exchange.upstream:
            nonce = exchange.nonce
            raise UnservedError(saying, expected=wanted, actual=actual, code="call-failed", nonce=nonce)
        raise Violation(saying, expected=wanted, actual=actual, code="call-failed")
    assert_whole(response)


def assert_served(exchange: Exchange) -> None:
    """The call reached an upstream, so that what followed says something. Raises UnservedError."""
    if not exchange.upstream:
        raise unserved(exchange, "a request")


def unserved(exchange: Exchange, wanted: str) -> UnservedError:
    """What to raise where no upstream got the call, though `wanted` was due."""
    status = exchange.response.status
    got = f"status {status}" if status else f"no answer ({exchange.response.broken})"
    saying, actual = "the call did not reach the upstream", f"no request; the client got {got}"
    return UnservedError(saying, expected=wanted, actual=actual, code="no-request", nonce=exchange.nonce)


def assert_answered(exchange: Exchange) -> None:
    """The client got a status line, so that there is an answer to judge. Raises UnservedError."""
    if not exchange.response.status:
        actual = exchange.response.broken or "no answer"
        raise UnservedError(
            "the proxy did not answer", expected="an answer", actual=actual, code="no-answer", nonce=exchange.nonce
        )


def assert_answers(exchange: Exchange, call: Call) -> None:
    """The body is an answer to this call, for it has a field of one that the request has not.

    An upstream may omit most of them; a server that always succeeds, or echoes the request, has none of them.
    """
    if not isinstance(call.operation.response, dict):
        return
    response = exchange.response
    answer, asked = _json(decode_body(response.headers, response.body)), _json(exchange.request.body)
    own = set(call.operation.response) - set(asked if isinstance(asked, dict) else ())
    answers = isinstance(answer, dict) and bool(own & set(answer))
    saying, wanted = "the answer is not an answer to this call", f"JSON with {', '.join(sorted(own))}"
    expect(answers, saying, expected=wanted, actual=_beginning(response.body))


def assert_whole(response: Response) -> None:
    """The transfer is complete."""
    expect(
        response.broken is None,
        "the answer is incomplete",
        expected="a complete transfer",
        actual=f"{response.broken}, after {len(response.chunks)} chunks" if response.broken else "",
    )


def assert_nothing_upstream(exchange: Exchange, saying: str = "the call was sent on", *, at: str = "") -> None:
    """No request reached any upstream; `at` names what about the call must keep it back."""
    if exchange.upstream:
        seen = ", ".join(f"{request.method} {request.path} at {request.persona}" for request in exchange.upstream)
        raise Violation(saying, expected="no request to any upstream", actual=seen, code="sent-on", at=at)


def assert_not_let_through(exchange: Exchange, saying: str, *, at: str = "") -> None:
    """A call that must be rejected, for what stands in the header `at`, reached no upstream and did not succeed."""
    assert_nothing_upstream(exchange, saying, at=at)
    status = exchange.response.status
    if 200 <= status < 300:
        raise Violation(saying, expected="an error", actual=f"status {status}", code="let-through", at=at)


def assert_header(headers: Headers, name: str, expected: str, *, saying: str) -> None:
    """Exactly one line `name`, with this value."""
    values = headers.all(name)
    actual = " and ".join(f"{name}: {value}" for value in values) or f"no {name}"
    if values != (expected,):
        raise Violation(saying, expected=f"{name}: {expected}", actual=actual, code="header", at=name)


def assert_absent(secret: str, *, in_: UpstreamRequest | Response, saying: str, of: str = "the client's key") -> None:
    """A message does not hold a secret: neither in its head nor in its body, also not percent-encoded or in base64."""
    hop = "the upstream request" if isinstance(in_, UpstreamRequest) else "the answer"
    wanted = f"no occurrence of {of} in {hop}"
    found = [Violation(saying, expected=wanted, actual=text, at=place) for place, text in _places_of(secret, in_)]
    if found:
        raise together(found)


def assert_own_credential(request: UpstreamRequest, accepted: Iterable[CredentialCarrier], *, client_key: str) -> None:
    """The request carries a credential that is not the client's, in a carrier that the upstream takes."""
    wanted = tuple(dict.fromkeys(accepted))
    found = carried(request.headers, request.query)
    own = {
        carrier: values
        for carrier, values in found.items()
        if any(value and value not in (client_key, PLACEHOLDER) for value in values)
    }
    expect(
        any(carrier in own for carrier in wanted),
        "the upstream's own credential is missing",
        expected=f"the proxy's own credential in {' or '.join(wanted)}",
        actual=f"credentials in {', '.join(own)}" if own else "no credential of the proxy",
    )


def assert_no_placeholder(request: UpstreamRequest) -> None:
    """The proxy did not forward the word that Google's SDK sends for a key."""
    found = [carrier for carrier, values in carried(request.headers, request.query).items() if PLACEHOLDER in values]
    expect_none(found, "the placeholder reached the upstream", expected="no carrier that holds the word `placeholder`")


def assert_shape(body: bytes, template: Any, *, saying: str) -> None:
    """A JSON body has every field that the template has, with values of the same kind."""
    try:
        actual = loads(body)
    except ValueError:
        raise Violation(saying, expected=f"JSON like {_text(template)}", actual=_beginning(body)) from None
    missing = list(_missing(template, actual, ""))
    expect(not missing, saying, expected=f"JSON like {_text(template)}", actual="; ".join(missing))


def assert_json_relayed(exchange: Exchange) -> None:
    """The client got what the observer answered: the same bytes, or JSON that has all of it."""
    sent, came = exchange.answers[0].body, decode_body(exchange.response.headers, exchange.response.body)
    if sent == came:
        return
    try:
        if covers(loads(sent), loads(came)):
            return
    except ValueError:
        pass
    assert_equal(came, sent, "the client got a changed answer")


def assert_events_relayed(exchange: Exchange) -> None:
    """The client got every event that the observer sent, in order, with name and data."""
    sent = events(exchange.answers[0].body)
    came = events(decode_body(exchange.response.headers, exchange.response.body))
    expect(bool(sent), "the upstream sent no events", expected="a stream", actual="no events")
    for number, (theirs, ours) in enumerate(zip(sent, came, strict=False), start=1):
        same = theirs.name == ours.name and covers(theirs.json(), ours.json())
        if not same:
            assert_equal(_event(ours), _event(theirs), f"the client got a changed event {number}")
    saying = "the stream has not as many events as the upstream sent"
    expect(len(sent) == len(came), saying, expected=f"{len(sent)} events", actual=f"{len(came)} events")


def assert_events_came(exchanges: Iterable[Exchange]) -> None:
    """Every stream that was answered with success has at least one event, unless its upstream sent none either.

    The engine asks this of every case that streams, so that no check can pass on an empty stream.
    """
    for exchange in exchanges:
        response = exchange.response
        if not 200 <= response.status < 300 or response.broken is not None:
            continue
        if exchange.answers and exchange.answers[-1].body == response.body and b"\ndata:" in response.body:
            continue
        if exchange.answers and not any(_has_event(decode_body(a.headers, a.body)) for a in exchange.answers):
            continue
        body = decode_body(response.headers, response.body)
        came = _has_event(body) or body[:1] == b"["  # a stream may be one JSON array
        expect(came, "the stream has no events", expected="at least one event", actual="none")


def _has_event(body: bytes) -> bool:
    return next(each_event(body), None) is not None


def assert_not_left_waiting(exchange: Exchange, limit: float) -> None:
    """The client did not wait for more than `limit` seconds after its upstream broke off."""
    expect(
        not exchange.left_waiting(limit),
        "the client is left waiting for an answer that its upstream broke off",
        expected=f"an end within {limit:g} s of the upstream's end",
        actual="no end, and the connection stays open",
    )


def assert_names_model(exchange: Exchange, model: str, *, instead_of: str) -> None:
    """Wherever the answer names its model, it is `model`."""
    response = exchange.response
    body = decode_body(response.headers, response.body)
    answers = [event.json() for event in events(body)] or [_json(body)]
    named = [name for answer in answers for name in _models(answer)]
    expect(bool(named), "the answer names no model", expected=model, actual="no model in the answer")
    wrong = [name for name in named if name != model]
    saying = "the answer names the mapping's target" if instead_of in wrong else "the answer names another model"
    expect(not wrong, saying, expected=model, actual=", ".join(dict.fromkeys(wrong)))


def only_upstream_request(exchange: Exchange, persona: str | None = None) -> UpstreamRequest:
    """The one request that reached an upstream, which is `persona` (by default whom the call is for).

    Raises Violation when several arrived, and UnservedError when none did or when another back end got it.
    """
    wanted = persona or exchange.persona
    expected = f"one request at {wanted}"
    if not exchange.upstream:
        raise unserved(exchange, expected)
    first, *others = exchange.upstream
    if others:
        seen = ", ".join(f"{request.method} {request.path} at {request.persona}" for request in exchange.upstream)
        raise Violation(
            "one call became several at the upstream",
            expected=expected,
            actual=f"{len(exchange.upstream)} requests: {seen}",
            code="several-requests",
            at=" ".join(sorted({request.persona for request in exchange.upstream})),
        )
    if first.persona != wanted:
        actual = f"{first.method} {first.path} at {first.persona}"
        saying = "the call reached another back end"
        code = f"other-back-end@{first.persona}"
        raise UnservedError(saying, expected=expected, actual=actual, code=code, nonce=exchange.nonce)
    return first


def _models(answer: Any) -> Iterable[str]:
    if isinstance(answer, dict):
        for key, value in answer.items():
            if key in ("model", "modelVersion") and isinstance(value, str):
                yield value
            yield from _models(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from _models(item)


def _event(event: Event) -> str:
    return f"event {event.name}: {event.data}" if event.name else event.data


def _json(body: bytes) -> Any:
    try:
        return loads(body)
    except ValueError:
        return None


def _normal(path: str) -> str:
    """RFC 3986 section 6.2.2: what needs no encoding is not encoded, hexadecimal digits are capital."""

    def plain(found: re.Match[str]) -> str:
        letter = chr(int(found[1], 16))
        return letter if letter.isascii() and (letter.isalnum() or letter in "-._~:") else found[0].upper()

    return re.sub("%([0-9A-Fa-f]{2})", plain, path)


def _missing(template: Any, actual: Any, path: str) -> Iterable[str]:
    if isinstance(template, dict):
        if not isinstance(actual, dict):
            yield f"{path or 'the body'} is {_kind(actual)}, not an object"
            return
        for key, value in template.items():
            if key in actual:
                yield from _missing(value, actual[key], f"{path}.{key}" if path else key)
            elif value != "{code}":  # shapes leave the code out where a row has none
                yield f"{path}.{key} is missing".lstrip(".")
    elif isinstance(template, str):
        if template == "{status}":
            fits = isinstance(actual, int)
        elif template == "{message}":
            fits = isinstance(actual, str)
        else:
            fits = actual is None or isinstance(actual, str | int)
        if not fits:
            yield f"{path} is {_kind(actual)}"


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def _places_of(secret: str, message: UpstreamRequest | Response) -> Iterator[tuple[str, str]]:
    """Every place that holds a secret: its name, and words for it."""
    written = tuple(form.encode() for form in forms(secret))
    label = f"{message.method} {message.path}" if isinstance(message, UpstreamRequest) else f"{message.status} answer"
    if isinstance(message, UpstreamRequest) and _holds(message.target.encode(), written):
        yield "target", f"{mask(secret)} in the query or path of {label}"
    for number, (name, value) in enumerate(message.headers, start=1):
        if _holds(value.encode("latin-1", "replace"), written):
            yield name, f"{name}: {mask(secret)}  (header {number} of {label})"
    framed = message.raw.partition(b"\r\n\r\n")[2] if isinstance(message, UpstreamRequest) else b""
    if _holds(message.body, written) or _holds(framed, written):
        yield "body", f"{mask(secret)} in the body of {label}"


def _holds(data: bytes, written: tuple[bytes, ...]) -> bool:
    plain = unquote_to_bytes(data) if b"%" in data else b""
    return any(form in data or form in plain for form in written)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str | int) or value is None:
        return "nothing" if value is None else str(value)
    return json.dumps(value, ensure_ascii=False)


def _beginning(body: bytes) -> str:
    """The beginning of a body, in words where there is none."""
    return _cut(_text(body), 0) if body else "an empty body"


def _apart(expected: str, actual: str) -> tuple[str, str]:
    start = max(0, _first_difference(expected, actual) - SHOWN // 4)
    if max(len(expected), len(actual)) <= SHOWN:
        start = 0
    return _cut(expected, start) or "nothing", _cut(actual, start) or "nothing"


def _first_difference(left: str, right: str) -> int:
    """The first place at which two texts differ, found by comparing halves."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, start: int) -> str:
    """A piece of a text, with secrets masked and nonces named before it is cut."""
    piece = masked_piece(text, SHOWN, start)
    if start == 0 and len(text) <= SHOWN:
        return piece
    return f"{'...' if start else ''}{piece}{'...' if start + SHOWN < len(text) else ''} ({len(text)} characters)"
