"""Profile fallback: the rows of the decision table for which the target's configuration has to be another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..cases.cases import CallCase
from ..checks.expect import (
    assert_equal,
    assert_names_model,
    assert_nothing_upstream,
    assert_served,
    assert_status,
    expect,
)
from ..checks.registry import Pace, checks
from ..errors import NotTestableError
from ..probe.probe import Probe
from ..target.amp_config import BlockMapping
from ..wire.messages import Exchange
from .support.attempts import LOOKS
from .support.conditions import is_local
from .support.looking import Look, absent_anywhere, model_look, models_asked, models_at_hand


@checks("fallback.no-upstream-is-an-error", pace=Pace.ALONE, requests=LOOKS * 2)
def test_no_upstream_is_an_error(case: CallCase, probe: Probe) -> None:
    """Given no Amp upstream, when a model is called that the proxy does not have, then nothing goes upstream."""
    with _without_amp(case, probe) as exchange:
        failed = exchange.response.status >= 400
        saying = "a model that the proxy does not have was served"
        expect(failed, saying, expected="an error", actual=f"status {exchange.response.status}")
        assert_nothing_upstream(exchange)


@checks("fallback.unknown-model-is-not-found", pace=Pace.ALONE, requests=LOOKS * 2)
def test_unknown_model_is_not_found(case: CallCase, probe: Probe) -> None:
    """Given no Amp upstream, when a model is called that the proxy does not have, then the status is not retried."""
    with _without_amp(case, probe) as exchange:
        assert_status(exchange.response, 404, 400, saying="an unknown model looks like an outage to the client")


@checks("fallback.local-without-amp", when=is_local, pace=Pace.ALONE, requests=LOOKS * 2)
def test_local_models_are_served_without_amp(case: CallCase, probe: Probe) -> None:
    """Given no Amp upstream, when a model of a provider's own is called, then the provider gets the call."""
    look = Look(probe, absent_anywhere(case, probe), lambda one: not one.upstream)
    with probe.reloading.changed(look, upstream_url="") as adopted:
        if not adopted:
            raise NotTestableError("the target still calls Amp's servers after their URL was removed")
        exchange = probe.send(case)
        served = [request.persona for request in exchange.upstream] == [probe.persona_of(case)]
        saying, status = "a provider's own model is not served without Amp's servers", exchange.response.status
        expect(served and status < 400, saying, expected="a served call", actual=f"status {status}")


@checks("fallback.local-before-mapping", pace=Pace.ALONE, requests=LOOKS * 2)
def test_local_comes_before_its_mapping(case: CallCase, probe: Probe) -> None:
    """Given a mapping of a local model, and of another one, when the local one is called, then it serves itself."""
    first, second, absent = models_at_hand(case, probe)
    rules = (BlockMapping(from_=first, to=second), BlockMapping(from_=absent, to=second))
    look = _look(case, probe, absent, second)
    with probe.reloading.changed(look, model_mappings=rules):
        _expect(look, "the new mappings did not take effect", second)
        local = replace(case, model=first)
        exchange = probe.send(local)
        assert_served(exchange)
        assert_equal(models_asked(probe, local, exchange), first, "a local model was mapped to another one")


@checks("fallback.mapping-can-be-forced", pace=Pace.ALONE, requests=LOOKS * 2)
def test_mapping_can_be_forced(case: CallCase, probe: Probe) -> None:
    """Given forced mappings and one of a local model, when that is called, then the mapping's target serves it."""
    first, second, _ = models_at_hand(case, probe)
    rules = (BlockMapping(from_=first, to=second),)
    look = _look(case, probe, first, second)
    with probe.reloading.changed(look, model_mappings=rules, force_model_mappings=True):
        _expect(look, "a forced mapping does not win over a local model", second)


@checks("fallback.forced-answer-names-requested-model", pace=Pace.ALONE, requests=LOOKS * 2)
def test_forced_answer_names_the_requested_model(case: CallCase, probe: Probe) -> None:
    """Given a forced mapping of a local model, when the client gets the answer, then it names the client's model."""
    first, second, _ = models_at_hand(case, probe)
    rules = (BlockMapping(from_=first, to=second),)
    look = _look(case, probe, first, second)
    with probe.reloading.changed(look, model_mappings=rules, force_model_mappings=True) as adopted:
        if not adopted:
            raise NotTestableError("the target does not force mappings")
        exchange = probe.send(replace(case, model=first))
        assert_names_model(exchange, first, instead_of=second)


@checks("fallback.mappings-do-not-chain", pace=Pace.ALONE, requests=LOOKS * 2)
def test_mappings_do_not_chain(case: CallCase, probe: Probe) -> None:
    """Given a mapping to a model that is mapped itself, when its model is called, then that one is not served."""
    _, second, absent = models_at_hand(case, probe)
    between = _another_absent(case, probe, absent)
    rules = (BlockMapping(from_=absent, to=between), BlockMapping(from_=between, to=second))
    look = _look(case, probe, between, second)
    with probe.reloading.changed(look, model_mappings=rules):
        _expect(look, "the new mappings did not take effect", second)
        served = _asked_for(case, probe, absent)
        expect(served != second, "a mapping led to another mapping", expected="no mapped model", actual=second)


@checks("fallback.name-before-pattern", pace=Pace.ALONE, requests=LOOKS * 2)
def test_name_comes_before_pattern(case: CallCase, probe: Probe) -> None:
    """Given a pattern and, behind it, a name that fit a model, when it is called, then the name decides."""
    first, second, absent = models_at_hand(case, probe)
    rules = (BlockMapping(from_=".*", to=first, regex=True), BlockMapping(from_=absent, to=second))
    look = _look(case, probe, absent, second)
    with probe.reloading.changed(look, model_mappings=rules):
        _expect(look, "a pattern won over the model's own name", second)


@contextmanager
def _without_amp(case: CallCase, probe: Probe) -> Iterator[Exchange]:
    """A call for a model that the target does not have, without an Amp upstream."""
    case = replace(case, model=models_at_hand(case, probe)[2])
    if not probe.target.claims("upstream-fallback"):
        yield probe.send(case)
        return

    look = Look(probe, case, lambda one: not one.upstream)
    with probe.reloading.changed(look, upstream_url="") as adopted:
        expect(adopted, "the Amp upstream is still used", expected="no request to Amp", actual="a request at Amp")
        yield probe.send(case)


def _look(case: CallCase, probe: Probe, model: str, served: str) -> Look:
    """A look at whether a call for `model` reaches its upstream as one for `served`."""
    return model_look(probe, replace(case, model=model), served)


def _expect(look: Look, saying: str, served: str) -> None:
    case = look.case
    if not isinstance(case, CallCase):
        raise TypeError("a look at a model needs a call")
    look.expect(saying, expected=served, actual=lambda one: models_asked(look.probe, case, one))


def _asked_for(case: CallCase, probe: Probe, model: str) -> str:
    """The model that an upstream gets when the client calls `model`; empty where none gets a call."""
    called = replace(case, model=model)
    exchange = probe.send(called)
    return probe.model_of(called, exchange.upstream[0]) if exchange.upstream else ""


def _another_absent(case: CallCase, probe: Probe, known: str) -> str:
    target = probe.target
    others = [name for name in target.unavailable if name != known and target.provider_of(name) is case.provider]
    if not others:
        raise NotTestableError("the target file names only one model that is unavailable")
    return others[0]
