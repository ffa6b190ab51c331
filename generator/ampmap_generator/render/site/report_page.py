"""The page on which a reader's own report.json is shown, in the browser."""

from __future__ import annotations

import json
from html import escape
from typing import Final

from ...vendored.reference import Reference
from .facts import Page, Shelf

PATH: Final = "report.md"


def report_page(reference: Reference) -> Page:
    """The page, with every id that a rule of this site has or had, so that a report leads to the rule's page."""
    shelf = Shelf(reference, PATH)
    rules = dict.fromkeys(reference.requirements, "")
    former = {old: name for name, rule in reference.requirements.items() for old in rule.formerly}
    values: dict[str, object] = {
        "rules": escape(json.dumps({**former, **rules}, separators=(",", ":"))),
        "guide": shelf.link("Read a report", "guides/reading-a-report.md"),
    }
    return Page(
        shelf.here,
        "evidence/report",
        "Look at your report",
        ("spec/requirements/",),
        values,
        scripts=("finder-parts", "report-read", "report"),
    )
