"""Which cases belong together: those of one call or family, and of them the nearest one. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from .cases import CallCase, Case, ClientCase, ManagementCase


def kin(case: Case) -> Hashable:
    """What a case and its twin have in common: the call and who makes it, or the management family."""
    if isinstance(case, ManagementCase):
        return case.route.id
    if isinstance(case, ClientCase):
        return (case.provider.id, case.call.id, case.sdk.id)
    return (case.provider.id, case.call.id) if isinstance(case, CallCase) else None


def twin(case: Case, of: Iterable[Case]) -> Case | None:
    """The case among `of` that is nearest to `case`: the same call, or the same management path."""
    if isinstance(case, ManagementCase):
        same = [c for c in of if isinstance(c, ManagementCase) and kin(c) == kin(case)]
        return next((c for c in same if (c.path, c.verb) == (case.path, case.verb)), same[0] if same else None)
    if isinstance(case, CallCase):
        near = [c for c in of if isinstance(c, CallCase) and kin(c) == kin(case)]
        return next((c for c in near if c.stream == case.stream), near[0] if near else None)
    return None
