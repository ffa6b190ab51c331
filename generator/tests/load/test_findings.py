"""What users read of findings: the code frame, and each format."""

from __future__ import annotations

import json

import pytest
from ampmap_generator.check.consistency import RULES, check
from ampmap_generator.load.code_frame import code_frame
from ampmap_generator.load.findings import (
    RENDERERS,
    Finding,
    Location,
    Report,
    Severity,
    has_errors,
    in_order,
    render_github,
    render_json,
    render_sarif,
    render_text,
    summary,
)
from ampmap_generator.load.spec import load
from ampmap_tests_support.specs import WriteSpec
from jsonschema import Draft202012Validator

BOLT = "# the bolt mode\nname: bolt:main\nmodel: qwen-3-coder-480\n"
FINDINGS = [
    Finding(
        "unknown-reference",
        Severity.ERROR,
        "no model has this id",
        Location("spec/agent_modes/bolt-main.yaml", 3, 8, 16),
        "did you mean `qwen-3-coder-480b` (spec/models/cerebras.yaml:4)?",
    ),
    Finding(
        "old-source", Severity.WARNING, "100% sure:\nno, never", Location("spec/agent_modes/bolt-main.yaml", 1, 1, 1)
    ),
    Finding("no-spec", Severity.ERROR, "there is no YAML file"),
]
REPORT = Report(FINDINGS, {"spec/agent_modes/bolt-main.yaml": BOLT}, seconds=0.114)

TEXT = """\
error[no-spec]
  there is no YAML file
  docs: rules/#no-spec

warning[old-source] spec/agent_modes/bolt-main.yaml:1:1
  1 | # the bolt mode
      ^ 100% sure: no, never
  docs: rules/#old-source

error[unknown-reference] spec/agent_modes/bolt-main.yaml:3:8
  3 | model: qwen-3-coder-480
             ^^^^^^^^^^^^^^^^ no model has this id
  did you mean `qwen-3-coder-480b` (spec/models/cerebras.yaml:4)?
  docs: rules/#unknown-reference

2 errors, 1 warning in 1 file (0.11 s)
"""


def test_text_shows_each_finding_in_its_line_of_the_file() -> None:
    assert render_text(REPORT) == TEXT


def test_the_findings_of_a_broken_spec_are_shown_as_the_guide_promises(write_spec: WriteSpec) -> None:
    mode = "name: b\nprovider: cerebras\nmodel: qwen-3-coder-480\nendpoint: /api/provider/cerebras\n"
    models = "# models\n\nqwen-3-coder-480b:\n  display_name: Qwen\n"
    spec, findings = load(write_spec({"agent_modes/bolt-main.yaml": mode, "models/cerebras.yaml": models}))
    wrong = [finding for finding in check(spec) if "model" in finding.message]

    assert findings == []
    assert render_text(Report(wrong, spec.texts, seconds=0.114, site="https://example.org/")) == (
        "error[unknown-reference] spec/agent_modes/bolt-main.yaml:3:8\n"
        "  3 | model: qwen-3-coder-480\n"
        "             ^^^^^^^^^^^^^^^^ no model has this id\n"
        "  did you mean `qwen-3-coder-480b` (spec/models/cerebras.yaml:3)?\n"
        "  docs: https://example.org/rules/#unknown-reference\n"
        "\n"
        "1 error in 2 files (0.11 s)\n"
    )


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "carets"),
    [
        ("name: 日本", 7, 2, "name: 日本", "          ^^^^"),
        ("日本: x", 5, 1, "日本: x", "          ^"),
        ("a: \x1b[31m", 4, 9, "a: \N{REPLACEMENT CHARACTER}[31m", "       ^^^^^"),
        ("", 1, 1, "", "    ^"),
        ("ab", 9, 4, "ab", "      ^"),
        ("x" * 50 + "y" * 300, 51, 300, "x" * 30 + "y" * 90, " " * 34 + "^" * 90),
        ("x" * 300, 300, 1, "x" * 120, " " * 123 + "^"),
    ],
)
def test_the_carets_stand_below_the_place(line: str, column: int, length: int, shown: str, carets: str) -> None:
    assert code_frame(line, 7, column, length, "wrong") == [f"  7 | {shown}".rstrip(), f"  {carets} wrong"]


def test_json_is_sorted_and_has_no_time_in_it() -> None:
    value = json.loads(render_json(REPORT))

    assert value["counts"] == {"error": 2, "warning": 1, "note": 0}
    assert value["files"] == 1
    assert [finding["rule"] for finding in value["findings"]] == ["no-spec", "old-source", "unknown-reference"]
    assert value["findings"][0]["location"] is None
    assert value["findings"][2]["location"] == {
        "file": "spec/agent_modes/bolt-main.yaml",
        "line": 3,
        "column": 8,
        "length": 16,
    }
    assert render_json(Report(FINDINGS[::-1], REPORT.sources, seconds=9.9)) == render_json(REPORT)


def test_github_annotations_are_escaped() -> None:
    assert render_github(REPORT).splitlines() == [
        "::error title=no-spec::there is no YAML file",
        "::warning file=spec/agent_modes/bolt-main.yaml,line=1,col=1,endColumn=2,title=old-source"
        "::100%25 sure:%0Ano, never",
        "::error file=spec/agent_modes/bolt-main.yaml,line=3,col=8,endColumn=24,title=unknown-reference"
        "::no model has this id (did you mean `qwen-3-coder-480b` (spec/models/cerebras.yaml:4)?)",
    ]
    odd = Finding("r", Severity.NOTE, "m", Location("spec/a,b:c.yaml", 1, 1))
    assert "::notice file=spec/a%2Cb%3Ac.yaml,line=1" in render_github(Report([odd], {}))


def test_sarif_has_what_code_scanning_needs() -> None:
    value = json.loads(render_sarif(REPORT))
    (run,) = value["runs"]

    assert (value["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["no-spec", "old-source", "unknown-reference"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
    assert "locations" not in run["results"][0]
    assert run["results"][2]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "spec/agent_modes/bolt-main.yaml"},
        "region": {"startLine": 3, "startColumn": 8, "endColumn": 24},
    }


TEXT_OF_SARIF = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "items": {
                                            "required": ["id", "shortDescription", "fullDescription", "help"],
                                            "properties": {
                                                "id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                                                "shortDescription": TEXT_OF_SARIF,
                                                "fullDescription": TEXT_OF_SARIF,
                                                "help": TEXT_OF_SARIF,
                                                "helpUri": {"type": "string", "pattern": "^https://"},
                                                "defaultConfiguration": {
                                                    "properties": {"level": {"enum": ["error", "warning", "note"]}}
                                                },
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["ruleId", "ruleIndex", "level", "message"],
                            "properties": {
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["error", "warning", "note"]},
                                "message": TEXT_OF_SARIF,
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {"required": ["uri"]},
                                                    "region": {
                                                        "required": ["startLine"],
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                            "endColumn": {"type": "integer", "minimum": 2},
                                                        },
                                                    },
                                                },
                                            }
                                        }
                                    },
                                },
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "required": ["kind"],
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "status": {"enum": ["accepted", "underReview", "rejected"]},
                                            "justification": {"type": "string", "minLength": 1},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What of SARIF 2.1.0 (OASIS, sections 3.13 to 3.35 and 3.49) this writes."""


def test_sarif_has_the_standard_s_form_and_every_rule_s_text() -> None:
    broken = [
        Finding(rule.id, rule.severity, "wrong", Location("spec/a b.yaml", number, 1), "a hint")
        for number, rule in enumerate(RULES.values(), 1)
    ]
    report = Report(broken[1:], {}, site="https://example.org/", suppressed=[(broken[0], "known")], rules=RULES)

    value = json.loads(render_sarif(report))

    assert list(Draft202012Validator(SARIF).iter_errors(value)) == []
    (run,) = value["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert {rule["id"]: rule["help"]["text"] for rule in rules} == {r.id: r.explanation for r in RULES.values()}
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert [result["ruleId"] for result in run["results"] if "suppressions" in result] == [broken[0].rule]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "spec/a%20b.yaml"


@pytest.mark.parametrize("style", RENDERERS)
def test_every_format_can_say_that_nothing_is_wrong(style: str) -> None:
    text = RENDERERS[style](Report([], {"spec/a.yaml": "", "spec/b.yaml": ""}))

    assert text == "no findings in 2 files (0.00 s)\n" if style == "text" else "rule" not in text or style == "sarif"


def test_the_summary_counts_in_plural() -> None:
    note = Finding("r", Severity.NOTE, "m")

    assert summary([note, note], files=1, seconds=2) == "2 notes in 1 file (2.00 s)"
    assert not has_errors([note])
    assert has_errors(FINDINGS)


def test_the_same_finding_is_told_once() -> None:
    assert in_order([FINDINGS[0], FINDINGS[2], FINDINGS[0]]) == [FINDINGS[2], FINDINGS[0]]
