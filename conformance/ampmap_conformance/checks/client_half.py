"""What of a rule a client sees by itself: the half of a check that is judged where no observer sees the upstreams."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from ..cases.cases import CallCase


@dataclass(frozen=True)
class CallForm:
    """The form of a call that several client halves judge: it is made once in a run for all of them."""

    name: str
    tokens: int | None = None
    """The most tokens that its answer may have; None where its request is the smallest one of the reference."""

    def key(self, case: CallCase) -> Hashable:
        """What is the same for cases whose calls in this form are one call."""
        return self.name, case.method, case.target, case.model, case.stream


PLAIN = CallForm("plain")


@dataclass(frozen=True)
class ClientHalf:
    """What a client sees of a rule by itself, which holds for every answer of a right upstream."""

    sees: str
    """What is judged, as a phrase."""
    judge: Callable[[Any, Any], None] | None = None
    """Judges a case. None: the whole check asks for nothing but what a client sees."""
    form: CallForm | None = None
    """The form of a call that it shares with others."""
    requests: int = 0
    """The most that one case sends to the target beside that call."""

    def own_requests(self, whole: int) -> int:
        """The most that one case sends beside a shared call, of a check that sends at most `whole` requests."""
        return whole if self.judge is None else self.requests

    def all_requests(self, whole: int) -> int:
        """The most that one case sends, where it is the first that asks for the call that it shares."""
        return self.own_requests(whole) + (self.form is not None)
