"""The vectors: every branch and pair is in them, and what binds rests on what the sources state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations, product

import jsonschema
import pytest
from ampmap_generator import outputs
from ampmap_generator.render.vectors.axes import CASCADES, ENVIRONMENTS
from ampmap_generator.render.vectors.pairs import all_pairs, pairs_of
from ampmap_generator.render.vectors.vectors import (
    COMBINATIONS,
    FILE,
    SCHEMA,
    combined_questions,
    make_vectors,
    preference,
    render_vectors,
    vector_files,
)
from ampmap_generator.vendored.auth import AuthVector, AuthVectors
from ampmap_generator.vendored.platforms import Platform
from ampmap_generator.vendored.reference import Reference


@pytest.fixture(scope="module")
def rensei(reference: Reference) -> Platform:
    return reference.platforms["rensei"]


@pytest.fixture(scope="module")
def vectors(rensei: Platform) -> tuple[AuthVector, ...]:
    return make_vectors(rensei).vectors


def test_a_vector_binds_exactly_where_every_rule_on_its_way_is_stated(
    rensei: Platform, vectors: tuple[AuthVector, ...]
) -> None:
    for vector in vectors:
        assert vector.asserted == (not vector.open), vector.case
        assert all(rensei.rules[rule].status != "stated" for rule in vector.open)
        assert rensei.rules[vector.rule].status == "stated" or not vector.asserted


UNDOCUMENTED = {
    "the order of the later checks": lambda v: not v.environment.metered_enabled and not v.environment.metered_key,
    "a retry of metered as shared": lambda v: (
        v.expected.mode is None
        and {"metered", "shared"} <= set(v.possible)
        and v.expected.error in ("not-entitled-to-metered", "no-metered-key")
    ),
    "local in the cloud": lambda v: v.environment.runs_on == "cloud" and v.possible == ("local",),
    "metered and shared on local capacity": lambda v: (
        v.environment.runs_on == "local" and v.possible[:1] in (("metered",), ("shared",))
    ),
    "modes that the provider lacks": lambda v: bool(set(v.profile.auth_modes) - set(v.provider.auth_modes)),
}


@pytest.mark.parametrize("what", UNDOCUMENTED)
def test_what_no_source_tells_is_asked_and_never_asserted(what: str, vectors: tuple[AuthVector, ...]) -> None:
    concerned = [vector for vector in vectors if UNDOCUMENTED[what](vector)]

    assert concerned
    assert [vector.case for vector in concerned if vector.asserted] == []


def test_a_code_binds_only_where_the_sources_state_it_for_the_provider(
    rensei: Platform, vectors: tuple[AuthVector, ...]
) -> None:
    for vector in vectors:
        error = rensei.errors.get(vector.expected.error or "")
        stated = error is not None and vector.provider.id in (error.providers or (vector.provider.id,))
        assert vector.expected.code == (error.code if error and stated and error.code != "unknown" else None)


def test_every_pair_of_provider_set_policy_and_environment_is_asked(rensei: Platform) -> None:
    order = preference(rensei)
    asked = {pair for q in combined_questions(rensei, order) for pair in combinations(enumerate(q.case.split(".")), 2)}
    sets = ["+".join(modes) or "empty" for size in range(6) for modes in combinations(order, size)]
    axes = (list(rensei.providers), list(ENVIRONMENTS), sets, list(CASCADES))

    def possible(provider: str, modes: str) -> bool:
        return modes == "empty" or set(modes.split("+")) <= set(rensei.providers[provider].auth_modes)

    wanted = {pair for row in product(*axes) if possible(row[0], row[2]) for pair in combinations(enumerate(row), 2)}
    assert asked == wanted


def test_pairs_are_covered_in_fewer_rows_than_there_are_combinations() -> None:
    axes = {"a": range(4), "b": range(3), "c": range(3), "d": range(2)}
    rows = all_pairs(axes, lambda row: row["a"] != row["b"])
    allowed = [dict(zip(axes, values, strict=True)) for values in product(*axes.values()) if values[0] != values[1]]
    wanted = {pair for row in allowed for pair in pairs_of(row)}

    assert {pair for row in rows for pair in pairs_of(row)} == wanted
    assert len(rows) < 24


def branches(vector: AuthVector) -> Iterator[str]:
    yield f"error {vector.expected.error}" if vector.expected.outcome == "refused" else f"mode {vector.expected.mode}"
    yield from (f"open {rule}" for rule in vector.open)


def test_every_branch_of_the_resolver_is_taken(vectors: tuple[AuthVector, ...]) -> None:
    errors = ("authmodes-unsatisfiable", "auth-mode-requires-local-capacity", "not-entitled-to-metered")
    errors = (*errors, "no-metered-key", "shared-quota-exceeded", "None")
    rules = ("profiles-mode-twice", "profiles-mode-unknown", "profiles-mode-unsupported", "access-matrix-provider-key")
    rules = (*rules, "errors-local-mode-inferred", "resolution-cloud-mode-on-local", "resolution-order-of-later-checks")
    rules = (*rules, "resolution-metered-retry", "resolution-no-retry-inferred")
    modes = ("byok", "metered", "shared", "host-session", "local")

    assert {branch for vector in vectors for branch in branches(vector)} == {
        *(f"error {name}" for name in errors),
        *(f"mode {name}" for name in modes),
        *(f"open {name}" for name in rules),
    }


def test_a_vector_has_a_name_of_its_own_and_its_requirement_exists(
    reference: Reference, vectors: tuple[AuthVector, ...]
) -> None:
    names = [(vector.requirement, vector.case) for vector in vectors]

    assert len(set(names)) == len(names)
    assert {name for name, _ in names} == {row.id for row in reference.requirements.values() if "resolver" in row.needs}
    assert 200 <= len(names) <= 600
    assert sum(vector.requirement == COMBINATIONS for vector in vectors) < len(names)


def test_the_file_fits_its_schema_and_reads_back(rensei: Platform) -> None:
    files = vector_files(rensei)
    data, schema = json.loads(files[FILE]), json.loads(files[SCHEMA])

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    assert AuthVectors.model_validate_json(files[FILE]) == make_vectors(rensei)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "vectors": [{**data["vectors"][0], "asserted": "yes"}]}, schema)


def test_the_committed_vectors_are_those_of_the_spec(reference: Reference) -> None:
    folder = outputs.OUTPUTS["vectors"].folder(None)

    assert {name: (folder / name).read_bytes() for name in (FILE, SCHEMA)} == render_vectors(reference)


def test_a_reference_without_the_platform_has_no_vectors(reference: Reference) -> None:
    assert render_vectors(reference.model_copy(update={"platforms": {}})) == {}
