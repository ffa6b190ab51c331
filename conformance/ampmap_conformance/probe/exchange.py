"""One request on both hops: what the client got back, and what reached an upstream."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import Failure, KitFaultError, NoAnswerError
from ..observer.api import Observing
from ..observer.script import Reply
from ..wire.messages import STALLED, Exchange, Headers, Request, Response, nonce_of

SETTLING = 0.2
"""Seconds that a request which was answered with success may take to show at the observer."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """A request that is ready to be sent."""

    request: Request
    persona: str
    """Whom it is for: a provider id, or `amp`."""
    deliver: Callable[[], Response]
    """Puts it on the wire. Raises NoAnswerError."""
    replies: tuple[Reply, ...] = ()
    """What the upstream answers, one each, before it is normal again."""
    plain: bool = False
    """Whether any client could have sent it from here."""

    @property
    def size(self) -> int:
        """Bytes of the body and of the scripted answers."""
        return len(self.request.body) + sum(reply.size for reply in self.replies)


def both_hops(
    sending: Sending,
    observer: Observing | None,
    keep: Callable[[Exchange], None],
    heard: Callable[[bool], None] = lambda _answered: None,
) -> Exchange:
    """Sends a request and returns both hops; `keep` gets the exchange also where this raises.

    `heard` is told whether a call of which the upstream is not told to be slow got an answer.

    Raises NoAnswerError when the target gives no answer at all, unless a reply breaks off, for then that is how the
    transfer broke; and KitFaultError when the observer's own answer is wrong.
    """
    nonce = nonce_of(sending.request)
    if observer is not None and sending.replies:
        observer.script(nonce, sending.replies)
    begun = time.monotonic()
    silent: NoAnswerError | None = None
    try:
        response = sending.deliver()
    except NoAnswerError as error:
        error.nonce = nonce
        how = STALLED if error.failure is Failure.TIMEOUT else error.failure.value
        response = Response(0, Headers(), (), time.monotonic() - begun, broken=how)
        silent = None if _may_be_lost(error, sending.replies) else error
        if error.failure is Failure.TIMEOUT and not sending.replies:
            heard(False)
    else:
        heard(True)
    begun = response.begun or begun  # one zero for the times of both hops
    made = Exchange(sending.request, response, (), sending.persona, begun=begun, plain=sending.plain)
    if observer is not None:
        seen = observer.seen(nonce, at_least=1 if 0 < response.status < 300 else 0, within=SETTLING)
        observer.forget(nonce)
        answers = tuple(one.answer for one in seen if one.answer is not None)
        made = replace(made, upstream=tuple(one.request for one in seen), answers=answers)
    keep(made)
    if silent is not None:
        raise silent
    for answer in made.answers:
        if answer.fault is not None:
            raise KitFaultError(f"the observer's own answer for {sending.persona} is wrong: {answer.fault}")
    return made


def _may_be_lost(error: NoAnswerError, replies: tuple[Reply, ...]) -> bool:
    """Whether the upstream's answer broke off, so that a head which the proxy still held may be lost with it."""
    return error.failure in (Failure.DROPPED, Failure.TIMEOUT) and any(reply.breaks_off for reply in replies)
