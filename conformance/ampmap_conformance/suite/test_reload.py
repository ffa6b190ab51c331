"""Profile reload: the configuration changes while the proxy runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from types import MappingProxyType
from typing import TypeAlias

from ..cases.cases import CallCase, ManagementCase, VariedCase
from ..checks.expect import assert_equal, assert_success, expect, only_upstream_request, shown_status
from ..checks.registry import Pace, checks
from ..errors import NotTestableError, Violation
from ..probe.probe import Probe
from ..target.amp_config import BlockMapping, ClientKeys
from ..wire.credentials import carried
from ..wire.lockstep import Steps
from ..wire.messages import AMP, Exchange
from .support.conditions import goes_elsewhere, goes_mapped, streams
from .support.looking import Look, absent, amp_keys, model_look, models_asked, models_at_hand, moved_amp, places_asked
from .support.management_conditions import is_first_family
from .support.streams import in_words
from .support.told import assert_told

LOOKS = 90
"""Requests that a check may make until a change has taken effect, and as many until it is undone."""
CALLS = 48
FIRST_PAUSE, PAUSE_GROWTH = 0.01, 1.1
"""Seconds between the first two calls beside a change, and how much longer each further pause is."""
CHANGES = 3
BEGUN = 10.0
"""Seconds within which a stream must have begun."""
FORBIDDEN = 403
BROKEN_URLS: MappingProxyType[str, Callable[[str], str]] = MappingProxyType(
    {
        "unreadable": lambda _: "http://[",
        "no-scheme": lambda url: url.partition("//")[2],
        "no-host": lambda _: "http:///ampmap",
        "other-scheme": lambda url: f"ftp://{url.partition('//')[2]}",
    }
)
"""Invalid URLs of Amp's servers, made from the valid one."""
BROKEN_TEXT = "upstream-url: [\n\t- : {"


@checks("reload.model-mappings", pace=Pace.ALONE, requests=LOOKS * 2)
def test_model_mappings_are_reloaded(case: VariedCase, probe: Probe) -> None:
    """Given changed mappings, when their model is called, then the upstream gets the target that now holds."""
    if case.variation == "added":
        _assert_mapping_adopted(case, probe, "a new mapping did not take effect", ())
        return
    first, second, name = models_at_hand(case, probe)
    before, after = CHANGED_RULES[case.variation](name, first, second)
    asked, reloading = replace(case, model=name), probe.reloading
    with reloading.changed(model_look(probe, asked, first), model_mappings=before) as adopted:
        if not adopted:
            raise NotTestableError("the target does not take up a new mapping")
        look = model_look(probe, asked, second)
        changed = replace(reloading, block=reloading.block.model_copy(update={"model_mappings": before}))
        with changed.changed(look, model_mappings=after):
            saying = "changed mappings did not take effect"
            look.expect(saying, expected=second, actual=lambda one: models_asked(probe, asked, one))


@checks("reload.ways-to-write", pace=Pace.LAST, requests=LOOKS)
def test_each_way_to_write_is_noticed(case: VariedCase, probe: Probe) -> None:
    """Given a new configuration, when an editor or a tool writes it in its own way, then it takes effect."""
    way = case.variation
    if way not in probe.reloading.hook.ways:
        raise NotTestableError(
            "the target's reload command does not say that it can write a file so: use `{way}` in it"
        )
    look, url = moved_amp(probe.reloading.block, absent(case, probe), probe)
    with probe.reloading.changed(look, way=way, upstream_url=url):
        look.expect(f"a file written by way of `{way}` was not noticed", expected="the new URL", actual=places_asked)


@checks("reload.upstream-url", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_upstream_url_is_reloaded(case: VariedCase, probe: Probe) -> None:
    """Given another URL of Amp's servers, when a call goes there, then it goes to the new one."""
    look, url = moved_amp(probe.reloading.block, case, probe)
    with probe.reloading.changed(look, upstream_url=url):
        look.expect("a new upstream did not take effect", expected="the new URL", actual=places_asked)


@checks("reload.upstream-api-key", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_upstream_api_key_is_reloaded(case: VariedCase, probe: Probe) -> None:
    """Given another Amp key for all clients, when a call goes to Amp, then it carries the new one."""
    key = probe.canary()
    look = Look(probe, case, lambda one: key in amp_keys(one))
    with probe.reloading.changed(look, upstream_api_key=key, upstream_api_keys=()):
        look.expect("a new Amp key did not take effect", expected="the new key", actual=_keys_in_words)


@checks("reload.upstream-api-keys", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_upstream_api_keys_are_reloaded(case: VariedCase, probe: Probe) -> None:
    """Given another Amp key for one client, when its call goes to Amp, then it carries the new one."""
    key = probe.canary()
    entries = (ClientKeys(upstream_api_key=key, api_keys=(probe.client_key,)),)
    look = Look(probe, case, lambda one: key in amp_keys(one))
    with probe.reloading.changed(look, upstream_api_keys=entries):
        look.expect("a client's new Amp key did not take effect", expected="the new key", actual=_keys_in_words)


@checks("reload.restrict-management-to-localhost", when=is_first_family, pace=Pace.ALONE, requests=LOOKS)
def test_localhost_rule_is_reloaded(case: ManagementCase, probe: Probe) -> None:
    """Given a rule that is switched, when another machine calls a management path, then the rule holds as it is now."""
    reloading = probe.reloading
    usual = reloading.block.restrict_management_to_localhost
    look = Look(probe, case, lambda one: (one.response.status == FORBIDDEN) != usual, elsewhere=True)

    with reloading.changed(look, restrict_management_to_localhost=not usual) as adopted:
        _assert_rule(look, restricted=not usual, holds=adopted)
    _assert_rule(look, restricted=usual, holds=reloading.eventually(lambda: not look.shows()))


@checks("reload.open-stream", when=streams, pace=Pace.ALONE, requests=LOOKS)
def test_open_stream_goes_on(case: VariedCase, probe: Probe) -> None:
    """Given a stream that has begun, when the configuration changes, then the stream still comes to its end."""
    look, url = moved_amp(probe.reloading.block, absent(case, probe), probe)
    reply = in_words()
    with Steps(parties=2, patience=probe.reloading.seconds * 2) as steps, ThreadPoolExecutor(1) as beside:
        streaming = beside.submit(probe.send_in_step, case, steps, reply)
        steps.wait_until_begun(BEGUN)
        with probe.reloading.changed(look, upstream_url=url, model_mappings=()):
            steps.go_on()
            exchange = streaming.result()
    look.expect("a new upstream did not take effect", expected="the new URL", actual=places_asked)
    assert_success(exchange)
    assert_told(case, probe, exchange)


@checks("reload.broken-address-keeps-the-old", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_broken_address_keeps_the_old(case: VariedCase, probe: Probe) -> None:
    """Given an invalid URL, when a call goes to Amp, then it goes to the old URL."""
    # everything but the address stays as it is, so that another key shows that the old configuration was replaced
    block = probe.reloading.block
    url = BROKEN_URLS[case.variation](block.upstream_url)
    _assert_kept(case, probe, block.model_copy(update={"upstream_url": url}).text())


@checks("reload.broken-file-keeps-the-old", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_broken_file_keeps_the_old(case: VariedCase, probe: Probe) -> None:
    """Given a file that cannot be read, when a call goes to Amp, then it goes to the old one."""
    _assert_kept(case, probe, BROKEN_TEXT)


@checks("reload.recovers-after-unreadable-file", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_recovers_after_unreadable_file(case: VariedCase, probe: Probe) -> None:
    """Given a file that could not be read, when a good one follows, then it takes effect."""
    look, url = moved_amp(probe.reloading.block, case, probe)
    with probe.reloading.broken(BROKEN_TEXT, look):
        probe.send(case)
    with probe.reloading.changed(look, upstream_url=url):
        look.expect("a good file behind a broken one was not noticed", expected="the new URL", actual=places_asked)


@checks("reload.broken-pattern-is-left-out", pace=Pace.ALONE, requests=LOOKS)
def test_broken_pattern_is_left_out(case: CallCase, probe: Probe) -> None:
    """Given an invalid pattern and a valid mapping, when the valid one's model is called, then it is mapped."""
    target = probe.target.models(case.provider)[0].id
    broken = BlockMapping(from_="(", to=target, regex=True)
    _assert_mapping_adopted(case, probe, "a broken pattern takes the others with it", (broken,))


@checks("reload.mapping-removed", when=goes_mapped, pace=Pace.ALONE, requests=LOOKS)
def test_removed_mapping_is_gone(case: VariedCase, probe: Probe) -> None:
    """Given mappings that are taken away, when a model of one of them is called, then it is not mapped any more."""
    unmapped = replace(case, way="elsewhere")
    look = Look(probe, unmapped, lambda one: [request.persona for request in one.upstream] == [AMP])
    with probe.reloading.changed(look, model_mappings=()):
        look.expect("a mapping holds that was taken away", expected="a call at Amp", actual=places_asked)


@checks("reload.calls-go-on", pace=Pace.ALONE, requests=LOOKS * 2 + CALLS)
def test_no_call_fails(case: VariedCase, probe: Probe) -> None:
    """Given calls one after another, when the configuration changes meanwhile, then all of them are answered."""
    look, url = moved_amp(probe.reloading.block, absent(case, probe), probe)
    over = Event()

    def keep_calling() -> list[Exchange]:
        """Calls until the changes are over, at growing intervals, so that a slow change meets calls too."""
        exchanges: list[Exchange] = []
        pause = FIRST_PAUSE
        while len(exchanges) < CALLS and not over.is_set():
            exchanges.append(probe.send(case))
            over.wait(pause)
            pause *= PAUSE_GROWTH
        return exchanges

    with ThreadPoolExecutor(1) as beside:
        calling = beside.submit(keep_calling)
        try:
            for _ in range(CHANGES):
                with probe.reloading.changed(look, upstream_url=url):
                    pass
        finally:
            over.set()
        for exchange in calling.result():
            assert_success(exchange)


Rules: TypeAlias = tuple[BlockMapping, ...]


def _other_target(name: str, first: str, second: str) -> tuple[Rules, Rules]:
    return (BlockMapping(from_=name, to=first),), (BlockMapping(from_=name, to=second),)


def _other_order(name: str, first: str, second: str) -> tuple[Rules, Rules]:
    whole = BlockMapping(from_=f"^{re.escape(name)}$", to=first, regex=True)
    part = BlockMapping(from_=re.escape(name), to=second, regex=True)
    return (whole, part), (part, whole)


CHANGED_RULES: MappingProxyType[str, Callable[[str, str, str], tuple[Rules, Rules]]] = MappingProxyType(
    {"other-target": _other_target, "other-order": _other_order}
)
"""Mappings of a model to the first of two others, and what of them leads to the second."""


def _assert_mapping_adopted(case: CallCase, probe: Probe, saying: str, before: tuple[BlockMapping, ...]) -> None:
    """A mapping of a model that only Amp has takes effect, behind the mappings `before`."""
    asked, target = absent(case, probe), probe.target.models(case.provider)[0].id
    look = model_look(probe, asked, target)
    rules = (*before, BlockMapping(from_=asked.model, to=target))
    with probe.reloading.changed(look, model_mappings=rules):
        look.expect(saying, expected=target, actual=lambda one: models_asked(probe, asked, one))


def _assert_rule(look: Look, *, restricted: bool, holds: bool) -> None:
    saying = "the rule for other machines did not take effect"
    if not holds and look.latest is not None:
        wanted = f"status {FORBIDDEN}" if restricted else f"another status than {FORBIDDEN}"
        raise Violation(saying, expected=wanted, actual=shown_status(look.latest.response))


def _assert_kept(case: VariedCase, probe: Probe, text: str) -> None:
    before = only_upstream_request(probe.send(case), AMP)
    with probe.reloading.broken(text, Look(probe, case, lambda _: True)):
        exchange = probe.send(case)
        assert_success(exchange)
        after = only_upstream_request(exchange, AMP)
        assert_equal(after.path, before.path, "a broken configuration replaced the old one")
        kept = carried(after.headers, after.query) == carried(before.headers, before.query)
        expect(kept, "a broken configuration replaced the old one", expected="the same key", actual="another one")


def _keys_in_words(exchange: Exchange) -> str:
    return "another key" if amp_keys(exchange) else "no key"
