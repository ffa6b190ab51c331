"""Every rule about the facts together: what it finds, where, and that it finds nothing in a good spec."""

from __future__ import annotations

from pathlib import Path

import pytest
from ampmap_generator.check.consistency import CHECKS, RULES, check
from ampmap_generator.load.findings import Severity
from ampmap_generator.load.rules import LOADER_RULES
from ampmap_generator.load.spec import load
from ampmap_tests_support.specs import GOOD, ShowPlace, WriteSpec

SOURCES = "sources: [{id: map}]"

# path, text in it, what takes its place, the only finding, part of its message or hint
ROWS: list[tuple[str, str, str, list[str], str]] = [
    ("sources/map.yaml", "title", "title", [], ""),
    ("editions/later.yaml", "first", "frst", ["unknown-reference spec/editions/later.yaml:4:7"], "`first`"),
    (
        "editions/later.yaml",
        "map",
        "mapp",
        ["unknown-reference spec/editions/later.yaml:6:16"],
        "(spec/sources/map.yaml:1)",
    ),
    (
        "providers/acme.yaml",
        "shape: plain",
        "shape: plane",
        ["unknown-reference spec/providers/acme.yaml:13:14"],
        "`plain`",
    ),
    (
        "providers/acme.yaml",
        "[chat.completions]",
        "[chat.completion, chat.completions]",
        ["unknown-reference spec/providers/acme.yaml:8:10"],
        "(spec/endpoints/chat.yaml:3)",
    ),
    (
        "providers/acme.yaml",
        "_operation: chat.completions",
        "_operation: x",
        ["unknown-reference spec/providers/acme.yaml:9:20"],
        "serves no such operation",
    ),
    (
        "providers/acme.yaml",
        "field: sdk.name",
        "field: sdk.nam",
        ["unknown-reference spec/providers/acme.yaml:20:12"],
        "`sdk.name`",
    ),
    (
        "providers/acme.yaml",
        "operations.chat,",
        "operations.chit,",
        ["unknown-reference spec/providers/acme.yaml:24:40"],
        "`operations.chat`",
    ),
    ("providers/acme.yaml", "says: {map", "says: {mop", ["unknown-reference spec/providers/acme.yaml:21:12"], "`map`"),
    (
        "providers/acme.yaml",
        "chosen: SDK",
        "chosen: Tool",
        [
            "claim-chosen-differs spec/providers/acme.yaml:22:13",
            "claim-chosen-unsaid spec/providers/acme.yaml:22:13",
        ],
        "no source states",
    ),
    (
        "providers/acme.yaml",
        "chosen: SDK",
        "chosen: Kit",
        ["claim-chosen-differs spec/providers/acme.yaml:22:13"],
        "spec/providers/acme.yaml:5",
    ),
    (
        "providers/acme.yaml",
        "/api/provider/acme",
        "/api/acme",
        [
            "mode-endpoint spec/agent_modes/smart.yaml:4:11",
            "base-path-form spec/providers/acme.yaml:4:12",
            "mode-endpoint spec/tools/oracle.yaml:5:11",
        ],
        "expected `/api/acme`, the base of provider `acme` (spec/providers/acme.yaml:4)",
    ),
    (
        "providers/acme.yaml",
        "via_proxy: true",
        "via_proxy: false",
        ["base-path-form spec/providers/acme.yaml:3:1", "base-path-form spec/providers/acme.yaml:4:12"],
        "needs `base_url`",
    ),
    (
        "providers/acme.yaml",
        "base_path: ",
        "base_url: https://a.example\nbase_path: ",
        ["base-path-form spec/providers/acme.yaml:4:11"],
        "must not have `base_url`",
    ),
    ("models/acme.yaml", "rensei: {", "rensay: {", ["unknown-reference spec/models/acme.yaml:3:15"], "`rensei`"),
    (
        "models/acme.yaml",
        "claude",
        "claud",
        ["unknown-reference spec/models/acme.yaml:3:41"],
        "(spec/platforms/rensei/providers.yaml:1)",
    ),
    (
        "models/acme.yaml",
        "gpt-y:",
        "GPT-X:",
        ["case-collision spec/models/acme.yaml:5:1", "unknown-reference spec/tools/oracle.yaml:3:16"],
        "differs from `gpt-x` (spec/models/acme.yaml:1)",
    ),
    (
        "models/acme.yaml",
        "\n  sources: [{id: map}]\ngpt-y",
        "\ngpt-y",
        ["missing-source spec/models/acme.yaml:1:1"],
        "`sources`",
    ),
    (
        "agent_modes/smart.yaml",
        "gpt-x",
        "gtp-x",
        ["unknown-reference spec/agent_modes/smart.yaml:2:8"],
        "`gpt-x` (spec/models/acme.yaml:1)",
    ),
    (
        "agent_modes/smart.yaml",
        "provider: acme",
        "provider: acne",
        ["unknown-reference spec/agent_modes/smart.yaml:3:11"],
        "`acme`",
    ),
    (
        "agent_modes/smart.yaml",
        "provider/acme",
        "provider/acme/v1",
        ["mode-endpoint spec/agent_modes/smart.yaml:4:11"],
        "(spec/providers/acme.yaml:4)",
    ),
    (
        "tools/oracle.yaml",
        "dialect: chat",
        "dialect: chit",
        ["unknown-reference spec/tools/oracle.yaml:6:10", "unknown-reference spec/tools/oracle.yaml:7:12"],
        "speak this dialect",
    ),
    (
        "requirements/routing.yaml",
        "routing.refused:",
        "refused:",
        ["requirement-id spec/requirements/routing.yaml:10:1"],
        "`routing.<name>`",
    ),
    (
        "requirements/routing.yaml",
        "  control: routing.reached\n",
        "",
        ["negative-needs-control spec/requirements/routing.yaml:17:3"],
        "`control`",
    ),
    (
        "requirements/routing.yaml",
        "[provider]",
        "[providers]",
        ["unknown-reference spec/requirements/routing.yaml:8:14"],
        "`provider`",
    ),
    (
        "platforms/rensei/providers.yaml",
        "setup: {byok",
        "setup: {bring",
        ["unknown-reference spec/platforms/rensei/providers.yaml:7:11"],
        "no auth mode",
    ),
    (
        "endpoints/chat.yaml",
        "    model_in: body\n",
        "    model_in: body\n    request_schema: {anyOf: [{additionalProperties: false}]}\n",
        ["closed-schema spec/endpoints/chat.yaml:8:53"],
        "remove it",
    ),
    (
        "endpoints/chat.yaml",
        "    model_in: body\n",
        '    model_in: body\n    event_schema: {items: {$ref: "#/$defs/chunk"}}\n',
        ["schema-reference spec/endpoints/chat.yaml:8:34"],
        "no schema has this name",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{row[2][:20]}" for row in ROWS])
def test_each_rule_finds_its_mistake_and_nothing_else(
    row: tuple[str, str, str, list[str], str], write_spec: WriteSpec, place: ShowPlace
) -> None:
    path, old, new, expected, words = row
    assert old in GOOD[path]
    spec, findings = load(write_spec({**GOOD, path: GOOD[path].replace(old, new, 1)}))

    wrong = check(spec)

    assert findings == []
    assert [place(finding) for finding in wrong] == expected
    assert words in " ".join(f"{finding.message} {finding.hint}" for finding in wrong)


OTHER_MODEL = f"gpt-o:\n  display_name: O\n  {SOURCES}\n"
OTHER_MODE = GOOD["agent_modes/smart.yaml"].replace("gpt-x", "gpt-o")
OTHER_PROVIDER = GOOD["providers/acme.yaml"].replace("served_through: acme\n", "")

# files beside the good ones, the findings, part of their messages or hints
MORE_ROWS: list[tuple[dict[str, str], list[str], str]] = [
    (
        {"models/other.yaml": GOOD["models/acme.yaml"], "providers/other.yaml": OTHER_PROVIDER},
        ["ambiguous-reference spec/agent_modes/smart.yaml:2:8"],
        "write `acme/gpt-x` or `other/gpt-x`",
    ),
    (
        {"models/other.yaml": OTHER_MODEL, "providers/other.yaml": OTHER_PROVIDER, "agent_modes/o.yaml": OTHER_MODE},
        ["model-provider spec/agent_modes/o.yaml:2:8"],
        "provider `other` serves it (spec/models/other.yaml:1)",
    ),
    (
        {
            "models/other.yaml": OTHER_MODEL,
            "providers/other.yaml": OTHER_PROVIDER + "served_through: acme\n",
            "agent_modes/o.yaml": OTHER_MODE,
        },
        [],
        "",
    ),
    ({"models/nobody.yaml": OTHER_MODEL}, ["unknown-reference spec/models/nobody.yaml:1:1"], "no provider has this id"),
    (
        {"platforms/litellm/rules.yaml": f"r:\n  topic: t\n  statement: s\n  {SOURCES}\n"},
        ["missing-about spec/platforms/litellm/rules.yaml:1:1"],
        "`litellm`",
    ),
]


@pytest.mark.parametrize(("more", "expected", "words"), MORE_ROWS, ids=[" ".join(row[0]) for row in MORE_ROWS])
def test_rules_between_files(
    more: dict[str, str], expected: list[str], words: str, write_spec: WriteSpec, place: ShowPlace
) -> None:
    spec, findings = load(write_spec({**GOOD, **more}))
    wrong = check(spec)

    assert findings == []
    assert [place(finding) for finding in wrong] == expected
    assert words in " ".join(f"{finding.message} {finding.hint}" for finding in wrong)


def test_what_cannot_be_read_is_told_once(write_spec: WriteSpec, place: ShowPlace) -> None:
    broken = {
        "models/acme.yaml": "gpt-x: [",
        "endpoints/chat.yaml": "- a list\n",
        "providers/acme.yaml": GOOD["providers/acme.yaml"].replace("error_shape: plain", "error_shap: plane"),
        "agent_modes/smart.yaml": GOOD["agent_modes/smart.yaml"].replace("the smart one", "3").replace("map", "mop"),
    }

    spec, findings = load(write_spec({**GOOD, **broken}))

    assert [place(finding) for finding in findings] == [
        "wrong-type spec/agent_modes/smart.yaml:1:7",
        "not-a-mapping spec/endpoints/chat.yaml:1:1",
        "syntax spec/models/acme.yaml:2:1",
        "missing-field spec/providers/acme.yaml:1:1",
        "unknown-field spec/providers/acme.yaml:13:1",
    ]
    assert [place(finding) for finding in check(spec)] == ["unknown-reference spec/agent_modes/smart.yaml:6:16"]


def test_every_rule_has_an_explanation() -> None:
    assert set(RULES) == {rule.id for rule in (*LOADER_RULES, *CHECKS)}
    assert len(RULES) == len(LOADER_RULES) + len(CHECKS)
    assert [rule.id for rule in RULES.values() if not rule.explanation.endswith(".")] == []


def test_the_repository_spec_has_no_errors(repository_spec: Path) -> None:
    spec, findings = load(repository_spec)

    wrong = [finding for finding in [*findings, *check(spec)] if finding.severity is Severity.ERROR]

    assert wrong == []
