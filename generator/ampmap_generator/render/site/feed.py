"""The Atom feed of what changed from one edition to the next. Pure.

Source of its form: RFC 4287, sections 4.1 and 4.2. Links are relative to the feed, so that each copy of the site has
the right ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree

from ...diff.report import DiffReport, what
from ...vendored.reference import Reference

FILE: Final = "changes.atom"
ATOM: Final = "http://www.w3.org/2005/Atom"
TAG: Final = "tag:ampmap,2025:"
"""How the ids of the feed and its entries begin (RFC 4151); they stay when a site moves."""
MOST: Final = 40
"""Breaking changes that an entry names; its page has all of them."""


def feed_files(editions: Mapping[str, Reference], reports: Mapping[str, DiffReport]) -> dict[str, bytes]:
    """The feed, by its path below the docs folder: an entry an edition that has a base, the newest build first.

    Nothing where no edition has a base.
    """
    if not reports:
        return {}
    newest = sorted(reports, key=lambda name: editions[name].edition.built, reverse=True)
    feed = ElementTree.Element("feed", xmlns=ATOM)
    _put(feed, id=f"{TAG}changes", title="ampmap: what changed in the Amp client", updated=_moment(editions[newest[0]]))
    _put(ElementTree.SubElement(feed, "author"), name="ampmap")
    ElementTree.SubElement(feed, "link", rel="self", href=FILE)
    for name in newest:
        entry = ElementTree.SubElement(feed, "entry")
        counts = ", ".join(f"{count} {kind}" for kind, count in reports[name].counts.items())
        title = f"{name}, built {editions[name].edition.built}: {counts}"
        _put(entry, id=f"{TAG}{name}", title=title, updated=_moment(editions[name]), content=_content(reports[name]))
        ElementTree.SubElement(entry, "link", rel="alternate", href=f"changes/{name}/")
    ElementTree.indent(feed)
    return {FILE: ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True) + b"\n"}


def _content(report: DiffReport) -> str:
    lines = [f"Since {report.old.edition}:"]
    lines += [f"{change.path}: {what(change)}" for change in report.breaking[:MOST]]
    if len(report.breaking) > MOST:
        lines.append(f"and {len(report.breaking) - MOST} more breaking changes")
    return "\n".join(lines)


def _moment(reference: Reference) -> str:
    return f"{reference.edition.built}T00:00:00Z"


def _put(parent: ElementTree.Element, **texts: str) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = text
