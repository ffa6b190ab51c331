"""The vectors that a resolver of auth modes is checked with, made from the questions and the resolver's answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from ...vendored.auth import (
    AccessCell,
    AccessMatrix,
    AccessPolicy,
    AuthExpectation,
    AuthProfile,
    AuthVector,
    AuthVectors,
    DispatchEnvironment,
    ProviderModes,
    Refused,
    Resolution,
    resolve_on,
)
from ...vendored.platforms import Platform, PlatformProvider
from ...vendored.reference import Reference
from ..json_text import DRAFT, compact
from .axes import CASCADES, ENVIRONMENTS
from .pairs import all_pairs
from .policy_cases import policy_questions
from .questions import Policy, Question
from .step_cases import later_questions, set_questions

PLATFORM = "rensei"
COMBINATIONS = "auth-modes.combinations"
FILE = "auth-vectors.json"
SCHEMA = "auth-vectors.schema.json"


def make_vectors(platform: Platform) -> AuthVectors:
    """Every vector of a platform. Pure: the same facts give the same vectors."""
    order = preference(platform)
    return AuthVectors(
        schema_version=1,
        platform=platform.id,
        preference=order,
        vectors=tuple(
            make_vector(platform, question)
            for question in (*handwritten_questions(), *combined_questions(platform, order))
        ),
    )


def preference(platform: Platform) -> tuple[str, ...]:
    """The modes in the order of preference."""
    return tuple(sorted(platform.auth_modes, key=lambda mode: platform.auth_modes[mode].rank))


def handwritten_questions() -> tuple[Question, ...]:
    """The questions whose answers were read from the sources."""
    return (*set_questions(), *policy_questions(), *later_questions())


def combined_questions(platform: Platform, order: tuple[str, ...]) -> Iterator[Question]:
    """Every pair of provider, set, policy and environment, with sets that the provider supports.

    The sets are listed from the last to the first by preference, so that their order can mislead.
    """
    sets = {_name_of(modes): modes for size in range(len(order) + 1) for modes in combinations(order, size)}
    providers = platform.providers
    axes = {
        "provider": tuple(providers),
        "set": tuple(sets),
        "policy": tuple(CASCADES),
        "environment": tuple(ENVIRONMENTS),
    }
    for row in all_pairs(axes, lambda row: set(sets[row["set"]]) <= set(providers[row["provider"]].auth_modes)):
        modes = sets[row["set"]]
        yield Question(
            COMBINATIONS,
            f"{row['provider']}.{row['environment']}.{row['set']}.{row['policy']}",
            "resolution-step-3-preference",
            row["provider"],
            modes[::-1],
            None,
            CASCADES[row["policy"]](modes or providers[row["provider"]].auth_modes),
            ENVIRONMENTS[row["environment"]],
        )


def make_vector(platform: Platform, question: Question) -> AuthVector:
    """The vector of a question, answered by the resolver."""
    provider = platform.providers[question.provider]
    profile = AuthProfile(auth_modes=question.modes, model=sample_model(platform, provider.id), provider=provider.id)
    policy = _policy(question.policy, profile.model, provider)
    environment = question.environment
    found = resolve_on(platform, profile, policy, provider, environment, explain=True)
    allowed = [step for step in found.trace if step.step == "cascade"][-1].modes
    decided = [step for step in found.trace if step.step == found.step]
    return AuthVector(
        requirement=question.requirement,
        case=question.case,
        rule=decided[0].rule if question.requirement == COMBINATIONS else question.rule,
        asserted=not found.open,
        open=found.open,
        profile=profile,
        policy=policy,
        provider=ProviderModes(id=provider.id, auth_modes=provider.auth_modes),
        environment=DispatchEnvironment(
            **{name: getattr(environment, name) for name in type(environment).model_fields}
        ),
        expected=_expectation(platform, found, provider.id),
        possible=tuple(mode for mode in allowed if mode in profile.auth_modes),
        because=tuple(step.says for step in found.trace if not step.says.endswith("removes nothing")),
    )


def sample_model(platform: Platform, provider: str) -> str:
    """A model id of a provider: the first that is known and undisputed, or else known. Raises LookupError."""
    listed = [m for m in platform.models.values() if m.provider == provider and m.model_id != "unknown"]
    undisputed = [m for m in listed if not any(claim.field == "model_id" for claim in m.claims)]
    for model in (*undisputed, *listed):
        return model.model_id
    raise LookupError(f"no known model of {provider}")


def _expectation(platform: Platform, found: Resolution, provider: str) -> AuthExpectation:
    if isinstance(found, Refused):
        error = platform.errors.get(found.error or "")
        stated = error is not None and found.code != "unknown" and provider in (error.providers or (provider,))
        return AuthExpectation(
            outcome="refused",
            mode=None,
            runtime_provider=None,
            error=found.error,
            code=found.code if stated else None,
        )
    return AuthExpectation(
        outcome="resolved", mode=found.mode, runtime_provider=found.runtime_provider, error=None, code=None
    )


def _policy(policy: Policy, model: str, provider: PlatformProvider) -> AccessPolicy:
    keys = {"model": model, "provider": provider.id, "company": provider.config_namespace}

    def matrix(cells: Mapping[str, Mapping[str, bool]]) -> AccessMatrix:
        return {
            keys.get(place, place): {mode: AccessCell(allowed=allowed) for mode, allowed in row.items()}
            for place, row in cells.items()
        }

    return AccessPolicy(
        system=matrix(policy.get("system", {})),
        org=matrix(policy.get("org", {})),
        project=matrix(policy.get("project", {})),
    )


def _name_of(modes: Iterable[str]) -> str:
    return "+".join(modes) or "empty"


def render_vectors(reference: Reference) -> dict[str, bytes]:
    """The vectors for resolvers of auth modes, and their JSON Schema; nothing without the platform that they are of."""
    platform = reference.platforms.get(PLATFORM)
    return vector_files(platform) if platform is not None else {}


def vector_files(platform: Platform) -> dict[str, bytes]:
    """`auth-vectors.json`, one vector a line, and its JSON Schema, by file name."""
    vectors = make_vectors(platform)
    head = vectors.model_dump(mode="json", exclude={"vectors"})
    lines = [compact(vector.model_dump(mode="json", exclude_unset=True)) for vector in vectors.vectors]
    text = compact(head)[:-1] + ',"vectors":[\n' + ",\n".join(lines) + "\n]}\n"
    schema = {"$schema": DRAFT, **AuthVectors.model_json_schema()}
    return {FILE: text.encode(), SCHEMA: (json.dumps(schema, ensure_ascii=False, indent=1) + "\n").encode()}
