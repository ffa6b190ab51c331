"""Profile fuzz: data that nobody thought of. Each check asks one rule of the same generated requests."""

from __future__ import annotations

from ..cases.cases import CallCase, ManagementCase
from ..checks.registry import checks
from ..probe.probe import Probe


@checks("fuzz.no-server-error")
def test_no_server_error(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it is sent, then the proxy does not fail."""
    probe.fuzzed(case, "fuzz.no-server-error").raise_for("fuzz.no-server-error", probe)


@checks("fuzz.valid-goes-on")
def test_valid_goes_on(case: CallCase, probe: Probe) -> None:
    """Given data that the document allows, when it is sent, then it reaches an upstream."""
    probe.fuzzed(case, "fuzz.valid-goes-on").raise_for("fuzz.valid-goes-on", probe)


@checks("fuzz.invalid-is-no-success")
def test_invalid_is_no_success(case: CallCase, probe: Probe) -> None:
    """Given data that the document does not allow, when it is sent, then it is refused or goes on as it is."""
    probe.fuzzed(case, "fuzz.invalid-is-no-success").raise_for("fuzz.invalid-is-no-success", probe)


@checks("fuzz.error-shape")
def test_error_shape(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it ends in an error, then in the provider's shape."""
    probe.fuzzed(case, "fuzz.error-shape").raise_for("fuzz.error-shape", probe)


@checks("fuzz.content-type")
def test_content_type(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it is answered, then as JSON or as a stream of events, and marked so."""
    probe.fuzzed(case, "fuzz.content-type").raise_for("fuzz.content-type", probe)


@checks("fuzz.no-leak")
def test_no_leak(case: CallCase, probe: Probe) -> None:
    """Given generated data, when it is sent, then no key shows on either side."""
    probe.fuzzed(case, "fuzz.no-leak").raise_for("fuzz.no-leak", probe)


@checks("fuzz.no-stack-trace")
def test_no_stack_trace(case: CallCase, probe: Probe) -> None:
    """Given generated data, when the proxy refuses it, then without a stack trace."""
    probe.fuzzed(case, "fuzz.no-stack-trace").raise_for("fuzz.no-stack-trace", probe)


@checks("fuzz.management-holds")
def test_management_holds(case: ManagementCase, probe: Probe) -> None:
    """Given generated data, when a management path gets it, then the proxy neither fails nor shows a key."""
    probe.fuzzed(case, "fuzz.management-holds").raise_for("fuzz.management-holds", probe)
