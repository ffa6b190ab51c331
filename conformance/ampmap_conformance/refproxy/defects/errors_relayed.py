"""Faults with the upstream's errors and silence, and with bodies that are not requests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import urlsplit

from ...reference.types import Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Amp, Incoming, ManagementPath, OwnAnswer, ProviderCall, Refusal, RoutedExchange, UpstreamFailure
from ..upstream import UpstreamBrokenError
from .registry import defect
from .streaming import is_event_stream


@defect(
    "upstream-errors-as-200",
    breaks=("errors.failure-keeps-error-status", "errors.upstream-status-relayed"),
    seen_in="azrtydxb/Fastllm-proxy#28",
)
def upstream_errors_as_200(right: Behaviour) -> Behaviour:
    """Answers 200 with the upstream's error inside."""
    return replace(
        right,
        response_status=lambda exchange, status: 200 if status >= 400 else right.response_status(exchange, status),
    )


@defect("mapped-errors-500", breaks=("errors.routed-status-relayed",))
def mapped_errors_500(right: Behaviour) -> Behaviour:
    """Reports what goes wrong with a mapped model as a fault of its own."""

    def status(exchange: RoutedExchange, given: int) -> int:
        return 500 if exchange.mapped is not None and given >= 400 else right.response_status(exchange, given)

    return replace(right, response_status=status)


@defect("amp-errors-502", breaks=("errors.routed-status-relayed",))
def amp_errors_502(right: Behaviour) -> Behaviour:
    """Reports every rejection by Amp's servers as a bad gateway, also that the credits are spent."""

    def status(exchange: RoutedExchange, given: int) -> int:
        falls_back = isinstance(exchange.back_end, Amp) and isinstance(exchange.place, ProviderCall)
        return 502 if falls_back and given >= 400 else right.response_status(exchange, given)

    return replace(right, response_status=status)


@defect("cut-answer-completed", breaks=("errors.truncation-reaches-client",), seen_in="Portkey-AI/gateway#267")
def cut_answer_completed(right: Behaviour) -> Behaviour:
    """Hands half an answer out as a whole one when the upstream's connection is lost."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
        except UpstreamBrokenError:
            if is_event_stream(headers):
                raise

    return replace(right, response_body=chunks, response_headers=_lengthless(right))


@defect("mapped-cut-answer-completed", breaks=("errors.truncation-reaches-client",))
def mapped_cut_answer_completed(right: Behaviour) -> Behaviour:
    """Hands out what came of a mapped answer that broke off, where it had to be read whole."""

    async def kept(given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in given:
                yield chunk
        except UpstreamBrokenError:
            return

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        reads_whole = exchange.mapped is not None and not is_event_stream(headers)
        async for chunk in right.response_body(exchange, headers, kept(given) if reads_whole else given):
            yield chunk

    return replace(right, response_body=chunks)


@defect("stream-begun-too-early", breaks=("errors.upstream-unreachable",), seen_in="routatic/proxy#59")
def stream_begun_too_early(right: Behaviour) -> Behaviour:
    """Begins a stream before any upstream has answered, and reports the failure inside it."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        if refusal.status not in (502, 504):
            return answer
        headers = Headers((("Content-Type", "text/event-stream"),))
        return OwnAnswer(200, headers, b"event: error\ndata: " + answer.body + b"\n\n")

    return replace(right, own_answer=own)


@defect("answer-never-late", breaks=("errors.silent-upstream",), seen_in="BerriAI/litellm#38358")
def answer_never_late(right: Behaviour) -> Behaviour:
    """Has a limit for the upstream's silence and does not keep it."""
    return replace(right, answer_patience=lambda _config: 3600.0)


@defect("too-large-500", breaks=("errors.body-limit",))
def too_large_500(right: Behaviour) -> Behaviour:
    """Fails with 500 on a body that is over its limit."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        return right.own_answer(reference, replace(refusal, status=500) if refusal.status == 413 else refusal)

    return replace(right, own_answer=own)


@defect("unknown-paths-welcomed", breaks=("errors.unknown-provider",))
def unknown_paths_welcomed(right: Behaviour) -> Behaviour:
    """Answers every path that it does not serve with a friendly page."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        if refusal.status != 404:
            return right.own_answer(reference, refusal)
        return OwnAnswer(200, Headers((("Content-Type", "text/html"),)), b"<h1>Welcome</h1>")

    return replace(right, own_answer=own)


@defect("odd-json-500", breaks=("errors.odd-json",))
def odd_json_500(right: Behaviour) -> Behaviour:
    """Fails with 500 on JSON that is not an object."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        found = right.body_problem(place, incoming)
        try:
            other = not isinstance(json.loads(incoming.body), dict)
        except (ValueError, RecursionError):
            other = False
        return replace(found, status=500) if found is not None and other else found

    return replace(right, body_problem=problem)


@defect("bad-bodies-repaired", breaks=("errors.non-object-never-succeeds", "errors.non-object-not-replaced"))
def bad_bodies_repaired(right: Behaviour) -> Behaviour:
    """Replaces a body that is not a request by a request with every required field, and sends that."""
    made = b'{"model":"example-model","max_tokens":1,"messages":[],"contents":[],"input":""}'

    def body(exchange: RoutedExchange) -> bytes:
        given = right.upstream_body(exchange)
        bad = isinstance(exchange.place, ProviderCall) and right.body_problem(exchange.place, exchange.incoming)
        return made if bad else given

    def model(place: ProviderCall | ManagementPath, incoming: Incoming) -> str | None:
        return None if right.body_problem(place, incoming) else right.requested_model(place, incoming)

    return replace(right, body_problem=lambda _place, _incoming: None, upstream_body=body, requested_model=model)


@defect("two-models-made-one", breaks=("errors.two-models",))
def two_models_made_one(right: Behaviour) -> Behaviour:
    """Sends on what it made of a body with two models, instead of the body."""

    def body(exchange: RoutedExchange) -> bytes:
        given = right.upstream_body(exchange)
        return json.dumps(json.loads(given)).encode() if given.count(b'"model":') > 1 else given

    return replace(right, upstream_body=body)


@defect("deep-json-crashes", breaks=("errors.deep-json",))
def deep_json_crashes(right: Behaviour) -> Behaviour:
    """Runs out of stack on deeply nested JSON."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        if b"[" * 1000 in incoming.body:
            raise RecursionError("maximum recursion depth exceeded")
        return right.body_problem(place, incoming)

    return replace(right, body_problem=problem)


@defect("coding-label-lost", breaks=("errors.unknown-coding",), seen_in="headroomlabs-ai/headroom#1542")
def coding_label_lost(right: Behaviour) -> Behaviour:
    """Sends a compressed body on without saying that it is one."""
    return replace(
        right,
        upstream_headers=lambda exchange, body: right.upstream_headers(exchange, body).without("content-encoding"),
    )


@defect("errors-as-html", breaks=("errors.own-shape",))
def errors_as_html(right: Behaviour) -> Behaviour:
    """Marks its errors as web pages, so that SDKs do not read them."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, headers=answer.headers.setting("Content-Type", "text/html"))

    return replace(right, own_answer=own)


@defect("stack-trace-shown", breaks=("errors.tell-no-internals",))
def stack_trace_shown(right: Behaviour) -> Behaviour:
    """Puts a stack trace into its errors."""
    trace = 'Traceback (most recent call last):\n  File "/srv/proxy/app.py", line 217, in handle'

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        return right.own_answer(reference, replace(refusal, message=f"{refusal.message}\n{trace}"))

    return replace(right, own_answer=own)


@defect("upstream-address-shown", breaks=("errors.tell-no-internals",))
def upstream_address_shown(right: Behaviour) -> Behaviour:
    """Shows the upstream's address when the upstream cannot be reached."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        host = urlsplit(exchange.back_end.upstream.url).netloc
        return replace(right.upstream_failed(exchange, failure), message=f"dial tcp {host}: connection reset by peer")

    return replace(right, upstream_failed=failed)


@defect("upstream-key-shown", breaks=("errors.tell-no-key",), seen_in="techlab-innov/llmtrace#274")
def upstream_key_shown(right: Behaviour) -> Behaviour:
    """Shows the request that failed, with its headers."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        refusal = right.upstream_failed(exchange, failure)
        return replace(refusal, message=f"{refusal.message} Key: {exchange.back_end.upstream.key}")

    return replace(right, upstream_failed=failed)


def _lengthless(right: Behaviour) -> Callable[[RoutedExchange, Headers], Headers]:
    return lambda exchange, headers: right.response_headers(exchange, headers).without("content-length")
