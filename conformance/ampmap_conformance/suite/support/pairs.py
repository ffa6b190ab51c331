"""Pairs of calls that are the same but for one thing."""

from __future__ import annotations

from dataclasses import replace

from ...cases.cases import VariedCase
from ...probe.probe import Probe
from ...target.target import Target
from ...wire.messages import Headers, Request, nonce_of
from .conditions import asks_for_features, chooses_version

VERSIONS = ("2023-06-01", "2026-10-21")
FEATURE = "ampmap-probe-2025-01-01"
QUERY = "ampmap=1"
ACCEPTED = ("application/json", "*/*")


def can_differ(case: VariedCase, target: Target) -> bool:
    """Calls that can differ in the thing that the case's word names."""
    match case.variation:
        case "stream":
            return case.call.operation.stream is not None
        case "version":
            return chooses_version(case, target)
        case "features":
            return asks_for_features(case, target)
        case _:
            return True


def two_that_differ(case: VariedCase, probe: Probe) -> tuple[Request, Request]:
    """The same call twice, with the same nonce, but for the thing that the case's word names."""
    first = probe.request(case)
    headers = first.headers
    match case.variation:
        case "stream":
            return first, renamed(probe.request(replace(case, stream=True)), nonce_of(first))
        case "version":
            names = tuple(probe.dialect_headers(case))
            older, newer = (headers.without(*names).adding(*((name, one) for name in names)) for one in VERSIONS)
            return replace(first, headers=older), replace(first, headers=newer)
        case "features":
            lines = ((name, FEATURE) for name in probe.optional_headers(case))
            return first, replace(first, headers=headers.adding(*lines))
        case "query":
            return first, replace(first, target=f"{first.target}{'&' if '?' in first.target else '?'}{QUERY}")
        case _:
            one, other = (replace(first, headers=headers.setting("accept", kind)) for kind in ACCEPTED)
            return one, other


def renamed(request: Request, nonce: str) -> Request:
    """A request with another nonce in place of its own."""
    own = nonce_of(request)
    lines = ((name, value.replace(own, nonce)) for name, value in request.headers)
    headers = Headers(tuple(lines))
    body = request.body.replace(own.encode(), nonce.encode())
    return replace(request, target=request.target.replace(own, nonce), headers=headers, body=body)
