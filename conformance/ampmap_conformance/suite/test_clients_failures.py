"""Profile clients: what the official SDKs make of errors, of silence and of streams that go wrong."""

from __future__ import annotations

import json

from ..cases.cases import ClientCase
from ..checks.expect import assert_equal, expect
from ..checks.registry import Pace, checks
from ..dialects.bodies import error_body
from ..observer import End, Reply, StreamFault
from ..observer.script import Lines
from ..probe.probe import Probe
from ..target.target import Target
from .sdks.session import Talk, describe, names
from .support.streams import in_pieces, stream_frames

SCRIPTED = "Scripted error."
WARM = 3
"""Requests before a call: Cerebras' SDK opens a connection, and tries that up to three times."""
RETRIES = {"no-retry": 0, "two-retries": 2}
AT_ONCE: Lines = (("retry-after-ms", "1"),)
"""Makes SDKs try again without a pause."""
HINTS: dict[str, tuple[int, str, int]] = {"do-not-retry": (500, "false", 1), "retry-at-once": (400, "true", 3)}
"""Status, the header that overrides what SDKs make of it, and how many calls come of that with two retries."""
MANY = 12
"""Scripted failures: more than a client makes calls, also behind a proxy that makes three attempts of each."""
PATIENCE = 1.5
"""Seconds that the SDK waits."""
FAR = 30.0
NOTICED = 3.0
"""Seconds within which a proxy must have let go of an upstream."""
WRONG_KEY = (401, 403)


def heeds_hints(case: ClientCase, _target: Target) -> bool:
    """SDKs that obey the headers which say whether to retry."""
    return case.sdk.heeds_hints


@checks("clients.errors", requests=WARM + 1)
def test_errors(case: ClientCase, probe: Probe) -> None:
    """Given an error of the upstream, when the SDK raises it, then class, status, body and request id are its own."""
    status, shape = int(case.variation), probe.error_shape(case)
    id_header = shape.request_id_header if shape.request_id_header not in (None, "unknown") else None
    more: Lines = ((id_header, "req_example0002"),) if id_header else ()
    reply = Reply.error(status, SCRIPTED, more)
    with Talk(case, probe) as talk:
        talk.script(*(reply,) * MANY)
        error = talk.fails(lambda: talk.sdk.plain(talk.model, talk.text), "an error of the upstream")

    _assert_class(talk, error, status)
    wanted = json.loads(error_body(shape, status, SCRIPTED))
    saying = "the SDK does not find the upstream's error"
    expect(talk.sdk.body_of(error) == wanted, saying, expected=json.dumps(wanted), actual=describe(error))
    if id_header:
        found = talk.sdk.header_of(error, id_header)
        assert_equal(found, "req_example0002", "the SDK does not find the upstream's request id")


@checks("clients.own-errors", requests=WARM + 1)
def test_own_errors(case: ClientCase, probe: Probe) -> None:
    """Given an unknown key, when the SDK calls, then it raises its error for that, with a message."""
    probe.require_client_key()
    with Talk(case, probe, key=probe.canary()) as talk:
        error = talk.fails(lambda: talk.sdk.plain(talk.model, talk.text), "a call with a wrong key")
        arrived = talk.arrived()

    _assert_class(talk, error, *WRONG_KEY)
    expect(not arrived, "a call with a wrong key was sent on", expected="no request", actual=f"{len(arrived)} requests")


@checks("clients.retries", requests=WARM + 3)
def test_retries(case: ClientCase, probe: Probe) -> None:
    """Given an upstream that is busy, when the SDK retries as often as it was set to, then each attempt is one call."""
    retries = RETRIES[case.variation]
    reply = Reply.error(503, more_headers=AT_ONCE)
    with Talk(case, probe, retries=retries) as talk:
        talk.script(*(reply,) * MANY)
        error = talk.fails(lambda: talk.sdk.plain(talk.model, talk.text), "an upstream that is busy")
        arrived = talk.arrived()

    expect(talk.sdk.is_own(error), "the error is not the SDK's", expected="an error", actual=describe(error))
    _assert_count(len(arrived), retries + 1, f"an SDK with {retries} retries")


@checks("clients.retry-hints", when=heeds_hints, requests=WARM + 3)
def test_retry_hints(case: ClientCase, probe: Probe) -> None:
    """Given an error that says whether to try again, when the SDK gets it, then it does as the upstream says."""
    status, word, wanted = HINTS[case.variation]
    lines: Lines = (("x-should-retry", word), *AT_ONCE)
    reply = Reply.error(status, more_headers=lines)
    with Talk(case, probe, retries=2) as talk:
        talk.script(*(reply,) * MANY)
        talk.fails(lambda: talk.sdk.plain(talk.model, talk.text), "an upstream that rejects")
        arrived = talk.arrived()

    _assert_count(len(arrived), wanted, f"{status} with x-should-retry: {word}")


@checks("clients.timeout", pace=Pace.WAITS, requests=WARM + 1)
def test_timeout(case: ClientCase, probe: Probe) -> None:
    """Given an upstream that says nothing, when the SDK's time is over, then it says so, and was one call."""
    with Talk(case, probe, timeout=PATIENCE) as talk:
        talk.script(*(Reply.silent(FAR),) * MANY)
        error = talk.fails(lambda: talk.sdk.plain(talk.model, talk.text), "an upstream that says nothing")
        arrived = talk.arrived()

    saying = "the SDK does not notice that its time is over"
    expect(talk.sdk.is_timeout(error), saying, expected="the SDK's own timeout", actual=describe(error))
    _assert_count(len(arrived), 1, "an SDK that waits")


@checks("clients.cancel", pace=Pace.WAITS, requests=WARM + 1)
def test_cancel(case: ClientCase, probe: Probe) -> None:
    """Given a stream that the application closes, when the SDK lets go of it, then the upstream call ends as well."""
    first, second, *rest = in_pieces(stream_frames(case, probe))
    reply = Reply(pieces=(first, second, *rest[:-1], (FAR, rest[-1][1] if rest else b"")))
    with Talk(case, probe) as talk:
        talk.script(reply)
        stream = talk.sdk.stream(talk.model, talk.text)
        talk.succeeds(lambda: next(stream.texts), "the first part of a stream")
        stream.close()
        left = talk.was_left(within=NOTICED)

    saying = "the upstream call continues after the client left, and is billed"
    expect(left, saying, expected=f"a closed connection within {NOTICED:g} s", actual="a call that continues")


@checks("clients.stream-error", requests=WARM + 1)
def test_stream_error(case: ClientCase, probe: Probe) -> None:
    """Given an error inside a stream, when the SDK reads it, then the application learns of it."""
    with Talk(case, probe) as talk:
        talk.script(*(Reply(stream=StreamFault.IN_BAND_ERROR),) * MANY)
        error = _read(talk)

    message = _message_of(case)
    told = (error is not None and talk.sdk.is_own(error)) or (
        not talk.sdk.tells_stream_errors and message in talk.got()
    )
    actual = describe(error) if error else "a stream that ends as if it were whole"
    expect(told, "the SDK does not learn of an error in a stream", expected="the SDK's error", actual=actual)


@checks("clients.stream-cut", requests=WARM + 1)
def test_stream_that_breaks_off(case: ClientCase, probe: Probe) -> None:
    """Given a stream that breaks off, when the SDK reads it, then it raises."""
    with Talk(case, probe) as talk:
        talk.script(*(Reply(end=End.CUT),) * MANY)
        error = _read(talk)

    expect(error is not None, "half a stream looks whole to the SDK", expected="an error", actual="a clean end")


def _read(talk: Talk) -> Exception | None:
    """What reading a stream to its end raises, if anything."""
    try:
        for _ in talk.sdk.stream(talk.model, talk.text).texts:
            pass
    except Exception as error:  # noqa: BLE001 - what kind it is, is for the check to judge
        return error
    return None


def _message_of(case: ClientCase) -> bytes:
    """The words of the dialect's error inside a stream."""
    event = case.call.operation.in_band_error
    data = event.data if event is not None and isinstance(event.data, dict) else {}
    told = data.get("error", data)
    return str(told.get("message", "")).encode()


def _assert_class(talk: Talk, error: Exception, *statuses: int) -> None:
    """The SDK raised its own class for one of the statuses, and names that status."""
    told = talk.sdk.status_of(error)
    status = told if told in statuses else statuses[0]
    wanted = talk.sdk.error_names(status)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    saying = f"the SDK raises another error for status {status}"
    expect(bool(kinds & set(wanted)), saying, expected=names(wanted), actual=describe(error))
    assert_equal(told, status, "the SDK names another status")


def _assert_count(actual: int, wanted: int, doing: str) -> None:
    saying = f"{doing} does not make as many upstream calls as it should"
    expect(actual == wanted, saying, expected=f"{wanted} at the upstream", actual=f"{actual} at the upstream")
