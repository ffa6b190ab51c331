"""How a run ends that could decide nothing, or not what was selected: its report and its exit code say so."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as Xml
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from ampmap_conformance.baseline.file import Entry, to_yaml
from ampmap_conformance.cases.covering import Depth
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import ExitCode, Verdict

Run: TypeAlias = Callable[..., RunOutcome]
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_run_whose_target_is_unreachable_leaves_a_report_that_says_so(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    done = command("run", "--base-url", "http://127.0.0.1:9", "--report-dir", str(folder))
    why = "is unreachable: the connection was refused."
    assert (done.returncode, done.stderr.strip()[-len(why) :]) == (6, why)

    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    summary = report["summary"]
    assert (summary["verdict"], summary["exit_code"], report["results"]) == ("incomplete", 6, [])
    assert [(notice["kind"], notice["text"].endswith(why)) for notice in report["notices"]] == [("unreachable", True)]
    assert why in (folder / "summary.md").read_text(encoding="utf-8")
    assert why in (folder / "report.html").read_text(encoding="utf-8")
    failures = Xml.parse(folder / "report.xml").getroot().findall(".//failure")  # noqa: S314 - our own file
    assert failures or Xml.parse(folder / "report.xml").getroot().findall(".//error")  # noqa: S314


def test_a_broken_case_outside_the_selection_that_blocks_it_is_a_failure(run: Run, tmp_path: Path) -> None:
    wanted: dict[str, tuple[str, ...]] = {
        "defects": ("upstream-errors-as-200",),
        "select": ("errors.upstream-error-body-relayed",),
    }
    ended = run(**wanted)
    assert {result.verdict for result in ended.report.results} == {Verdict.BLOCKED}
    assert (ended.code, ended.report.summary.verdict) == (ExitCode.FAILURES, "non-conformant")
    told = [notice.text for notice in ended.report.notices if notice.kind == "broken-control"]
    assert any(text.startswith("errors.upstream-status-relayed[") for text in told)

    baseline = tmp_path / "baseline.yaml"
    baseline.write_text(to_yaml((Entry(pattern="*", reason="known"),)), encoding="utf-8")
    excused = run(**wanted, baseline=baseline)
    assert not [notice for notice in excused.report.notices if notice.kind == "broken-control"]
    assert excused.code is not ExitCode.FAILURES


def test_a_quick_run_tells_what_it_left_out(run: Run) -> None:
    ended = run(profiles=("errors",), depth=Depth.QUICK, max_requests=2)
    (told,) = [notice.text for notice in ended.report.notices if notice.kind == "left-out"]
    assert "`--depth default`" in told
    assert "errors.silent-upstream, errors.silent-upstream-shape" in told
    assert not [result for result in ended.report.results if result.requirement in told]
