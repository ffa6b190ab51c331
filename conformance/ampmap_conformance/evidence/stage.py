"""A reference proxy with a fault or a way of its own, and an engine that judges it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache

from ..dialects.schemas import Schemas
from ..engine.judge import Engine
from ..engine.plan import Plan, Task, make_plan
from ..fuzz.options import DEFAULT_SEED, PROFILE
from ..fuzz.session import Campaigns
from ..probe.context import RunContext
from ..reference import load
from ..reference.types import Reference
from ..refproxy.behaviour import CORRECT, Behaviour
from ..refproxy.embedded import embedded
from ..wire.client import ProxyClient
from ..wire.redaction import Scrubber, SecretBook

TIMEOUT = 9.0
"""Seconds without a byte after which a probe gives up: a defect may well be silence."""


@dataclass(frozen=True)
class Stage:
    """A proxy that is ready to be probed, and the plan of what may be asked of it."""

    context: RunContext
    plan: Plan

    def engine(self) -> Engine:
        """An engine that has judged nothing yet."""
        return Engine(self.context, self.plan, Scrubber(self.context.secrets, ()), strict=True)

    def will_try(self, tasks: Iterable[Task]) -> None:
        """Says which tasks come, so that requests are generated for those that need them."""
        cases = [task.case for task in tasks if task.row.profile == PROFILE]
        if cases and self.context.fuzzing is not None:
            self.context.fuzzing.require(cases)


@contextmanager
def staged(
    defects: Iterable[str] = (),
    *,
    variant: str | None = None,
    behaviour: Behaviour = CORRECT,
    plan: Plan | None = None,
) -> Iterator[Stage]:
    """Starts a reference proxy, and stops it. The arguments are those of `embedded`.

    `plan` is that of another stage without a variant: all of them have the same one, and to make it takes longer than
    to start a proxy. Raises LookupError for a defect or variant that does not exist.
    """
    known = packaged()
    with (
        embedded(known, defects, variant=variant, behaviour=behaviour) as proxy,
        ProxyClient(proxy.target.file.base_url) as client,
        closing(Campaigns(known, None, seed=DEFAULT_SEED, max_examples=0)) as fuzzing,
    ):
        keys = (proxy.target.client, proxy.target.second_client, *proxy.target.secrets)
        context = RunContext(
            target=proxy.target,
            client=client,
            secrets=SecretBook(*(secret.value for secret in keys if secret)),
            schemas=_schemas(),
            observer=proxy.observer,
            foreign=proxy.foreign,
            reloading=proxy.reloading,
            fuzzing=fuzzing,
            timeout=TIMEOUT,
        )
        yield Stage(context, plan or make_plan(proxy.target))


@cache
def packaged() -> Reference:
    """The reference of the base edition, which all evidence is made with."""
    return load()


@cache
def _schemas() -> Schemas:
    return Schemas(packaged())
