"""Faults of what a proxy does when its provider fails: asking again, asking others, holding it against later calls."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Amp, BackEnd, Local, ManagementPath, Outgoing, ProviderCall, Refusal, RoutedExchange
from ..upstream import StreamedAnswer, UpstreamBrokenError, UpstreamSender, Wrapped
from .registry import defect

TRIES = 3
BENCH_SECONDS = 0.5


def _retrying(right: Behaviour, again: Callable[[int], bool]) -> Behaviour:
    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            for left in reversed(range(TRIES)):
                async with client.send(request) as answer:
                    if not left or not again(answer.status):
                        yield answer
                        return

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect("refusals-retried", breaks=("fallback.refusal-is-final", "fallback.refusal-not-repeated"))
def refusals_retried(right: Behaviour) -> Behaviour:
    """Repeats a request that the upstream has rejected, for every reason."""
    return _retrying(right, lambda status: 400 <= status < 500)


@defect(
    "failures-retried",
    breaks=("fallback.no-retry-on-failure", "fallback.no-retry-on-amp-failure", "clients.retries"),
)
def failures_retried(right: Behaviour) -> Behaviour:
    """Tries three times where the upstream is busy or broken, as the client's SDK does once more around it."""
    return _retrying(right, lambda status: status == 429 or status >= 500)


@defect(
    "failures-go-to-amp",
    breaks=(
        "fallback.no-failover-on-error",
        "fallback.no-failover-on-dropped-connection",
        "fallback.no-retry-on-failure",
    ),
)
def failures_go_to_amp(right: Behaviour) -> Behaviour:
    """Calls the paid Amp upstream when its own provider fails."""

    def other(exchange: RoutedExchange, status: int | None) -> RoutedExchange | None:
        amp = exchange.config.amp
        failed = status in (None, 401, 403, 429) or (status or 0) >= 500
        if failed and amp is not None and isinstance(exchange.back_end, Local):
            return replace(exchange, back_end=Amp(amp))
        return right.next_attempt(exchange, status)

    return replace(right, next_attempt=other)


@defect("amp-failures-go-local", breaks=("fallback.no-retry-on-amp-failure",))
def amp_failures_go_local(right: Behaviour) -> Behaviour:
    """Calls the provider for a model that it does not have, when Amp's servers have failed."""

    def other(exchange: RoutedExchange, status: int | None) -> RoutedExchange | None:
        if isinstance(exchange.back_end, Amp) and isinstance(exchange.place, ProviderCall):
            return replace(exchange, back_end=Local(exchange.config.upstreams[exchange.place.provider.id]))
        return right.next_attempt(exchange, status)

    return replace(right, next_attempt=other)


@defect(
    "broken-answers-asked-for-again",
    breaks=(
        "fallback.no-retry-after-first-byte",
        "fallback.stream-is-one-call",
        "fallback.no-retry-after-cut-answer",
    ),
    also=("streaming.stalled-not-ended-cleanly",),
)
def broken_answers_asked_for_again(right: Behaviour) -> Behaviour:
    """Makes a call again whose answer broke off, and puts the second answer behind the first."""

    def sender(client: UpstreamSender) -> UpstreamSender:
        async def both(request: Outgoing, first: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
            try:
                async for chunk in first:
                    yield chunk
            except UpstreamBrokenError:
                async with client.send(request) as second:
                    async for chunk in second.chunks:
                        yield chunk

        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            async with client.send(request) as answer:
                yield replace(answer, chunks=both(request, answer.chunks))

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


class _Bench:
    """Models that are spared for a while, by provider."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str | None], float] = {}

    def put(self, exchange: RoutedExchange) -> None:
        if isinstance(exchange.place, ProviderCall):
            self._until[exchange.place.provider.id, exchange.model] = time.monotonic() + BENCH_SECONDS

    def back_end(
        self, right: Behaviour
    ) -> Callable[[ProxyConfig, ProviderCall | ManagementPath, str | None], BackEnd | Refusal]:
        def chosen(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
            if isinstance(place, ProviderCall) and self._until.get((place.provider.id, model), 0) > time.monotonic():
                return Refusal(503, "No credential is available.", place.provider)
            return right.back_end(config, place, model)

        return chosen


def _benching(right: Behaviour, when: Callable[[int | None], bool]) -> Behaviour:
    bench = _Bench()

    def other(exchange: RoutedExchange, status: int | None) -> RoutedExchange | None:
        if when(status):
            bench.put(exchange)
        return right.next_attempt(exchange, status)

    return replace(right, next_attempt=other, back_end=bench.back_end(right))


@defect("refusals-bench", breaks=("fallback.next-call-after-rejection",), also=("*",))
def refusals_bench(right: Behaviour) -> Behaviour:
    """Treats a rejected request as a broken credential, and makes no call with that credential for a while."""
    return _benching(right, lambda status: status in (400, 413, 422))


@defect("failures-bench", breaks=("fallback.next-call-after-failure",), also=("*",))
def failures_bench(right: Behaviour) -> Behaviour:
    """Makes no call with a credential for a while after one call with it has failed, and does not say how long."""
    return _benching(right, lambda status: status in (None, 401, 403, 404, 429) or (status or 0) >= 500)


@defect(
    "broken-streams-bench",
    breaks=("fallback.next-call-after-broken-stream",),
    also=("*",),
    seen_in="eltmon/overdeck#3313",
)
def broken_streams_bench(right: Behaviour) -> Behaviour:
    """Makes no call with a credential for a while after one stream with it has broken off."""
    bench = _Bench()

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
        except UpstreamBrokenError:
            bench.put(exchange)
            raise

    return replace(right, response_body=chunks, back_end=bench.back_end(right))
