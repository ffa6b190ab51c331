"""A report as one HTML file: it asks for nothing from elsewhere, and a policy in it sees to that."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources

from ..engine.estimate import in_words
from ..verdicts import Verdict
from .charts import charts_of
from .facts import RED, clients_line, ending, headline, load_line, run_problems
from .model import Cause, Report, Result, Selection
from .parts import parts_line
from .render import render

IN_VIEW = 3
"""Cases of a cause that are in view; further ones are folded away."""


def to_html(report: Report) -> bytes:
    """`report.html`: causes first, then the other cases. Without scripts it shows every case; with them it filters."""
    css, script = (_asset(f"report.{kind}") for kind in ("css", "js"))
    by_id = {result.id: result for result in report.results}
    told = {name for cause in report.causes for name in cause.cases}
    groups: dict[str, list[Result]] = {}
    for result in report.results:
        if result.id not in told:
            groups.setdefault(result.requirement, []).append(result)
    return render(
        "report.html.j2",
        report=report,
        headline=headline(report),
        parts=parts_line(report),
        ending=ending(report),
        clients=clients_line(report),
        paid=[in_words(one) for one in report.requests.paid] if report.requests else [],
        problems=run_problems(report),
        selection=selection_lines(report.selection),
        causes=[_shown(cause, by_id) for cause in report.causes],
        load=load_line(report),
        charts=charts_of(report.load) if report.load else (),
        failing=sum(cause.scored and cause.verdict in RED for cause in report.causes),
        groups=groups,
        linked=any(rule.docs_url.startswith(("http://", "https://")) for rule in report.rules.values()),
        hidden=(Verdict.NOT_APPLICABLE, *((Verdict.PASS,) if report.causes else ())),
        **sealed(css, script),
    )


def selection_lines(selection: Selection) -> list[tuple[str, str]]:
    """What part of the suite was asked for, label by label."""
    return [(name, values if isinstance(values, str) else ", ".join(values)) for name, values in selection if values]


def styled() -> dict[str, str]:
    """The style of reports, and the policy of a page without scripts: values for `head.html.j2`."""
    return sealed(_asset("report.css"))


def sealed(css: str, script: str = "") -> dict[str, str]:
    """The style and the script of a page, and the policy by which it loads and runs nothing else."""
    from markupsafe import Markup

    runs = f"'{_digest(script)}'" if script else "'none'"
    return {
        "css": Markup(css),  # noqa: S704 - a file of this package
        "script": Markup(script),  # noqa: S704 - a file of this package
        "policy": f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; script-src {runs}",
    }


def _shown(cause: Cause, results: Mapping[str, Result]) -> tuple[Cause, Result, list[Result], list[Result]]:
    """A cause, the case that shows it best, that one and others which are in view, and those that are folded away."""
    cases = [results[name] for name in (cause.shown, *(name for name in cause.cases if name != cause.shown))]
    return cause, cases[0], cases[:IN_VIEW], cases[IN_VIEW:]


def _asset(name: str) -> str:
    return (resources.files(__package__ or "") / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
