"""The policies on what a requirement rests on."""

from __future__ import annotations

from collections.abc import Iterator

from ..load.findings import Severity
from ..vendored.catalogue import Requirement
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex


@rule("ungated-must", Severity.ERROR)
def ungated_must(index: SpecIndex) -> Iterator[Wrong]:
    """A `must` that rests on one implementation (`basis: one-implementation`) applies only where the target claims it.

    What one proxy does obliges no other proxy. A claim, in `claim` or in `when`, is the promise that does.
    """
    for fact, requirement in facts(index, Requirement):
        gated = requirement.claim or any(condition.claim for condition in requirement.when)
        if requirement.level == "must" and requirement.basis == "one-implementation" and not gated:
            hint = "add the `claim` that a target makes, name another basis, or make it a `should`"
            yield Wrong(fact.locate(("basis",)), "one implementation obliges no other proxy", hint)
