"""The proxy's own answers, in the form of the provider that was called. Pure."""

from __future__ import annotations

from http import HTTPStatus

from ..dialects import bodies
from ..reference.types import ManagementRoute, Provider, Reference
from ..wire.messages import Headers
from .exchange import Incoming, ManagementPath, OwnAnswer, Place, ProviderCall, Refusal, RoutedExchange, UpstreamFailure

JSON_LINE = ("Content-Type", "application/json")
WARM_UP = "tcp_warming"
"""The operation whose failure no client may see: its SDK would wait and try again before the first model call."""
RETRIED = frozenset({408, 409, 429})
"""Statuses below 500 on which SDKs try again."""


def own_answer(reference: Reference, refusal: Refusal) -> OwnAnswer:
    """An error of the proxy's own: in the called provider's shape, in Amp's for management paths."""
    match refusal.about:
        case Provider() as provider:
            shape = reference.error_shapes[provider.error_shape]
            body = bodies.error_body(shape, refusal.status, refusal.message)
        case _:
            code = HTTPStatus(refusal.status).phrase.lower().replace(" ", "-")
            body = bodies.dump({"ok": False, "error": {"code": code, "message": refusal.message}})
    return OwnAnswer(refusal.status, Headers((JSON_LINE, *refusal.lines)), body)


def about(place: Place) -> Provider | ManagementRoute | None:
    """Whose form an error at this place has."""
    match place:
        case ProviderCall(provider):
            return provider
        case ManagementPath(route):
            return route
        case Refusal():
            return place.about


def unauthorised(place: Place, _incoming: Incoming) -> Refusal:
    """What callers without an accepted credential get. It does not say whether a key is missing or invalid."""
    return Refusal(401, "A valid credential is needed.", about(place), (("WWW-Authenticate", "Bearer"),))


def upstream_failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
    """What the client gets when the upstream gives no answer. It names no address."""
    match failure:
        case UpstreamFailure.UNREACHABLE:
            return Refusal(502, "The upstream could not be reached.", about(exchange.place))
        case UpstreamFailure.TIMEOUT:
            return Refusal(504, "The upstream did not answer in time.", about(exchange.place))
        case UpstreamFailure.UNREADABLE:
            return Refusal(502, "The upstream's answer could not be read.", about(exchange.place))


def stand_in(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
    """The answer in place of the upstream's, for calls that must not fail; `status` is None when there was none."""
    match exchange.place:
        case ProviderCall(_, match) if match.call.id == WARM_UP:
            failed = status is None or status >= 500 or status in RETRIED
            return OwnAnswer(200, Headers((JSON_LINE,)), bodies.response_body(match.call, "")) if failed else None
        case _:
            return None
