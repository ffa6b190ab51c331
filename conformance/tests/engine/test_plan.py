"""The plan: every requirement has its check, and what does not fit together is not run."""

from __future__ import annotations

import pytest
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.plan import make_plan, proxy_rules, suite_checks
from ampmap_conformance.errors import SuiteError
from ampmap_conformance.reference.types import Reference


def test_every_requirement_has_a_check_and_every_check_a_requirement(reference: Reference) -> None:
    rules = proxy_rules(reference)
    assert set(suite_checks()) == {name for name, row in rules.items() if not row.excluded}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "auth.new-rule"}, "neither a check nor a reason"),
        ({"control": None}, "a negative check without a control"),
        ({"control": "auth.none-refused"}, "its own control"),
        ({"for_each": ("planet",)}, "planet is no axis"),
        ({"for_each": ("management_route",)}, "must take a case of type ManagementCase"),
        ({"excluded": "cannot be tested"}, "neither a check nor"),
    ],
)
def test_rows_and_checks_that_do_not_fit_do_not_load(
    reference: Reference, change: dict[str, object], words: str
) -> None:
    row = reference.requirements["auth.none-refused"].model_copy(update=change)
    rows = {**reference.requirements, row.id: row}
    with pytest.raises(SuiteError, match=words):
        make_plan(embedded_description(reference.model_copy(update={"requirements": rows})))
