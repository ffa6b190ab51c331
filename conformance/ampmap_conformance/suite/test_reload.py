"""Profile reload: the configuration changes while the proxy runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from ..cases.cases import CallCase, ManagementCase, VariedCase
from ..checks.expect import assert_equal, assert_success, expect, only_upstream_request
from ..checks.expect_streams import assert_events
from ..checks.registry import Pace, checks
from ..errors import NotTestableError
from ..observer import Reply
from ..probe.probe import Probe
from ..target.amp_config import BlockMapping, ClientKeys
from ..wire.credentials import carried
from ..wire.lockstep import Steps
from ..wire.messages import AMP, Exchange
from .support.conditions import goes_elsewhere, goes_mapped, streams
from .support.management_conditions import is_first_family
from .support.streams import client_model, in_pieces, several_frames

LOOKS = 90
"""Requests that a check may make until a change has taken effect, and as many until it is undone."""
OTHER_PATH = "/ampmap-second"
"""Below it Amp's servers are another upstream."""
CALLS = 48
FIRST_PAUSE, PAUSE_GROWTH = 0.01, 1.1
"""Seconds between the first two calls beside a change, and how much longer each further pause is."""
CHANGES = 3
BEGUN = 10.0
"""Seconds within which a stream must have begun."""
FORBIDDEN = 403
BROKEN = {"address-that-is-none": '{"upstream-url": "http://["}', "text-that-is-none": "upstream-url: [\n\t- : {"}


@checks("reload.model-mappings", pace=Pace.ALONE, requests=LOOKS)
def test_model_mappings_are_reloaded(case: CallCase, probe: Probe) -> None:
    """Given a new mapping, when its model is called, then the upstream gets the mapping's target."""
    absent, target = _absent(case, probe), probe.target.models(case.provider)[0].id
    rules = (BlockMapping(from_=absent.model, to=target),)
    with probe.reloading.changed(lambda: _model(absent, probe) == target, model_mappings=rules) as adopted:
        expect(adopted, "a new mapping did not take effect", expected=target, actual="another model")


@checks("reload.ways-to-write", pace=Pace.ALONE, requests=LOOKS)
def test_each_way_to_write_is_noticed(case: VariedCase, probe: Probe) -> None:
    """Given a new configuration, when an editor or a tool writes it in its own way, then it takes effect."""
    if case.variation not in probe.reloading.hook.ways:
        raise NotTestableError(
            "the target's reload command does not say that it can write a file so: use `{way}` in it"
        )
    absent, target = _absent(case, probe), probe.target.models(case.provider)[0].id
    rules = (BlockMapping(from_=absent.model, to=target),)

    def seen() -> bool:
        return _model(absent, probe) == target

    with probe.reloading.changed(seen, way=case.variation, model_mappings=rules) as adopted:
        expect(adopted, "a file written so was not noticed", expected="the new mapping", actual="the old one")


@checks("reload.upstream-url", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_upstream_url_is_reloaded(case: VariedCase, probe: Probe) -> None:
    """Given another URL of Amp's servers, when a call goes there, then it goes to the new one."""
    url = probe.reloading.block.upstream_url + OTHER_PATH
    with probe.reloading.changed(lambda: _path(case, probe).startswith(OTHER_PATH), upstream_url=url) as adopted:
        expect(adopted, "a new upstream did not take effect", expected="the new URL", actual="the old one")


@checks("reload.upstream-api-key", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_upstream_api_key_is_reloaded(case: VariedCase, probe: Probe) -> None:
    """Given another Amp key for all clients, when a call goes to Amp, then it carries the new one."""
    key = probe.canary()

    def seen() -> bool:
        return key in _keys(probe.send(case))

    with probe.reloading.changed(seen, upstream_api_key=key, upstream_api_keys=()) as adopted:
        expect(adopted, "a new Amp key did not take effect", expected="the new key", actual="another one")


@checks("reload.upstream-api-keys", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_upstream_api_keys_are_reloaded(case: VariedCase, probe: Probe) -> None:
    """Given another Amp key for one client, when its call goes to Amp, then it carries the new one."""
    key = probe.canary()
    entries = (ClientKeys(upstream_api_key=key, api_keys=(probe.client_key,)),)

    def seen() -> bool:
        return key in _keys(probe.send(case))

    with probe.reloading.changed(seen, upstream_api_keys=entries) as adopted:
        expect(adopted, "a client's new Amp key did not take effect", expected="the new key", actual="another one")


@checks("reload.restrict-management-to-localhost", when=is_first_family, pace=Pace.ALONE, requests=LOOKS)
def test_localhost_rule_is_reloaded(case: ManagementCase, probe: Probe) -> None:
    """Given a rule that is switched, when another machine calls a management path, then the rule holds as it is now."""
    reloading, words = probe.reloading, {True: "refused", False: "let in"}
    usual = reloading.block.restrict_management_to_localhost
    saying = "the rule for other machines did not take effect"

    def seen() -> bool:
        return _refused(case, probe) != usual

    with reloading.changed(seen, restrict_management_to_localhost=not usual) as adopted:
        expect(adopted, saying, expected=words[not usual], actual=words[usual])
    back = reloading.eventually(lambda: not seen())
    expect(back, saying, expected=words[usual], actual=words[not usual])


@checks("reload.open-stream", when=streams, pace=Pace.ALONE, requests=LOOKS)
def test_open_stream_goes_on(case: VariedCase, probe: Probe) -> None:
    """Given a stream that has begun, when the configuration changes, then the stream still comes to its end."""
    absent = _absent(case, probe)
    url = probe.reloading.block.upstream_url + OTHER_PATH
    reply = Reply(pieces=in_pieces(several_frames(case, probe)))
    with Steps(parties=2, patience=probe.reloading.seconds * 2) as steps, ThreadPoolExecutor(1) as beside:
        streaming = beside.submit(probe.send_in_step, case, steps, reply)
        steps.wait_until_begun(BEGUN)

        def seen() -> bool:
            return _path(absent, probe).startswith(OTHER_PATH)

        with probe.reloading.changed(seen, upstream_url=url, model_mappings=()) as adopted:
            steps.go_on()
            exchange = streaming.result()
    expect(adopted, "a new upstream did not take effect", expected="the new URL", actual="the old one")
    assert_success(exchange)
    assert_events(exchange, model=client_model(case, probe))


@checks("reload.broken-address-keeps-the-old", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_broken_address_keeps_the_old(case: VariedCase, probe: Probe) -> None:
    """Given an invalid URL, when a call goes to Amp, then it goes to the old URL."""
    _assert_kept(case, probe, "address-that-is-none")


@checks("reload.broken-file-keeps-the-old", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_broken_file_keeps_the_old(case: VariedCase, probe: Probe) -> None:
    """Given a file that cannot be read, when a call goes to Amp, then it goes to the old one."""
    _assert_kept(case, probe, "text-that-is-none")


@checks("reload.recovers-after-unreadable-file", when=goes_elsewhere, pace=Pace.ALONE, requests=LOOKS)
def test_recovers_after_unreadable_file(case: VariedCase, probe: Probe) -> None:
    """Given a file that could not be read, when a good one follows, then it takes effect."""
    with probe.reloading.broken(BROKEN["text-that-is-none"]):
        probe.send(case)
    url = probe.reloading.block.upstream_url + OTHER_PATH
    with probe.reloading.changed(lambda: _path(case, probe).startswith(OTHER_PATH), upstream_url=url) as adopted:
        expect(adopted, "a good file behind a broken one was not noticed", expected="the new URL", actual="the old one")


@checks("reload.broken-pattern-is-left-out", pace=Pace.ALONE, requests=LOOKS)
def test_broken_pattern_is_left_out(case: CallCase, probe: Probe) -> None:
    """Given an invalid pattern and a valid mapping, when the valid one's model is called, then it is mapped."""
    absent, target = _absent(case, probe), probe.target.models(case.provider)[0].id
    rules = (BlockMapping(from_="(", to=target, regex=True), BlockMapping(from_=absent.model, to=target))
    with probe.reloading.changed(lambda: _model(absent, probe) == target, model_mappings=rules) as adopted:
        expect(adopted, "a broken pattern takes the others with it", expected=target, actual="another model")


@checks("reload.mapping-removed", when=goes_mapped, pace=Pace.ALONE, requests=LOOKS)
def test_removed_mapping_is_gone(case: VariedCase, probe: Probe) -> None:
    """Given mappings that are taken away, when a model of one of them is called, then it is not mapped any more."""
    with probe.reloading.changed(lambda: _goes_to_amp(case, probe), model_mappings=()) as adopted:
        expect(adopted, "a mapping holds that was taken away", expected="a call at Amp", actual="the mapped model")


@checks("reload.calls-go-on", pace=Pace.ALONE, requests=LOOKS * 2 + CALLS)
def test_no_call_fails(case: VariedCase, probe: Probe) -> None:
    """Given calls one after another, when the configuration changes meanwhile, then all of them are answered."""
    absent = _absent(case, probe)
    url = probe.reloading.block.upstream_url + OTHER_PATH
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
                with probe.reloading.changed(lambda: _path(absent, probe).startswith(OTHER_PATH), upstream_url=url):
                    pass
        finally:
            over.set()
        for exchange in calling.result():
            assert_success(exchange)


def _goes_to_amp(case: VariedCase, probe: Probe) -> bool:
    return [request.persona for request in probe.send(case).upstream] == [AMP]


def _assert_kept(case: VariedCase, probe: Probe, word: str) -> None:
    before = only_upstream_request(probe.send(case), AMP)
    with probe.reloading.broken(BROKEN[word]):
        exchange = probe.send(case)
        assert_success(exchange)
        after = only_upstream_request(exchange, AMP)
        assert_equal(after.path, before.path, "a broken configuration replaced the old one")
        kept = carried(after.headers, after.query) == carried(before.headers, before.query)
        expect(kept, "a broken configuration replaced the old one", expected="the same key", actual="another one")


def _absent(case: CallCase, probe: Probe) -> CallCase:
    """A call for a model that only Amp has."""
    target = probe.target
    for name in target.file.models.unavailable:
        if not target.rules_for(name) and target.provider_of(name) is case.provider:
            return replace(case, model=name, stream=False)
    raise NotTestableError(f"the target file names no unavailable model of {case.provider.id}")


def _model(case: CallCase, probe: Probe) -> str:
    upstream = probe.send(case).upstream
    return probe.model_of(case, upstream[0]) if upstream else ""


def _path(case: CallCase, probe: Probe) -> str:
    upstream = probe.send(case).upstream
    return upstream[0].path if upstream else ""


def _keys(exchange: Exchange) -> set[str]:
    return {
        key
        for request in exchange.upstream
        if request.persona == AMP
        for keys in carried(request.headers, request.query).values()
        for key in keys
    }


def _refused(case: ManagementCase, probe: Probe) -> bool:
    return probe.send_from_elsewhere(case).response.status == FORBIDDEN
