"""Makes the calls of one user and has them judged. Knows nothing of Locust."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random

from ..cases.cases import VariedCase
from ..errors import KitFaultError, NoAnswerError, NotTestableError, place_of
from ..observer.script import Reply
from ..probe.context import RunContext
from ..probe.probe import Probe
from ..suite.support.looking import amp_keys
from ..target.target import Secret, Target
from ..wire.client import ProxyClient
from ..wire.credentials import Credential, as_client_sends
from ..wire.messages import AMP
from ..wire.redaction import Scrubber, masking
from .asking import WatchedObserver
from .calls import Kind, Planned, cases_of, planned, short_call
from .gate import Gate
from .judge import LIMITED, Known, Made, Unjudged, judged
from .tally import Tally

LEARNED_BY = 3
"""Calls of each client by which its Amp key is learned."""


@dataclass
class Shared:
    """What all users of a process share."""

    context: RunContext
    observer: WatchedObserver
    scrubber: Scrubber
    gate: Gate
    seed: int = 1
    tally: Tally = field(default_factory=Tally)
    users: int = 0
    """How many there were so far."""

    def __post_init__(self) -> None:
        self.cases: tuple[VariedCase, ...] = cases_of(Probe(self.context))
        self.invalid = self.context.secrets.add(f"invalid-{secrets.token_hex(12)}")
        self.known = Known(tuple(self.keys))

    @property
    def keys(self) -> list[str]:
        """The clients' keys, by client."""
        return [secret.value for secret in clients_of(self.context.target)]

    def learn(self) -> None:
        """Makes calls one after another, so that what they come to without load is known."""
        probe = Probe(self.context)
        for case in self.cases:
            probe.called(case)
            probe.called(replace(case, stream=True))
        if not self.context.target.claims("per-client-upstream") or len(self.keys) < 2:
            return
        elsewhere = next((case for case in self.cases if probe.persona_of(case) == AMP), None)
        if elsewhere is None:
            return
        found = [self._amp_keys(elsewhere, key) for key in self.keys]
        if all(len(keys) == 1 for keys in found) and len(set[str]().union(*found)) == len(found):
            self.known = Known(self.known.keys, tuple(next(iter(keys)) for keys in found))

    def _amp_keys(self, case: VariedCase, key: str) -> set[str]:
        sent = (
            Probe(self.context).send(case, credential=as_client_sends(case.provider, key)) for _ in range(LEARNED_BY)
        )
        return set[str]().union(*(amp_keys(exchange) for exchange in sent))


def clients_of(target: Target) -> list[Secret]:
    """The clients whose keys the kit has."""
    return [secret for secret in (target.client, target.second_client) if secret is not None]


class Caller:
    """One user: one of the clients, with a connection of its own."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._number = shared.users
        shared.users += 1
        self._chance = Random(shared.seed * 1_000_003 + self._number)  # noqa: S311 - a choice of calls, no secret
        self._client = ProxyClient(shared.context.target.file.base_url, tls=shared.context.tls)
        self._context = shared.context.calling_by(self._client)

    def close(self) -> None:
        """Closes its connection."""
        self._client.close()

    def short(self) -> tuple[Planned, Made, str]:
        """Makes any short call."""
        return self._make(short_call(self._shared.cases, self._chance, keyed=bool(self._shared.keys)))

    def held(self) -> tuple[Planned, Made, str]:
        """Makes a stream that ends when all users that stream have one."""
        return self._make(planned(self._chance.choice(self._shared.cases), Kind.HELD_STREAM))

    def _make(self, call: Planned) -> tuple[Planned, Made, str]:
        shared, probe = self._shared, Probe(self._context)
        who = self._number % max(1, len(shared.keys))
        failure = None
        with masking(self._context.secrets):
            try:
                self._send(call, probe, self._credential(call, who))
            except NoAnswerError as error:
                failure = error.failure
            made = Made(call, probe.exchanges[-1], who, failure, shared.observer.is_quick)
            return call, made, self._judged(made, probe)

    def _send(self, call: Planned, probe: Probe, credential: Credential) -> None:
        if call.kind is Kind.HELD_STREAM:
            reply = call.replies[0]
            probe.send_in_step(call.case, self._shared.gate, reply, more_headers=call.headers, credential=credential)
        else:
            replies: Iterable[Reply] = call.replies
            probe.send(call.case, credential=credential, more_headers=call.headers, replies=replies)

    def _credential(self, call: Planned, who: int) -> Credential:
        if call.kind is Kind.INVALID_KEY:
            return as_client_sends(call.case.provider, self._shared.invalid)
        keys = self._shared.keys
        return as_client_sends(call.case.provider, keys[who]) if keys else Credential()

    def _judged(self, made: Made, probe: Probe) -> str:
        """Counts what a call shows; returns the first thing that it breaks, in words."""
        shared, tally = self._shared, self._shared.tally
        try:
            found = judged(made, shared.known, probe)
        except (NotTestableError, KitFaultError, ValueError) as error:
            tally.fault(place_of(error))
            return ""
        if isinstance(found, Unjudged):
            tally.beyond(found.why)
            return ""
        tally.limited += made.exchange.response.status in LIMITED
        for one in found:
            tally.count(one, made, shared.scrubber, self._context.target)
        broken = (one for one in found if one.violation is not None)
        return next((f"{one.rule}: {one.violation.saying}" for one in broken if one.violation), "")
