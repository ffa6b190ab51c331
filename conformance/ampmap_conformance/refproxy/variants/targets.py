"""Proxies that do everything right, and that state in their target file who serves what."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from ...reference.types import Provider, Reference
from ...target.file import ModelMapping, ProviderPolicy, TargetFile
from ...wire.messages import Headers
from ..behaviour import Behaviour, Forwardable
from ..config import ProxyConfig
from ..exchange import (
    Amp,
    BackEnd,
    Incoming,
    Local,
    ManagementPath,
    OwnAnswer,
    Place,
    ProviderCall,
    Refusal,
    RoutedExchange,
)
from ..routing import Routes
from .registry import Described, variant

AT_AMP = ("google", "groq")
"""Providers of which a proxy has no upstream."""
FEW = ("anthropic", "openai")
"""None of them has chat completions as its usual dialect."""
FROM, TO = "grok-code-fast-1", "openai/gpt-oss-120b"
"""Models of two providers with the same dialect."""
FOUND = 302
AMP_HOST = "https://ampcode.com"
WRITTEN_ANEW = "anthropic-messages"


def particular(providers: dict[str, ProviderPolicy]) -> Described:
    """A target file that says something of single providers."""
    return lambda file: file.model_copy(update={"providers": providers})


def without_upstreams(names: tuple[str, ...]) -> Callable[[ProxyConfig], ProxyConfig]:
    """A configuration without upstreams of some providers."""
    return lambda config: replace(
        config, upstreams={name: each for name, each in config.upstreams.items() if name not in names}
    )


@variant(
    "some-providers-at-amp",
    described=particular(dict.fromkeys(AT_AMP, ProviderPolicy(served_by="amp"))),
    configured=without_upstreams(AT_AMP),
)
def some_providers_at_amp(right: Behaviour) -> Behaviour:
    """Forwards every call of two providers to Amp's servers, and says so."""
    return right


@variant(
    "few-providers",
    described=lambda file: file.model_copy(update={"providers": FEW}),
    configured=lambda config: replace(config, upstreams={name: config.upstreams[name] for name in FEW}),
)
def few_providers(right: Behaviour) -> Behaviour:
    """Serves two providers, none of which is usually called in chat completions; the paths of the others answer 404."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        absent = isinstance(found, ProviderCall) and found.provider.id not in FEW
        return Refusal(404, "Nothing is served here.") if absent else found

    return replace(right, place=place)


@variant("lists-by-amp", lists="amp")
def lists_by_amp(right: Behaviour) -> Behaviour:
    """Forwards calls that list or describe models to Amp's servers, and says so."""

    def back_end(config: ProxyConfig, place: Forwardable, model: str | None) -> BackEnd | Refusal:
        free = isinstance(place, ProviderCall) and not place.match.call.operation.metered
        return Amp(config.amp) if free and config.amp is not None else right.back_end(config, place, model)

    return replace(right, back_end=back_end)


@variant("one-dialect-written-anew", body={WRITTEN_ANEW: "rewritten"})
def one_dialect_written_anew(right: Behaviour) -> Behaviour:
    """Writes the JSON of one dialect anew, and sends the others on byte for byte; and says so."""

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        place = exchange.place
        if not isinstance(place, ProviderCall) or not isinstance(exchange.back_end, Local):
            return sent
        coded = exchange.incoming.headers.get("content-encoding") is not None
        if place.match.call.dialect != WRITTEN_ANEW or not sent or coded:
            return sent
        return json.dumps(json.loads(sent), sort_keys=True).encode()

    return replace(right, upstream_body=body)


# --- the provider of a model, whatever the path names


def owner_of(reference: Reference, model: str | None) -> Provider | None:
    """The one provider behind the proxy that has a model."""
    names = {known.provider for known in reference.models.values() if model in (known.id, known.wire_id)}
    owners = [provider for provider in reference.providers.values() if provider.id in names and provider.via_proxy]
    return owners[0] if len(owners) == 1 else None


def with_owners(right: Behaviour, *, mapped_alone: bool) -> Behaviour:
    """Calls go to the provider that has their model, where it speaks the dialect of the call."""

    def owner(
        config: ProxyConfig, place: Forwardable, back_end: BackEnd | Refusal, model: str | None
    ) -> Provider | None:
        if not isinstance(back_end, Local) or not isinstance(place, ProviderCall):
            return None
        found = (
            None if mapped_alone and back_end.mapped is None else owner_of(config.reference, back_end.mapped or model)
        )
        speaks = found is not None and place.match.call.dialect in found.operations
        return found if speaks and found is not None and found.id in config.upstreams else None

    def back_end(config: ProxyConfig, place: Forwardable, model: str | None) -> BackEnd | Refusal:
        found = right.back_end(config, place, model)
        other = owner(config, place, found, model)
        if other is None or not isinstance(found, Local):
            return found
        return Local(config.upstreams[other.id], found.mapped)

    def at_home(exchange: RoutedExchange) -> RoutedExchange:
        """The exchange as if the client had called the path of the model's provider."""
        place = exchange.place
        other = owner(exchange.config, place, exchange.back_end, exchange.model)
        if other is None or not isinstance(place, ProviderCall) or other.id == place.provider.id:
            return exchange
        return replace(exchange, place=ProviderCall(other, replace(place.match, root=other.roots[0])))

    return replace(
        right,
        back_end=back_end,
        upstream_base=lambda exchange: right.upstream_base(at_home(exchange)),
        upstream_target=lambda exchange: right.upstream_target(at_home(exchange)),
        upstream_headers=lambda exchange, body: right.upstream_headers(at_home(exchange), body),
    )


@variant("models-choose-providers", routing="model")
def models_choose_providers(right: Behaviour) -> Behaviour:
    """Sends a call to the provider that has its model, whatever provider its path names; and says so."""
    return with_owners(right, mapped_alone=False)


def _mapped_elsewhere(file: TargetFile) -> TargetFile:
    rule = ModelMapping.model_validate({"from": FROM, "to": TO})
    return file.model_copy(update={"mappings": (*file.mappings, rule)})


@variant("mapping-to-another-provider", described=_mapped_elsewhere)
def mapping_to_another_provider(right: Behaviour) -> Behaviour:
    """Maps a model to one of another provider, which serves its calls."""
    return with_owners(right, mapped_alone=True)


# --- Amp's own servers


@variant("pages-redirected", browser_pages="redirected")
def pages_redirected(right: Behaviour) -> Behaviour:
    """Answers pages for browsers by a redirect to Amp's own host, and says so."""
    return with_redirects(right, lambda incoming: f"{AMP_HOST}{incoming.path}{incoming.query and '?'}{incoming.query}")


def with_redirects(right: Behaviour, location: Callable[[Incoming], str]) -> Behaviour:
    """Pages that need no key are answered by a redirect to `location`."""

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        if isinstance(found, Refusal) and found.status == FOUND:
            return replace(found, lines=(("Location", location(incoming)),))
        if not isinstance(found, ManagementPath) or found.route.authentication != "open":
            return found
        return Refusal(FOUND, "", found.route, (("Location", location(incoming)),), open=True)

    def own(reference: Reference, refusal: Refusal) -> OwnAnswer:
        if refusal.status == FOUND:
            return OwnAnswer(refusal.status, Headers(refusal.lines), b"")
        return right.own_answer(reference, refusal)

    return replace(right, place=place, own_answer=own)


@variant("clients-have-amp-keys", client_key="amp")
def clients_have_amp_keys(right: Behaviour) -> Behaviour:
    """Sends the key of a client on to Amp's servers, which gave it to the client; and says so."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        sent = right.upstream_headers(exchange, body)
        if not isinstance(exchange.back_end, Amp) or exchange.key is None:
            return sent
        return sent.without("authorization", "x-api-key").adding(("Authorization", f"Bearer {exchange.key}"))

    return replace(right, upstream_headers=headers)
