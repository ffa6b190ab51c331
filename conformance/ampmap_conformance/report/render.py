"""Fills the templates of reports."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


HOME = "ampmap_conformance.report"


def render(template: str, package: str = HOME, **values: Any) -> bytes:
    """A template of the `templates/` of a package, which may use those of reports, filled.

    In HTML and SVG every value is escaped; an unknown name is an error.
    """
    return _environment(package).get_template(template).render(**values).encode()


@cache
def _environment(package: str) -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

    from .facts import edition_verdict, server_line, verdict_of_cause
    from .text import code, facts, is_http, is_stream, ms, plain, prose, shortened

    made = Environment(
        loader=ChoiceLoader([PackageLoader(each, "templates") for each in dict.fromkeys((package, HOME))]),
        autoescape=select_autoescape(("html.j2", "svg.j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "code": code,
        "edition": edition_verdict,
        "facts": facts,
        "is_stream": is_stream,
        "ms": ms,
        "plain": plain,
        "prose": prose,
        "server": server_line,
        "shortened": shortened,
        "verdict": verdict_of_cause,
    }
    made.tests["http"] = is_http
    return made
