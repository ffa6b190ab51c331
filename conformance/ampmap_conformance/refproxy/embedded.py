"""The default target: the reference proxy with the observer as its upstream, on loopback."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from ..meanings import ToolCall
from ..observer import Observer
from ..reference.types import ClaimName, Provider, Reference
from ..target.amp_config import AmpBlock
from ..target.file import ModelMapping, Models, Policy, TargetFile
from ..target.reload import FileHook, Reloading, block_of
from ..target.target import Secret, Target, served_providers
from ..wire.foreign_peer import Elsewhere, open_foreign_peer
from .behaviour import CORRECT, Behaviour
from .config import ProxyConfig, config_for_observer
from .listening import Heard
from .live import with_block
from .server import ReferenceProxy
from .variants.registry import Variant

NAME = "reference-proxy"
CLIENT_LABEL = "$AMPMAP_CLIENT_KEY"
POLICY = Policy(
    amp_headers="forwarded",
    body_limit=9 << 20,
    answer_timeout=4.0,
    stream_idle_timeout=4.0,
    carriers=("authorization-bearer", "x-api-key", "x-goog-api-key", "query-key"),
)
"""What the reference proxy promises where the sources leave a choice."""
_WITHOUT_MODELS: tuple[ClaimName, ...] = ("management", "localhost-only")
RELOAD_SECONDS = 5.0
"""How long it may take to go by a new configuration: it does at once, on a machine that is not too busy."""


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A running reference proxy, described as a target, and its observer."""

    target: Target
    observer: Observer
    reloading: Reloading
    foreign: Elsewhere | None = None
    """A peer with another address, where the system allows one."""
    urls: tuple[str, ...] = ()
    """Further addresses at which the observer listens."""


@contextmanager
def embedded(
    reference: Reference,
    defects: Iterable[str] = (),
    *,
    variant: str | None = None,
    behaviour: Behaviour = CORRECT,
    clients: tuple[str, str] | None = None,
    at: tuple[str, int] = ("127.0.0.1", 0),
    also: Iterable[socket.socket] = (),
    asks: Iterable[ToolCall] = (),
    heard: Heard | None = None,
) -> Iterator[Embedded]:
    """Starts observer and reference proxy, and stops them.

    `defects` are ids of faults to switch on, `variant` is the id of an unusual proxy that takes the place of the usual
    one, as it does where a defect is that of an unusual one; `behaviour` is what both change. `clients` are the keys of
    two clients, by default random ones; `at` is where the proxy listens, by default on a port that the system chooses,
    and `also` are further listening sockets. `asks` are tools that the observer asks for, once each. `heard` is told
    each call on both hops.
    Raises LookupError for a defect or variant that does not exist or defects that cannot be combined, and OSError for
    an address that cannot be bound.
    """
    unusual, behaviour = _chosen(tuple(defects), variant, behaviour)
    client, second = clients or tuple(f"canary-{secrets.token_hex(12)}-canary" for _ in range(2))
    file = described(reference) if unusual is None else unusual.file(described(reference))
    with (
        Observer(reference, asks=asks).start() as observer,
        open_foreign_peer() as elsewhere,
        TemporaryDirectory(prefix="ampmap-") as folder,
    ):
        block = block_of(observer.persona_url("amp"), (client, second), file.mappings, localhost_only=True)
        config = replace(
            configured(file, reference, _base_urls(reference, observer), (client, second)),
            body_limit=POLICY.body_limit or 0,
            answer_timeout=POLICY.answer_timeout or 0.0,
            stream_idle_timeout=POLICY.stream_idle_timeout,
        )
        config, hook = with_block(config if unusual is None else unusual.config(config), block), _hook(folder, block)
        listeners = [*also, *([elsewhere.listen()] if elsewhere else [])]
        with ReferenceProxy(config, behaviour, file=hook.file, heard=heard).start(*at, also=listeners) as proxy:
            keys = [upstream.key for upstream in config.upstreams.values()]
            if config.amp is not None:
                keys += [config.amp.key or "", *config.amp.keys_by_client.values()]
            yield Embedded(
                target=Target(
                    file=file.model_copy(update={"base_url": proxy.url}),
                    providers=served_providers(file, reference),
                    reference=reference,
                    client=Secret(client, CLIENT_LABEL),
                    second_client=Secret(second, f"{CLIENT_LABEL}_2"),
                    upstream_keys=tuple(Secret(key, "the upstream's key") for key in keys if key),
                ),
                observer=observer,
                reloading=Reloading(hook, block, RELOAD_SECONDS, settled=0.05),
                foreign=elsewhere,
                urls=tuple(upstream.url for upstream in config.upstreams.values()),
            )


def configured(
    file: TargetFile, reference: Reference, persona_url: Callable[[str], str], clients: tuple[str, str]
) -> ProxyConfig:
    """The configuration of a proxy that is as `file` says, with an observer's personas as its upstreams."""
    absent = (*file.models.unavailable, *(rule.from_ for rule in file.mappings if not rule.regex))
    return replace(config_for_observer(reference, persona_url, clients), unavailable=frozenset(absent))


def described(reference: Reference) -> TargetFile:
    """The target file of the usual embedded proxy; its address is that of no server."""
    unavailable, mappings = spare_models(reference)
    return TargetFile(
        name=NAME,
        base_url="http://127.0.0.1",
        claims=claims_of(reference),
        policy=POLICY,
        mappings=mappings,
        models=Models(unavailable=unavailable),
    )


def _chosen(ids: tuple[str, ...], variant: str | None, behaviour: Behaviour) -> tuple[Variant | None, Behaviour]:
    """The unusual proxy, if it is one, and what it does. A usual one without a defect needs neither table."""
    if not ids and variant is None:
        return None, behaviour
    from . import defects, under_load
    from .variants import variants

    id_ = variant or defects.variant_of(ids)
    unusual = None if id_ is None else variants.variant_called(id_)
    return unusual, under_load.behaviour_with(ids, behaviour if unusual is None else unusual.change(behaviour))


def _hook(folder: str, block: AmpBlock) -> FileHook:
    hook = FileHook(Path(folder, "amp.yaml"))
    hook.put(block.text(), hook.ways[0])
    return hook


def _base_urls(reference: Reference, observer: Observer) -> Callable[[str], str]:
    """The URL of each persona, in the forms in which operators write one: with a final slash, with a path, bare."""
    forms: tuple[Callable[[str], str], ...] = (
        lambda persona: f"{observer.persona_url(persona)}/",
        observer.persona_url,
        observer.listen_for,
    )
    served = [provider.id for provider in reference.providers.values() if provider.via_proxy]
    urls = {persona: forms[place % len(forms)](persona) for place, persona in enumerate(served)}
    return lambda persona: urls.get(persona) or observer.persona_url(persona)


def claims_of(reference: Reference) -> tuple[ClaimName, ...]:
    """All claims that the reference has requirements on: the reference proxy can do them.

    Where no model call of the edition passes a proxy, they are those that speak of no model.
    """
    known = {row.claim for row in reference.requirements.values()}
    every: tuple[ClaimName, ...] = get_args(ClaimName)
    if not any(provider.via_proxy for provider in reference.providers.values()):
        every = _WITHOUT_MODELS
    return tuple(claim for claim in every if claim in known)


def spare_models(reference: Reference) -> tuple[tuple[str, ...], tuple[ModelMapping, ...]]:
    """Models that the embedded proxy does without: ids that only Amp's servers have, and mappings of others.

    Per provider the last model that leads no agent mode is unavailable, and the one before it is mapped to the first.
    Ids that no edition has are mapped to the first one as well, by a pattern and as an alias with brackets, and to the
    unavailable one.
    """
    unavailable, mappings = [], []
    for provider in reference.providers.values():
        first = next((m.id for m in reference.models.values() if m.provider == provider.id), None)
        if not provider.via_proxy or first is None:
            continue
        unavailable.append(f"example-old-{provider.id}-7")
        mappings += [
            _mapping(rf"^example-old-{re.escape(provider.id)}-\d+$", first, regex=True),
            _mapping(f"example-{provider.id}[1m]", first),
        ]
        models = _spare(reference, provider)
        if len(models) >= 2:
            unavailable.append(models[-1])
            mappings += [_mapping(models[-2], first), _mapping(f"example-orphan-{provider.id}", models[-1])]
    return tuple(unavailable), tuple(mappings)


def _mapping(from_: str, to: str, *, regex: bool = False) -> ModelMapping:
    return ModelMapping.model_validate({"from": from_, "to": to, "regex": regex})


def _spare(reference: Reference, provider: Provider) -> list[str]:
    leading = {mode.model for mode in reference.agent_modes.values()}
    models = [model.id for model in reference.models.values() if model.provider == provider.id]
    return [model for model in models[1:] if model not in leading]
