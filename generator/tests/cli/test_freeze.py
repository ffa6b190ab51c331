"""What each release had, and which release had a rule first."""

from __future__ import annotations

from pathlib import Path

import pytest
from ampmap_generator.check.all_editions import examine
from ampmap_generator.cli import main
from ampmap_generator.compile import compile_reference
from ampmap_generator.load.spec import load
from ampmap_tests_support.specs import GOOD, WriteSpec
from click.testing import CliRunner, Result

FILE = "releases.yaml"
ROWS = "requirements/routing.yaml"
REACHED, REFUSED = "routing.reached", "routing.refused"


def since(spec: Path) -> dict[str, str | None]:
    return {id_: row.since for id_, row in compile_reference(load(spec)[0]).requirements.items()}


@pytest.mark.parametrize(
    ("releases", "formerly", "expected"),
    [
        ("", "", (None, None)),
        (f"0.1.0: {{requirements: [{REACHED}]}}\n", "", ("0.1.0", None)),
        (f"0.10.0: {{requirements: [{REFUSED}]}}\n0.9.0: {{requirements: [{REACHED}]}}\n", "", ("0.9.0", "0.10.0")),
        ("0.1.0: {requirements: [routing.old]}\n", "routing.old", (None, "0.1.0")),
        (
            "0.10.0: {requirements: [routing.old]}\n0.9.0: {requirements: [routing.older]}\n",
            "routing.old, routing.older",
            (None, "0.9.0"),
        ),
    ],
)
def test_a_rule_has_the_first_release_that_lists_one_of_its_ids(
    releases: str, formerly: str, expected: tuple[str | None, str | None], write_spec: WriteSpec
) -> None:
    rows = GOOD[ROWS].replace(f"{REFUSED}:\n", f"{REFUSED}:\n  formerly: [{formerly}]\n")
    spec = write_spec({**GOOD, ROWS: rows, **({FILE: releases} if releases else {})})

    found = since(spec)

    assert (found[REACHED], found[REFUSED]) == expected


@pytest.mark.parametrize(
    ("releases", "messages"),
    [
        ("0.1.0: {requirements: [routing.gone]}\n", ["no rule has the id `routing.gone` any more"]),
        (
            f"0.1.0: {{requirements: [{REACHED}]}}\n0.2.0: {{requirements: [], dropped: {{{REACHED}: odd}}}}\n",
            [f"`{REACHED}` was given up, and `{REACHED}` has it as an id again"],
        ),
        ("0.1.0: {requirements: [], dropped: {routing.no: odd}}\n", ["no release had a rule `routing.no`"]),
    ],
)
def test_an_id_that_was_released_is_neither_lost_nor_given_away(
    releases: str, messages: list[str], write_spec: WriteSpec
) -> None:
    loaded, read = load(write_spec({**GOOD, FILE: releases}))

    assert [finding.message for finding in examine(loaded, read, None)] == messages


def freeze(spec: Path, version: str) -> Result:
    return CliRunner().invoke(main, ["freeze", version, "--spec", str(spec)])


def test_a_release_lists_what_no_earlier_one_had(write_spec: WriteSpec) -> None:
    spec = write_spec({**GOOD, ROWS: GOOD[ROWS]})

    first = freeze(spec, "0.1.0")
    (spec / ROWS).write_text(
        GOOD[ROWS].replace(f"{REFUSED}:\n", f"routing.turned-away:\n  formerly: [{REFUSED}]\n"), encoding="utf-8"
    )
    again, second = freeze(spec, "0.1.0"), freeze(spec, "0.2.0")

    assert first.exit_code == 0, first.output
    assert second.output.endswith("0 rules are new in 0.2.0\n")
    assert (again.exit_code, "no list of a release is changed" in again.output) == (4, True)
    assert since(spec) == {REACHED: "0.1.0", "routing.turned-away": "0.1.0"}


@pytest.mark.parametrize("version", ["0.1", "v0.1.0", "0.1.0rc1", "01.0.0"])
def test_what_is_not_a_version_is_not_frozen(version: str, write_spec: WriteSpec) -> None:
    spec = write_spec(GOOD)

    assert freeze(spec, version).exit_code == 4
    assert not (spec / FILE).exists()
