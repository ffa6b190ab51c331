"""Policies: where each draws its line."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ampmap_generator.check.all_editions import examine
from ampmap_generator.load.findings import Finding
from ampmap_generator.load.spec import load
from ampmap_tests_support.specs import GOOD, ShowPlace, WriteSpec

TODAY = datetime.date(2026, 11, 20)


def findings(spec: Path, today: datetime.date | None = TODAY) -> list[Finding]:
    loaded, read = load(spec)
    return examine(loaded, read, today)


def priced(name: str, pricing: str, claims: str = "") -> str:
    return (
        f"{name}:\n  provider: claude\n  model_id: x\n  display_name: X\n  sources: [{{id: map}}]\n"
        f"  pricing: {pricing}\n{claims}"
    )


def claim(says: str, chosen: str, field: str = "pricing") -> str:
    return f"  claims: [{{field: {field}, says: {{map: {says}}}, chosen: {chosen}, because: b}}]\n"


INPUT = "{{inputPerMTokenCents: {}}}"

# the models of a platform, the messages of price-outlier
PRICES: list[tuple[str, list[str]]] = [
    (priced("m", INPUT.format(3)), []),  # nothing to compare with
    *(
        (priced("m", INPUT.format(3), claim(f"[{INPUT.format(3)}, {INPUT.format(other)}]", INPUT.format(3))), found)
        for other, found in (
            (100, []),
            (150, ["differs by a factor of 50 from 150, which `map` states"]),
            (300, ["differs by a factor of 100 from 300, which `map` states"]),
            (3000, ["differs by a factor of 1000 from 3000, which `map` states"]),
            (0.03, ["differs by a factor of 100 from 0.03, which `map` states"]),
            (0, []),  # free is no unit
            ("unknown", []),
        )
    ),
    (
        priced("m", INPUT.format(3), claim("[3, 3000]", "3", "pricing.inputPerMTokenCents")),
        ["differs by a factor of 1000 from 3000, which `map` states"],
    ),
    *(
        ("".join(priced(f"m{number}", INPUT.format(price)) for number, price in enumerate(prices)), found)
        for prices, found in (
            ((3, 300, 300), []),  # two others are no crowd
            ((4, 300, 300, 300), []),
            ((3, 300, 300, 300), ["differs by a factor of 100 from the median of 3 other models"]),
            ((300_000, 250, 300, 1500), ["differs by a factor of 1000 from the median of 3 other models"]),
            ((4, 5, 300, 350), []),
        )
    ),
]


@pytest.mark.parametrize("row", PRICES, ids=range(len(PRICES)))
def test_a_price_that_is_a_hundred_times_off_is_flagged(row: tuple[str, list[str]], write_spec: WriteSpec) -> None:
    models, expected = row

    found = findings(write_spec({**GOOD, "platforms/rensei/models.yaml": models}))

    assert [finding.message for finding in found if finding.rule == "price-outlier"] == expected
    assert {finding.rule for finding in found} <= {"price-outlier"}


@pytest.mark.parametrize(
    ("pricing", "expected"),
    [
        ("{inputPerMTokenCents: 3, outputPerMTokenUsd: 0.15, cacheReadPerMTokenCents: null, flatUsd: unknown}", 0),
        ("{perRequestUsd: 3}", 1),
        ("{inputPerRequestUsd: 3}", 0),
        ("{input: 3}", 1),
        ("{inputPerMToken: 3}", 1),
        ("{inputPerMTokenEuros: 3}", 1),
        ("{inputPerMTokenCents: -1}", 1),
        ("{inputPerMTokenCents: '3'}", 1),
        ("{inputPerMTokenCents: [3]}", 1),
    ],
)
def test_a_price_tells_its_unit(pricing: str, expected: int, write_spec: WriteSpec) -> None:
    found = findings(write_spec({**GOOD, "platforms/rensei/models.yaml": priced("m", pricing)}))

    assert [finding.rule for finding in found] == ["price-unit"] * expected


@pytest.mark.parametrize(
    ("date", "rules"),
    [
        ("2026-11-20", []),
        ("2025-11-20", []),
        ("2025-11-19", ["old-source"]),
        ("2025-11", []),  # it may be of the month's last day
        ("2025-10", ["old-source"]),
        ("2025", []),
        ("2024", ["old-source"]),
        ("2024-02-29", ["old-source"]),
        ("2025-02-29", ["source-date"]),
        ("2025-13", ["source-date"]),
        ("0000", ["source-date"]),
        ("20251120", ["source-date"]),
        ("2025-11-20T00:00", ["source-date"]),
    ],
)
def test_the_age_of_a_source(date: str, rules: list[str], write_spec: WriteSpec) -> None:
    spec = write_spec({**GOOD, "sources/map.yaml": f'title: T\nkind: document\ndate: "{date}"\n'})

    assert [finding.rule for finding in findings(spec)] == rules
    assert [finding.rule for finding in findings(spec, None)] == [rule for rule in rules if rule != "old-source"]


LATER_MODELS = "editions/later/models/acme.yaml"

# what an edition states of a model's life, the findings, part of the messages and hints
LIVES: list[tuple[str, list[str], str]] = [
    ("gpt-z: {display_name: Z, sources: [{id: map}], lifecycle: {renamed_from: gpt-x}}", [], ""),
    ("gpt-z: {display_name: Z, sources: [{id: map}], lifecycle: {replaces: [gpt-y, acme/gpt-x]}}", [], ""),
    (
        "gpt-z: {display_name: Z, sources: [{id: map}], lifecycle: {renamed_from: gpt-xx}}",
        [f"unknown-reference spec/{LATER_MODELS}:1:74"],
        "did you mean `gpt-x` (spec/models/acme.yaml:1)?",
    ),
    (
        "gpt-z: {display_name: Z, sources: [{id: map}], lifecycle: {replaces: [gpt-yy]}}",
        [f"unknown-reference spec/{LATER_MODELS}:1:71"],
        "no edition below this one",
    ),
    ("gpt-y: {lifecycle: {status: retired, since: '2026-06-15', successor: gpt-x}}", [], ""),
    ("gpt-y: {lifecycle: {status: retired, since: '2026-06-15', successor: unknown}}", [], ""),
    ("gpt-y: {lifecycle: {status: retired, since: '2026-06-15', successor: $null}}", [], ""),
    ("gpt-y: {lifecycle: {status: active}}", [], ""),
    (
        "gpt-y: {lifecycle: {status: retired, since: '2026-06-15'}}",
        [f"successor-unsaid spec/{LATER_MODELS}:1:29"],
        "`null` or `unknown`",
    ),
    (
        "gpt-y: {lifecycle: {status: retired, since: '2026-06-15', successor: gpt-xx}}",
        [f"unknown-reference spec/{LATER_MODELS}:1:70"],
        "did you mean `gpt-x`",
    ),
    (
        "gpt-y: {lifecycle: {status: retired, since: '2026-06-15', successor: acme/gpt-y}}",
        [f"own-successor spec/{LATER_MODELS}:1:70"],
        "cannot replace itself",
    ),
]


@pytest.mark.parametrize("row", LIVES, ids=[row[0] for row in LIVES])
def test_what_is_said_of_a_life_names_what_there_is(
    row: tuple[str, list[str], str], write_spec: WriteSpec, place: ShowPlace
) -> None:
    text, expected, words = row

    found = findings(write_spec({**GOOD, LATER_MODELS: f"{text}\n"}))

    assert [place(finding) for finding in found] == expected
    assert words in " ".join(f"{finding.message} {finding.hint}" for finding in found)


def test_the_base_was_renamed_from_nothing(write_spec: WriteSpec, place: ShowPlace) -> None:
    model = GOOD["models/acme.yaml"] + "  lifecycle: {renamed_from: gpt-x}\n"

    found = findings(write_spec({**GOOD, "models/acme.yaml": model}))

    assert [place(finding) for finding in found] == ["unknown-reference spec/models/acme.yaml:8:29"]


# earlier ids of the first and of the second requirement, and what is said of them
FORMER_IDS: list[tuple[str, str, list[str]]] = [
    ("[routing.a]", "[routing.b, routing.c]", []),
    ("[]", "[routing.refused]", ["`routing.refused` is an id in use"]),
    ("[routing.a]", "[routing.a]", ["`routing.a` is an earlier id of `routing.reached` already"]),
    ("[routing.a, routing.a]", "[]", ["`routing.a` is an earlier id of `routing.reached` already"]),
    ("[auth.a]", "[]", ["`auth.a` is not in the profile `routing`"]),
    ("[routing.]", "[]", ["`routing.` is not in the profile `routing`"]),
]


@pytest.mark.parametrize("row", FORMER_IDS, ids=[f"{first} {second}" for first, second, _ in FORMER_IDS])
def test_an_earlier_id_of_a_requirement_is_given_to_no_other(
    row: tuple[str, str, list[str]], write_spec: WriteSpec
) -> None:
    first, second, expected = row
    rows = GOOD["requirements/routing.yaml"]
    for name, formerly in (("routing.reached", first), ("routing.refused", second)):
        rows = rows.replace(f"{name}:\n", f"{name}:\n  formerly: {formerly}\n", 1)

    found = findings(write_spec({**GOOD, "requirements/routing.yaml": rows}))

    assert [(finding.rule, finding.message) for finding in found] == [("former-id", text) for text in expected]


def test_a_header_is_renamed_from_one_of_its_set(write_spec: WriteSpec, place: ShowPlace) -> None:
    path = "editions/later/headers/sent.yaml"
    assert "{name: Accept, " in GOOD["headers/sent.yaml"]
    layers = [f"headers: [{{name: X-Other, value: o, renamed_from: {name}}}]\n" for name in ("Accept", "Accepts")]

    known, unknown = [findings(write_spec({**GOOD, path: layer})) for layer in layers]

    assert f"unknown-reference spec/{path}:1:51" not in map(place, known)
    assert f"unknown-reference spec/{path}:1:51" in map(place, unknown)
