"""The page that shows a report: HTML in every text stays text, a wrong file is told, and no request is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

OpenPage = Callable[..., Any]

NASTY = "<img src=x onerror=document.title=1><b>`x`</b>"
HOP = {"start": NASTY, "headers": [[NASTY, NASTY]], "body": NASTY}
OPEN_FOLDS = """() => {
    const shut = [...document.querySelectorAll(".am-report details:not([open])")];
    for (const fold of shut) fold.open = true;
    return shut.length === 0;
}"""
RULE = "auth.body-key-ignored"


def hostile(version: int) -> dict[str, Any]:
    """A report with HTML in every text."""
    result = {
        "id": f"{RULE}[{NASTY}]",
        "requirement": RULE,
        "level": "must",
        "verdict": "fail",
        **dict.fromkeys(("reason", "expected", "actual"), NASTY),
        "editions": [NASTY],
        "reproduce": {"command": NASTY, "curl": NASTY},
        "exchanges": [
            {"request": HOP, "response": HOP, "upstream": [{"persona": NASTY, "request": HOP, "response": HOP}]}
        ],
    }
    other = result | {"id": NASTY, "requirement": NASTY, "verdict": NASTY}
    cause = {
        "verdict": "fail",
        "level": "must",
        **dict.fromkeys(("severity", "summary", "actual"), NASTY),
        "requirements": [RULE, NASTY],
        "cases": [result["id"]],
        "shown": result["id"],
        "remedy": {"text": NASTY, "lines": NASTY, "docs": "javascript:alert(1)"},
    }
    return {
        "schema_version": version,
        "kit": {"version": NASTY},
        "reference": {"edition": NASTY},
        "target": {
            "name": NASTY,
            "version": NASTY,
            "base_url": NASTY,
            "claims": [NASTY],
            "left_out": [{"text": NASTY}],
        },
        "summary": {
            "verdict": NASTY,
            "parts": [{"tier": NASTY, "feature": NASTY, "executed": 1, "red": 1}],
            **{name: {"must": {"fail": 1}, NASTY: {"fail": 1}} for name in ("by_level", "by_profile")},
        },
        "editions": [{"edition": NASTY, "verdict": NASTY, "cases": 1, "counts": {}}] if version > 1 else [],
        "notices": [{"text": NASTY}],
        "rules": {RULE: {"statement": NASTY, "severity": NASTY}},
        "causes": [cause] if version > 1 else [],
        "results": [result, other],
    }


def test_a_report_is_shown_and_nothing_in_it_is_run_or_sent(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("report/")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    file = tmp_path / "report.json"
    status = page.locator(".am-report .am-finder-status")
    for version in (1, 2):
        file.write_text(json.dumps(hostile(version)), encoding="utf-8")
        page.locator("#am-report-file").set_input_files(file)
        status.filter(has_text="2 cases. The file has not left this page.").wait_for()
        page.get_by_text("A kit of an earlier version").wait_for(state="visible" if version == 1 else "detached")
        page.wait_for_function(OPEN_FOLDS)

        assert page.locator(".am-report img, .am-report b, .am-report a[href^=javascript]").count() == 0
        assert NASTY.replace("`", "") in page.locator(".am-report").inner_text()
        assert (
            page.get_by_role("link", name=RULE)
            .first.get_attribute("href")
            .endswith("/requirements/auth/#body-key-ignored")
        )
        page.locator("#am-report-words").fill("no such words")
        page.locator(".am-report output").filter(has_text="0 cases").wait_for()

    file.write_text('{"schema_version": 3}', encoding="utf-8")
    page.locator("#am-report-file").set_input_files(file)
    status.filter(has_text="a newer kit wrote it").wait_for()
    assert page.locator(".am-report .am-card").count() == 0
    assert requests == []
    assert page.title() != "1"
