"""Faults of a proxy that calls its upstreams in another dialect: what it makes of what it cannot translate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour, Forwardable
from ..config import ProxyConfig
from ..exchange import BackEnd, Local, Outgoing, ProviderCall, Refusal, RoutedExchange, UpstreamFailure
from ..upstream import StreamedAnswer, UpstreamSender, Wrapped
from .registry import defect
from .translation import FOLLOWS, TO_CHAT, TO_MESSAGES
from .translation_ways import calling

LABEL = "x-upstreams-label"
"""Holds the media type of the upstream's answer on its way through the proxy."""


@defect(
    "version-left-out",
    breaks=("translation.dialect-headers-sent",),
    also=("headers.*", "fallback.query-and-headers-kept*"),
    variant=TO_MESSAGES,
)
def version_left_out(right: Behaviour) -> Behaviour:
    """Calls Anthropic without the header that names the version of its API, where the client's dialect has none."""

    def bare(request: Outgoing) -> Outgoing:
        return replace(request, headers=request.headers.without("anthropic-version"))

    return calling(right, bare)


@defect("upstreams-label-kept", breaks=("translation.other-form-of-answer",), also=FOLLOWS, variant=TO_CHAT)
def upstreams_label_kept(right: Behaviour) -> Behaviour:
    """Labels a translated answer as the upstream labelled its own, whichever form the client asked for."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with client.send(request) as answer:
                label = (LABEL, answer.headers.get("content-type") or "")
                yield replace(answer, headers=answer.headers.adding(label)) if answer.status < 400 else answer

        return Wrapped(send)

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        label = given.get(LABEL)
        sent = right.response_headers(exchange, given.without(LABEL))
        return sent if exchange.translation is None or not label else sent.setting("Content-Type", label)

    return replace(right, sender=lambda client: sender(right.sender(client)), response_headers=headers)


def _unreadable(right: Behaviour, change: Callable[[Refusal], Refusal]) -> Behaviour:
    """The behaviour with another refusal where the upstream's answer says nothing."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        refusal = right.upstream_failed(exchange, failure)
        return change(refusal) if failure is UpstreamFailure.UNREADABLE else refusal

    return replace(right, upstream_failed=failed)


@defect(
    "unreadable-answers-succeed",
    breaks=("translation.answer-that-says-nothing",),
    also=("errors.*", *FOLLOWS),
    variant=TO_CHAT,
)
def unreadable_answers_succeed(right: Behaviour) -> Behaviour:
    """Says with status 200 that it could not read the upstream's answer."""
    return _unreadable(right, lambda refusal: replace(refusal, status=200))


@defect("unreadable-in-a-shape-of-its-own", breaks=("translation.own-error-shape",), variant=TO_CHAT)
def unreadable_in_own_shape(right: Behaviour) -> Behaviour:
    """Forgets, when it cannot read the upstream's answer, whose error shape the client reads."""
    return _unreadable(right, lambda refusal: replace(refusal, about=None))


@defect(
    "counts-asked-of-the-model",
    breaks=("translation.other-calls-not-answered-by-model",),
    also=("errors.*", "auth.*", *FOLLOWS),
    variant=TO_CHAT,
)
def counts_asked_of_the_model(right: Behaviour) -> Behaviour:
    """Translates every call with a body as if it asked for an answer, counts of tokens too."""

    def back_end(config: ProxyConfig, place: Forwardable, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        if not isinstance(place, ProviderCall) or place.match.call.operation.request is None:
            return found
        upstream = config.upstreams.get(place.provider.id)
        translated = upstream is not None and place.match.call.dialect in upstream.translations
        return Local(upstream) if upstream is not None and translated and isinstance(found, Refusal) else found

    return replace(right, back_end=back_end)
