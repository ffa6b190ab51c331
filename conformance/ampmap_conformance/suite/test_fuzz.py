"""Profile fuzz: generated data. Each check judges the same generated requests by one rule."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from ..cases.cases import CallCase, Case, ManagementCase
from ..checks.registry import checks
from ..probe.probe import Probe

CheckFunction = TypeVar("CheckFunction", bound=Callable[..., None])


def on_generated_data(requirement: str) -> Callable[[CheckFunction], CheckFunction]:
    """Makes a check of a function that only says, by its docstring and the type of its case, what is judged."""

    def mark(function: CheckFunction) -> CheckFunction:
        @wraps(function)
        def check(case: Case, probe: Probe) -> None:
            probe.generated(case, requirement).raise_for(requirement, probe.exchanges)

        checks(requirement)(check)
        return cast("CheckFunction", check)

    return mark


@on_generated_data("fuzz.no-server-error")
def test_no_server_error(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it is sent, then the proxy does not fail."""


@on_generated_data("fuzz.valid-forwarded")
def test_valid_forwarded(case: CallCase, probe: Probe) -> None:
    """Given data that the document allows, when it is sent, then it reaches an upstream."""


@on_generated_data("fuzz.invalid-rejected-or-relayed")
def test_invalid_rejected_or_relayed(case: CallCase, probe: Probe) -> None:
    """Given data that the document does not allow, when it is sent, then it is rejected or forwarded unchanged."""


@on_generated_data("fuzz.error-shape")
def test_error_shape(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it ends in an error, then the error has the provider's shape."""


@on_generated_data("fuzz.content-type")
def test_content_type(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it is answered, then the answer is JSON or a stream of events, and is marked so."""


@on_generated_data("fuzz.no-leak")
def test_no_leak(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it is sent, then no message on either side shows a key."""


@on_generated_data("fuzz.no-stack-trace")
def test_no_stack_trace(case: CallCase, probe: Probe) -> None:
    """Given generated data, when the proxy rejects it, then the answer has no stack trace."""


@on_generated_data("fuzz.management-holds")
def test_management_holds(case: ManagementCase, probe: Probe) -> None:
    """Given generated data, when a management path gets it, then the proxy neither fails nor shows a key."""
