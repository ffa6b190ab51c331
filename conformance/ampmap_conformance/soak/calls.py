"""What a user of a soak calls, and what the upstream is told to answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from random import Random

from ..cases.axes import expand
from ..cases.cases import VariedCase
from ..observer.script import Reply
from ..probe.probe import Probe
from ..reference.types import Requirement
from ..suite.support.concurrent import Marked, marked_calls, marked_reply

REJECTED = 400
"""Status of the error that some calls get from the upstream: no proxy tries such a call again."""
MOST_CASES = 256
"""More than providers times ways."""
TRIES = 3
"""Times that it is held ready all the same."""


@unique
class Kind(StrEnum):
    """What is particular about a call."""

    ANSWER = "answer"
    STREAM = "stream"
    HELD_STREAM = "held stream"
    """It ends when all users that stream have one."""
    REJECTION = "rejection"
    """The upstream rejects it."""
    INVALID_KEY = "invalid key"


SHORT = (Kind.ANSWER,) * 6 + (Kind.STREAM,) * 2 + (Kind.INVALID_KEY,) * 2 + (Kind.REJECTION,)
"""The kinds of short calls, as often as they are made."""


@dataclass(frozen=True)
class Planned:
    """A call that is ready to be made, and the words by which what belongs to it is known."""

    case: VariedCase
    kind: Kind
    mark: str
    """Is in its answer, and in no other."""
    own: str
    """Is in its headers, and in those of no other call."""
    trace: str
    """Its trace id."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The header lines that are its own."""
        return (("traceparent", f"00-{self.trace}-{secrets.token_hex(8)}-01"), ("x-ampmap-own", self.own))

    @property
    def replies(self) -> tuple[Reply, ...]:
        """What its upstream answers."""
        own = (("x-ampmap-own", self.mark),)
        if self.kind is Kind.REJECTION:
            return (Reply.error(REJECTED, self.mark, own),) * TRIES
        return (replace(marked_reply(Marked(self.case, self.mark)), more_headers=own),)


def cases_of(probe: Probe) -> tuple[VariedCase, ...]:
    """The calls that the target serves: of each provider's first operation, on each way that its models go.

    Raises LookupError where it serves none.
    """
    row = Requirement.model_construct(id="soak", for_each=("first_provider",))
    first = next((case for case in expand(row, probe.target) if isinstance(case, VariedCase)), None)
    if first is None:
        raise LookupError("the target serves no model of any provider")
    found = {(one.case.provider.id, one.case.way): one.case for one in marked_calls(first, probe, MOST_CASES)}
    return tuple(found.values())


def planned(case: VariedCase, kind: Kind) -> Planned:
    """A call of a case with words of its own."""
    stream = kind in (Kind.STREAM, Kind.HELD_STREAM)
    mark, own = f"mark-{secrets.token_hex(8)}", f"own-{secrets.token_hex(8)}"
    return Planned(replace(case, stream=stream), kind, mark, own, secrets.token_hex(16))


def short_call(cases: tuple[VariedCase, ...], chance: Random, *, keyed: bool) -> Planned:
    """Any call but a held stream. A target without a client's key may accept any, so none is called invalid there."""
    kinds = SHORT if keyed else [kind for kind in SHORT if kind is not Kind.INVALID_KEY]
    return planned(chance.choice(cases), chance.choice(kinds))
