"""What the site's page makes of a report.json: of this kit, of earlier ones, and of files that are not reports."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.report.model import EditionVerdict, Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import Verdict
from ampmap_tests_support.places import CHECKOUT

SCRIPT = CHECKOUT / "site/docs/assets/report-read.js"
READ = """const { read } = require(process.argv[1]);
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(read)));"""
DEEP = 200_000
MANY = 50_000

Run: TypeAlias = Callable[..., RunOutcome]
ReadAll: TypeAlias = Callable[[Sequence[str]], list[dict[str, Any]]]


@pytest.fixture
def read_all(node: str) -> ReadAll:
    """Reads these texts as the page does."""

    def read(texts: Sequence[str]) -> list[dict[str, Any]]:
        done = subprocess.run(
            [node, "-e", READ, str(SCRIPT)], input=json.dumps(texts), capture_output=True, text=True, check=True
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return read


def test_all_that_a_report_says_is_shown(run: Run, read_all: ReadAll) -> None:
    select = ("headers.client-credential-replaced", "routing.warm-up")
    report = run(defects=("query-key-forwarded",), select=select).report
    edition = EditionVerdict(
        edition="amp-2", digest="sha256:1", verdict="conformant", exit_code=0, cases=7, shared=3, counts={}
    )
    several = report.model_copy(update={"editions": (edition,)})
    data = json.loads(report.model_dump_json())
    earlier = {name: value for name, value in data.items() if name != "causes"} | {"schema_version": 1}

    now, over_editions, before = read_all([report.model_dump_json(), several.model_dump_json(), json.dumps(earlier)])

    for shown in (now, over_editions, before):
        assert told(shown) == (report.target.name, report.summary.verdict, len(report.results))
        assert {each["id"] for group in shown["groups"] for each in group["cases"]} == {
            one.id for one in report.results
        }
        assert {each["verdict"]: each["cases"] for each in shown["verdicts"]} == report.summary.counts
    assert [cause["summary"] for cause in now["causes"]] == [cause.summary for cause in report.causes]
    assert [cause["remedy"]["text"] for cause in now["causes"]] == [
        one.remedy.text for one in report.causes if one.remedy
    ]
    assert [cause["cases"] for cause in now["causes"]] == [list(cause.cases) for cause in report.causes]
    assert now["causes"][0]["first"]["again"] == shown_case(report).reproduce.command
    assert "POST /api/provider" in json.dumps(now["causes"][0]["first"]["exchanges"])
    assert [(each["edition"], each["cases"], each["shared"]) for each in over_editions["editions"]] == [("amp-2", 7, 3)]
    assert before["isGrouped"]
    bad = {one.id for one in report.results if one.verdict is Verdict.FAIL}
    assert {name for cause in before["causes"] for name in cause["cases"]} == bad


def told(shown: dict[str, Any]) -> tuple[str, str, int]:
    return shown["name"], shown["verdict"], shown["total"]


def shown_case(report: Report) -> Any:
    return next(one for one in report.results if one.id == report.causes[0].shown)


WHOLE = {"schema_version": 2, "target": {}, "reference": {}, "summary": {}, "results": []}
REFUSED = (
    ("", "not JSON"),
    ("<!doctype html><p>", "report.json lies in the same folder"),
    ("[" * DEEP, "not JSON"),
    ("[]", "a report is an object"),
    ('{"statuses": {}}', "has no schema_version"),
    (json.dumps(WHOLE | {"schema_version": 3}), "a newer kit wrote it"),
    (json.dumps(WHOLE | {"schema_version": "2"}), "does not know"),
    (json.dumps(WHOLE | {"target": "x"}), "field target is not an object"),
    (json.dumps(WHOLE | {"results": {}}), "field results is not a list"),
)


def test_what_is_not_a_report_is_told_in_a_sentence(read_all: ReadAll) -> None:
    answers = read_all([text for text, _ in REFUSED])
    for (text, says), answer in zip(REFUSED, answers, strict=True):
        assert says in answer["problem"], (text[:60], answer)


def test_fields_of_another_type_are_left_out(read_all: ReadAll) -> None:
    """Nested deeply, huge, named as what every object has, or an address that is a script."""
    nested = "[" * DEEP + "]" * DEEP
    odd = {
        "target": {"name": ["x"], "version": {}, "claims": [1, None, "mapping"], "left_out": ["x", {"text": 1}]},
        "summary": {"verdict": "__proto__", "by_level": {"must": {"fail": -1}, "__proto__": 1}, "parts": "x"},
        "rules": {"constructor": 1},
        "causes": [None, {"requirements": "x", "remedy": {"docs": "javascript:alert(1)", "lines": 1}, "shown": {}}],
        "results": [3, None, {"id": {}, "requirement": "toString", "verdict": "new", "exchanges": [{"upstream": [1]}]}],
    }
    many = WHOLE | {"results": [{"id": f"a.b[{n}]", "requirement": "a.b", "verdict": "fail"} for n in range(MANY)]}
    deep = json.dumps(WHOLE)[:-1] + f', "rules": {nested}, "causes": {nested}}}'

    told, counted, from_deep = read_all([json.dumps(WHOLE | odd), json.dumps(many), deep])

    assert told["name"] == "a proxy without a name"
    assert ["Claims", "mapping"] in told["facts"]
    assert told["causes"][0]["remedy"]["docs"] == ""
    assert told["verdicts"][0]["verdict"] == "new"
    assert told["levels"] == []
    assert counted["total"] == MANY
    assert "problem" not in from_deep
