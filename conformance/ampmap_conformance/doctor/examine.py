"""The whole look at a proxy: connect, ask, watch, judge, within seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext

from ..dialects.schemas import Schemas
from ..errors import NoAnswerError, UnreachableError, UsageError
from ..observer import Observing
from ..probe.context import RunContext
from ..reference import editions, load, proxied_providers
from ..reference.types import Provider, Reference
from ..target.discover import Discovery, asked
from ..target.observer_access import observer_of
from ..target.target import Target
from ..target.trust import tls_of
from ..wire.client import ProxyClient, client_for
from ..wire.redaction import SecretBook
from . import judge, watch
from .findings import Examination, Finding, State, Topic

LIMIT = 4.0
"""Seconds for all calls together; what takes longer is ended, and said to be unknown."""
PATIENCE = 2.0
"""Seconds for one answer."""


@dataclass(frozen=True, kw_only=True)
class Patient:
    """The proxy to look at, and how."""

    target: Target
    folder: Path
    """That of the target file, by which its paths are read."""
    observer: str | None = None
    """A URL at which the observer is to listen, in place of what the target file says."""
    limit: float = LIMIT
    patience: float = PATIENCE


def examined(patient: Patient) -> Examination:
    """Looks at a proxy. Raises UsageError for a certificate that cannot be read."""
    target, begun = patient.target, time.monotonic()
    tls = tls_of(target, patient.folder)
    with client_for(target.file.base_url, patient.limit, tls) as client:
        looking = _Look(patient, client, tls, begun)
        findings = looking.all()
        order = list(Topic)
        found = tuple(sorted(findings, key=lambda finding: order.index(finding.topic)))
        seconds = time.monotonic() - begun
        return Examination(target.file.name, target.file.base_url, found, looking.sent, seconds)


class _Look:
    """One look, step by step."""

    def __init__(self, patient: Patient, client: ProxyClient, tls: SSLContext | None, begun: float) -> None:
        self._patient = patient
        self._target = patient.target
        self._client = client
        self._tls = tls
        self._end = begun + patient.limit
        self.sent = 0
        """Requests that the target got."""

    def all(self) -> list[Finding]:
        """Asks and watches; the observer listens before anything is asked, for what the proxy forwards then."""
        with ExitStack() as stack:
            observer: Observing | Finding | None
            try:
                observer = stack.enter_context(
                    observer_of(self._target, self._target.reference, self._patient.observer)
                )
            except (UsageError, UnreachableError) as error:
                observer = Finding(Topic.OBSERVER, State.WRONG, str(error))
            return self._seen(observer)

    def _seen(self, observer: Observing | Finding | None) -> list[Finding]:
        target, url = self._target, self._target.file.base_url
        try:
            found = asked(
                self._client,
                self._everyone(),
                target.reference,
                target.client,
                seconds=self._patient.patience,
                end=self._end,
            )
        except NoAnswerError as error:
            self.sent = 1
            return [*judge.unreachable(error.failure, error.why, url)]
        self.sent = found.sent
        findings = judge.judged(found, target)
        if any(finding.ends for finding in findings):
            return [*findings]
        return [*findings, judge.edition(found, target, _needs()), *self._watched(found, observer)]

    def _everyone(self) -> tuple[Provider, ...]:
        """The providers of the target's edition, as they are mounted, and those that further editions call."""
        mounted = {provider.id: provider for provider in self._target.providers}
        known = {p.id: mounted.get(p.id, p) for p in self._target.reference.providers.values() if p.via_proxy}
        for reference in _others(self._target.reference):
            for provider in reference.providers.values():
                if provider.via_proxy:
                    known.setdefault(provider.id, provider)
        return tuple(known.values())

    def _watched(self, found: Discovery, observer: Observing | Finding | None) -> tuple[Finding, ...]:
        if observer is None:
            return watch.no_observer()
        if isinstance(observer, Finding):
            return observer, watch.not_streamed("no observer sees the calls", Topic.OBSERVER)
        seen = judge.as_seen(self._target, found)
        if not seen.providers:
            return watch.not_asked("no call gets to an upstream", Topic.PROVIDERS)
        if time.monotonic() > self._end:
            return watch.not_asked("the answers took too long", Topic.REACHABLE)
        return watch.watched(self._context(seen, observer))

    def _context(self, seen: Target, observer: Observing) -> RunContext:
        def count(_sending: object) -> None:
            self.sent += 1

        return RunContext(
            target=seen,
            client=self._client,
            secrets=SecretBook(*(secret.value for secret in seen.secrets)),
            schemas=Schemas(seen.reference),
            observer=observer,
            tls=self._tls,
            timeout=self._patient.patience,
            on_send=count,
        )


def _needs() -> Mapping[str, frozenset[str]]:
    return {edition: proxied_providers(edition) for edition in editions()}


def _others(reference: Reference) -> Iterator[Reference]:
    """For each provider that another edition calls and this does not, the newest edition that does."""
    left = {name for wanted in _needs().values() for name in wanted}
    left -= {provider.id for provider in reference.providers.values() if provider.via_proxy}
    for edition in reversed(editions()):
        if left & proxied_providers(edition):
            left -= proxied_providers(edition)
            yield load(edition=edition)
