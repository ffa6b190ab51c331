"""Faults with unusual errors: other kinds, other methods, other framings of a length."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from ...dialects import bodies
from ...reference.types import Reference
from ..behaviour import Behaviour, Chunks
from ..exchange import Amp, Incoming, Outgoing, OwnAnswer, Place, Refusal, RoutedExchange, UpstreamFailure
from ..routing import Routes
from ..upstream import StreamedAnswer, UpstreamSender
from .registry import defect

LISTED = frozenset({*range(200, 432), *range(500, 505), 529})
"""Statuses that some libraries have a name for."""


class _Changed:
    """A sender whose answers are changed before they are read."""

    def __init__(self, client: UpstreamSender, change: Callable[[StreamedAnswer], StreamedAnswer]) -> None:
        self._client, self._change = client, change

    def send(self, request: Outgoing) -> AbstractAsyncContextManager[StreamedAnswer]:
        """As the client sends it."""

        @asynccontextmanager
        async def changed() -> AsyncIterator[StreamedAnswer]:
            async with self._client.send(request) as answer:
                yield self._change(answer)

        return changed()


def _answers(right: Behaviour, change: Callable[[StreamedAnswer], StreamedAnswer]) -> Behaviour:
    return replace(right, sender=lambda client: _Changed(right.sender(client), change))


def _with_body(answer: StreamedAnswer, body: bytes) -> StreamedAnswer:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    return replace(answer, headers=answer.headers.setting("Content-Length", str(len(body))), chunks=chunks())


def _is_strange(answer: StreamedAnswer) -> bool:
    return answer.status >= 400 and not (answer.headers.get("content-type") or "").startswith("application/json")


@defect("strange-errors-500", breaks=("errors.odd-error-keeps-its-status",), seen_in="Nayjest/lm-proxy#22")
def strange_errors_500(right: Behaviour) -> Behaviour:
    """Fails with 500 of its own on an error of the upstream that is not JSON."""
    return _answers(right, lambda answer: replace(answer, status=500) if _is_strange(answer) else answer)


@defect("unlisted-statuses-500", breaks=("errors.odd-error-keeps-its-status",), also=("errors.*",))
def unlisted_statuses_500(right: Behaviour) -> Behaviour:
    """Knows statuses by a list, and answers 500 for those that are not on it."""
    return _answers(right, lambda answer: answer if answer.status in LISTED else replace(answer, status=500))


@defect("strange-errors-replaced", breaks=("errors.odd-error-relayed",), seen_in="KBVE/kbve#11047")
def strange_errors_replaced(right: Behaviour) -> Behaviour:
    """Puts a body of its own in place of errors that are not JSON."""
    own = bodies.dump({"error": {"message": "Upstream error."}})
    return _answers(right, lambda answer: _with_body(answer, own) if _is_strange(answer) else answer)


@defect("errors-read-as-utf-8", breaks=("errors.odd-error-relayed",))
def errors_read_as_utf_8(right: Behaviour) -> Behaviour:
    """Reads every error as UTF-8, and writes a replacement for each byte that is not."""

    async def chunks(given: Chunks) -> AsyncIterator[bytes]:
        whole = b"".join([chunk async for chunk in given])
        yield whole.decode("utf-8", "replace").encode()

    def changed(answer: StreamedAnswer) -> StreamedAnswer:
        if not _is_strange(answer):
            return answer
        return replace(answer, headers=answer.headers.without("content-length"), chunks=chunks(answer.chunks))

    return _answers(right, changed)


@defect("timeouts-in-a-shape-of-its-own", breaks=("errors.silent-upstream-shape",))
def timeouts_in_own_shape(right: Behaviour) -> Behaviour:
    """Forgets, when an upstream did not answer in time, whose error shape the client reads."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        refusal = right.upstream_failed(exchange, failure)
        return replace(refusal, about=None) if failure is UpstreamFailure.TIMEOUT else refusal

    return replace(right, upstream_failed=failed)


@defect("too-large-in-a-shape-of-its-own", breaks=("errors.own-shape",))
def too_large_in_own_shape(right: Behaviour) -> Behaviour:
    """Rejects a body that is too large before it looks at whose error shape the client reads."""

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        return right.own_answer(reference, replace(refusal, about=None) if refusal.status == 413 else refusal)

    return replace(right, own_answer=own)


@defect(
    "error-bodies-discarded",
    breaks=("errors.upstream-error-body-relayed", "errors.routed-error-body-relayed"),
    also=("errors.*", "headers.*"),
    seen_in="apache/apisix#13501",
)
def error_bodies_discarded(right: Behaviour) -> Behaviour:
    """Passes on the status of an error and not its body, where the upstream is busy or broken."""
    return _answers(
        right, lambda answer: _with_body(answer, b"") if answer.status == 429 or answer.status >= 500 else answer
    )


@defect("stream-refusals-500", breaks=("errors.routed-status-relayed",), also=("errors.*", "fallback.*", "headers.*"))
def stream_refusals_500(right: Behaviour) -> Behaviour:
    """Reports an upstream's rejection of a stream as a fault of its own."""

    def status(exchange: RoutedExchange, given: int) -> int:
        streams = b'"stream":true' in exchange.incoming.body or "streamGenerate" in exchange.incoming.path
        return 500 if streams and given >= 400 else right.response_status(exchange, given)

    return replace(right, response_status=status)


@defect("refused-connections-400", breaks=("errors.connection-refused",), also=("errors.*", "management.*"))
def refused_connections_400(right: Behaviour) -> Behaviour:
    """Blames the client when it cannot reach Amp's servers."""

    def failed(exchange: RoutedExchange, failure: UpstreamFailure) -> Refusal:
        refusal = right.upstream_failed(exchange, failure)
        unreachable = failure is UpstreamFailure.UNREACHABLE and isinstance(exchange.back_end, Amp)
        return replace(refusal, status=400) if unreachable else refusal

    return replace(right, upstream_failed=failed)


@defect("limit-by-told-length", breaks=("errors.body-limit-in-chunks",))
def limit_by_told_length(right: Behaviour) -> Behaviour:
    """Judges by Content-Length alone whether a body is too large."""
    return replace(right, too_large=lambda incoming: "content-length" in incoming.headers and right.too_large(incoming))


@defect("other-methods-welcomed", breaks=("errors.method-not-allowed",))
def other_methods_welcomed(right: Behaviour) -> Behaviour:
    """Answers every PUT and DELETE with a success."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        refused = isinstance(found, Refusal) and found.status == 405 and incoming.method in ("PUT", "DELETE")
        return replace(found, status=200, lines=()) if refused and isinstance(found, Refusal) else found

    return replace(right, place=place)
