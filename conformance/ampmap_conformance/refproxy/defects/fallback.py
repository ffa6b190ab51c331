"""Faults of model mapping and of the fallback to Amp's own servers."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from ...target.amp_config import BlockMapping
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Amp, BackEnd, Local, ManagementPath, ProviderCall, Refusal, RoutedExchange
from .registry import defect


@defect("mapping-ignored", breaks=("fallback.mapping-rewrites-model",), seen_in="diegosouzapw/OmniRoute#6876")
def mapping_ignored(right: Behaviour) -> Behaviour:
    """Stores mappings but does not read them when it routes."""
    return replace(
        right, back_end=lambda config, place, model: right.back_end(replace(config, mappings=()), place, model)
    )


@defect(
    "mapping-leaves-path",
    breaks=("fallback.mapping-rewrites-model",),
    seen_in="router-for-me/CLIProxyAPI@08586334a",
)
def mapping_leaves_path(right: Behaviour) -> Behaviour:
    """Writes the mapped model into bodies but not into paths, where Google's models are named."""

    def target(exchange: RoutedExchange) -> str:
        if isinstance(exchange.back_end, Local):
            return right.upstream_target(replace(exchange, back_end=replace(exchange.back_end, mapped=None)))
        return right.upstream_target(exchange)

    return replace(right, upstream_target=target)


@defect("mapping-leaves-body", breaks=("fallback.mapping-rewrites-model",))
def mapping_leaves_body(right: Behaviour) -> Behaviour:
    """Chooses the back end by the mapped model but sends the body as it was."""
    return replace(right, upstream_body=lambda exchange: exchange.incoming.body)


@defect("unmapped-refused", breaks=("fallback.unmapped-goes-upstream",))
def unmapped_refused(right: Behaviour) -> Behaviour:
    """Answers 404 for a model that it does not serve, though an Amp upstream is configured."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        if isinstance(found, Amp) and isinstance(place, ProviderCall):
            return Refusal(404, f"Unknown model {model!r}.", place.provider)
        return found

    return replace(right, back_end=back_end)


@defect("unmapped-stays-local", breaks=("fallback.unmapped-goes-upstream",))
def unmapped_stays_local(right: Behaviour) -> Behaviour:
    """Sends a model that it does not serve to the provider all the same."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        if isinstance(found, Amp) and isinstance(place, ProviderCall) and place.provider.id in config.upstreams:
            return Local(config.upstreams[place.provider.id])
        return found

    return replace(right, back_end=back_end)


@defect(
    "all-goes-to-amp",
    breaks=(
        "routing.reaches-upstream",
        "fallback.mapping-rewrites-model",
    ),
)
def all_goes_to_amp(right: Behaviour) -> Behaviour:
    """Sends every call to the paid Amp upstream, also for models that it serves itself."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        return right.back_end(config, place, model) if config.amp is None else Amp(config.amp)

    return replace(right, back_end=back_end)


@defect("mapped-model-in-answer", breaks=("fallback.answer-names-requested-model",))
def mapped_model_in_answer(right: Behaviour) -> Behaviour:
    """Relays the answer to a mapped call with the name of the model that served it."""

    async def chunks(_exchange: RoutedExchange, _headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in given:
            yield chunk

    return replace(right, response_body=chunks)


@defect("patterns-ignored", breaks=("fallback.pattern-mapping",), seen_in="awsl-project/maxx#227")
def patterns_ignored(right: Behaviour) -> Behaviour:
    """Reads mappings by name alone, not those by pattern."""
    return replace(right, back_end=_with_mappings(right, lambda rules: tuple(rule for rule in rules if not rule.regex)))


@defect("patterns-first", breaks=("fallback.name-before-pattern",))
def patterns_first(right: Behaviour) -> Behaviour:
    """Takes the first mapping that fits, a pattern for all the rest before a name."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        patterns = tuple(rule for rule in config.mappings if rule.regex)
        found = right.back_end(replace(config, mappings=patterns), place, model)
        mapped = isinstance(found, Local) and found.mapped is not None
        return found if mapped else right.back_end(config, place, model)

    return replace(right, back_end=back_end)


@defect("mapping-on-one-root", breaks=("fallback.mapping-on-other-roots",))
def mapping_on_one_root(right: Behaviour) -> Behaviour:
    """Reads mappings on one form of a provider's paths alone."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        other = isinstance(place, ProviderCall) and place.match.root != place.provider.roots[0]
        return right.back_end(replace(config, mappings=()) if other else config, place, model)

    return replace(right, back_end=back_end)


@defect("orphaned-mapping-applied", breaks=("fallback.orphaned-mapping-goes-upstream",))
def orphaned_mapping_applied(right: Behaviour) -> Behaviour:
    """Maps a model to one that the proxy does not have, and calls the provider for that."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        rule = next((rule for rule in config.mappings if rule.from_ == model), None)
        if isinstance(found, Amp) and isinstance(place, ProviderCall) and rule is not None:
            return Local(config.upstreams[place.provider.id], rule.to)
        return found

    return replace(right, back_end=back_end)


@defect("mappings-forced", breaks=("fallback.local-before-mapping",))
def mappings_forced(right: Behaviour) -> Behaviour:
    """Maps models that it has by itself."""
    return replace(
        right, back_end=lambda config, place, model: right.back_end(replace(config, force_mappings=True), place, model)
    )


@defect("force-ignored", breaks=("fallback.mapping-can-be-forced",))
def force_ignored(right: Behaviour) -> Behaviour:
    """Has the option to force mappings and does not read it."""
    return replace(
        right, back_end=lambda config, place, model: right.back_end(replace(config, force_mappings=False), place, model)
    )


@defect("amp-key-missing", breaks=("fallback.amp-key",))
def amp_key_missing(right: Behaviour) -> Behaviour:
    """Sends calls to Amp's servers without a key."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        falls_back = isinstance(exchange.back_end, Amp) and isinstance(exchange.place, ProviderCall)
        return sent.without("authorization", "x-api-key") if falls_back else sent

    return replace(right, upstream_headers=headers)


@defect("provider-key-to-amp", breaks=("fallback.amp-key",))
def provider_key_to_amp(right: Behaviour) -> Behaviour:
    """Sends the provider's key to Amp's servers, beside Amp's own."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        if isinstance(exchange.back_end, Amp) and isinstance(exchange.place, ProviderCall):
            return sent.setting("X-Api-Key", exchange.config.upstreams[exchange.place.provider.id].key)
        return sent

    return replace(right, upstream_headers=headers)


@defect("amp-answer-renamed", breaks=("fallback.amp-answer-relayed",))
def amp_answer_renamed(right: Behaviour) -> Behaviour:
    """Puts a name of its own for the model into the answers of Amp's servers."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in right.response_body(exchange, headers, given):
            name = (exchange.model or "").encode()
            renamed = isinstance(exchange.back_end, Amp) and name
            yield chunk.replace(b'"%b"' % name, b'"amp/%b"' % name) if renamed else chunk

    return replace(right, response_body=chunks, response_headers=_lengthless(right))


@defect("counting-stays-local", breaks=("fallback.same-way-for-every-call",))
def counting_stays_local(right: Behaviour) -> Behaviour:
    """Sends every token count to the provider, also for a model that the provider does not have."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        if isinstance(place, ProviderCall) and place.match.call.id in ("messages.count_tokens", "countTokens"):
            return Local(config.upstreams[place.provider.id])
        return found

    return replace(right, back_end=back_end)


@defect("renamed-chunk-by-chunk", breaks=("fallback.names-however-written",))
def renamed_chunk_by_chunk(right: Behaviour) -> Behaviour:
    """Looks for the model in each chunk by itself, in one spelling."""

    async def chunks(exchange: RoutedExchange, _headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        old, new = (exchange.mapped or "").encode(), (exchange.model or "").encode()
        async for chunk in given:
            yield re.sub(rb'("model(?:Version)?":")%b"' % re.escape(old), rb'\1%b"' % new, chunk) if old else chunk

    return replace(right, response_body=chunks, response_headers=_coding_kept(right))


@defect("names-replaced-as-text", breaks=("fallback.only-names-change-in-answers",))
def names_replaced_as_text(right: Behaviour) -> Behaviour:
    """Replaces the other model's name in every place, in texts as well."""

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in right.response_body(exchange, headers, given):
            mapped, model = exchange.mapped, exchange.model
            yield chunk.replace(mapped.encode(), model.encode()) if mapped and model else chunk

    return replace(right, response_body=chunks)


@defect(
    "mapped-body-reserialised",
    breaks=("fallback.only-model-changes-in-requests",),
    seen_in="router-for-me/CLIProxyAPI@b0653cec7",
)
def mapped_body_reserialised(right: Behaviour) -> Behaviour:
    """Parses the body of a mapped call and writes it anew: large numbers are rounded, spelling changes."""

    def body(exchange: RoutedExchange) -> bytes:
        given = right.upstream_body(exchange)
        return given if exchange.mapped is None else json.dumps(json.loads(given)).encode()

    return replace(right, upstream_body=body)


@defect(
    "length-kept-when-mapped",
    breaks=("fallback.mapping-rewrites-model", "fallback.pattern-mapping"),
    seen_in="kubernetes-sigs/gateway-api-inference-extension#943",
)
def length_kept_when_mapped(right: Behaviour) -> Behaviour:
    """Sends the length of the client's body with the body that has the other model in it."""

    def headers(exchange: RoutedExchange, _body: bytes) -> Headers:
        return right.upstream_headers(exchange, exchange.incoming.body)

    return replace(right, upstream_headers=headers)


@defect("absent-model-served", breaks=("fallback.no-upstream-is-an-error",))
def absent_model_served(right: Behaviour) -> Behaviour:
    """Calls the provider for a model that it does not have, when there is no Amp upstream."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        if isinstance(found, Refusal) and isinstance(place, ProviderCall):
            return Local(config.upstreams[place.provider.id])
        return found

    return replace(right, back_end=back_end)


@defect("absent-model-502", breaks=("fallback.unknown-model-is-not-found",), seen_in="router-for-me/CLIProxyAPI#1596")
def absent_model_502(right: Behaviour) -> Behaviour:
    """Reports a model that it does not know as a fault of its own, which clients retry."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        return replace(found, status=502) if isinstance(found, Refusal) and found.status == 404 else found

    return replace(right, back_end=back_end)


def _with_mappings(
    right: Behaviour, change: Callable[[tuple[BlockMapping, ...]], tuple[BlockMapping, ...]]
) -> Callable[[ProxyConfig, ProviderCall | ManagementPath, str | None], BackEnd | Refusal]:
    return lambda config, place, model: right.back_end(replace(config, mappings=change(config.mappings)), place, model)


def _lengthless(right: Behaviour) -> Callable[[RoutedExchange, Headers], Headers]:
    return lambda exchange, headers: right.response_headers(exchange, headers).without("content-length")


def _coding_kept(right: Behaviour) -> Callable[[RoutedExchange, Headers], Headers]:
    def headers(exchange: RoutedExchange, given: Headers) -> Headers:
        sent = right.response_headers(exchange, given)
        coding = given.get("content-encoding")
        return sent.setting("Content-Encoding", coding) if coding else sent

    return headers
