"""The site's generated pages, as Markdown. Pure: the same reference gives the same text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...check.consistency import RULES
from ...diff.report import DiffReport
from ...load.findings import SpecRule
from ...vendored.reference import Reference
from ..markdown import code
from ..templates import environment
from .about import about_pages
from .catalogue import catalogue_pages
from .editions import edition_pages
from .errors import error_pages
from .evidence import evidence_pages
from .evidence_files import Evidence
from .facts import Page, Shelf
from .meanings import meaning_pages
from .names import name_pages
from .platforms import platform_pages
from .remedies import remedy_pages
from .report_page import report_page
from .requirements import rule_pages
from .spec_links import SpecFiles, file_links, resolve_edit_marks
from .wire import wire_pages


def pages(
    reference: Reference, editions: Mapping[str, Reference] | None = None, evidence: Evidence | None = None
) -> dict[str, str]:
    """Every page that is made from facts: its path relative to the docs folder, and its Markdown, sorted by path.

    `editions` are those that the site has, in order; by default the one that it shows alone. Raises
    jinja2.UndefinedError when a template asks for something that its page does not have.
    """
    return render_pages(reference, all_pages(reference, editions, evidence))


def render_pages(reference: Reference, found: Iterable[Page], files: SpecFiles | None = None) -> dict[str, str]:
    """These pages as Markdown by their paths, sorted, with links to `files` of the spec. Raises as `pages` does."""
    files = files or SpecFiles()
    templates = environment("docs")
    texts = {
        page.path: templates.get_template(f"{page.template}.md.j2").render(
            {"page": page, "footer": _footer(reference, page, files), **page.values}
        )
        for page in sorted(found, key=lambda page: page.path)
    }
    return {path: resolve_edit_marks(text, path, files) for path, text in texts.items()}


def all_pages(
    reference: Reference,
    editions: Mapping[str, Reference] | None = None,
    evidence: Evidence | None = None,
    reports: Mapping[str, DiffReport] | None = None,
) -> tuple[Page, ...]:
    """The pages before they are rendered, as `pages` has them; `reports` as `change_reports` gives them."""
    editions = editions or {reference.edition.id: reference}
    evidence = evidence or Evidence()
    return (
        *catalogue_pages(reference, editions),
        *edition_pages(reference, editions, reports),
        *wire_pages(reference),
        *meaning_pages(reference),
        *name_pages(reference),
        *error_pages(reference),
        *rule_pages(reference, evidence),
        *remedy_pages(reference),
        *evidence_pages(reference, evidence),
        report_page(reference),
        *platform_pages(reference),
        *about_pages(reference, spec_rules()),
    )


def spec_rules() -> tuple[SpecRule, ...]:
    """The rules that spec files are checked by."""
    return tuple(RULES.values())


def _footer(reference: Reference, page: Page, files: SpecFiles) -> str:
    shelf = Shelf(reference, page.path)
    edition = shelf.link(code(reference.edition.id), "edition.md")
    stated = file_links(page.stated_in, page.path, files)
    return f"Edition {edition}, reference {code(reference.digest[:19])}. Stated in {stated}."
