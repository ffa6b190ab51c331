"""Which rule says that a call is served at all: by it a case is blocked whose call was not."""

from __future__ import annotations

from collections.abc import Iterator

from ..cases.cases import CallCase, Case, ClientCase, ManagementCase, VariedCase
from ..target.target import Target

UNREACHABLE = "errors.upstream-unreachable"
"""The rule on calls whose upstream gives no answer."""
SDK_LINES = "clients.stream-lines-readable"
"""The rule on lines of a stream that the provider's own SDK cannot read."""
OF_PROVIDERS = ("routing.reaches-upstream", "auth.accepts-credential")
OF_MANAGEMENT = ("management.forwarded",)
BY_WAY = {
    "local": (),
    "mapped": ("fallback.mapping-rewrites-model", "fallback.pattern-mapping"),
    "elsewhere": ("fallback.unmapped-goes-upstream",),
}
"""The rules on calls that take another way than the usual one."""
STEADY = (
    "fallback.next-call-after-rejection",
    "fallback.next-call-after-failure",
    "fallback.next-call-after-broken-stream",
)
"""The rules that say that a call is served still, whatever happened to earlier ones."""
SERVICE = frozenset((*OF_PROVIDERS, *OF_MANAGEMENT, *(rule for rules in BY_WAY.values() for rule in rules)))
"""Rules that say of a plain call that it is served. Where one of them does not hold, no other rule explains it."""


def explaining(rule: str, case: Case, target: Target, *, hung_up: bool) -> Iterator[str]:
    """Rules by which a call may go unserved in a case of `rule`, the most special one first.

    `hung_up` says that the call's upstream gave no answer.
    """
    if rule in SERVICE or rule in STEADY:
        return
    if hung_up and rule != UNREACHABLE:
        yield UNREACHABLE
    if isinstance(case, ClientCase) and case.sdk.reads_data_alone and rule != SDK_LINES:
        yield SDK_LINES
    if isinstance(case, CallCase):
        yield from BY_WAY[way_of(case, target)] or OF_PROVIDERS
    elif isinstance(case, ManagementCase):
        yield from OF_MANAGEMENT


def way_of(case: CallCase, target: Target) -> str:
    """Which way the model of a call goes: `local`, `mapped` or `elsewhere`."""
    if isinstance(case, VariedCase):
        return case.way
    if target.is_local(case.model, case.provider):
        return "local"
    if target.mapped(case.model) is not None:
        return "mapped"
    return "elsewhere" if case.model in target.unavailable else "local"
