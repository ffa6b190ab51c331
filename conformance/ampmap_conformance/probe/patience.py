"""How long a probe waits for the next bytes of an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..observer.script import Reply
from ..target.file import Policy
from ..wire.limits import WHOLE

OBSERVED = 10.0
"""Seconds for an upstream that the kit plays: it answers at once."""
UNOBSERVED = 30.0
"""Seconds for a real upstream, whose models may think."""
SLOWEST = 256 << 10
"""Bytes a second that any proxy gets through. Some count the tokens of a body, and some parse each event twice."""
LONGEST = 20.0
"""Seconds beyond which a scripted wait stands for an upstream that never answers."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits for reading one answer, in seconds."""

    read: float
    """For connecting, and for each read."""
    whole: float
    """For the whole answer."""


def patience_for(replies: Iterable[Reply], policy: Policy, usual: float, sent: int = 0) -> Patience:
    """The limits for a call that the upstream answers with `replies`; `usual` is for one that answers at once.

    A proxy may work on the `sent` bytes of the call's body, and on the whole of the upstream's answer, before it sends
    anything.

    An upstream that breaks off its answer is gone then, so the client's answer has to end within the policy's
    `abort_timeout`. What the script waits is added.
    """
    script = tuple(replies)
    limit = max(LONGEST, policy.answer_timeout or 0.0)
    waits = [min(wait, limit) for reply in script for wait in _waits(reply)]
    longest = max(waits, default=0.0)
    if not any(reply.breaks_off for reply in script):
        work = (sent + sum(reply.size for reply in script)) / SLOWEST
        return Patience(longest + usual + work, sum(waits) + WHOLE + work)
    return Patience(longest + policy.abort_timeout, sum(waits) + 2 * policy.abort_timeout)


def _waits(reply: Reply) -> Iterable[float]:
    yield reply.delay
    for delay, _ in reply.pieces or ():
        yield delay or reply.gap
