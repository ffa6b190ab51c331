"""What the table of defects says of itself; that each defect is caught is a matter of `suite/test_suite.py`."""

from __future__ import annotations

import re

import pytest
from ampmap_conformance.engine.plan import proxy_rules
from ampmap_conformance.reference import load
from ampmap_conformance.refproxy import CORRECT, DEFECTS, behaviour_with

RULES = {name for name, row in proxy_rules(load()).items() if row.excluded is None}
PROFILES = {name.partition(".")[0] for name in RULES}


@pytest.mark.parametrize("id_", DEFECTS)
def test_each_defect_says_what_it_does_what_it_breaks_and_where_it_was_seen(id_: str) -> None:
    defect = DEFECTS[id_]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id_)
    assert re.fullmatch(r"[A-Z].+\.", defect.summary)
    assert defect.breaks
    assert set(defect.breaks) <= RULES
    assert defect.seen_in is None or re.fullmatch(r"[\w.-]+/[\w.-]+(#\d+|@[0-9a-f]{7,40})", defect.seen_in)


def test_every_profile_has_defects_and_some_were_seen_in_the_field() -> None:
    assert {requirement.split(".")[0] for defect in DEFECTS.values() for requirement in defect.breaks} == PROFILES
    assert len([defect for defect in DEFECTS.values() if defect.seen_in]) >= 16


def test_defects_add_up_and_unknown_ones_are_named() -> None:
    both = behaviour_with(["host-kept", "query-dropped"])
    assert (both.upstream_headers, both.upstream_target) != (CORRECT.upstream_headers, CORRECT.upstream_target)
    assert behaviour_with([]) is CORRECT
    with pytest.raises(LookupError, match="'nonsense'"):
        behaviour_with(["nonsense"])
