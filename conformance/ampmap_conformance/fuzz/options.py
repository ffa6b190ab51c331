"""What the profile `fuzz` may be told, and what it needs. Light: the command line imports it."""

from __future__ import annotations

import importlib.util

from ..cases.cases import CallCase, Case, ManagementCase
from ..errors import UsageError

PROFILE = "fuzz"
DEFAULT_SEED = 1
"""The seed of a run that names none, so that two runs send the same."""
COVERAGE_MOST = 250
"""Most requests that the coverage of one operation of the document may come to; the largest now has 126."""
MISSING = "the profile `fuzz` requires schemathesis, which is not installed; run: pip install 'ampmap[fuzz]'"


def require_schemathesis() -> None:
    """Raises UsageError, with what to install, when there is no schemathesis."""
    if importlib.util.find_spec("schemathesis") is None:
        raise UsageError(MISSING)


def most_requests(case: Case, max_examples: int) -> int:
    """The most requests that the operations of a case come to: covered, and `max_examples` times fuzzed."""
    return _operations(case) * (COVERAGE_MOST + max_examples)


def _operations(case: Case) -> int:
    if isinstance(case, CallCase):
        switch = case.call.operation.stream
        return len(case.provider.roots) * (2 if switch is not None and switch.by == "path" else 1)
    if isinstance(case, ManagementCase):
        return len(case.route.paths) * (1 if case.route.methods == "unknown" else len(case.route.methods))
    return 0
