"""The pictures: legible on a phone, told in words, and drawn from the spec alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

import pytest
from ampmap_generator.render.pictures.boxes import Box, Line, Style, box, figure
from ampmap_generator.render.pictures.fallback import End, Tree, fallback_picture, tree_of
from ampmap_generator.render.pictures.routing_map import map_picture, provider_picture
from ampmap_generator.render.pictures.stream import labels_of, stream_picture
from ampmap_generator.render.site.pages import pages
from ampmap_generator.vendored.catalogue import Decision
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT

STYLES = (CHECKOUT / "site" / "docs" / "assets" / "finder.css").read_text(encoding="utf-8")
PICTURE = re.compile(r"<figure.*?</figure>", re.DOTALL)


@pytest.fixture(scope="module")
def pictures(reference: Reference) -> list[tuple[str, ElementTree.Element]]:
    """Each picture, with the page that it stands on."""
    return [
        (path, ElementTree.fromstring(figure))  # noqa: S314
        for path, text in pages(reference).items()
        for figure in PICTURE.findall(text)
    ]


def test_every_picture_that_was_promised_is_there(
    reference: Reference, pictures: list[tuple[str, ElementTree.Element]]
) -> None:
    streaming = {f"endpoints/{e.id}.md" for e in reference.endpoints.values() if e.streaming}
    providers = {f"providers/{provider}.md" for provider in reference.providers}

    edition = f"editions/{reference.edition.id}.md"
    assert {path for path, _ in pictures} == {
        "index.md", "fallback.md", "auth-modes.md", edition, *streaming, *providers
    }  # fmt: skip


def test_every_picture_is_told_in_words(pictures: list[tuple[str, ElementTree.Element]]) -> None:
    for path, picture in pictures:
        caption, _ = picture
        title = caption.find("strong")
        assert title is not None
        assert title.text, path
        assert len(title.tail or "") > 20, path


def test_no_colour_and_no_width_is_fixed(pictures: list[tuple[str, ElementTree.Element]]) -> None:
    for path, picture in pictures:
        assert {name for node in picture.iter() for name in dict(node.attrib)} <= {"class", "href"}, path
    assert '[data-md-color-scheme="slate"]' in STYLES


def test_every_look_has_a_style(pictures: list[tuple[str, ElementTree.Element]]) -> None:
    used = {look for _, picture in pictures for node in picture.iter() for look in (node.get("class") or "").split()}
    plain = {"am-upstream", "am-outcome", "am-proxy", "am-text"}

    assert {look for look in used - plain if f".{look}" not in STYLES} == set()


def test_markup_in_text_stays_text() -> None:
    shown = box(Box((Line('<script>&"'), Line("/a<b/c", Style.CODE))))
    picture = ElementTree.fromstring(figure("am-map", "a < b", "a & b", shown))  # noqa: S314

    assert "".join(picture.itertext()).split() == ["a", "<", "b", "a", "&", "b", '<script>&"/a<b/c']


# --- what they show


def test_the_map_shows_every_provider_and_its_path(reference: Reference) -> None:
    picture = ElementTree.fromstring(map_picture(reference))  # noqa: S314
    shown = " ".join("".join(node.itertext()) for node in picture.iter("span"))
    for provider in reference.providers.values():
        assert provider.display_name in shown
        assert (provider.base_path or "") in shown
    links = {str(node.get("href")) for node in picture.iter("a")}
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
