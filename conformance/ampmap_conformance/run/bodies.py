"""Whether what a target file says of bodies is what arrived at the observer."""

from __future__ import annotations

from collections import Counter

from ..cases.cases import CallCase
from ..dialects.upstream_calls import UpstreamCalls
from ..engine.judge import Outcome
from ..report.model import Notice
from ..target.target import Target
from ..wire.messages import AMP


class SeenDialects:
    """The dialects in which the upstreams of a target were called, as the outcomes of a run come."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._calls = UpstreamCalls(target.reference)
        self._same: Counter[tuple[str, str]] = Counter()
        self._other: set[tuple[str, str]] = set()

    def add(self, outcome: Outcome) -> None:
        """Looks at the calls of a case that the target file says are translated."""
        case = outcome.task.case
        if not isinstance(case, CallCase) or not case.call.operation.metered:
            return
        place = case.provider.id, case.call.dialect
        if self._target.body_of(case.provider, case.call.dialect, case.model) != "translated":
            return
        for exchange in outcome.exchanges:
            for request in exchange.upstream:
                arrived = self._calls.dialect(request) if request.persona != AMP else None
                if arrived == case.call.dialect:
                    self._same[place] += 1
                elif arrived is not None:
                    self._other.add(place)

    def notices(self) -> tuple[Notice, ...]:
        """A notice for each provider and dialect of which no call was translated, though the file says so."""
        return tuple(
            Notice(
                kind="untrue-policy",
                text=(
                    f"the target file says that calls of `{provider}` in {dialect} are `translated`, and {count} of"
                    f" {count} calls arrived in {dialect}; state `body: rewritten` (or `verbatim`) to test more rules"
                ),
            )
            for (provider, dialect), count in sorted(self._same.items())
            if (provider, dialect) not in self._other
        )
