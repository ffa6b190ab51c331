"""Remedies: the server is known by its own answers or by name, and causes are told as they are repaired."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from ampmap_conformance.dialects.schemas import Schemas
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


MESSAGE = re.compile(r"""\bmessage\b["']?\s*:""")
LABELS = ("application/json", ".json(", "JSONResponse(")
"""What marks an answer as JSON, in a configuration or by a function of its framework."""
SHARED_FORM = ("anthropic", "openai", "groq")


def bodies_in(lines: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects with an error in lines of any language; Python writes `None` for `null`."""
    text = lines.replace("None", "null")
    for start in (found.start() for found in re.finditer(r"\{", text)):
        try:
            value, _ = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            continue
        if "error" in value:
            yield value


def test_error_bodies_of_remedies_have_the_form_that_they_promise(reference: Reference) -> None:
    judge, wrong, count = Schemas(reference), [], 0
    for server in reference.remedies.values():
        for remedy in server.remedies:
            bodies = list(bodies_in(remedy.lines))
            assert len(bodies) == len(MESSAGE.findall(remedy.lines)), f"not read as JSON: {remedy.lines}"
            count += len(bodies)
            found = [
                (shape, judge.error(reference.error_shapes[shape], json.dumps(body).encode()))
                for body in bodies
                for shape in SHARED_FORM
            ]
            wrong += [(server.id, remedy.change, *problem) for problem in found if problem[1]]
            if bodies and not any(label in remedy.lines for label in LABELS):
                wrong.append((server.id, remedy.change, "the label", "the body is not marked as JSON"))
            if bodies and "errors.own-shape" in remedy.requirements:
                assert "Google, Cerebras, OpenRouter and xAI have forms of their own" in remedy.change

    assert wrong == []
    assert count


@pytest.mark.parametrize(("query", "target"), [(b"", b"/v1/a%2Fb"), (b"b=%7e&flag", b"/v1/a%2Fb?b=%7e&flag")])
def test_fastapi_forwards_the_query_as_it_was_sent(query: bytes, target: bytes, reference: Reference) -> None:
    """The lines of the remedy run as they are."""
    (remedy,) = (one.remedy for one in remedies_of("management.query-bytes", reference) if one.server.id == "fastapi")
    request = SimpleNamespace(scope={"query_string": query})
    names: dict[str, Any] = {"httpx": httpx, "url": "http://upstream.test/v1/a%2Fb", "request": request}
    exec(remedy.lines, names)  # noqa: S102 - the lines are the spec's own
    assert names["url"].raw_path == target
