"""The decisions that the right proxy takes while cases are run, and whether another one would take them differently.

A defect exchanges parts of the `Behaviour`. A part is asked again with what the right one was asked, in the same order:
where all of its answers are the same, no case can tell the two proxies apart. A part that does not answer the same when
the right one is asked twice, such as an iterator of chunks, is taken to differ.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any

from ..refproxy.behaviour import CORRECT, Behaviour
from ..refproxy.defects.registry import Change

PARTS = tuple(field.name for field in fields(Behaviour))


@dataclass(frozen=True)
class TracedDecision:
    """One answer of one part of the behaviour."""

    part: str
    asked: tuple[Any, ...]
    answer: Any


class Trace:
    """Records every decision of the right proxy; safe to share among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decisions: list[TracedDecision] = []

    @cached_property
    def behaviour(self) -> Behaviour:
        """The right behaviour, which records what it is asked and what it answers."""
        return replace(CORRECT, **{part: partial(self._decide, part) for part in PARTS})

    def may_differ(self, change: Change) -> bool:
        """Whether a change of the behaviour leads to another decision. Asked when the recording is done."""
        changed = change(CORRECT)
        exchanged = {part for part in PARTS if getattr(changed, part) is not getattr(CORRECT, part)}
        if exchanged & self._unrepeatable:
            return True
        return any(self._differs(changed, decision) for decision in self._of(exchanged))

    @cached_property
    def _unrepeatable(self) -> frozenset[str]:
        """The parts that were asked and do not answer the same twice."""
        return frozenset(each.part for each in self._of(PARTS) if self._differs(CORRECT, each))

    def _of(self, parts: Any) -> Iterator[TracedDecision]:
        return (decision for decision in self._decisions if decision.part in parts)

    def _decide(self, part: str, *asked: Any) -> Any:
        answer = getattr(CORRECT, part)(*asked)
        with self._lock:
            self._decisions.append(TracedDecision(part, asked, answer))
        return answer

    @staticmethod
    def _differs(behaviour: Behaviour, decision: TracedDecision) -> bool:
        part: Callable[..., Any] = getattr(behaviour, decision.part)
        try:
            return bool(part(*decision.asked) != decision.answer)
        except Exception:  # noqa: BLE001 - a part that fails where the right one answered is another part
            return True
