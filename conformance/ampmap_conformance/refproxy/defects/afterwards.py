"""Faults of proxies that hold failed calls against an upstream, and refuse the calls behind them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour, Chunks
from ..config import ProxyConfig
from ..exchange import BackEnd, ManagementPath, Outgoing, ProviderCall, Refusal, RoutedExchange, UpstreamFailure
from ..upstream import StreamedAnswer, UpstreamBrokenError, UpstreamFailedError, UpstreamSender, Wrapped
from .abandoned import Lingering
from .registry import defect

SPARED = 0.4
"""Seconds for which calls are refused."""
LONG_SPARED = 1.0
"""The same where the calls are refused from the moment at which a client left."""
PLACES = 2
"""Calls that may run at an upstream although their clients have left."""

Concerns = Callable[[RoutedExchange], bool]


class _Account:
    """What is held against whom: calls that failed in a row, and until when no other one is made."""

    def __init__(self, *, bears: int = 0) -> None:
        self._bears = bears
        self._failed: Counter[str] = Counter()
        self._until: dict[str, float] = {}

    def failed(self, exchange: RoutedExchange) -> None:
        """A call failed; those behind it are refused when more have in a row than are borne."""
        whose = _whose(exchange.place)
        self._failed[whose] += 1
        if self._failed[whose] > self._bears:
            self._until[whose] = time.monotonic() + SPARED

    def succeeded(self, exchange: RoutedExchange) -> None:
        """A call was answered."""
        del self._failed[_whose(exchange.place)]

    def checked(self, right: Behaviour) -> Behaviour:
        """`right`, but refusing."""

        def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
            if self._until.get(_whose(place), 0.0) > time.monotonic():
                about = place.provider if isinstance(place, ProviderCall) else place.route
                return Refusal(503, "The upstream is spared after a failure.", about)
            return right.back_end(config, place, model)

        return replace(right, back_end=back_end)


def _whose(place: ProviderCall | ManagementPath) -> str:
    return place.provider.id if isinstance(place, ProviderCall) else "amp"


def _by_status(right: Behaviour, account: _Account, concerns: Concerns) -> Behaviour:
    """`right`, but statuses of errors that need not be the client's fault are held against the upstream."""

    def status(exchange: RoutedExchange, given: int) -> int:
        if concerns(exchange):
            fails = given in (401, 404, 429) or given >= 500
            (account.failed if fails else account.succeeded)(exchange)
        return right.response_status(exchange, given)

    return account.checked(replace(right, response_status=status))


@defect("second-failure-benches", breaks=("fallback.next-call-after-two-failures",), also=("*",))
def second_failure_benches(right: Behaviour) -> Behaviour:
    """Bears one failure of a provider, and makes no call to it for a while after two in a row."""
    return _by_status(right, _Account(bears=1), lambda exchange: isinstance(exchange.place, ProviderCall))


@defect("failed-counts-bench", breaks=("fallback.next-call-after-two-failures",), also=("*",))
def failed_counts_bench(right: Behaviour) -> Behaviour:
    """Makes no call to a provider for a while after a list of models, or a count of tokens, has failed."""

    def concerns(exchange: RoutedExchange) -> bool:
        return isinstance(exchange.place, ProviderCall) and exchange.place.match.call.operation.stream is None

    return _by_status(right, _Account(), concerns)


@defect("failed-management-calls-bench", breaks=("management.next-call-after-two-failures",), also=("*",))
def failed_management_calls_bench(right: Behaviour) -> Behaviour:
    """Makes no call to Amp's servers for a while after one has failed."""
    return _by_status(right, _Account(), lambda exchange: isinstance(exchange.place, ManagementPath))


def _by_body(right: Behaviour, account: _Account, *, fails: Callable[[bytes], bool]) -> Behaviour:
    """`right`, but bodies of answers that break off, or of which `fails` is true, are held against the upstream."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: Chunks) -> AsyncIterator[bytes]:
        try:
            async for chunk in right.response_body(exchange, headers, given):
                if fails(chunk):
                    account.failed(exchange)
                yield chunk
        except UpstreamBrokenError:
            account.failed(exchange)
            raise

    return account.checked(replace(right, response_body=chunks))


@defect("errors-in-streams-bench", breaks=("fallback.next-call-after-two-failures",), also=("*",))
def errors_in_streams_bench(right: Behaviour) -> Behaviour:
    """Makes no call to a provider for a while after a stream has had an error in it."""
    return _by_body(right, _Account(), fails=lambda chunk: b'"error"' in chunk and b"data:" in chunk)


@defect(
    "cut-answers-bench",
    breaks=(
        "fallback.next-call-after-two-failures",
        "fallback.next-call-after-broken-stream",
        "management.next-call-after-two-failures",
    ),
    also=("*",),
)
def cut_answers_bench(right: Behaviour) -> Behaviour:
    """Makes no call to an upstream for a while after an answer of it has broken off."""
    return _by_body(right, _Account(), fails=lambda _: False)


@defect(
    "silence-benches",
    breaks=("fallback.next-call-after-two-failures", "management.next-call-after-two-failures"),
    also=("*",),
)
def silence_benches(right: Behaviour) -> Behaviour:
    """Makes no call to an upstream for a while after it gave no answer in time."""
    account = _Account()

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        if failure is UpstreamFailure.TIMEOUT:
            account.failed(exchange)
        return right.upstream_failed(exchange, failure)

    return account.checked(replace(right, upstream_failed=failed))


def _upstream(request: Outgoing) -> tuple[str, str]:
    """Whom a request calls, told by its address: behind one address the first part of the path tells them apart."""
    return request.base, request.target.split("/")[1]


@defect(
    "left-calls-bench",
    breaks=("fallback.next-call-after-two-failures", "management.next-call-after-two-failures"),
    also=("*",),
)
def left_calls_bench(right: Behaviour) -> Behaviour:
    """Takes a client that leaves for a failure of the upstream, and makes no call to it for a while."""
    until: dict[tuple[str, str], float] = {}

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            if until.get(_upstream(request), 0.0) > time.monotonic():
                raise UpstreamFailedError(UpstreamFailure.UNREACHABLE)
            try:
                async with client.send(request) as answer:
                    yield answer
            except asyncio.CancelledError:
                until[_upstream(request)] = time.monotonic() + LONG_SPARED
                raise

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))


@defect(
    "left-calls-hold-places",
    breaks=("fallback.next-call-after-two-failures", "management.next-call-after-two-failures"),
    also=("*",),
)
def left_calls_hold_places(right: Behaviour) -> Behaviour:
    """Waits for the answers to two calls whose clients have left, before it makes another call to the upstream."""
    lingering = Lingering()
    held: dict[tuple[str, str], set[asyncio.Task[StreamedAnswer]]] = {}

    def sender(client: UpstreamSender) -> UpstreamSender:
        @asynccontextmanager
        async def send(request: Outgoing) -> AsyncIterator[StreamedAnswer]:
            left = held.setdefault(_upstream(request), set())
            if len(left) >= PLACES:
                await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            sending = client.send(request)
            asking = lingering.begun(sending.__aenter__())

            def ended(task: asyncio.Task[StreamedAnswer]) -> None:
                left.discard(task)
                if not task.cancelled():
                    task.exception()

            try:
                answer = await asyncio.shield(asking)
            except asyncio.CancelledError:
                left.add(asking)
                asking.add_done_callback(ended)
                raise
            try:
                yield answer
            finally:
                await sending.__aexit__(None, None, None)

        return Wrapped(send)

    return replace(right, sender=lambda client: sender(right.sender(client)))
