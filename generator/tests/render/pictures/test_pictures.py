"""The pictures: legible on a phone, told in words, and drawn from the spec alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from xml.etree import ElementTree

import pytest
from ampmap_generator.render.pictures.fallback import End, Tree, fallback_picture, tree_of
from ampmap_generator.render.pictures.routing_map import map_picture, provider_picture
from ampmap_generator.render.pictures.stream import labels_of, stream_picture
from ampmap_generator.render.pictures.svg import NARROW, WIDE, Box, Canvas, Line, Style, measure, wrap
from ampmap_generator.render.site.pages import pages
from ampmap_generator.vendored.catalogue import Decision
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT
from hypothesis import given
from hypothesis import strategies as st

SVG = "{http://www.w3.org/2000/svg}"
STYLES = (CHECKOUT / "site" / "docs" / "assets" / "finder.css").read_text(encoding="utf-8")
PICTURE = re.compile(r"<figure.*?</figure>", re.DOTALL)


@pytest.fixture(scope="module")
def pictures(reference: Reference) -> dict[str, list[ElementTree.Element]]:
    """The drawings of each page that has any."""
    found = {path: PICTURE.findall(text) for path, text in pages(reference).items()}
    return {
        path: [svg for figure in figures for svg in ElementTree.fromstring(figure).iter(f"{SVG}svg")]  # noqa: S314
        for path, figures in found.items()
        if figures
    }


def drawings(pictures: dict[str, list[ElementTree.Element]]) -> Iterator[tuple[str, ElementTree.Element]]:
    for path, found in pictures.items():
        yield from ((path, svg) for svg in found)


def texts(svg: ElementTree.Element) -> list[str]:
    return [unescape("".join(node.itertext())) for node in svg.iter(f"{SVG}text")]


def test_every_picture_that_was_promised_is_there(
    reference: Reference, pictures: dict[str, list[ElementTree.Element]]
) -> None:
    streaming = {f"endpoints/{e.id}.md" for e in reference.endpoints.values() if e.streaming}
    providers = {f"providers/{provider}.md" for provider in reference.providers}

    edition = f"editions/{reference.edition.id}.md"
    assert set(pictures) == {"index.md", "fallback.md", "auth-modes.md", edition, *streaming, *providers}


def test_every_picture_is_told_in_words(pictures: dict[str, list[ElementTree.Element]]) -> None:
    for path, svg in drawings(pictures):
        title, description = svg[0], svg[1]
        assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
        assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert len(description.text or "") > 20, path
        assert svg.get("role") == ("group" if svg.find(f"{SVG}a") is not None else "img")


def test_ids_stand_once_on_a_page(pictures: dict[str, list[ElementTree.Element]]) -> None:
    for path, found in pictures.items():
        ids = [node.get("id") for svg in found for node in svg.iter() if node.get("id")]
        assert len(ids) == len(set(ids)), path


def test_every_page_has_a_drawing_that_fits_a_phone(pictures: dict[str, list[ElementTree.Element]]) -> None:
    for path, found in pictures.items():
        widths = [float(svg.get("width", 0)) for svg in found]
        kinds = [svg.get("class") for svg in found]
        assert all(width in (NARROW, WIDE) for width in widths)
        assert NARROW <= 360
        assert all(
            ("am-wide" in kind) == (width == WIDE) for kind, width in zip(map(str, kinds), widths, strict=True)
        ), path


def test_no_text_is_small_or_leaves_the_sheet(pictures: dict[str, list[ElementTree.Element]]) -> None:
    for path, svg in drawings(pictures):
        width, height = float(svg.get("width", 0)), float(svg.get("height", 0))
        for node in svg.iter(f"{SVG}text"):
            style = Style(str(node.get("class")).partition(" ")[0])
            long = measure(node.text or "", style)
            start = float(node.get("x", 0)) - {"middle": long / 2, "end": long}.get(node.get("text-anchor", ""), 0)
            assert float(node.get("font-size", 0)) >= 12
            assert start >= -1, (path, node.text)
            assert start + long <= width, (path, node.text)
            assert 0 < float(node.get("y", 0)) < height


def test_no_colour_is_fixed(pictures: dict[str, list[ElementTree.Element]]) -> None:
    for path, svg in drawings(pictures):
        for node in svg.iter():
            assert {node.get("fill"), node.get("stroke")} <= {None, "none", "currentColor"}, path
            assert node.get("style") is None
    assert '[data-md-color-scheme="slate"]' in STYLES


def test_every_look_has_a_style(pictures: dict[str, list[ElementTree.Element]]) -> None:
    used = {look for _, svg in drawings(pictures) for node in svg.iter() for look in (node.get("class") or "").split()}
    plain = {"am-upstream", "am-outcome", "am-proxy", "am-text", "am-line", "am-head"}

    assert {look for look in used - plain if f".{look}" not in STYLES} == set()


# --- what they show


def test_the_map_shows_every_provider_and_its_path(reference: Reference) -> None:
    picture = map_picture(reference)
    for svg in ElementTree.fromstring(picture).iter(f"{SVG}svg"):  # noqa: S314
        shown = " ".join(texts(svg))
        for provider in reference.providers.values():
            assert provider.display_name in shown
            assert (provider.base_path or "") in shown
        links = {str(node.get("href")) for node in svg.iter(f"{SVG}a")}
        assert {f"providers/{provider}/" for provider in reference.providers} < links


def test_the_map_of_another_edition_links_to_what_the_site_has(
    reference: Reference, editions: Mapping[str, Reference]
) -> None:
    later = editions["amp-0.0.1770734955"]
    picture = map_picture(later, reference, "editions/x.md")
    links = set(re.findall('href="([^"]+)"', picture))

    assert later.providers["kimi"].display_name in picture
    assert "../../providers/groq/" in links
    assert {link.split("/")[3] for link in links if "/providers/" in link} <= set(reference.providers)


def test_what_goes_past_the_proxy_is_drawn_past_it(reference: Reference) -> None:
    for provider in reference.providers.values():
        picture = provider_picture(reference, provider)
        assert ("am-dashed" in picture) == (not provider.via_proxy)
        assert ("am-absent" in picture) == (not provider.via_proxy)


def test_a_placeholder_is_drawn_as_dropped(reference: Reference) -> None:
    shown = {
        p for p in reference.providers if "drops the placeholder" in provider_picture(reference, reference.providers[p])
    }

    assert shown == {p.id for p in reference.providers.values() if p.placeholder_credentials} != set()


def test_a_stream_is_drawn_event_by_event(reference: Reference) -> None:
    messages = reference.endpoints["anthropic-messages"]
    chat = reference.endpoints["openai-chat"]

    assert labels_of(messages.operations["messages"].events)[:2] == ["message_start", "content_block_start"]
    assert labels_of(chat.operations["chat.completions"].events)[-2:] == ["finish_reason", "[DONE]"]
    assert "message_stop" in stream_picture(messages, "messages", messages.operations["messages"])
    assert stream_picture(messages, "models.list", messages.operations["models.list"]) == ""


def ways(tree: Tree, so_far: dict[str, str]) -> Iterator[tuple[dict[str, str], Decision]]:
    if isinstance(tree, End):
        yield {**so_far, **tree.given}, tree.decision
        return
    for value, way in tree.ways.items():
        yield from ways(way, {**so_far, tree.condition: value})


def test_every_way_through_the_fallback_ends_where_the_table_says(reference: Reference) -> None:
    for fallback in reference.fallback.values():
        found = list(ways(tree_of(fallback.decisions), {}))
        for held, decision in found:
            fitting = [row for row in fallback.decisions if all(row.when[n] in ("any", v) for n, v in held.items())]
            assert (decision.outcome, decision.answers) in {(row.outcome, row.answers) for row in fitting}
        assert {(d.outcome, d.answers) for _, d in found} == {(row.outcome, row.answers) for row in fallback.decisions}
        assert all(row.outcome in fallback_picture(fallback) for row in fallback.decisions)


def test_nothing_to_decide_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to decide"):
        tree_of(())


# --- text


@given(st.text("abcXW.:/-_ {}", max_size=80), st.integers(60, 400), st.sampled_from(Style))
def test_wrapping_keeps_the_text_and_its_width(text: str, width: int, style: Style) -> None:
    lines = wrap(text, width, style)

    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert all(measure(line, style) <= width for line in lines)


def test_markup_in_text_stays_text() -> None:
    canvas = Canvas(NARROW)
    canvas.box(0, 0, 200, Box((Line('<script>&"'),)))
    svg = canvas.svg("x", "a < b", "a & b")

    assert ElementTree.fromstring(svg)[0].text == "a < b"  # noqa: S314
    assert "<script>" not in svg
