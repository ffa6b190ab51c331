"""Profile fallback: the proxy finds the model wherever it is in the body, in every framing of the body."""

from __future__ import annotations

import gzip
from dataclasses import replace
from types import MappingProxyType

from ..cases.cases import VariedCase
from ..checks.expect import assert_equal, expect, only_upstream_request
from ..checks.expect_framing import unpacked
from ..checks.registry import checks
from ..dialects.bodies import dump, request_body
from ..probe.probe import Probe
from ..probe.requests import BLANK
from ..target.target import Target
from ..wire.messages import AMP, Exchange
from ..wire.raw import in_chunks
from .support.conditions import names_model_astray
from .support.streams import served_model

MUCH = dump({"x_much": "ampmap " * 20_000})
"""More bytes than a proxy reads that searches the beginning alone."""
SIZES = MappingProxyType({"2-mb": 2_200_000, "8-mb": 8 << 20, "20-mb": 20 << 20})
"""Bytes before the model, by the words of the axis `body_size`: a little more than common buffers hold."""
OWED, TOO_LARGE = 8 << 20, 413
"""Bytes that a proxy without a stated limit has to take (`bodies.large`), and the status beyond its limit."""
BESIDE = 4096
"""Bytes that the rest of the body has at most."""
LABEL = "application/json; charset=utf-8"
ANOTHER = dump({"x_part": {"model": "ampmap-other"}, "x_text": '"model":"ampmap-other"'})


def names_model_and_fits(case: VariedCase, target: Target) -> bool:
    """Calls whose model is in a body that the target takes, on other than the usual route."""
    limit = target.policy.body_limit
    fits = limit is None or SIZES[case.variation] + BESIDE <= limit
    return fits and names_model_astray(case, target)


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


@checks("fallback.model-found-behind-much", when=names_model_and_fits, is_large=True)
def test_model_is_found_behind_much(case: VariedCase, probe: Probe) -> None:
    """Given a body with its model behind some megabytes, when it is sent, then it takes the model's own route."""
    much = dump({"x_much": "ampmap " * (SIZES[case.variation] // 7)})
    plain = request_body(case.call, case.model, f"Say hi. {BLANK}", stream=False)
    exchange = probe.send(case, body=_before(much, plain))
    if SIZES[case.variation] > OWED and exchange.response.status == TOO_LARGE and not exchange.upstream:
        return
    _assert_way(case, probe, exchange)


def _assert_way(case: VariedCase, probe: Probe, exchange: Exchange, *, refusable: bool = False) -> None:
    """The one upstream that the model has got the call, for the model that serves it."""
    if refusable and 400 <= exchange.response.status < 500 and not exchange.upstream:
        return
    upstream = only_upstream_request(exchange, AMP if case.way == "elsewhere" else None)
    body = unpacked(upstream.headers, upstream.body, "the label of the body is wrong")
    asked = probe.model_of(case, replace(upstream, body=body))
    expect(bool(asked), "the upstream got no model", expected="a model", actual="none")
    assert_equal(asked, served_model(case, probe), "the upstream got another model")
