"""Faults of mappings, and of calls that go to Amp's servers, that show in one form alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from ...dialects import bodies
from ...target.amp_config import BlockMapping
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..exchange import Amp, BackEnd, ManagementPath, ProviderCall, Refusal, RoutedExchange
from .registry import defect


@defect("mapping-by-exact-case", breaks=("fallback.mapping-in-any-case",))
def mapping_by_exact_case(right: Behaviour) -> Behaviour:
    """Applies a mapping only to a model that is written in the same upper and lower case letters."""

    def fits(rule: BlockMapping, model: str) -> bool:
        return re.search(rule.from_, model) is not None if rule.regex else rule.from_ == model

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        rules = tuple(rule for rule in config.mappings if model is not None and fits(rule, model))
        return right.back_end(replace(config, mappings=rules), place, model)

    return replace(right, back_end=back_end)


@defect("local-needs-amp", breaks=("fallback.local-without-amp",), seen_in="router-for-me/CLIProxyAPI@e0cb43f3")
def local_needs_amp(right: Behaviour) -> Behaviour:
    """Counts paths that name the model among Amp's own, and rejects them with 503 without an Amp upstream."""

    def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
        amps = isinstance(place, ProviderCall) and place.match.call.operation.model_in == "path"
        if config.amp is None and amps:
            return Refusal(503, "No Amp upstream is configured.")
        return right.back_end(config, place, model)

    return replace(right, back_end=back_end)


@defect(
    "unsigned-blocks-change-length",
    breaks=("bodies.unsigned-blocks-harmless",),
    seen_in="router-for-me/CLIProxyAPI@e0cb43f3",
)
def unsigned_blocks_change_length(right: Behaviour) -> Behaviour:
    """Takes unsigned blocks out of a call to Amp's servers, and sends the length that the body had with them."""

    def body(exchange: RoutedExchange) -> bytes:
        sent = right.upstream_body(exchange)
        return _without_unsigned(sent) if isinstance(exchange.back_end, Amp) else sent

    def headers(exchange: RoutedExchange, sent: bytes) -> Headers:
        shown = exchange.incoming.body if isinstance(exchange.back_end, Amp) else sent
        return right.upstream_headers(exchange, shown)

    return replace(right, upstream_body=body, upstream_headers=headers)


def _without_unsigned(body: bytes) -> bytes:
    """A body without its thinking blocks that have no signature; the same bytes where it has none of them."""
    try:
        data = json.loads(body)
        for message in data["messages"]:
            if isinstance(message["content"], list):
                message["content"] = [block for block in message["content"] if not _is_unsigned(block)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return body
    return body if data == json.loads(body) else bodies.dump(data)


def _is_unsigned(block: dict[str, object]) -> bool:
    return block.get("type") == "thinking" and not str(block.get("signature") or "").strip()
