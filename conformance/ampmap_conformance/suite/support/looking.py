"""A call that is made again and again until it shows that a change of the configuration has taken effect."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace

from ...cases.cases import CallCase, Case, VariedCase
from ...checks.expect import assert_served
from ...errors import NotTestableError, Violation
from ...probe.probe import Probe
from ...reference.types import Provider, find_call
from ...target.amp_config import AmpBlock
from ...wire.credentials import carried
from ...wire.messages import AMP, Exchange

OTHER_PATH = "/ampmap-second"
"""Below it Amp's servers are another upstream."""


@dataclass
class Look:
    """A call, and how its exchange shows a change. It remembers its latest exchange."""

    probe: Probe
    case: Case
    wanted: Callable[[Exchange], bool]
    elsewhere: bool = False
    """Whether it is made from another machine."""
    latest: Exchange | None = None
    _before: Hashable = field(default=None, repr=False)

    def begin(self) -> None:
        """Remembers what the call comes to before the change."""
        self._before = self._state(self._sent())

    def shows(self) -> bool:
        """Makes the call; whether it shows the change."""
        self.latest = self._sent()
        return self.wanted(self.latest)

    def is_restored(self) -> bool:
        """Makes the call; whether it comes to what it came to before the change."""
        return self._state(self._sent()) == self._before

    def expect(self, saying: str, *, expected: str, actual: Callable[[Exchange], str]) -> None:
        """Raises Violation unless the latest call showed the change, and UnservedError where it reached no upstream."""
        if self.latest is None:
            raise LookupError("no call was made")
        if self.wanted(self.latest):
            return
        assert_served(self.latest)
        raise Violation(saying, expected=expected, actual=actual(self.latest), code="not-adopted")

    def _sent(self) -> Exchange:
        return (self.probe.send_from_elsewhere if self.elsewhere else self.probe.send)(self.case)

    def _state(self, exchange: Exchange) -> Hashable:
        case, probe = self.case, self.probe
        asked = [
            (
                one.persona,
                one.path,
                probe.model_of(case, one) if isinstance(case, CallCase) else "",
                tuple(sorted((carrier, *keys) for carrier, keys in carried(one.headers, one.query).items())),
            )
            for one in exchange.upstream
        ]
        return exchange.response.status, tuple(asked)


def absent(case: CallCase, probe: Probe) -> CallCase:
    """A call for a model that only Amp has. Raises NotTestableError where the target file names none."""
    for name, provider in _only_at_amp(probe):
        if provider is case.provider:
            changed = replace(case, model=name, stream=False)
            return replace(changed, way="elsewhere") if isinstance(changed, VariedCase) else changed
    raise NotTestableError(f"the target file names no unavailable model of {case.provider.id}")


def absent_anywhere(case: CallCase, probe: Probe) -> CallCase:
    """A call, at any provider, for a model that only Amp has. Raises NotTestableError where there is none."""
    for name, provider in _only_at_amp(probe):
        call = find_call(provider, reference=probe.reference)
        return replace(case, call=call, root=provider.roots[0], model=name, stream=False)
    raise NotTestableError("the target file names no unavailable model")


def _only_at_amp(probe: Probe) -> Iterator[tuple[str, Provider]]:
    """The models that the target does not have and no mapping names, each with its provider."""
    target = probe.target
    for name in target.file.models.unavailable:
        provider = target.provider_of(name)
        if provider is not None and not target.rules_for(name):
            yield name, provider


def moved_amp(block: AmpBlock, case: CallCase, probe: Probe) -> tuple[Look, str]:
    """A look at whether Amp's servers are the other upstream, and its URL."""
    look = Look(probe, case, lambda one: any(request.path.startswith(OTHER_PATH) for request in one.upstream))
    return look, block.upstream_url + OTHER_PATH


def model_look(probe: Probe, case: CallCase, model: str) -> Look:
    """A look at whether the upstream of a call is asked for `model`."""
    return Look(probe, case, lambda one: model in models_asked(probe, case, one))


def models_asked(probe: Probe, case: CallCase, exchange: Exchange) -> str:
    """The models that upstreams were asked for in an exchange, in words."""
    return ", ".join(probe.model_of(case, request) for request in exchange.upstream) or "none"


def places_asked(exchange: Exchange) -> str:
    """Where the requests of an exchange went, in words."""
    return ", ".join(f"{request.path} at {request.persona}" for request in exchange.upstream) or "nowhere"


def amp_keys(exchange: Exchange) -> set[str]:
    """Every key that reached Amp's servers."""
    sent = [request for request in exchange.upstream if request.persona == AMP]
    return {key for request in sent for keys in carried(request.headers, request.query).values() for key in keys}


def models_at_hand(case: CallCase, probe: Probe) -> tuple[str, str, str]:
    """Two local models of the case's provider, and one that the proxy does not have and no mapping names.

    Raises NotTestableError where the target file does not name so many.
    """
    target = probe.target
    local = [model.wire_id or model.id for model in target.models(case.provider)]
    others = [name for name, provider in _only_at_amp(probe) if provider is case.provider]
    if len(local) < 2 or not others:
        raise NotTestableError("the target file names no model that is unavailable, or not two that are there")
    return local[0], local[1], others[0]
