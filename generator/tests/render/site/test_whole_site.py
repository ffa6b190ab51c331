"""What the site carries beside its pages: the spec's files, downloads, and pages at old addresses."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ampmap_generator.cli.inputs import load_editions
from ampmap_generator.load.spec import load
from ampmap_generator.render.site.handwritten import edit_url, redirects_of
from ampmap_generator.render.site.pages import pages
from ampmap_generator.render.site.redirects import RedirectError, redirect_files, renames
from ampmap_generator.render.site.spec_links import SpecFiles, file_links, resolve_edit_marks, spec_files
from ampmap_generator.render.write import Files, write
from ampmap_generator.targets import TARGETS
from ampmap_generator.vendored.base import Lifecycle
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT

EDIT = re.compile(r'\[where it is stated\]\(([^)\s]+) "([^,]+), line (\d+)"\)')


@pytest.fixture(scope="module")
def docs() -> Files:
    """Everything that `ampmap build docs` writes."""
    return TARGETS["docs"](load_editions())


# --- edit this fact


def test_every_fact_leads_to_the_line_that_states_it(docs: Files) -> None:
    found = 0
    for path, content in docs.items():
        for address, file, line in EDIT.findall(content.decode()) if path.endswith(".md") else ():
            found += 1
            at = posixpath.normpath(posixpath.join(posixpath.dirname(path), address))
            assert at == f"docs/{file}"
            text = docs[at].decode()
            assert text == (CHECKOUT / file).read_text(encoding="utf-8")
            assert 1 <= int(line) <= len(text.splitlines())
    assert found > 400


def test_the_line_is_that_of_the_fact(docs: Files) -> None:
    page = docs["docs/settings.md"].decode()
    entry = page.partition("{ #amp.url }")[2].partition("\n## ")[0]
    ((_, file, line),) = EDIT.findall(entry)

    assert (CHECKOUT / file).read_text(encoding="utf-8").splitlines()[int(line) - 1] == "amp.url:"


def test_every_foot_links_to_the_files_that_state_the_page(docs: Files) -> None:
    for path, content in docs.items():
        if path.endswith(".md") and "guides/" not in path and "evidence/" not in path:
            foot = content.decode().rstrip().splitlines()[-2]
            assert "Edition [`amp-" in foot
            assert re.search(r"Stated in \[`spec/[^`]*`\]\(", foot), path


def test_a_site_whose_spec_can_be_edited_elsewhere_links_there() -> None:
    files = SpecFiles(
        {"settings/a": ("spec/settings/amp.yaml", 7)}, {"spec/settings/amp.yaml": ""}, "https://git.example/e/"
    )
    text = resolve_edit_marks(
        "x · [edit this fact](edit:settings/a) [edit this fact](edit:settings/b)", "settings.md", files
    )

    assert text.startswith("x · [edit this fact](https://git.example/e/spec/settings/amp.yaml#L7 ")
    assert "edit:" not in text
    assert edit_url("extra: {spec_url: https://git.example/e/}") == "https://git.example/e/"
    assert edit_url("site_name: x") == ""


def test_without_the_files_nothing_is_linked() -> None:
    assert (
        resolve_edit_marks("*Sources:* a · [edit this fact](edit:settings/a)", "settings.md", SpecFiles())
        == "*Sources:* a"
    )
    assert file_links(("spec/settings/",), "settings.md", SpecFiles()) == "`spec/settings/`"


def test_a_fact_of_an_edition_is_stated_in_its_layer() -> None:
    spec, _ = load(CHECKOUT / "spec")
    lines = spec_files(spec, "amp-0.0.1770734955").lines

    assert lines["providers/kimi"][0] == "spec/editions/amp-0.0.1770734955/providers/kimi.yaml"
    assert lines["providers/groq"][0] != lines["providers/xai"][0]


# --- downloads


def test_each_download_is_there_and_has_its_digest(docs: Files) -> None:
    listed = 0
    for page in ("downloads.md", "spec-files.md"):
        text = docs[f"docs/{page}"].decode()
        for path, digest in re.findall(
            r"^\| \[`[^`]+`\]\(([^)]+)\) \| [\d ]+ \| `([0-9a-f]{64})` \|$", text, re.MULTILINE
        ):
            listed += 1
            assert hashlib.sha256(docs[f"docs/{path}"]).hexdigest() == digest
    assert listed > 100


@pytest.mark.parametrize(
    "path", ["downloads/ampmap_types.py", "openapi.json", "api/v1/index.json", "spec/schema/provider.schema.json"]
)
def test_what_people_come_for_can_be_downloaded(path: str, docs: Files) -> None:
    assert f"docs/{path}" in docs
    assert f"({path})" in docs["docs/downloads.md"].decode()


def test_nothing_is_written_twice(docs: Files, tmp_path: Path) -> None:
    assert len(write(tmp_path, docs, ())) == len(docs)
    assert write(tmp_path, TARGETS["docs"](load_editions()), ("docs/**/*", "mkdocs.yml")) == []


# --- redirects

PAGES = {"providers/new.md": "# New\n\n## Place { #place }", "index.md": "# Front", "providers/index.md": "# All"}


@pytest.mark.parametrize(
    ("old", "new", "file", "target"),
    [
        ("providers/old.md", "providers/new.md", "providers/old/index.html", "../new/"),
        ("old.md", "providers/new.md#place", "old/index.html", "../providers/new/#place"),
        ("a/b/index.md", "index.md", "a/b/index.html", "../../"),
    ],
)
def test_an_old_address_goes_on_to_the_new_one(old: str, new: str, file: str, target: str) -> None:
    ((path, content),) = redirect_files({old: new}, PAGES).items()
    text = content.decode()

    assert path == file
    assert f'<meta http-equiv="refresh" content="0; url={target}">' in text
    assert f'<link rel="canonical" href="{target}">' in text
    assert f'<a href="{target}">' in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("providers/old.md", "providers/gone.md", "not a page of the site"),
        ("providers/old.md", "providers/new.md#gone", "does not have this anchor"),
        ("providers/new.md", "index.md", "is a page of the site"),
        ("../x.md", "index.md", "not a valid path of a page"),
    ],
)
def test_a_redirect_that_does_not_work_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(RedirectError, match=said):
        redirect_files({old: new}, PAGES)


def test_what_the_spec_renames_is_redirected(reference: Reference) -> None:
    life = Lifecycle(renamed_from="old-groq")
    groq = reference.providers["groq"].model_copy(update={"lifecycle": life})
    moved = reference.model_copy(update={"providers": {**reference.providers, "groq": groq}})

    assert dict(renames(moved)) == {"providers/old-groq.md": "providers/groq.md"}
    assert list(renames(reference)) == []


def test_an_entry_keeps_its_former_anchor(reference: Reference) -> None:
    key, model = next(iter(reference.models.items()))
    named = model.model_copy(update={"lifecycle": Lifecycle(renamed_from="former-id")})
    page = pages(reference.model_copy(update={"models": {**reference.models, key: named}}))[
        f"models/{model.provider}.md"
    ]

    assert '<span id="former-id"></span>' in page


def test_a_rule_shows_its_earlier_ids_and_keeps_their_anchors(reference: Reference, docs: Files) -> None:
    renamed_rules = [rule for rule in reference.requirements.values() if rule.formerly]
    assert renamed_rules
    for rule in renamed_rules:
        page = docs[f"docs/requirements/{rule.profile}.md"].decode()
        entry = page.partition(f"## `{rule.id}`")[2].partition("\n## ")[0]
        for former in rule.formerly:
            assert f'<span id="{former.partition(".")[2]}"></span>' in entry
            assert f"- Formerly: `{former}`" in entry


def test_the_sites_own_redirects_work(docs: Files) -> None:
    for old in redirects_of(CHECKOUT / "site"):
        assert f"docs/{old.removesuffix('.md').removesuffix('index').rstrip('/')}/index.html" in docs


def test_a_file_of_redirects_must_be_a_mapping(tmp_path: Path) -> None:
    assert redirects_of(tmp_path) == {}
    (tmp_path / "redirects.yaml").write_text("- a\n")
    with pytest.raises(RedirectError, match="expected a mapping"):
        redirects_of(tmp_path)


def test_the_editions_are_all_offered(docs: Files, editions: Mapping[str, Reference]) -> None:
    front = docs["docs/index.md"].decode()

    assert all(f'["{name}", "{each.edition.built}"]' in front for name, each in editions.items())


# --- the feed

ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_feed_has_an_entry_for_each_edition_that_leads_to_its_page(docs: Files) -> None:
    feed = ElementTree.fromstring(docs["docs/changes.atom"])  # noqa: S314 - our own
    entries = feed.findall(f"{ATOM}entry")
    links = [link.attrib["href"] for entry in entries for link in entry.findall(f"{ATOM}link")]
    updated = [node.text or "" for node in feed.iter(f"{ATOM}updated")]
    pages = {path for path in docs if re.fullmatch(r"docs/changes/amp-[\d.]+\.md", path)}

    assert {f"docs/{link.rstrip('/')}.md" for link in links} == pages
    assert len({node.text for node in feed.iter(f"{ATOM}id")}) == len(entries) + 1 == len(pages) + 1
    assert updated[1:] == sorted(updated[1:], reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", moment) for moment in updated)
    assert all(feed.find(f"{ATOM}{name}") is not None for name in ("id", "title", "updated", "author"))
    assert all((entry.findtext(f"{ATOM}content") or "").startswith("Since amp-") for entry in entries)
