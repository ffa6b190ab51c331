"""WebSockets that the observer opens as Amp's servers do."""

from __future__ import annotations

import pytest
from ampmap_conformance.observer import Observer, Reply, Switch
from ampmap_conformance.wire.messages import Headers, Request
from ampmap_conformance.wire.raw import Ending
from ampmap_conformance.wire.websocket import Offer, Said, Talk, Talked, offer_lines, talk

from .talking import NONCE

CALL = '{"jsonrpc":"2.0","id":7,"method":"executor_connect","params":[1]}'
RESULT = '{"jsonrpc":"2.0","id":7,"result":{"method":"executor_connect","params":[1]}}'


def offered(observer: Observer, what: Talk, *replies: Reply, path: str = "/amp/api/threads") -> tuple[int, str, Talked]:
    observer.script(NONCE, replies)
    request = Request("GET", path, Headers((("Host", "h"), ("User-Agent", f"x ({NONCE})"), *offer_lines("a", "b"))))
    response, talked = talk(observer.url, request, what, timeout=5)
    return response.status, response.headers.get(Offer.PROTOCOL) or "", talked


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("ping", "pong"),
        (CALL, RESULT),
        ('{"method":"told"}', '{"method":"told"}'),
        ("[", "["),
        (b"\x00\xff", b"\x00\xff"),
        ("é" * 70_000, "é" * 70_000),
    ],
)
def test_each_message_is_answered(observer: Observer, said: Said, heard: Said) -> None:
    status, spoken, talked = offered(observer, Talk(says=(said,), pings=True))
    assert (status, spoken, talked) == (101, "a", Talked([heard], ponged=True, closed=1000))


def test_a_script_greets_and_closes(observer: Observer) -> None:
    reply = Reply(switch=Switch(greeting="hello", closes=4001))
    _, _, talked = offered(observer, Talk(says=("x",), hears_first=1), reply)
    assert talked == Talked(["hello", "x"], closed=4001)
    assert Reply.from_json(reply.to_json()) == reply


@pytest.mark.parametrize(
    ("path", "replies", "status"),
    [("/amp/api/threads", (Reply(status=200),), 200), ("/amp/nothing", (), 404), ("/openai/v1/models", (), 200)],
)
def test_other_offers_are_answered_like_any_call(
    observer: Observer, path: str, replies: tuple[Reply, ...], status: int
) -> None:
    assert offered(observer, Talk(says=("x",)), *replies, path=path) == (status, "", Talked(ending=Ending.COMPLETE))


def test_the_end_of_a_client_is_noted(observer: Observer) -> None:
    offered(observer, Talk(says=("x",), leaves=True))
    assert observer.client_closed(NONCE, within=5)
