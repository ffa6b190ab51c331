"""What a client sees of pairs of calls by itself: whose answer each gets, and what a stream of it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...cases.cases import CallCase
from ...checks.client_half import PLAIN, CallForm, ClientHalf
from ...checks.expect import expect
from ...errors import NotTestableError
from ...probe.changes import Changes
from ...probe.probe import Probe
from ...probe.requests import BLANK
from ...wire.messages import Request, Response, media_type, nonce_of
from ...wire.sse import decode_body, events
from .outside import answer_to, assert_end_told, not_by_other_vendor, said_by, served, written
from .pairs import renamed
from .told import EVENTS

IDS = ("id", "responseId")
"""The fields that hold the id of an answer."""
AROUND = ("message", "response")
"""The fields of a stream's events that hold the answer as it has begun."""
ALIKE = 1.5
"""How many times as many tokens one request may have by two counts: vendors call some of their counts an estimate."""
COUNTED = CallForm("counted", tokens=16)


def assert_answers_differ(case: CallCase, probe: Probe, one: Request, other: Request) -> None:
    """Two calls get two answers: the upstream's answers have ids, and no two have the same.

    Raises NotTestableError where an answer has no id, or where calls with different texts get the same.
    """
    plain = id_of(answer_to(case, probe, PLAIN))
    first, second = (id_of(_answer(case, probe, request)) for request in (one, other))
    if not plain or not first or not second or plain == first:
        raise NotTestableError("the upstream's answers do not have ids of their own")
    saying, wanted = "two calls got one answer", "answers whose ids differ"
    expect(first != second, saying, expected=wanted, actual="the same id in both")


def id_of(response: Response) -> str:
    """The id of an answer, whole or as a stream; empty where it has none."""
    for data in _parts(response):
        for part in (data, *(data.get(name) for name in AROUND)):
            found = next((part[name] for name in IDS if name in part), "") if isinstance(part, dict) else ""
            if isinstance(found, str) and found:
                return found
    return ""


def _parts(response: Response) -> Iterator[dict[str, Any]]:
    """The answer's JSON object, or those of its events."""
    body = decode_body(response.headers, response.body)
    is_stream = media_type(response.headers.get("content-type")) == EVENTS
    for text in (event.data for event in events(body)) if is_stream else (body,):
        try:
            data = json.loads(text)
        except ValueError:
            continue
        if isinstance(data, dict):
            yield data


def _assert_usage_alike(case: CallCase, probe: Probe) -> None:
    """An answer says why it ends and what it cost; a whole one tells as many tokens of its request as a stream does."""
    assert_end_told(case, probe, answer_to(case, probe, PLAIN))
    if case.stream or case.call.operation.stream is None:
        return
    streaming = replace(case, stream=True)
    whole, stream = (_counted(one, probe) for one in (case, streaming))
    of_whole = _tokens(case, probe, whole)
    of_stream = _tokens(streaming, probe, renamed(stream, nonce_of(whole)))
    is_alike = max(of_whole, of_stream) <= ALIKE * min(of_whole, of_stream)
    if not is_alike:
        not_by_other_vendor(case, probe, "the usage differs, and the upstream was not seen")
    saying, wanted = "a stream tells another usage of its request", f"about {of_whole} tokens, as of the whole answer"
    expect(is_alike, saying, expected=wanted, actual=str(of_stream))


def _counted(case: CallCase, probe: Probe) -> Request:
    return probe.request(case, changes=Changes(body=written(case, probe, COUNTED, f"Say hi. {BLANK}")))


def _tokens(case: CallCase, probe: Probe, request: Request) -> int:
    """The tokens of the request that its answer tells; 0 where it tells none."""
    usage = said_by(case, probe, _answer(case, probe, request)).usage
    return 0 if usage is None else usage.input


def _answer(case: CallCase, probe: Probe, request: Request) -> Response:
    return served(lambda: probe.exchange(request, persona=probe.persona_of(case)))


END = ClientHalf(
    "that the answer says why it ends and what it cost, with a stream as much of the request as without",
    _assert_usage_alike,
    PLAIN,
    requests=2,
)
