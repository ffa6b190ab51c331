"""Opens a run, one way down: options, surroundings, context, plan, engine, session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ..cases.sdks import PROFILE as CLIENTS
from ..cases.sdks import REMEDY, SDKS
from ..dialects.schemas import Schemas
from ..engine.judge import Engine
from ..engine.options import RunOptions
from ..engine.plan import make_plan, narrow
from ..engine.session import Session
from ..errors import UsageError
from ..fuzz.options import PROFILE
from ..fuzz.session import Campaigns
from ..probe.budget import Budget
from ..probe.context import RunContext
from ..reference.types import Reference
from ..releases import release_of
from ..version import version
from ..wire.client import ProxyClient, client_for
from ..wire.memory import give_back_large_blocks
from ..wire.redaction import Scrubber, SecretBook
from .surroundings import Surroundings, surroundings_of

SILENT_CALLS = 10
"""Calls in a row that get no answer, after which the target is given up."""


@contextmanager
def open_run(options: RunOptions, reference: Reference | None = None) -> Iterator[Session]:
    """Everything that a run needs, started before and stopped after.

    Raises UsageError for bad options and SuiteError when suite and requirements do not fit together.
    """
    if CLIENTS in options.profiles and all(sdk.version is None for sdk in SDKS):
        raise UsageError(f"none of the SDKs of the profile `{CLIENTS}` is installed; install them by `{REMEDY}`")
    give_back_large_blocks()
    with surroundings_of(options, reference) as around, _context(options, around) as context:
        plan = narrow(
            make_plan(context.target),
            profiles=options.profiles,
            select=options.select,
            skip=options.skip,
            depth=options.depth,
        )
        scrubber = Scrubber(context.secrets, around.addresses)
        engine = Engine(
            context,
            plan,
            scrubber,
            strict=options.strict,
            repeat=options.repeat,
            attribute=options.attribute,
            outside=not options.require_observer,
            whole_bodies=bool(options.trace),
        )
        session = Session(
            options=options,
            context=context,
            plan=plan,
            engine=engine,
            scrubber=scrubber,
            release=release_of(version()),
        )
        if session.generates and context.fuzzing is not None:
            context.fuzzing.require(task.case for task in plan.selected if task.row.profile == PROFILE)
        yield session


@contextmanager
def _context(options: RunOptions, around: Surroundings) -> Iterator[RunContext]:
    target, observer = around.target, around.observer
    with ExitStack() as stack:
        fuzzing = Campaigns(target.reference, options.openapi, seed=options.seed, max_examples=options.max_examples)
        stack.callback(fuzzing.close)
        yield RunContext(
            target=target,
            client=stack.enter_context(client_for(target.file.base_url, options.time_limit, around.tls)),
            secrets=SecretBook(*(secret.value for secret in target.secrets)),
            schemas=Schemas(target.reference),
            observer=observer,
            budget=Budget(options.max_requests, options.rate, seconds=options.time_limit, silent=SILENT_CALLS),
            direct=stack.enter_context(ProxyClient(observer.direct_url)) if observer and options.attribute else None,
            tls=around.tls,
            foreign=around.foreign,
            near=around.near,
            reloading=around.reloading,
            fuzzing=fuzzing,
        )
