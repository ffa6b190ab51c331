"""Faults of a proxy that calls its upstreams in another dialect: where it calls, and what it makes of odd answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from ...meanings import Completion
from ...wire.messages import Headers
from ..behaviour import Behaviour, Chunks
from ..exchange import Outgoing, RoutedExchange
from ..upstream import StreamedAnswer, UpstreamBrokenError, Wrapped
from .registry import defect
from .streaming import is_event_stream
from .translation import FOLLOWS, TO_CHAT

COMPLETIONS = "/chat/completions"


def calling(right: Behaviour, change: Callable[[Outgoing], Outgoing]) -> Behaviour:
    """The behaviour with a change to every request that is sent to an upstream."""

    def changed(send: Callable[[Outgoing], AbstractAsyncContextManager[StreamedAnswer]]) -> Wrapped:
        return Wrapped(lambda request: send(change(request)))

    return replace(right, sender=lambda client: changed(right.sender(client).send))


@defect(
    "legacy-completions-called",
    breaks=("routing.method-and-path",),
    also=("errors.*", "auth.*", *FOLLOWS),
    variant=TO_CHAT,
)
def legacy_completions_called(right: Behaviour) -> Behaviour:
    """Calls the path of the older completions when it translates to Chat Completions."""

    def changed(request: Outgoing) -> Outgoing:
        path, mark, query = request.target.partition("?")
        older = f"{path.removesuffix(COMPLETIONS)}/completions" if path.endswith(COMPLETIONS) else path
        return replace(request, target=f"{older}{mark}{query}")

    return calling(right, changed)


@defect("broken-translation-completed", breaks=("streaming.nothing-invented",), also=FOLLOWS, variant=TO_CHAT)
def broken_translation_completed(right: Behaviour) -> Behaviour:
    """Puts the end of an empty answer behind a translated stream that its upstream did not end."""

    async def ended(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
        except UpstreamBrokenError:
            if exchange.translation is None or not is_event_stream(headers):
                raise
            yield b"".join(exchange.translation.client.render_stream(Completion(exchange.model or "")))

    return replace(right, response_body=ended)


@defect(
    "names-cut-at-their-slash",
    breaks=("routing.slash-in-model-id", "routing.encoded-model-id"),
    also=FOLLOWS,
    variant=TO_CHAT,
)
def names_cut_at_their_slash(right: Behaviour) -> Behaviour:
    """Asks for what stands behind the last slash of a model's name when it translates."""
    return replace(
        right,
        asked=lambda exchange, said: replace(
            right.asked(exchange, said), model=right.asked(exchange, said).model.rpartition("/")[2]
        ),
    )


@defect(
    "packed-by-its-own-offer",
    breaks=("headers.rare-coding-readable",),
    also=("errors.*", "auth.*", *FOLLOWS),
    variant=TO_CHAT,
)
def packed_by_its_own_offer(right: Behaviour) -> Behaviour:
    """Offers a coding to its upstreams that it cannot read when it translates."""
    return calling(
        right, lambda request: replace(request, headers=request.headers.setting("Accept-Encoding", "zstd, gzip"))
    )


@defect("mapping-shows-when-translated", breaks=("fallback.names-however-written",), also=FOLLOWS, variant=TO_CHAT)
def mapping_shows(right: Behaviour) -> Behaviour:
    """Names the mapping's target in the answer to a mapped call that it translates."""

    async def body(exchange: RoutedExchange, headers: Headers, given: Chunks) -> Chunks:
        async for chunk in given if exchange.translation is not None else right.response_body(exchange, headers, given):
            yield chunk

    return replace(right, response_body=body)
