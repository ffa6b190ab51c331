"""Profile fallback: the proxy finds the model wherever it is in the body, in every framing of the body."""

from __future__ import annotations

import gzip
from dataclasses import replace

from ..cases.cases import VariedCase
from ..checks.expect import assert_equal, expect, only_upstream_request
from ..checks.expect_framing import unpacked
from ..checks.registry import checks
from ..dialects.bodies import dump, request_body
from ..probe.probe import Probe
from ..probe.requests import BLANK
from ..wire.messages import AMP, Exchange
from ..wire.raw import in_chunks
from .support.conditions import names_model_astray
from .support.streams import served_model

MUCH = dump({"x_much": "ampmap " * 20_000})
"""More bytes than a proxy reads that searches the beginning alone."""
LABEL = "application/json; charset=utf-8"
ANOTHER = dump({"x_part": {"model": "ampmap-other"}, "x_text": '"model":"ampmap-other"'})


def _before(first: bytes, rest: bytes) -> bytes:
    """One object with the members of both, in this order."""
    return first[:-1] + b"," + rest[1:]


@checks("fallback.model-found-wherever", when=names_model_astray, requests=5)
def test_model_is_found_wherever_it_stands(case: VariedCase, probe: Probe) -> None:
    """Given bodies in which the model is not easily seen, when they are sent, then each takes the model's own route."""
    plain = request_body(case.call, case.model, f"Say hi. {BLANK}", stream=False)
    _assert_way(case, probe, probe.send(case, body=_before(MUCH, plain)))
    _assert_way(case, probe, probe.send(case, body=_before(ANOTHER, plain)))
    request = probe.request(case)
    labelled = replace(request, headers=request.headers.setting("Content-Type", LABEL))
    _assert_way(case, probe, probe.exchange(labelled, persona=probe.persona_of(case)))
    _assert_way(case, probe, probe.send_raw(case, in_chunks, body=plain)[0], refusable=True)
    coded = probe.send(case, body=plain, pack=gzip.compress, more_headers=[("Content-Encoding", "gzip")])
    _assert_way(case, probe, coded, refusable=True)


def _assert_way(case: VariedCase, probe: Probe, exchange: Exchange, *, refusable: bool = False) -> None:
    """The one upstream that the model has got the call, for the model that serves it."""
    if refusable and 400 <= exchange.response.status < 500 and not exchange.upstream:
        return
    upstream = only_upstream_request(exchange, AMP if case.way == "elsewhere" else None)
    body = unpacked(upstream.headers, upstream.body, "the label of the body is wrong")
    asked = probe.model_of(case, replace(upstream, body=body))
    expect(bool(asked), "the upstream got no model", expected="a model", actual="none")
    assert_equal(asked, served_model(case, probe), "the upstream got another model")
