"""Who takes a call: the provider, a mapping, or Amp's own servers."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from ampmap_conformance.dialects import bodies
from ampmap_conformance.observer import Gzip, Reply
from ampmap_conformance.reference.types import Provider, calls
from ampmap_conformance.refproxy import AmpUpstream
from ampmap_conformance.refproxy.rewriting import RESPONSE_PATHS, replace_strings
from ampmap_conformance.target.amp_config import BlockMapping

from .bench import CHAT, GROQ, KEY, NONCE, REFERENCE, STREAM, Bench, names_of_models

MAPPED = {
    "unavailable": frozenset({"gone", "lost"}),
    "mappings": (BlockMapping(from_="gone", to="here"), BlockMapping(from_="^go", to="lost", regex=True)),
}


@pytest.mark.parametrize("provider", [p for p in REFERENCE.providers.values() if p.via_proxy], ids=lambda p: str(p.id))
@pytest.mark.parametrize("stream", [False, True])
def test_a_mapping_changes_the_model_and_nothing_else(
    make: Callable[..., Bench], provider: Provider, stream: bool
) -> None:
    bench = make(**MAPPED)
    call = next(c for c in calls(provider, reference=REFERENCE) if c.id == provider.default_operation)
    body = bodies.request_body(call, "gone", NONCE, stream=stream).replace(b'"model":', b' "model" :')
    response = bench.send(call.path("gone", stream=stream), body, ("Accept-Encoding", "gzip"))
    seen = bench.seen()
    assert seen.persona == provider.id
    assert seen.target == re.sub("^https://[^/]+", "", call.upstream_url("here", stream=stream))
    assert seen.body == body.replace(b'"gone"', b'"here"')
    assert seen.headers.get("content-length") == str(len(seen.body))
    assert "accept-encoding" not in seen.headers
    (answer,) = bench.observer.answers(NONCE)
    assert response.body == answer.body.replace(b'"here"', b'"gone"')
    assert names_of_models(response.body) == {"gone"}


def test_a_mapped_answer_is_read_through_gzip_and_any_split(make: Callable[..., Bench]) -> None:
    bench = make(**MAPPED)
    body = STREAM.replace(b'"m"', b'"gone"')
    for reply in (Reply(gzip=Gzip.DECLARED), Reply(split=3)):
        bench.observer.script(NONCE, [reply])
        response = bench.send(GROQ, body)
        assert names_of_models(response.body) == {"gone"}
        assert response.body.endswith(b"data: [DONE]\n\n")
        assert "content-encoding" not in response.headers


def test_names_in_texts_are_no_model_names() -> None:
    text = (
        '{"model" : "a", "choices":[{"delta":{"content":"\\"model\\":\\"a\\"", "model":"a"}}],'
        ' "message":{"model":"a","x":{"model":"a"}}}'
    )
    expected = text.replace('"model" : "a"', '"model" : "ü"').replace('{"model":"a","x"', '{"model":"ü","x"')
    assert replace_strings(text, RESPONSE_PATHS, "ü") == expected
    for other in ("[DONE]", "", '{"model":', "[]", "{}", '"model"', '{"model":null}'):
        assert replace_strings(other, RESPONSE_PATHS, "x") == other


@pytest.mark.parametrize(
    ("force", "model", "expected"),
    [
        (False, "gone", ("groq", "here")),
        (False, "GONE ", ("groq", "GONE ")),
        (False, "lost", ("amp", "lost")),
        (False, "going", ("groq", "going")),
        (True, "GONE ", ("groq", "here")),
        (True, "other", ("groq", "other")),
        (True, "lost", ("amp", "lost")),
    ],
)
def test_who_takes_a_call(make: Callable[..., Bench], force: bool, model: str, expected: tuple[str, str]) -> None:
    bench = make(**MAPPED, force_mappings=force)
    bench.send(GROQ, CHAT.replace(b'"m"', json.dumps(model).encode()))
    assert (bench.seen().persona, bench.seen().json()["model"]) == expected


def test_an_unmapped_model_goes_to_amp_unchanged_with_amps_key(make: Callable[..., Bench]) -> None:
    bench = make(**MAPPED)
    body = CHAT.replace(b'"m"', b' "lost"')
    response = bench.send(f"{GROQ}?beta=true", body)
    seen = bench.seen()
    assert (seen.persona, seen.target, seen.body) == ("amp", f"{GROQ}?beta=true", body)
    assert seen.headers.all("authorization") == ("Bearer amp-key-1",)
    assert seen.headers.all("x-api-key") == ("amp-key-1",)
    assert names_of_models(response.body) == {"lost"}


def test_without_anybody_to_serve_a_model_it_is_404(make: Callable[..., Bench]) -> None:
    bench = make(unavailable=frozenset({"m"}), amp=None)
    assert bench.send().status == 404
    assert bench.send("/api/internal").status == 503


@pytest.mark.parametrize("route", REFERENCE.management.values(), ids=lambda route: str(route.id))
def test_management_families_are_forwarded_with_amps_key(bench: Bench, route: Any) -> None:
    method = "POST" if "POST" in route.methods else "GET"
    for path in route.paths:
        target = path.replace("*", "a/b.c%20d") + "?getUserInfo&a=&key=settings"
        body = gzip.compress(CHAT, mtime=0)
        response = bench.send(target, body, ("Content-Encoding", "gzip"), ("Cookie", "c=1"), method=method)
        seen = bench.seen()
        assert (seen.persona, seen.method, seen.target, seen.body) == (
            "amp",
            method,
            target,
            gzip.compress(CHAT, mtime=0),
        )
        assert seen.headers.all("authorization") == ("Bearer amp-key-1",)
        assert seen.headers.get("cookie") == "c=1"
        assert KEY.encode() not in seen.raw
        assert response.status == 200
        bench.observer.forget(NONCE)
        without = bench.send(path.replace("*", "a"), method=method, key=False)
        if route.authentication == "open":
            assert without.status == 200
            assert b"amp-key" not in bench.seen().raw
            bench.observer.forget(NONCE)
        else:
            assert (without.status, bench.observer.requests(NONCE)) == (401, ())


def test_each_client_has_its_own_key_at_amp(make: Callable[..., Bench]) -> None:
    bench = make(amp=AmpUpstream(make().config.amp.url, "shared", {KEY: "own"}))  # type: ignore[union-attr]
    bench.send("/api/internal")
    bench.send("/api/internal", CHAT, ("Authorization", "Bearer client-key-two"), key=False)
    keys = [request.headers.get("x-api-key") for request in bench.observer.requests(NONCE)]
    assert keys == ["own", "shared"]


def test_management_can_be_kept_to_this_machine(make: Callable[..., Bench]) -> None:
    bench = make(restrict_management_to_localhost=True)
    assert bench.send("/api/internal").status == 200
    assert (
        bench.send("/api/internal", CHAT, ("Host", "rebound.example"), ("X-Forwarded-For", "127.0.0.1")).status == 403
    )
    assert bench.send(GROQ, CHAT, ("Host", "proxy.example")).status == 200
