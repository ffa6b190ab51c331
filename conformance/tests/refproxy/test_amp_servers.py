"""The observer in the place of Amp's own servers, through the reference proxy: clients get answers that they accept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ampmap_conformance.observer.personas import Personas
from ampmap_conformance.reference import editions, load
from ampmap_conformance.refproxy.embedded import Embedded, embedded
from ampmap_conformance.wire.client import ProxyClient
from ampmap_conformance.wire.messages import AMP, Headers, Request, Response, UpstreamRequest
from ampmap_conformance.wire.websocket import Offer, Talk, offer_lines, talk

NATIVE = "amp-0.0.1790142911"
"""An edition of which Amp's own servers make every model call."""


@pytest.fixture(scope="module")
def native() -> Iterator[Embedded]:
    with embedded(load(edition=NATIVE)) as running:
        yield running


def called(running: Embedded, method: str, path: str) -> Response:
    lines = (
        ("Host", "localhost"),
        ("Authorization", f"Bearer {running.target.client.value}"),
        ("Content-Type", "application/json"),
    )
    client = ProxyClient(running.target.file.base_url)
    try:
        return client.send(Request(method, path, Headers(lines), b"{}" if method == "POST" else b""))
    finally:
        client.close()


def filled(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", "x-1", path)


def contains(answer: Any, smallest: Any) -> bool:
    """Whether an answer has all of the smallest one: its fields, and its values of true, false and codes."""
    if isinstance(smallest, dict):
        return isinstance(answer, dict) and all(
            name in answer and contains(answer[name], value) for name, value in smallest.items()
        )
    if isinstance(smallest, bool):
        return answer is smallest
    return isinstance(answer, type(smallest))


def test_every_stated_answer_reaches_the_client(native: Embedded) -> None:
    stated = [each for route in native.target.reference.management.values() for each in route.answers.values()]

    wrong = []
    for each in stated:
        got = called(native, each.method, filled(each.path))
        wanted = each.text.encode() if each.text is not None else json.dumps(each.body, separators=(",", ":")).encode()
        if (got.status, got.body, got.headers.get("content-type")) != (200, wanted, each.content_type):
            wrong.append((each.path, got.status, got.body))
    assert len(stated) >= 14
    assert wrong == []


@pytest.mark.parametrize("edition", editions())
def test_the_answers_hold_what_each_edition_needs(edition: str) -> None:
    reference = load(edition=edition)
    personas = Personas(reference)

    def answered(method: str, path: str) -> Any:
        request = UpstreamRequest(AMP, method, filled(path), Headers(()), b"", b"", 1, 0.0, 1)
        return json.loads(personas.answer(request).body)

    calls = [call for route in reference.management.values() for call in route.calls.values()]
    needed = [call for call in calls if call.answer is not None]
    assert [call.path for call in needed if not contains(answered(call.method, call.path), call.answer)] == []


def test_a_native_client_opens_its_thread(native: Embedded) -> None:
    """It posts for a thread, and talks JSON-RPC on a WebSocket that its token opens, without a key."""
    opened = json.loads(called(native, "POST", "/api/thread-actors").body)
    route = native.target.reference.management["actors"]
    path = route.calls["websocket"].path.replace("{thread_id}", opened["threadId"])
    offer = offer_lines(
        "rivet", "rivet_encoding.bare", f"rivet_conn_params.%7B%22wsToken%22%3A%22{opened['wsToken']}%22%7D"
    )
    asked = '{"jsonrpc":"2.0","id":1,"method":"executor_connect","params":{}}'

    request = Request("GET", path, Headers((("Host", "localhost"), *offer)))
    response, talked = talk(native.target.file.base_url, request, Talk(says=("ping", asked)), timeout=10)

    assert (response.status, response.headers.get(Offer.PROTOCOL)) == (101, "rivet")
    assert talked.heard[0] == "pong"
    assert json.loads(talked.heard[1]) == {
        "jsonrpc": "2.0", "id": 1, "result": {"method": "executor_connect", "params": {}}
    }  # fmt: skip
    assert talked.closed == 1000
