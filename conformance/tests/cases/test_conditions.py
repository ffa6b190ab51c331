"""Which targets a requirement binds: its row says so, and one interpreter reads it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ampmap_conformance import fuzz, suite
from ampmap_conformance.cases.conditions import nothing_to_test, unbound
from ampmap_conformance.engine.plan import Plan, make_plan, suite_checks
from ampmap_conformance.reference.types import PolicyCondition, Reference, Requirement, conditions_in_words
from ampmap_conformance.target import target as targets
from ampmap_conformance.target.file import Policy
from ampmap_conformance.target.target import Target

ABSENT, MAPPED = "claude-sonnet-4-20250514", "gpt-5-codex"
PLAIN = f"""\
name: x
base_url: http://proxy
models: {{unavailable: [{ABSENT}]}}
mappings: [{{from: {MAPPED}, to: gpt-5}}]
"""
PAGES = "claims: [management]\npolicy: {browser_pages: redirected}\n"
AMP_KEY = "claims: [management]\npolicy: {client_key: amp}\n"
TRANSLATED, CLAIMS = "policy: {body: translated}\n", "claims: [mapping, upstream-fallback]\n"


def target_of(text: str, folder: Path, reference: Reference) -> Target:
    file = folder / "target.yaml"
    file.write_text(text, encoding="utf-8")
    return targets.load(file, reference, {})


@pytest.fixture(scope="module")
def plan(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The cases of the models that all targets here name."""
    return make_plan(target_of(PLAIN + CLAIMS, tmp_path_factory.mktemp("plan"), reference))


def reason(plan: Plan, target: Target, id_: str) -> str | None:
    requirement, _, case = id_.rstrip("]").partition("[")
    task = next(task for task in plan.all[requirement] if task.case.name == case)
    return unbound(task.row, task.case, target)


@pytest.mark.parametrize(
    ("said", "case", "words"),
    [
        ("", "bodies.byte-fidelity[groq]", None),
        ("policy: {body: rewritten}\n", "bodies.byte-fidelity[groq]", "`policy.body: rewritten`"),
        (TRANSLATED, "bodies.byte-fidelity[groq]", "calls another dialect upstream (`policy.body: translated`)"),
        ("policy: {body: rewritten}\n", "routing.answer-relayed[groq-chat.completions]", None),
        (TRANSLATED, "routing.query-kept[groq-chat.completions]", "`policy.body: translated`"),
        (TRANSLATED, "routing.answer-relayed[groq-chat.completions]", None),
        (TRANSLATED, "routing.answer-relayed[anthropic-messages.count_tokens]", "other than a model's answer"),
        (TRANSLATED, "errors.upstream-error-body-relayed[groq-429]", None),
        (TRANSLATED, "errors.truncation-reaches-client[openai-chat-local-cut]", None),
        (TRANSLATED, "headers.compressed-answer-readable[openai-chat-whole]", None),
        (TRANSLATED, "errors.failure-keeps-error-status[gemini-500]", None),
        (TRANSLATED + CLAIMS, "fallback.mapping-rewrites-model[openai-gpt-5-codex]", None),
        ("policy: {lists: own}\n", "headers.upstream-credential-set[groq-models.list]", "`policy.lists: own`"),
        ("policy: {lists: own}\n", "headers.client-credential-replaced[groq-models.list-authorization_bearer]", "own"),
        ("policy: {routing: model}\n", "routing.unlisted-model[groq]", "`policy.routing: model`"),
        # Amp's servers speak the dialect of the path that was called, so nothing is translated for them.
        (TRANSLATED + CLAIMS, "fallback.query-and-headers-kept[anthropic-messages-elsewhere]", None),
        ("", "fallback.query-and-headers-kept[anthropic-messages-elsewhere]", "does not claim `upstream-fallback`"),
        ("", "fallback.answer-names-requested-model[openai-gpt-5-codex]", "does not claim `mapping`"),
        (
            CLAIMS + "policy: {response_model: upstream}\n",
            "fallback.answer-names-requested-model[openai-gpt-5-codex]",
            "`policy.response_model: upstream`",
        ),
        ("policy: {lists: own}\n", "routing.reaches-upstream[openai-models.list]", "`policy.lists: own`"),
        ("policy: {lists: own}\n", "routing.reaches-upstream[openai-chat.completions]", None),
        ("policy: {routing: model}\n", "routing.model-chooses-provider[groq]", None),
        ("", "routing.model-chooses-provider[groq]", "chooses the provider by the model (`policy.routing: model`)"),
        ("providers: {groq: amp}\n", "headers.other-credentials-dropped[groq]", "lets Amp serve the called provider"),
        ("", "headers.other-credentials-dropped[groq]", None),
        (PAGES, "management.forwarded[root-auth-GET]", "`policy.browser_pages: redirected`"),
        (PAGES, "management.forwarded[api-auth-GET]", None),
        (PAGES, "management.pages-redirected-to-amp[root-auth]", None),
        (PAGES, "management.pages-redirected-to-amp[api-auth]", "applies only where"),
        (AMP_KEY, "management.credential-replaced[api-auth]", "`policy.client_key: amp`"),
        (AMP_KEY, "management.client-amp-key-forwarded[api-auth]", None),
        ("", "headers.amp-headers-forwarded[groq]", "applies only where the target promises to forward Amp's headers"),
        ("policy: {amp_headers: forwarded}\n", "headers.amp-headers-forwarded[groq]", None),
        ("", "errors.body-limit[anthropic]", "states a limit for bodies (`policy.body_limit`)"),
        ("policy: {body_limit: 100}\n", "errors.body-limit[anthropic]", None),
        ("policy: {body_limit: 100}\n", "bodies.large[anthropic]", "fewer than 8,454,144 bytes"),
        ("policy: {body_limit: 99000000}\n", "bodies.large[anthropic]", None),
        ("policy: {answer_timeout: 300}\n", "errors.silent-upstream[anthropic-local]", "waits at most 10 s"),
        ("policy: {answer_timeout: 9}\n", "errors.silent-upstream[anthropic-local]", None),
    ],
)
def test_a_row_says_which_targets_it_binds(
    said: str, case: str, words: str | None, plan: Plan, reference: Reference, tmp_path: Path
) -> None:
    found = reason(plan, target_of(PLAIN + said, tmp_path, reference), case)

    assert (found is None) == (words is None), found
    assert words is None or words in str(found)


def test_what_binds_whatever_is_translated_is_not_switched_off(
    plan: Plan, reference: Reference, tmp_path: Path
) -> None:
    target = target_of(PLAIN + TRANSLATED + CLAIMS, tmp_path, reference)
    kept = ("auth", "security", "management", "tenancy.own", "errors.upstream-unreachable", "fallback.no-", "reload.up")

    freed = {task.id for task in plan.selected if "translated" in (unbound(task.row, task.case, target) or "")}

    assert freed
    assert not [id_ for id_ in freed if id_.startswith(kept)]


def test_a_feature_of_which_the_file_has_nothing_is_not_missed(reference: Reference, tmp_path: Path) -> None:
    rows, target = reference.requirements, target_of(PLAIN, tmp_path, reference)

    assert nothing_to_test(rows["fallback.pattern-mapping"], target)
    assert not nothing_to_test(rows["fallback.mapping-rewrites-model"], target)
    assert not nothing_to_test(rows["fallback.amp-key"], target)


def test_every_condition_is_told_in_words(reference: Reference) -> None:
    conditioned = [row for row in reference.requirements.values() if row.when or row.unless]

    assert len(conditioned) > 50
    for row in conditioned:
        assert len(conditions_in_words(row)) >= len(row.when) + len(row.unless)
        assert all(
            re.search(r"`policy\.\w+|claims|file|serves|mapping|available", text) for text in conditions_in_words(row)
        )


def test_a_condition_speaks_of_what_a_target_file_can_say() -> None:
    assert set(PolicyCondition.model_fields) <= set(Policy.model_fields)


def test_no_condition_is_hidden_in_code(reference: Reference) -> None:
    """A check that asks the target for its claims or for these words of its policy decides whom a rule binds."""
    words = {"claims", "body_of", "lists", "amp_headers"}
    told = {"_without_amp", "_models", "facts_of", "_answers_itself", "_rewrites", "_is_verbatim"}
    """Functions that ask in order to make the calls of a case or to compare, not to leave a rule out."""
    hidden = [
        f"{file.name}:{node.lineno}"
        for package in (suite, fuzz)
        for file in sorted(Path(next(iter(package.__path__))).rglob("*.py"))
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and function.name not in told
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr in words and "target" in ast.unparse(node.value)
    ]

    assert not hidden
    assert suite_checks().keys() <= reference.requirements.keys()
    assert all(isinstance(row, Requirement) for row in reference.requirements.values())
