"""Which back end takes a call: the provider, a mapped model of it, or Amp's own servers. Pure."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

from ..target.amp_config import BlockMapping
from .config import ProxyConfig, Upstream
from .exchange import Amp, BackEnd, Incoming, Local, ManagementPath, ProviderCall, Refusal


def body_problem(place: ProviderCall | ManagementPath, incoming: Incoming) -> Refusal | None:
    """The rejection of a body that is not a JSON object, where an operation takes one; None for a valid body."""
    if not isinstance(place, ProviderCall) or place.match.call.operation.request is None:
        return None
    try:
        body = _json(incoming)
    except ValueError as error:
        return Refusal(400, f"The body is not valid JSON: {error}.", place.provider)
    if not isinstance(body, dict):
        return Refusal(400, "The body is not a JSON object.", place.provider)
    return None


def requested_model(place: ProviderCall | ManagementPath, incoming: Incoming) -> str | None:
    """The model that a call names, in its path or its body; None when it names none. The body is in order."""
    if not isinstance(place, ProviderCall) or place.match.call.operation.model_in == "none":
        return None
    if place.match.model:
        return place.match.model
    body = _json(incoming)
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) and model else None


def back_end(config: ProxyConfig, place: ProviderCall | ManagementPath, model: str | None) -> BackEnd | Refusal:
    """Who takes the call. A model counts as local unless it is known to be unavailable: ids come and go."""
    match place:
        case ManagementPath(route):
            return Amp(config.amp) if config.amp else Refusal(503, "No Amp upstream is configured.", route)
        case ProviderCall(provider):
            upstream = config.upstreams.get(provider.id)
    local = upstream is not None and not _is_unavailable(config, model)
    mapped = None if model is None or upstream is None else mapped_model(config, model)
    if upstream is not None and not _has_counterpart(upstream, place):
        return _without_counterpart(config, place, served=local or mapped is not None)
    if upstream is not None and mapped is not None and (config.force_mappings or not local):
        return Local(upstream, mapped)
    if upstream is not None and local:
        return Local(upstream)
    if config.amp is not None:
        return Amp(config.amp)
    return Refusal(404, f"No provider serves the model {model!r}.", provider)


def _is_unavailable(config: ProxyConfig, model: str | None) -> bool:
    """Whether a model is known to be unavailable, in whatever upper and lower case letters its name is written."""
    return model is not None and model.lower() in {name.lower() for name in config.unavailable}


def _has_counterpart(upstream: Upstream, place: ProviderCall) -> bool:
    """Whether a call is forwarded as it is, or has a counterpart in the upstream's dialect."""
    translation = upstream.translations.get(place.match.call.dialect)
    return translation is None or place.match.call.id == translation.client.operation


def _without_counterpart(config: ProxyConfig, place: ProviderCall, *, served: bool) -> BackEnd | Refusal:
    """Who takes what the upstream has not: Amp has lists of models, and counts tokens for its own models alone."""
    if config.amp is not None and not (served and place.match.call.operation.metered):
        return Amp(config.amp)
    return Refusal(404, "This operation is not served here.", place.provider)


def mapped_model(config: ProxyConfig, model: str) -> str | None:
    """What `model` is mapped to: exact mappings first, then patterns in their order; targets must be served here."""
    exact = [mapping for mapping in config.mappings if not mapping.regex]
    for mapping in (*exact, *(mapping for mapping in config.mappings if mapping.regex)):
        if mapping.to not in config.unavailable and _applies(mapping, model):
            return mapping.to
    return None


def _applies(mapping: BlockMapping, model: str) -> bool:
    if mapping.regex:
        return re.search(mapping.from_, model, re.IGNORECASE) is not None
    return mapping.from_.strip().lower() == model.strip().lower()


def _json(incoming: Incoming) -> Any:
    """The body as JSON; an empty object where its content coding hides it. Raises ValueError for invalid JSON."""
    coding = (incoming.headers.get("content-encoding") or "identity").lower()
    if coding == "identity":
        return _loads(incoming.body)
    if coding != "gzip":
        return {}
    try:
        return _loads(zlib.decompress(incoming.body, wbits=31))
    except zlib.error as error:
        raise ValueError(str(error)) from None


def _loads(body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
