"""Looks whether the target is there before any case is decided."""

from __future__ import annotations

from dataclasses import replace

from ..cases.axes import expand
from ..cases.cases import Case
from ..errors import BudgetSpentError, KitFaultError, NoAnswerError, SuiteError, UnreachableError, UsageError, Violation
from ..probe.context import RunContext
from ..probe.probe import Probe
from ..reference.types import Requirement
from ..target.target import CLIENT_KEY_VARIABLE, Target
from ..wire.client import NOT_CONNECTED
from ..wire.messages import TOO_MUCH, UNENDED, Exchange
from ..wire.sse import decode_body

SMOKE_SECONDS = 10.0


def smoke(shared: RunContext) -> None:
    """Asks every provider route once, until one answers as a proxy for Amp does.

    Where the edition has no such route, as those of native clients, it asks the management routes.
    Raises UnreachableError when the target is not there, refuses the client's key everywhere, or has no Amp routes.
    """
    base = shared.target.file.base_url
    client = shared.target.client
    statuses: list[int] = []
    for case in _cases(shared.target):
        context = replace(shared, timeout=SMOKE_SECONDS)
        try:
            exchange = Probe(context).send(case)
        except KitFaultError as error:
            raise SuiteError(str(error)) from error
        except BudgetSpentError as error:
            raise UsageError(f"{error} before the target answered") from error
        except NoAnswerError as error:
            what = "is unreachable" if error.failure in NOT_CONNECTED else "does not answer"
            why = f" ({error.why})" if error.why else ""
            raise UnreachableError(f"{base} {what}: {error.failure.value}{why}.") from error
        if (endless := _without_end(exchange)) is not None:
            raise UnreachableError(f"{base} does not answer in a way that can be tested: {endless}.")
        if exchange.upstream or exchange.response.status not in (401, 403, 404):
            return
        statuses.append(exchange.response.status)
    if not statuses:
        raise UsageError("the target serves no provider of this edition, and does not claim management")
    if set(statuses) == {404}:
        raise UnreachableError(f"{base} has no Amp surface: every route answers 404.")
    key = f"the client key in {client.label}" if client else "calls without a client key"
    hint = "" if client else f" (set a key under `credentials.client`, or {CLIENT_KEY_VARIABLE})"
    raise UnreachableError(f"{base} refuses {key} on every route{hint}.")


def _cases(target: Target) -> tuple[Case, ...]:
    for axis in ("provider", "management_route"):
        if found := expand(Requirement.model_construct(id="smoke", for_each=(axis,)), target):
            return tuple(found)
    return ()


def _without_end(exchange: Exchange) -> str | None:
    """Why an answer cannot be read to its end, if so: no check could say more of such a target."""
    response = exchange.response
    if response.broken in (TOO_MUCH, UNENDED):
        return response.broken
    try:
        decode_body(response.headers, response.body)
    except Violation as found:
        return found.saying
    return None
