"""A report as one HTML file: it asks for nothing from elsewhere, and a policy in it sees to that."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from .facts import clients_line, ending, is_red, run_problems
from .model import Report, Result
from .render import render


def to_html(report: Report) -> bytes:
    """`report.html`. Without scripts it shows every case; with them it filters."""
    from markupsafe import Markup

    css, script = (_asset(f"report.{kind}") for kind in ("css", "js"))
    groups: dict[str, list[Result]] = {}
    for result in report.results:
        groups.setdefault(result.requirement, []).append(result)
    return render(
        "report.html.j2",
        report=report,
        ending=ending(report),
        clients=clients_line(report),
        problems=run_problems(report),
        selection=[(name, values) for name, values in report.selection if values],
        groups=groups,
        linked=any(rule.docs_url.startswith(("http://", "https://")) for rule in report.rules.values()),
        red=any(is_red(result) for result in report.results),
        css=Markup(css),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        policy=f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; script-src '{_digest(script)}'",
    )


def _asset(name: str) -> str:
    return (resources.files(__package__ or "") / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
