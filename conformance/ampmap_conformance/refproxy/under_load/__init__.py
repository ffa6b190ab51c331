"""The faults of the reference proxy that only load shows: with few calls at a time it is right.

They are not in `defects`, because the suite must not see them: `ampmap-conformance soak` does.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..behaviour import CORRECT, Behaviour
from ..defects import behaviour_with as usual_with
from ..defects.registry import Defect
from . import answers, calls, resources
from .crowd import CROWD, REGISTRY

THEMES = (answers, calls, resources)
"""The modules that register defects."""

DEFECTS: Mapping[str, Defect] = MappingProxyType(REGISTRY)
"""Every defect by id, in the order of the themes."""


def behaviour_with(ids: Iterable[str], behaviour: Behaviour = CORRECT) -> Behaviour:
    """`behaviour` with defects, of these or of the usual ones. Raises LookupError for an unknown id, naming it."""
    for id_ in ids:
        behaviour = DEFECTS[id_].change(behaviour) if id_ in DEFECTS else usual_with((id_,), behaviour)
    return behaviour


__all__ = ["CROWD", "DEFECTS", "THEMES", "behaviour_with"]
