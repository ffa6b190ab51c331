"""Puts a run together: reference, target, observer, client and engine; and looks first whether the target is there."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from ..cases.cases import World, expand
from ..dialects.schemas import Schemas
from ..errors import BudgetSpentError, KitFaultError, NoAnswerError, SuiteError, UnreachableError, UsageError
from ..fuzz.options import DEFAULT_SEED, PROFILE
from ..fuzz.session import Campaigns
from ..probe.budget import Budget
from ..probe.context import RunContext
from ..probe.prerequisites import available
from ..probe.probe import Probe
from ..reference.edition import reference_for
from ..reference.types import Reference, Requirement
from ..releases import Release, release_of
from ..target import target as targets
from ..target.reload import reloading_of
from ..target.target import Target
from ..version import version
from ..wire.client import NOT_CONNECTED, ProxyClient
from ..wire.foreign_peer import Sender, sender_to
from ..wire.redaction import Scrubber, SecretBook
from .estimate import Estimate, estimate
from .judge import Engine
from .plan import Plan, make_plan, narrowed

SMOKE_SECONDS = 10.0
DEFAULT_WORKERS = 8


@dataclass(frozen=True)
class RunOptions:
    """What the user asks of a run."""

    target: Path | None = None
    base_url: str | None = None
    reference: Path | None = None
    edition: str | None = None
    observer: str | None = None
    profiles: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    workers: int = DEFAULT_WORKERS
    strict: bool = False
    fail_fast: bool = False
    defects: tuple[str, ...] = ()
    """Faults of the embedded proxy to switch on."""
    variant: str | None = None
    """The unusual proxy to embed in place of the plain one."""
    baseline: Path | None = None
    today: datetime.date | None = None
    """The day on which the baseline's entries must still hold; today by default."""
    trace: tuple[str, ...] = ()
    """Patterns of cases of which the report keeps the exchanges, whatever they came to."""
    repeat: int = 1
    """How often each case is made; one that does not always come to the same is flaky."""
    attribute: bool = False
    """Make failing cases again without the proxy, to tell whose fault they are."""
    max_requests: int | None = None
    rate: float | None = None
    """Requests to the target per second."""
    seed: int = DEFAULT_SEED
    """What the data of the profile `fuzz` is generated from."""
    max_examples: int = 0
    """How many random requests it adds for each operation of the document."""
    openapi: Path | None = None
    """The document that it generates from, in place of the packaged one."""


@dataclass(frozen=True)
class Session:
    """A run that is ready to begin."""

    options: RunOptions
    reference: Reference
    target: Target
    context: RunContext
    plan: Plan
    engine: Engine
    scrubber: Scrubber
    release: Release
    """Which requirements score."""

    @cached_property
    def estimate(self) -> Estimate:
        """What the run comes to."""
        options = self.options
        return estimate(
            self.plan,
            self.target,
            available=available(self.context),
            repeat=options.repeat,
            max_examples=options.max_examples,
        )

    @property
    def generates(self) -> bool:
        """Whether data is generated for any of its cases."""
        return any(task.row.profile == PROFILE for task in self.plan.selected)


@contextmanager
def opened(options: RunOptions, reference: Reference | None = None) -> Iterator[Session]:
    """Everything that a run needs, started before and stopped after.

    Raises UsageError for bad options and SuiteError when suite and requirements do not fit together.
    """
    if options.target and options.base_url:
        raise UsageError("--target and --base-url exclude each other")
    if options.defects and (options.target or options.base_url):
        raise UsageError("--defect is for the embedded target; `ampmap-conformance serve --defect` runs it by itself")
    known = reference or reference_for(options.reference, options.edition, options.target)
    foreign: Sender | None
    with ExitStack() as stack:
        addresses: list[tuple[str, str]] = []
        if options.target or options.base_url:
            target = (
                targets.load(options.target, known)
                if options.target
                else targets.from_url(options.base_url or "", known)
            )
            from ..target.observer_access import observer_of

            observer = stack.enter_context(observer_of(target, known, options.observer))
            elsewhere = sender_to(target.file.base_url)
            foreign = stack.enter_context(elsewhere) if elsewhere is not None else None
            folder = options.target.parent if options.target else Path()
            reloading = stack.enter_context(reloading_of(target, observer, folder)) if observer else None
        else:
            if options.observer:
                raise UsageError("--observer goes with --target or --base-url; the embedded target has its own")
            from ..refproxy.embedded import embedded

            try:
                default = stack.enter_context(embedded(known, options.defects, variant=options.variant))
            except LookupError as error:
                raise UsageError(f"--defect: {error}") from error
            target, observer, foreign = default.target, default.observer, default.foreign
            reloading = default.reloading
            addresses += [(urlsplit(url).netloc, "{observer}") for url in default.urls]
            addresses.append((urlsplit(target.file.base_url).netloc, "{proxy}"))
        if observer is not None:
            addresses.append((urlsplit(observer.url).netloc, "{observer}"))
        secrets = SecretBook(*(s.value for s in (target.client, target.second_client, *target.secrets) if s))
        client = stack.enter_context(ProxyClient(target.file.base_url))
        direct = stack.enter_context(ProxyClient(observer.direct_url)) if observer and options.attribute else None
        budget = Budget(options.max_requests, options.rate)
        fuzzing = Campaigns(known, options.openapi, seed=options.seed, max_examples=options.max_examples)
        context = RunContext(
            target=target,
            client=client,
            secrets=secrets,
            schemas=Schemas(known),
            observer=observer,
            budget=budget,
            direct=direct,
            foreign=foreign,
            reloading=reloading,
            fuzzing=fuzzing,
        )
        plan = narrowed(make_plan(known, target), profiles=options.profiles, select=options.select, skip=options.skip)
        scrubber = Scrubber(secrets, tuple(addresses))
        engine = Engine(
            context, plan, scrubber, strict=options.strict, repeat=options.repeat, attribute=options.attribute
        )
        session = Session(options, known, target, context, plan, engine, scrubber, release_of(version()))
        if session.generates:
            fuzzing.require()
        yield session


def smoke(session: Session) -> None:
    """Asks every provider route once, until one answers as a proxy for Amp does.

    Raises UnreachableError when the target is not there, refuses the client's key everywhere, or has no Amp routes.
    """
    row = Requirement.model_construct(id="smoke", for_each=("provider",))
    base = session.target.file.base_url
    client = session.target.client
    statuses: list[int] = []
    for case in expand(row, World(session.reference, session.target)):
        context = replace(session.context, timeout=SMOKE_SECONDS)
        try:
            exchange = Probe(context).send(case)
        except KitFaultError as error:
            raise SuiteError(str(error)) from error
        except BudgetSpentError as error:
            raise UsageError(f"{error} before the target was found to be there") from error
        except NoAnswerError as error:
            what = "is unreachable" if error.failure in NOT_CONNECTED else "does not answer"
            raise UnreachableError(f"{base} {what}: {error.failure.value}.") from error
        if exchange.upstream or exchange.response.status not in (401, 403, 404):
            return
        statuses.append(exchange.response.status)
    if not statuses:
        raise UsageError("the target serves no provider of this edition")
    if set(statuses) == {404}:
        raise UnreachableError(f"{base} has no Amp surface: every provider route answers 404.")
    key = f"the client key in {client.label}" if client else "calls without a client key"
    hint = "" if client else f" (name a key under `credentials.client`, or set {targets.CLIENT_KEY_VARIABLE})"
    raise UnreachableError(f"{base} refuses {key} on every provider route{hint}.")
