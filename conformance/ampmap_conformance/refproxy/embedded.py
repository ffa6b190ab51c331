"""The default target: the reference proxy with the observer as its upstream, on loopback."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ..meanings import ToolCall
from ..observer import Observer
from ..reference.types import Reference
from ..target.amp_config import AmpBlock
from ..target.as_reference import CLIENT_LABEL, POLICY, described
from ..target.file import TargetFile
from ..target.reload import FileHook, Reloading, block_of
from ..target.target import Secret, Target, served_providers
from ..wire.foreign_peer import Elsewhere, open_foreign_peer
from .behaviour import CORRECT, Behaviour
from .config import ProxyConfig, config_for_observer
from .listening import Heard
from .live import with_block
from .server import ReferenceProxy
from .variants.registry import Variant

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
