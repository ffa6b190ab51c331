"""The plan: every requirement has its check, and what does not fit together is not run."""

from __future__ import annotations

import pytest
from ampmap_conformance.cases.axes import AXES
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
        ({"id": "auth.new-rule"}, "neither a check nor `excluded`"),
        ({"control": None}, "a negative check without a control"),
        ({"control": "auth.missing-credential-rejected"}, "chain of controls"),
        ({"for_each": ("planet",)}, "planet is not an axis"),
        ({"for_each": ("management_route",)}, "must take a case of type ManagementCase"),
        ({"excluded": "cannot be tested"}, "neither a check nor"),
    ],
)
def test_rows_and_checks_that_do_not_fit_do_not_load(
    reference: Reference, change: dict[str, object], words: str
) -> None:
    row = reference.requirements["auth.missing-credential-rejected"].model_copy(update=change)
    rows = {**reference.requirements, row.id: row}
    with pytest.raises(SuiteError, match=words):
        make_plan(embedded_description(reference.model_copy(update={"requirements": rows})))


def test_an_axis_that_the_kit_or_the_reference_does_not_know_does_not_load(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: axis for name, axis in AXES.items() if name != "pause"}
    monkeypatch.setattr("ampmap_conformance.engine.plan.AXES", {**known, "planet": AXES["pause"]})
    with pytest.raises(SuiteError) as raised:
        make_plan(embedded_description(reference))
    assert "the kit cannot expand over pause" in str(raised.value)
    assert "planet is not an axis of the reference" in str(raised.value)
