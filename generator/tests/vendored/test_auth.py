"""The resolver of auth modes: what the sources say of single cases, and what holds for all of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ampmap_generator.render.types_module import render_types
from ampmap_generator.render.vectors.questions import Question
from ampmap_generator.render.vectors.vectors import handwritten_questions, make_vector
from ampmap_generator.vendored.auth import (
    AccessCell,
    AccessMatrix,
    AccessPolicy,
    AuthProfile,
    DispatchEnvironment,
    Refused,
    Resolution,
    Resolved,
    RunsOn,
    resolve_on,
)
from ampmap_generator.vendored.platforms import Platform
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT
from hypothesis import given, settings
from hypothesis import strategies as st

GUIDE = CHECKOUT / "site" / "docs" / "guides" / "vendor-the-types.md"
MODES = ("byok", "metered", "shared", "host-session", "local")
PROVIDERS = ("claude", "amp", "codex", "gemini", "ollama", "spring-ai")
KEYS = ("m", "claude", "gemini", "*", "anthropic", "another")
SCOPES = ("system", "org", "project")


@pytest.fixture(scope="module")
def rensei(reference: Reference) -> Platform:
    return reference.platforms["rensei"]


def asked(platform: Platform, modes: tuple[str, ...], provider: str = "claude", **scopes: AccessMatrix) -> Resolution:
    profile = AuthProfile(auth_modes=modes, model="m", provider=provider)
    return resolve_on(platform, profile, AccessPolicy(**scopes), platform.providers[provider], "unknown", explain=True)


# --- single cases


@pytest.mark.parametrize(
    "question", handwritten_questions(), ids=lambda q: f"{q.requirement.removeprefix('auth-modes.')}.{q.case}"
)
def test_the_answer_is_the_one_that_was_read_from_the_sources(question: Question, rensei: Platform) -> None:
    vector = make_vector(rensei, question)

    assert (vector.expected.mode or vector.expected.error if vector.asserted else None) == question.answer
    assert question.rule in rensei.rules
    assert question.answer is not None or question.rule in vector.open


def test_the_step_that_decided_and_the_error_are_told(rensei: Platform) -> None:
    denied = {"*": {mode: AccessCell(allowed=False) for mode in MODES}}
    refused = asked(rensei, ("byok",), org=denied)

    assert isinstance(refused, Refused)
    assert (refused.step, refused.code, refused.mode) == ("intersection", "AUTHMODES_UNSATISFIABLE", None)
    assert refused.message.startswith("The intersection of the profile's auth_modes")
    assert [step.step for step in refused.trace] == ["profile", "cascade", "cascade", "cascade", "intersection"]
    assert "org removes byok (by *), metered (by *)" in refused.trace[2].says


def test_a_message_that_is_known_names_the_provider(rensei: Platform) -> None:
    profile = AuthProfile(auth_modes=("metered",), model="m", provider="amp")
    place = DispatchEnvironment(runs_on="cloud", metered_key=False)
    refused = resolve_on(rensei, profile, AccessPolicy(), rensei.providers["amp"], place)

    assert isinstance(refused, Refused)
    assert refused.message == "No metered key is configured for provider 'amp'"
    assert (refused.code, refused.step, refused.mode, refused.trace) == ("unknown", "key-pool", "metered", ())


def test_a_provider_that_is_not_the_profiles_is_an_error(rensei: Platform) -> None:
    profile = AuthProfile(auth_modes=("byok",), model="m", provider="amp")
    with pytest.raises(ValueError, match="for provider 'amp', not 'claude'"):
        resolve_on(rensei, profile, AccessPolicy(), rensei.providers["claude"], "cloud")


@pytest.mark.parametrize("status", ["stated", "inferred", "unknown"])
def test_what_rests_on_an_unstated_rule_says_so(status: str, rensei: Platform) -> None:
    """Once a source states a rule, its answers bind, without a change of code."""
    rule = rensei.rules["profiles-mode-unsupported"].model_copy(update={"status": status})
    changed = rensei.model_copy(update={"rules": {**rensei.rules, rule.id: rule}})

    assert asked(changed, ("shared", "metered"), "amp").open == (() if status == "stated" else (rule.id,))


def test_the_generated_module_resolves_as_the_guide_says(reference: Reference, tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (code,) = (block for block in blocks if "resolve_auth_mode" in block)
    (tmp_path / "ampmap_types.py").write_bytes(render_types(reference)["types.py"])
    consumer = code.replace("from myproxy.", "from ") + "print(len(found.trace), found.open)\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", consumer], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("metered amp\n6 ()\n", "")


# --- what holds for all

matrices = st.dictionaries(
    st.sampled_from(KEYS),
    st.dictionaries(st.sampled_from(MODES), st.builds(AccessCell, allowed=st.booleans()), max_size=5),
    max_size=4,
)
policies = st.builds(AccessPolicy, system=matrices, org=matrices, project=matrices)
sets = st.lists(st.sampled_from(MODES), unique=True).map(tuple)
places = st.builds(
    DispatchEnvironment,
    runs_on=st.sampled_from(("cloud", "local", "unknown")),
    metered_enabled=st.booleans(),
    metered_key=st.booleans(),
    shared_quota=st.booleans(),
)
quick = settings(max_examples=150, deadline=None)


def resolved(
    platform: Platform,
    modes: tuple[str, ...],
    provider: str,
    policy: AccessPolicy,
    place: DispatchEnvironment | RunsOn = "unknown",
) -> Resolution:
    profile = AuthProfile(auth_modes=modes, model="m", provider=provider)
    return resolve_on(platform, profile, policy, platform.providers[provider], place, explain=True)


def left_by(resolution: Resolution) -> set[str]:
    """The modes that the intersection left."""
    return set(next(step.modes for step in resolution.trace if step.step == "intersection"))


def denied_by(matrix: AccessMatrix, provider: str, mode: str) -> bool:
    """The cell of the model, else of the provider, else of `*`, written apart from the resolver."""
    cells = [matrix[key][mode] for key in ("m", provider, "*") if key in matrix and mode in matrix[key]]
    return bool(cells) and not cells[0].allowed


@quick
@given(modes=sets, provider=st.sampled_from(PROVIDERS), policy=policies, place=places)
def test_the_result_is_in_the_intersection(
    rensei: Platform, modes: tuple[str, ...], provider: str, policy: AccessPolicy, place: DispatchEnvironment
) -> None:
    found = resolved(rensei, modes, provider, policy, place)
    allowed = {
        mode
        for mode in set(modes) & set(rensei.providers[provider].auth_modes)
        if not any(denied_by(getattr(policy, scope), provider, mode) for scope in SCOPES)
    }

    assert left_by(found) == allowed
    assert found.mode in allowed if found.mode else not allowed
    assert isinstance(found, Refused) or all(MODES.index(found.mode) <= MODES.index(mode) for mode in allowed)


@quick
@given(
    modes=sets,
    provider=st.sampled_from(PROVIDERS),
    policy=policies,
    scope=st.sampled_from(SCOPES),
    more=matrices,
)
def test_narrowing_never_adds_a_mode(
    rensei: Platform, modes: tuple[str, ...], provider: str, policy: AccessPolicy, scope: str, more: AccessMatrix
) -> None:
    """A scope that says something, whatever it is, leaves no mode that the others alone did not leave."""
    without = policy.model_copy(update={scope: {}})
    with_more = policy.model_copy(update={scope: more})

    assert left_by(resolved(rensei, modes, provider, with_more)) <= left_by(resolved(rensei, modes, provider, without))


@quick
@given(modes=sets, provider=st.sampled_from(PROVIDERS), policy=policies, place=places, data=st.data())
def test_the_order_of_the_set_does_not_matter(
    rensei: Platform,
    modes: tuple[str, ...],
    provider: str,
    policy: AccessPolicy,
    place: DispatchEnvironment,
    data: st.DataObject,
) -> None:
    shuffled = tuple(data.draw(st.permutations(modes)))

    assert resolved(rensei, shuffled, provider, policy, place) == resolved(rensei, modes, provider, policy, place)


@quick
@given(modes=sets, provider=st.sampled_from(PROVIDERS), policy=policies, place=places)
def test_explaining_changes_nothing_but_the_trace(
    rensei: Platform, modes: tuple[str, ...], provider: str, policy: AccessPolicy, place: DispatchEnvironment
) -> None:
    profile = AuthProfile(auth_modes=modes, model="m", provider=provider)
    brief = resolve_on(rensei, profile, policy, rensei.providers[provider], place)
    full = resolved(rensei, modes, provider, policy, place)

    assert full.model_copy(update={"trace": ()}) == brief
    assert full.trace[-1].step == full.step or isinstance(full, Resolved)
    assert set(full.open) == {step.rule for step in full.trace if rensei.rules[step.rule].status != "stated"}
