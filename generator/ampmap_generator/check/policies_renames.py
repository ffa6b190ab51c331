"""The policy on earlier ids of requirements."""

from __future__ import annotations

from collections.abc import Iterator

from ..load.findings import Severity
from ..vendored.catalogue import Requirement
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex


@rule("former-id", Severity.ERROR)
def former_id(index: SpecIndex) -> Iterator[Wrong]:
    """An id that a requirement had before (`formerly`) never names another one, and has the same profile.

    Selections, baselines and links of users hold it. So it is neither the id nor an earlier id of another requirement,
    and it is never given away again. The profile is the page that links lead to.
    """
    rows = [(fact, row) for fact, row in facts(index, Requirement)]
    ids = {entry.key: entry for entry in index.scopes.get("requirements", {}).values()}
    owners: dict[str, str] = {}
    for fact, row in rows:
        for number, former in enumerate(row.formerly):
            place = fact.locate(("formerly", number))
            owner = owners.setdefault(former, row.id)
            if former in ids:
                where = ids[former].location
                yield Wrong(place, f"`{former}` is an id in use", f"{where} has it; write another id there")
            elif owner != row.id or former in row.formerly[:number]:
                yield Wrong(place, f"`{former}` is an earlier id of `{owner}` already")
            elif not former.startswith(f"{row.profile}.") or former == f"{row.profile}.":
                yield Wrong(place, f"`{former}` is not in the profile `{row.profile}`", "a rule keeps its profile")
