"""Faults of proxies that make a call again whose connection died without an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..exchange import Outgoing, OwnAnswer, RoutedExchange, UpstreamFailure
from ..upstream import StreamedAnswer, UpstreamFailedError, UpstreamSender, Wrapped
from .registry import defect


def _repeating(right: Behaviour, again: Callable[[Outgoing], Outgoing | None]) -> Behaviour:
    """`right`, but a call that got no answer is made once more as the function says, or not where it says None."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with AsyncExitStack() as held:
                try:
                    answer = await held.enter_async_context(client.send(request))
                except UpstreamFailedError as error:
                    second = again(request) if error.failure is UpstreamFailure.UNREACHABLE else None
                    if second is None:
                        raise
                    answer = await held.enter_async_context(client.send(second))
                yield answer

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect(
    "dropped-calls-repeated",
    breaks=("fallback.no-repeat-after-dropped-connection", "management.no-repeat-after-dropped-connection"),
    seen_in="BerriAI/litellm#34830",
)
def dropped_calls_repeated(right: Behaviour) -> Behaviour:
    """Makes every call once more whose connection died, as if it had not been made."""
    return _repeating(right, lambda request: request)


@defect(
    "dropped-model-calls-repeated",
    breaks=("fallback.no-repeat-after-dropped-connection",),
)
def dropped_model_calls_repeated(right: Behaviour) -> Behaviour:
    """Makes a model's call once more whose connection died; the upstream may have billed the first."""
    return _repeating(right, lambda request: None if "/amp" in request.target else request)


@defect(
    "dropped-changes-become-posts",
    breaks=("management.no-repeat-after-dropped-connection",),
    seen_in="BerriAI/litellm#34830",
)
def dropped_changes_become_posts(right: Behaviour) -> Behaviour:
    """Makes a PUT, PATCH or DELETE whose connection died once more, as a POST."""

    def again(request: Outgoing) -> Outgoing | None:
        return replace(request, method="POST") if request.method in ("PUT", "PATCH", "DELETE") else None

    return _repeating(right, again)


@defect("dropped-management-calls-succeed", breaks=("management.dropped-connection-is-an-error",))
def dropped_management_calls_succeed(right: Behaviour) -> Behaviour:
    """Answers with an empty object where Amp's servers gave no answer."""

    def stand_in(exchange: RoutedExchange, status: int | None) -> OwnAnswer | None:
        if status is None and exchange.model is None:
            return OwnAnswer(200, Headers((("Content-Type", "application/json"),)), b"{}")
        return right.stand_in(exchange, status)

    return replace(right, stand_in=stand_in)
