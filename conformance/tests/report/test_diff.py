"""Two reports compared: what got worse, what got better, and how that ends."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.report.diff import difference
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.write import write_report
from ampmap_conformance.verdicts import Verdict

Made: TypeAlias = Callable[..., Report]
Run: TypeAlias = Callable[..., RunOutcome]
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

CASE = "auth.a[x]"
WORKING = {"pass", "unexpected-pass"}
BROKEN = {"fail", "flaky", "error"}


@pytest.mark.parametrize("before", [verdict.value for verdict in Verdict])
@pytest.mark.parametrize("after", [verdict.value for verdict in Verdict])
def test_every_pair_of_verdicts_is_a_regression_a_fix_a_change_or_nothing(
    made_report: Made, before: str, after: str
) -> None:
    found = difference(made_report({CASE: before}), made_report({CASE: after}))
    kinds = [kind for kind in ("regressions", "fixes", "changed", "new", "gone") if getattr(found, kind)]
    if before == after:
        assert kinds == []
    elif {before, after} <= WORKING or {before, after} <= BROKEN:
        assert kinds == ["changed"]
    elif after in WORKING:
        assert kinds == ["fixes"]
    elif before in WORKING or after in BROKEN:
        assert kinds == ["regressions"]
    else:
        assert kinds == ["changed"]


def test_cases_of_one_report_alone_are_new_or_gone(made_report: Made) -> None:
    found = difference(made_report({"auth.a[x]": "pass"}), made_report({"auth.b[x]": "fail"}))
    assert [change.id for change in found.new] == ["auth.b[x]"]
    assert [change.id for change in found.gone] == ["auth.a[x]"]
    assert not found.regressions


def test_a_regression_ends_with_one(command: Command, run: Run, tmp_path: Path) -> None:
    select = ("headers.client-credential-replaced",)
    write_report(run(select=select).report, tmp_path / "old")
    write_report(run(select=select, defects=("query-key-forwarded",)).report, tmp_path / "new")
    worse = command("report", "diff", "old/report.json", "new/report.json")
    better = command("report", "diff", "new/report.json", "old/report.json")
    same = command("report", "diff", "new/report.json", "new/report.json")
    as_json = command("report", "diff", "old/report.json", "new/report.json", "--json")

    assert (worse.returncode, better.returncode, same.returncode, as_json.returncode) == (1, 0, 0, 1)
    assert re.search(
        r"headers\.client-credential-replaced\[\S*query_key\S*  pass -> fail: the client's key", worse.stdout
    )
    assert "0 regressions" in better.stdout
    assert "pass -> fail" not in better.stdout
    assert same.stdout.strip().splitlines()[-1] == "0 regressions, 0 fixes, 0 changed, 0 new, 0 gone"
    data = json.loads(as_json.stdout)
    assert {change["after"] for change in data["regressions"]} == {"fail"}
    assert set(data) == {"regressions", "fixes", "changed", "new", "gone", "notes"}
    assert "the old run was of a part of the suite" in data["notes"]


def test_what_else_differs_is_noted(made_report: Made) -> None:
    old = made_report({CASE: "pass"})
    new = made_report({CASE: "pass"}, interrupted=True, report={"kit": {"version": "2.0"}})
    assert difference(old, new).notes == ("kit: 1.0, now 2.0", "the new run was interrupted")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema_version": 3}', "new.json: a report of schema version 3; this kit reads versions 1 and 2"),
        ("{", "new.json:1:2: this is not a report: "),
        (None, "new.json: No such file or directory"),
    ],
)
def test_a_report_of_another_schema_is_refused(
    command: Command, made_report: Made, tmp_path: Path, text: str | None, says: str
) -> None:
    write_report(made_report({CASE: "pass"}), tmp_path)
    if text is not None:
        (tmp_path / "new.json").write_text(text, encoding="utf-8")
    done = command("report", "diff", "report.json", "new.json")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(says)
    assert len(done.stderr.splitlines()) == 1
