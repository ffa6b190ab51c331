"""Proxies that do everything right, and whose upstreams speak one dialect alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ... import reference as packaged
from ...reference.types import calls
from ...target.file import ProviderPolicy, TargetFile
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Amp, RoutedExchange
from ..translating import translations
from .registry import variant

OF_ANY_CALL = ("host", "accept", "accept-encoding", "content-type", "content-length", "content-encoding")
"""Headers of the client's that a translated call has too."""


def calling(dialect: str) -> Callable[[ProxyConfig], ProxyConfig]:
    """A configuration in which every upstream is called in one dialect."""

    def configured(config: ProxyConfig) -> ProxyConfig:
        known = translations(config.reference, dialect)
        upstreams = {name: replace(each, translations=known) for name, each in config.upstreams.items()}
        return replace(config, upstreams=upstreams)

    return configured


def said_to_call(dialect: str) -> Callable[[TargetFile], TargetFile]:
    """A target file that says so."""

    def described(file: TargetFile) -> TargetFile:
        reference = packaged.load(edition=file.edition)
        others = {name: "translated" for name in reference.meanings if name != dialect}
        lists = {
            call.provider.id: ProviderPolicy(lists="amp", counts="none")
            for provider in reference.providers.values()
            for call in calls(provider, reference=reference)
            if provider.via_proxy and call.dialect in others and not call.operation.metered
        }
        policy = file.policy.model_copy(update={"body": others, "upstream_dialects": (dialect,)})
        return file.model_copy(update={"policy": policy, "providers": lists})

    return described


@variant(
    "translating-to-openai-chat",
    described=said_to_call("openai-chat"),
    configured=calling("openai-chat"),
    amp_headers="stripped",
)
def calls_openai_chat(right: Behaviour) -> Behaviour:
    """Calls every upstream in Chat Completions with headers of its own alone, and says so."""

    def headers(exchange: RoutedExchange, body: bytes) -> Headers:
        given = right.upstream_headers(exchange, body)
        if isinstance(exchange.back_end, Amp):
            return given
        clients = [name for name, _ in exchange.incoming.headers if _is_left_out(exchange, name.lower())]
        return given.without(*clients)

    return replace(right, upstream_headers=headers)


def _is_left_out(exchange: RoutedExchange, name: str) -> bool:
    """Whether a header of the client's has no place in a call to a provider's upstream."""
    return name.startswith(("amp-", "x-amp-")) if exchange.translation is None else name not in OF_ANY_CALL


@variant(
    "translating-to-openai-responses",
    described=said_to_call("openai-responses"),
    configured=calling("openai-responses"),
)
def calls_openai_responses(right: Behaviour) -> Behaviour:
    """Calls every upstream in Responses, and says so."""
    return right


@variant(
    "translating-to-anthropic-messages",
    described=said_to_call("anthropic-messages"),
    configured=calling("anthropic-messages"),
)
def calls_anthropic_messages(right: Behaviour) -> Behaviour:
    """Calls every upstream in Messages, and says so."""
    return right


@variant("translating-to-gemini", described=said_to_call("gemini"), configured=calling("gemini"))
def calls_gemini(right: Behaviour) -> Behaviour:
    """Calls every upstream in Gemini's dialect, and says so."""
    return right
