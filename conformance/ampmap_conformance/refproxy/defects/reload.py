"""Faults of taking up a new configuration while the proxy runs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import replace
from pathlib import Path

from ...target.amp_config import BlockMapping, parsed
from ...wire.messages import Headers
from ..behaviour import Behaviour
from ..config import ProxyConfig
from ..errors import about
from ..exchange import Incoming, Place, ProviderCall, Refusal, RoutedExchange
from ..routing import Routes
from ..upstream import UpstreamBrokenError
from .registry import defect
from .streaming import is_event_stream

PAUSE = 0.1
"""Seconds for which no call is served."""

Keep = Callable[[ProxyConfig, ProxyConfig], ProxyConfig]
"""Given the configuration at the start and the new one: the configuration that the proxy uses."""


def _keeping(right: Behaviour, keep: Keep) -> Behaviour:
    first: list[ProxyConfig] = []

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        new = right.reloaded(current, text)
        if not first:
            first.append(new)
        return keep(first[0], new)

    return replace(right, reloaded=reloaded)


@defect("mappings-need-restart", breaks=("reload.model-mappings",))
def mappings_need_restart(right: Behaviour) -> Behaviour:
    """Goes by the mappings that it began with."""
    return _keeping(right, lambda first, new: replace(new, mappings=first.mappings))


@defect("url-needs-restart", breaks=("reload.upstream-url",), seen_in="router-for-me/CLIProxyAPI@4a135f198")
def url_needs_restart(right: Behaviour) -> Behaviour:
    """Calls Amp's servers where they were when it began."""

    def keep(first: ProxyConfig, new: ProxyConfig) -> ProxyConfig:
        return replace(new, amp=replace(new.amp, url=first.amp.url)) if first.amp and new.amp else new

    return _keeping(right, keep)


@defect("amp-key-needs-restart", breaks=("reload.upstream-api-key",))
def amp_key_needs_restart(right: Behaviour) -> Behaviour:
    """Calls Amp's servers with the key that it began with."""

    def keep(first: ProxyConfig, new: ProxyConfig) -> ProxyConfig:
        return replace(new, amp=replace(new.amp, key=first.amp.key)) if first.amp and new.amp else new

    return _keeping(right, keep)


@defect("client-keys-need-restart", breaks=("reload.upstream-api-keys",), also=("reload.upstream-api-key",))
def client_keys_need_restart(right: Behaviour) -> Behaviour:
    """Calls Amp's servers with the clients' keys that it began with."""

    def keep(first: ProxyConfig, new: ProxyConfig) -> ProxyConfig:
        if not first.amp or not new.amp:
            return new
        return replace(new, amp=replace(new.amp, keys_by_client=first.amp.keys_by_client))

    return _keeping(right, keep)


@defect(
    "localhost-rule-needs-restart",
    breaks=("reload.restrict-management-to-localhost",),
    seen_in="router-for-me/CLIProxyAPI@4a135f198",
)
def localhost_rule_needs_restart(right: Behaviour) -> Behaviour:
    """Goes by the rule for other machines that it began with."""
    return _keeping(
        right,
        lambda first, new: replace(new, restrict_management_to_localhost=first.restrict_management_to_localhost),
    )


@defect(
    "broken-configuration-taken",
    breaks=("reload.broken-address-keeps-the-old", "reload.broken-file-keeps-the-old"),
)
def broken_configuration_taken(right: Behaviour) -> Behaviour:
    """Takes a configuration that cannot be read for an empty one."""

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        try:
            parsed(text)
        except ValueError:
            return replace(current, amp=None, mappings=())
        return right.reloaded(current, text)

    return replace(right, reloaded=reloaded)


@defect(
    "address-without-scheme-taken",
    breaks=("reload.broken-address-keeps-the-old",),
    seen_in="router-for-me/CLIProxyAPI@e0cb43f3",
)
def address_without_scheme_taken(right: Behaviour) -> Behaviour:
    """Takes an address without a scheme for a URL, and reaches no server of Amp's by it."""

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        bare = '"upstream-url": "http' not in text and "://" not in text
        return replace(current, amp=None) if bare and "upstream-url" in text else right.reloaded(current, text)

    return replace(right, reloaded=reloaded)


@defect("new-order-unnoticed", breaks=("reload.model-mappings",), seen_in="router-for-me/CLIProxyAPI@e0cb43f3")
def new_order_unnoticed(right: Behaviour) -> Behaviour:
    """Keeps its mappings when the new ones are the same in another order."""
    return _keeping_alike(right, lambda rule: (rule.from_, rule.to, rule.regex))


@defect("new-target-unnoticed", breaks=("reload.model-mappings",))
def new_target_unnoticed(right: Behaviour) -> Behaviour:
    """Keeps its mappings when the new ones are of the same models."""
    return _keeping_alike(right, lambda rule: rule.from_)


def _keeping_alike(right: Behaviour, told: Callable[[BlockMapping], Hashable]) -> Behaviour:
    """A proxy that keeps its mappings when it cannot tell the new ones from them."""

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        new = right.reloaded(current, text)
        alike = {told(rule) for rule in new.mappings} == {told(rule) for rule in current.mappings}
        return replace(new, mappings=current.mappings) if alike else new

    return replace(right, reloaded=reloaded)


@defect("reload-cuts-streams", breaks=("reload.open-stream",))
def reload_cuts_streams(right: Behaviour) -> Behaviour:
    """Breaks off every stream when its configuration changes."""
    times = [0]

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        times[0] += 1
        return right.reloaded(current, text)

    async def chunks(exchange: RoutedExchange, headers: Headers, given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        begun = times[0]
        async for chunk in right.response_body(exchange, headers, given):
            if is_event_stream(headers) and times[0] != begun:
                raise UpstreamBrokenError("the configuration changed")
            yield chunk

    return replace(right, reloaded=reloaded, response_body=chunks)


@defect(
    "watch-ends-at-broken-file",
    breaks=("reload.recovers-after-unreadable-file",),
    also=("reload.*", "fallback.*", "tenancy.*", "errors.*"),
    seen_in="openclaw/openclaw#109682",
)
def watch_ends_at_broken_file(right: Behaviour) -> Behaviour:
    """Takes up no configuration any more after one that it could not read."""
    broken = [False]

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        try:
            parsed(text)
        except ValueError:
            broken[0] = True
        return current if broken[0] else right.reloaded(current, text)

    return replace(right, reloaded=reloaded)


@defect("broken-pattern-stops-all", breaks=("reload.broken-pattern-is-left-out",))
def broken_pattern_stops_all(right: Behaviour) -> Behaviour:
    """Reads no mappings where one of them has an invalid pattern."""

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        new = right.reloaded(current, text)
        return replace(new, mappings=()) if '"from": "("' in text else new

    return replace(right, reloaded=reloaded)


@defect("mappings-added-up", breaks=("reload.mapping-removed",), also=("reload.*", "fallback.*"))
def mappings_added_up(right: Behaviour) -> Behaviour:
    """Adds new mappings to those that it has, and removes none."""

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        new = right.reloaded(current, text)
        return replace(new, mappings=(*new.mappings, *(rule for rule in current.mappings if rule not in new.mappings)))

    return replace(right, reloaded=reloaded)


@defect("calls-refused-while-changing", breaks=("reload.calls-go-on",), also=("reload.*", "fallback.*", "errors.*"))
def calls_refused_while_changing(right: Behaviour) -> Behaviour:
    """Serves no call for a moment when its configuration has changed."""
    until: list[float] = []

    def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
        until.append(time.monotonic() + PAUSE if until else 0.0)  # the first configuration changes nothing
        return right.reloaded(current, text)

    def place(routes: Routes, incoming: Incoming) -> Place:
        found = right.place(routes, incoming)
        refused = isinstance(found, ProviderCall) and time.monotonic() < until[-1]
        return Refusal(503, "The configuration is being changed.", about(found)) if refused else found

    return replace(right, reloaded=reloaded, place=place)


@defect("new-file-unnoticed", breaks=("reload.ways-to-write",), also=("reload.*", "fallback.*"),
        seen_in="router-for-me/CLIProxyAPI@3409f4e33")  # fmt: skip
def new_file_unnoticed(right: Behaviour) -> Behaviour:
    """Watches the file that it found at the start, and not the name: a new file in its place is not noticed."""

    def text(file: Path) -> str:
        first = file.with_suffix(".first")
        if not first.exists():
            first.hardlink_to(file)
        return right.file_text(first)

    return replace(right, file_text=text)
