"""Remedies: the server is known by its own answers or by name, and causes are told as they are repaired."""

from __future__ import annotations

import pytest
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.causes import AFTER_EFFECT, UNSERVED_ROUTE
from ampmap_conformance.report.model import Cause, Server
from ampmap_conformance.report.remedies import Recogniser, remedies_of, server_called, with_remedies
from ampmap_conformance.verdicts import Level, Verdict
from ampmap_conformance.wire.messages import (
    Chunk,
    Exchange,
    Headers,
    Request,
    Response,
    UpstreamAnswer,
    UpstreamRequest,
)

NGINX = Server(id="nginx", name="nginx")
KEY, OTHER_KEY, PROXY_KEY = (
    "headers.client-credential-replaced",
    "auth.other-keys-stripped",
    "headers.proxy-credential-dropped",
)


def answered(*headers: tuple[str, str], body: str = "", relayed: tuple[tuple[str, str], ...] | None = None) -> Exchange:
    """An answer of the target; `relayed` are the headers of the upstream's, where it was called."""
    seen = UpstreamRequest("openai", "POST", "/", Headers(), b"", b"", connection=1, at=0.0)
    return Exchange(
        request=Request("POST", "/"),
        response=Response(200, Headers(headers), (Chunk(0.0, body.encode()),), 0.0),
        upstream=(seen,) if relayed is not None else (),
        answers=(UpstreamAnswer(200, Headers(relayed), b""),) if relayed is not None else (),
    )


@pytest.mark.parametrize(
    ("exchanges", "server"),
    [
        ([answered(("Server", "nginx/1.22.1"))], "nginx"),
        ([answered(body="<html>\n<hr><center>nginx</center>")], "nginx"),
        ([answered(("Server", "Caddy"))], "caddy"),
        ([answered(("Via", "1.1 Caddy"))], "caddy"),
        ([answered(body="<html><body><h1>503 Service Unavailable</h1>\nNo server is available")], "haproxy"),
        ([answered(("server", "envoy"))], "envoy"),
        ([answered(("X-Powered-By", "Express"))], "express"),
        ([answered(body="404 page not found\n")], "go-reverseproxy"),
        ([answered(("server", "uvicorn"))], "fastapi"),
        ([answered(("server", "uvicorn"))] * 3 + [answered(("x-litellm-version", "1.106.2"))], "litellm"),
        ([answered(("server", "nginx"))] * 2 + [answered(("X-Powered-By", "Express"))], "nginx"),
        ([answered(("server", "cloudflare"))], None),
        ([answered(("Server", "nginx"), relayed=(("server", "nginx"),))], None),
        ([answered(body="<center>nginx", relayed=())], None),
        ([], None),
    ],
)
def test_the_server_is_known_by_its_own_answers(
    exchanges: list[Exchange], server: str | None, reference: Reference
) -> None:
    recogniser = Recogniser(reference.remedies)
    for exchange in exchanges:
        recogniser.see(exchange)
    assert (recogniser.server.id if recogniser.server else None) == server


def test_a_user_names_the_server_by_any_of_its_names(reference: Reference) -> None:
    assert server_called("HTTPX", reference.remedies) == Server(id="fastapi", name="FastAPI with HTTPX", named=True)
    with pytest.raises(UsageError, match="did you mean `haproxy`"):
        server_called("haprxy", reference.remedies)
    with pytest.raises(UsageError, match="known: caddy, "):
        server_called("?", reference.remedies)


def cause(code: str, *requirements: str, verdict: Verdict = Verdict.FAIL, knock_on: bool = False) -> Cause:
    """A cause with one case of each requirement."""
    names = tuple(f"{name}[root-auth]" if code == UNSERVED_ROUTE else f"{name}[openai]" for name in requirements)
    return Cause(
        id=code,
        verdict=verdict,
        scored=True,
        level=Level.MUST,
        severity="critical",
        summary=code,
        actual="",
        upstream="reached",
        requirements=requirements,
        cases=names,
        shown=names[0],
        knock_on=knock_on,
    )


def test_causes_that_the_same_lines_repair_are_one(reference: Reference) -> None:
    found = [
        cause("a", KEY),
        cause("b", OTHER_KEY),
        cause("c", PROXY_KEY, verdict=Verdict.WARN),
        cause("d", "bodies.large"),
    ]

    joined = with_remedies(found, NGINX, reference)
    assert {one.id: one.requirements for one in joined} == {
        "a": (KEY, OTHER_KEY),
        "c": (PROXY_KEY,),
        "d": ("bodies.large",),
    }
    assert all(one.remedy and one.remedy.server == "nginx" and one.remedy.lines for one in joined)
    assert all(one.remedy and one.remedy.docs.startswith("https://nginx.org/") for one in joined)

    apart = with_remedies(found, None, reference)
    assert [one.id for one in apart] == ["a", "b", "d", "c"]
    assert [one.remedy and one.remedy.text for one in apart[:2]] == [
        row.remedy for row in (reference.requirements[KEY], reference.requirements[OTHER_KEY])
    ]
    assert not any(one.remedy and (one.remedy.lines or one.remedy.server) for one in apart)


def test_what_cannot_be_repaired_by_lines_is_not_joined(reference: Reference) -> None:
    """Of LiteLLM's pass-through endpoints several faults have one answer: put another proxy before them."""
    found = [cause("a", "routing.query-kept"), cause("b", "bodies.signed-blocks-kept")]
    joined = with_remedies(found, Server(id="litellm", name="LiteLLM"), reference)
    assert [one.id for one in joined] == ["a", "b"]
    assert len({one.remedy and one.remedy.text for one in joined}) == 1


def test_a_rule_on_security_that_got_no_answer_has_no_remedy_of_its_own(reference: Reference) -> None:
    found = [cause("no-answer", "tenancy.no-cross-talk"), cause("no-answer-2", "errors.upstream-unreachable")]
    silent, told = with_remedies(found, NGINX, reference)
    assert silent.remedy is not None
    assert silent.remedy.text.startswith("Let the proxy answer the call")
    assert told.remedy is not None
    assert told.remedy.text == reference.requirements["errors.upstream-unreachable"].remedy


def test_a_missing_route_is_mended_by_a_route_and_an_after_effect_by_nothing_of_its_own(reference: Reference) -> None:
    found = [cause(UNSERVED_ROUTE, "management.query-bytes"), cause(AFTER_EFFECT, KEY, knock_on=True)]
    route, effect = with_remedies(found, NGINX, reference)
    assert route.remedy is not None
    assert route.remedy.text in {one.remedy.change for one in remedies_of("management.forwarded", reference)}
    assert effect.remedy is None
