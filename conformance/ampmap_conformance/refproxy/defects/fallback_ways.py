"""Faults on the unusual routes: what is lost there, and where they lead."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Amp, BackEnd, Local, ManagementPath, ProviderCall, Refusal, RoutedExchange
from .registry import defect


@defect("query-lost-to-amp", breaks=("fallback.query-and-headers-kept",))
def query_lost_to_amp(right: Behaviour) -> Behaviour:
    """Sends a call on to Amp's servers without its query."""

    def target(exchange: RoutedExchange) -> str:
        found = right.upstream_target(exchange)
        falls_back = isinstance(exchange.back_end, Amp) and isinstance(exchange.place, ProviderCall)
        return found.partition("?")[0] if falls_back else found

    return replace(right, upstream_target=target)


@defect("query-lost-when-mapped", breaks=("fallback.query-and-headers-kept-when-mapped",))
def query_lost_when_mapped(right: Behaviour) -> Behaviour:
    """Builds the address of a mapped call anew, and forgets its query."""

    def target(exchange: RoutedExchange) -> str:
        found = right.upstream_target(exchange)
        return found.partition("?")[0] if exchange.mapped is not None else found

    return replace(right, upstream_target=target)


@defect("headers-lost-when-mapped", breaks=("fallback.query-and-headers-kept-when-mapped",))
def headers_lost_when_mapped(right: Behaviour) -> Behaviour:
    """Makes a mapped call with headers of its own alone."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        lost = [name for name, _ in sent if name.lower().startswith("anthropic-")]
        return sent.without(*lost) if exchange.mapped is not None else sent

    return replace(right, upstream_headers=headers)


@defect("dead-providers-left", breaks=("fallback.no-failover-on-dropped-connection",), also=("errors.*", "fallback.*"))
def dead_providers_left(right: Behaviour) -> Behaviour:
    """Calls the paid Amp upstream when its own provider cannot be reached."""

    def other(exchange: RoutedExchange, status: int | None) -> RoutedExchange | None:
        amp = exchange.config.amp
        if status is None and amp is not None and isinstance(exchange.back_end, Local):
            return replace(exchange, back_end=Amp(amp))
        return right.next_attempt(exchange, status)

    return replace(right, next_attempt=other)


@defect("pattern-mapped-name-in-answer", breaks=("fallback.answer-names-requested-model",), also=("fallback.*",))
def pattern_mapped_name_in_answer(right: Behaviour) -> Behaviour:
    """Sets the model's name back in answers where a name led to the mapping, and not where a pattern did."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        named = any(rule.from_ == exchange.model for rule in exchange.config.mappings)
        async for chunk in right.response_body(exchange, headers, given) if named or not exchange.mapped else given:
            yield chunk

    return replace(right, response_body=chunks)


@defect(
    "arrays-cut-for-json",
    breaks=("routing.json-array-stream", "fallback.names-in-array-streams"),
    seen_in="router-for-me/CLIProxyAPI@e0cb43f3",
)
def arrays_cut_for_json(right: Behaviour) -> Behaviour:
    """Returns the first item alone of a stream that is asked for with `alt=json`."""

    def cuts(exchange: RoutedExchange) -> bool:
        streams = isinstance(exchange.place, ProviderCall) and exchange.place.match.streams
        return streams and "alt=json" in exchange.incoming.query

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = [chunk async for chunk in right.response_body(exchange, headers, given)]
        items = json.loads(b"".join(whole))
        yield json.dumps(items[:1] if isinstance(items, list) else items).encode()

    def body(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        relay = chunks if cuts(exchange) else right.response_body
        return relay(exchange, headers, given)

    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        relayed = right.response_headers(exchange, given)
        return relayed.without("content-length") if cuts(exchange) else relayed

    return replace(right, response_body=body, response_headers=headers)


@defect("array-names-left", breaks=("fallback.names-in-array-streams",))
def array_names_left(right: Behaviour) -> Behaviour:
    """Sets the model's name back in events and objects, and not in the items of a list."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        first = await anext(given, b"")

        async def again() -> AsyncIterator[bytes]:
            yield first
            async for chunk in given:
                yield chunk

        is_list = first.lstrip().startswith(b"[")
        async for chunk in again() if is_list else right.response_body(exchange, headers, again()):
            yield chunk

    return replace(right, response_body=chunks)


@defect("forced-name-in-answer", breaks=("fallback.forced-answer-names-requested-model",))
def forced_name_in_answer(right: Behaviour) -> Behaviour:
    """Leaves the serving model's name in answers where the mapping was forced."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in given if exchange.config.force_mappings else right.response_body(exchange, headers, given):
            yield chunk

    return replace(right, response_body=chunks)


@defect("mappings-chained", breaks=("fallback.mappings-do-not-chain",))
def mappings_chained(right: Behaviour) -> Behaviour:
    """Looks a mapping's target up in the mappings again."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        rule = next((rule for rule in config.mappings if not rule.regex and rule.from_ == model), None)
        linked = rule is not None and any(other.from_ == rule.to for other in config.mappings)
        return right.back_end(config, place, rule.to if rule is not None and linked else model)

    return replace(right, back_end=back_end)


@defect("departures-bench", breaks=("tenancy.calls-after-abort",), also=("*",))
def departures_bench(right: Behaviour) -> Behaviour:
    """Counts a client that left as a failure of the provider, and makes no call to it for a while."""
    left: list[tuple[str, str | None]] = []

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        ended = False
        try:
            async for chunk in right.response_body(exchange, headers, given):
                yield chunk
            ended = True
        finally:
            if not ended and isinstance(exchange.place, ProviderCall):
                left.append((exchange.place.provider.id, exchange.model))

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        if isinstance(place, ProviderCall) and (place.provider.id, model) in left:
            left.remove((place.provider.id, model))
            return Refusal(503, "No credential is available.", place.provider)
        return right.back_end(config, place, model)

    return replace(right, response_body=chunks, back_end=back_end)
