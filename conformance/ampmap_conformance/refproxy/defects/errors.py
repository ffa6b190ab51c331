"""Faults of errors: the proxy's own, and those that it should only relay."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from ...dialects import bodies
from ...reference.types import Provider, Reference
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import (
    Incoming,
    ManagementPath,
    OwnAnswer,
    Place,
    ProviderCall,
    Refusal,
    RoutedExchange,
    UpstreamFailure,
)
from ..routing import Routes
from .registry import defect


@defect(
    "errors-as-200",
    breaks=(
        "errors.unknown-provider",
        "errors.method-not-allowed",
        "errors.malformed-json",
        "errors.upstream-unreachable",
        "auth.missing-credential-rejected",
        "auth.wrong-refused",
        "auth.placeholder-rejected",
        "management.refuses-without-credential",
    ),
    seen_in="Portkey-AI/gateway#267",
)
def errors_as_200(right: Behaviour) -> Behaviour:
    """Answers 200 with an error inside."""
    return replace(
        right, own_answer=lambda reference, refusal: replace(right.own_answer(reference, refusal), status=200)
    )


@defect(
    "unknown-provider-500",
    breaks=("errors.unknown-provider", "routing.unprefixed-path"),
    seen_in="BerriAI/litellm#17793",
)
def unknown_provider_500(right: Behaviour) -> Behaviour:
    """Fails with 500 on a path that it does not serve."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, Refusal) and found.status == 404:
            return replace(found, status=500, message="Internal error")
        return found

    return replace(right, place=place)


@defect("wrong-method-500", breaks=("errors.method-not-allowed",))
def wrong_method_500(right: Behaviour) -> Behaviour:
    """Fails with 500 on a method that the route does not have."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, Refusal) and found.status == 405:
            return replace(found, status=500, message="Internal error", lines=())
        return found

    return replace(right, place=place)


@defect("wrong-methods-as-wrong-paths", breaks=("errors.wrong-method-is-405",))
def wrong_methods_as_wrong_paths(right: Behaviour) -> Behaviour:
    """Answers 404 to a method that the route does not have."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        return replace(found, status=404, lines=()) if isinstance(found, Refusal) and found.status == 405 else found

    return replace(right, place=place)


@defect("allow-missing", breaks=("errors.allow-header",))
def allow_missing(right: Behaviour) -> Behaviour:
    """Answers 405 and does not say which methods there are."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        return replace(found, lines=()) if isinstance(found, Refusal) and found.status == 405 else found

    return replace(right, place=place)


@defect("malformed-json-500", breaks=("errors.malformed-json",))
def malformed_json_500(right: Behaviour) -> Behaviour:
    """Fails with 500 on a body that is not valid JSON."""

    def problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
        found = right.body_problem(place, incoming)
        return None if found is None else replace(found, status=500)

    return replace(right, body_problem=problem)


@defect(
    "upstream-status-500",
    breaks=("errors.upstream-status-relayed",),
)
def upstream_status_500(right: Behaviour) -> Behaviour:
    """Turns every error of the upstream into 500."""
    return replace(
        right,
        response_status=lambda exchange, status: 500 if status >= 400 else right.response_status(exchange, status),
    )


@defect("upstream-429-as-503", breaks=("errors.upstream-status-relayed",), seen_in="router-for-me/CLIProxyAPI#1596")
def upstream_429_as_503(right: Behaviour) -> Behaviour:
    """Turns client errors that the upstream reports into ones that clients retry."""
    return replace(
        right,
        response_status=lambda exchange, status: 503 if 400 < status < 500 else right.response_status(exchange, status),
    )


@defect(
    "upstream-error-wrapped",
    breaks=("errors.upstream-error-body-relayed", "errors.routed-error-body-relayed"),
    seen_in="BerriAI/litellm#32133",
)
def upstream_error_wrapped(right: Behaviour) -> Behaviour:
    """Puts the text of the upstream's error into an error of its own."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        relayed = right.response_body(exchange, headers, given)
        first = await anext(relayed, b"")
        if not _ERROR.search(first[:200]):
            yield first
            async for chunk in relayed:
                yield chunk
            return
        text = b"".join([first, *[chunk async for chunk in relayed]]).decode(errors="replace")
        yield json.dumps({"error": {"message": text, "type": "upstream_error"}}).encode()

    return replace(right, response_body=chunks, response_headers=_without_length(right))


@defect("unreachable-as-400", breaks=("errors.upstream-unreachable",), seen_in="router-for-me/CLIProxyAPI#3055")
def unreachable_as_400(right: Behaviour) -> Behaviour:
    """Blames the client when the upstream cannot be reached, so that the client does not try again."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        return replace(right.upstream_failed(exchange, failure), status=400)

    return replace(right, upstream_failed=failed)


@defect("unreachable-as-500", breaks=("errors.unreachable-as-gateway-error",), also=("errors.silent-upstream",))
def unreachable_as_500(right: Behaviour) -> Behaviour:
    """Reports as a fault of its own that the upstream cannot be reached."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        return replace(right.upstream_failed(exchange, failure), status=500)

    return replace(right, upstream_failed=failed)


@defect("error-without-message", breaks=("errors.own-shape",))
def error_without_message(right: Behaviour) -> Behaviour:
    """Leaves the message of its own errors null."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        return replace(answer, body=answer.body.replace(json.dumps(refusal.message).encode(), b"null"))

    return replace(right, own_answer=own)


@defect("one-error-shape", breaks=("errors.own-shape",))
def one_error_shape(right: Behaviour) -> Behaviour:
    """Reports its own errors in a shape of its own, for every provider."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        answer = right.own_answer(reference, refusal)
        if not isinstance(refusal.about, Provider):
            return answer
        return replace(answer, body=bodies.dump({"detail": refusal.message}))

    return replace(right, own_answer=own)


_ERROR = re.compile(rb'^\{.*"error"\s*:\s*[{"]')


def _without_length(right: Behaviour) -> Callable[[RoutedExchange, Headers], Headers]:
    return lambda exchange, headers: right.response_headers(exchange, headers).without("content-length")
