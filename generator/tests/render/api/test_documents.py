"""The JSON API, the plain texts and the navigation that are built beside the pages."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ampmap_generator.compile import plain
from ampmap_generator.query.timelines import timelines
from ampmap_generator.render.api.documents import CHECKSUMS, ROOT, api_files, api_schemas
from ampmap_generator.render.site.editions import change_reports
from ampmap_generator.render.site.facts import Page
from ampmap_generator.render.site.llms import FULL, INDEX
from ampmap_generator.render.site.nav import configuration, navigation
from ampmap_generator.render.site.pages import all_pages
from ampmap_generator.render.site.whole_site import render_docs
from ampmap_generator.render.write import Files
from ampmap_generator.targets import TARGETS, Compiled
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT
from jsonschema import Draft202012Validator

Editions = Mapping[str, Reference]


@pytest.fixture(scope="module")
def files(reference: Reference, editions: Editions) -> Files:
    """The API's files by their path below `api/v1/`."""
    found = api_files(reference, editions, change_reports(editions), timelines(editions))
    return {path.removeprefix(ROOT): content for path, content in found.items()}


@pytest.fixture(scope="module")
def documents(files: Files) -> dict[str, Any]:
    return {path: json.loads(content) for path, content in files.items() if path.endswith(".json")}


@pytest.fixture(scope="module")
def docs(reference: Reference, editions: Editions) -> Files:
    """Everything that the docs target writes."""
    return render_docs(reference, editions)


# --- the API


def schema_of(path: str) -> str:
    folder = path.partition("/")[0]
    kinds = {"providers": "provider", "models": "model", "modes": "mode", "editions": "edition", "changes": "diff"}
    kinds |= {"finder": "finder", "lookup": "edition-lookup"}
    return kinds[folder] if "/" in path else path.removesuffix(".json")


def test_every_document_fits_its_schema(documents: dict[str, Any]) -> None:
    validators = {name: Draft202012Validator(schema) for name, schema in api_schemas().items()}
    checked = [path for path in documents if not path.startswith("schema/")]

    wrong = [
        f"{path}: {error.json_path}: {error.message[:200]}"
        for path in checked
        for error in validators[schema_of(path)].iter_errors(documents[path])
    ]

    assert {schema_of(path) for path in checked} == set(validators)
    assert wrong == []


def test_every_schema_is_published_and_is_one(documents: dict[str, Any]) -> None:
    for name, schema in api_schemas().items():
        Draft202012Validator.check_schema(schema)
        assert documents[f"schema/{name}.schema.json"] == schema


def test_the_index_leads_to_every_document(documents: dict[str, Any], files: Files) -> None:
    index = documents["index.json"]
    linked = {entry["href"] for kind in ("editions", "providers", "models", "modes") for entry in index[kind]}
    linked |= {entry[name] for entry in index["editions"] for name in ("finder", "lookup")}
    linked |= {index[name] for name in ("changes", "lookup", "timelines", "route_vectors", "checksums")}
    linked |= set(index["schemas"])
    linked |= {entry["href"] for entry in documents["changes.json"]["changes"]}

    assert linked | {"index.json"} == set(files)


def test_there_is_a_document_for_each_thing(reference: Reference, editions: Editions, files: Files) -> None:
    expected = {
        *(f"providers/{key}.json" for key in reference.providers),
        *(f"models/{key}.json" for key in reference.models),
        *(f"modes/{key}.json" for key in reference.agent_modes),
        *(f"editions/{key}.json" for key in editions),
    }

    assert expected <= set(files)
    assert "models/groq/openai/gpt-oss-120b.json" in expected, "an id that holds a slash is a path of folders"


def test_an_edition_is_its_whole_reference(editions: Editions, documents: dict[str, Any]) -> None:
    for name, edition in editions.items():
        assert documents[f"editions/{name}.json"] == json.loads(json.dumps(plain(edition)))


def test_a_model_s_document_says_where_it_goes(documents: dict[str, Any]) -> None:
    model = documents["models/anthropic/claude-sonnet-4-5-20250929.json"]
    bypassing = documents["models/moonshot/kimi-k2-instruct-0905.json"]
    provider = documents["providers/google.json"]

    assert model["route"]["url"] == "https://ampcode.com/api/provider/anthropic/v1/messages"
    assert model["modes"] == ["smart"]
    assert bypassing["route"]["via_proxy"] is False
    assert bypassing["route"]["wire_model"] == "moonshotai/kimi-k2-instruct-0905"
    assert "/api/provider/google/v1beta1/publishers/google/models/{model}:generateContent" in [
        call["path"] for call in provider["calls"]
    ]


def test_what_the_spec_leaves_out_is_left_out(reference: Reference, documents: dict[str, Any]) -> None:
    for key, provider in reference.providers.items():
        assert set(documents[f"providers/{key}.json"]["provider"]) == provider.model_fields_set


def test_the_checksums_are_those_of_the_files(files: Files) -> None:
    lines = files[CHECKSUMS].decode().splitlines()
    listed = {path: digest for digest, path in (line.split("  ") for line in lines)}

    assert set(listed) == set(files) - {CHECKSUMS}
    assert all(hashlib.sha256(files[path]).hexdigest() == digest for path, digest in listed.items())


def test_the_feed_of_changes_follows_the_builds_and_has_no_time_of_building(documents: dict[str, Any]) -> None:
    changes = documents["changes.json"]["changes"]

    assert [entry["built"] for entry in changes] == sorted(entry["built"] for entry in changes)
    assert changes[0]["base"] == "amp-0.0.1760587291"
    for entry in changes:
        counts = documents[entry["href"]]["counts"]
        assert (entry["breaking"], entry["additions"], entry["notes"]) == tuple(counts.values())


BUDGETS = {
    "index": 64,
    "provider": 32,
    "model": 8,
    "mode": 8,
    "edition": 1024,
    "changes": 16,
    "diff": 512,
    "finder": 96,
    "lookup": 160,
    "edition-lookup": 48,
    "timelines": 48,
    "schema": 192,
    "route-vectors": 2048,
}
"""Most KiB of one document."""


def test_no_document_is_larger_than_its_budget(files: Files) -> None:
    large = [
        (path, len(content))
        for path, content in files.items()
        if path.endswith(".json")
        if len(content) > 1024 * BUDGETS["schema" if path.startswith("schema/") else schema_of(path)]
    ]

    assert large == []
    assert sum(map(len, files.values())) < 12 * 2**20


# --- texts for plain readers


def test_the_text_index_names_every_page_by_an_address_of_the_site(docs: Files) -> None:
    text = docs[f"docs/{INDEX}"].decode()
    pages = {path.removeprefix("docs/") for path in docs if path.endswith(".md")}
    linked = re.findall(r"\]\(([^)]+)\)", text)

    assert text.startswith("# ampmap\n\n> ")
    addresses = {page_of(address, docs) for address in linked}
    assert pages <= addresses
    assert {address for address in addresses - pages if f"docs/{address}" not in docs} == set()


def page_of(address: str, docs: Files) -> str:
    """The file that the site shows at an address."""
    if not address.endswith("/"):
        return address
    index = posixpath.normpath(posixpath.join(address, "index.md"))
    return index if f"docs/{index}" in docs else f"{posixpath.normpath(address)}.md"


def test_the_whole_text_holds_every_page(docs: Files, reference: Reference) -> None:
    text = docs[f"docs/{FULL}"].decode()
    titles = [re.sub(r" ?\{ #\S+ \}", "", content.decode().strip().split("\n")[0]) for path, content in docs.items()
              if path.endswith(".md")]  # fmt: skip

    assert [title for title in titles if title not in text] == []
    assert re.search(r"^#.*\{ #", text, re.MULTILINE) is None, "anchors mean nothing in plain text"
    assert all(model.id in text for model in reference.models.values())
    assert len(text) < 5 * 2**19
    assert len(docs[f"docs/{INDEX}"]) < 16 * 1024


def test_the_texts_by_themselves_are_those_of_the_site_and_share_its_rendering(
    docs: Files, reference: Reference, editions: Editions
) -> None:
    everything = Compiled(reference, editions)
    for name, content in TARGETS["llms"](everything).items():
        assert docs[f"docs/{name}"] == content
        assert content is TARGETS["docs"](everything)[f"docs/{name}"]


# --- navigation


def flat(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    return [path for inner in (nav.values() if isinstance(nav, dict) else nav) for path in flat(inner)]


def test_every_page_is_in_the_navigation_once(docs: Files) -> None:
    _, _, navigation_text = (
        docs["mkdocs.yml"].decode().partition("\nnav:\n")
    )  # before it stands !ENV, which is MkDocs' own
    paths = flat(yaml.safe_load(navigation_text))

    assert sorted(paths) == sorted(path.removeprefix("docs/") for path in docs if path.endswith(".md"))


def test_pages_that_come_and_go_need_no_hand(reference: Reference) -> None:
    def paths(of: Reference) -> list[str]:
        return flat(navigation(all_pages(of), {}))

    without = {key: provider for key, provider in reference.providers.items() if key not in ("supernova", "moonshot")}
    models = {key: model for key, model in reference.models.items() if model.provider in without}
    modes = {key: mode for key, mode in reference.agent_modes.items() if mode.provider in without}
    smaller = reference.model_copy(update={"providers": without, "models": models, "agent_modes": modes})

    assert set(paths(reference)) - set(paths(smaller)) == {
        f"{folder}/{name}.md" for folder in ("providers", "models") for name in ("supernova", "moonshot")
    }


def page(path: str, title: str) -> Page:
    return Page(path, "entries", title, ())


# pages, hand-written pages, the navigation
NAVIGATIONS: list[tuple[list[Page], dict[str, str], list[Any]]] = [
    ([page("index.md", "Front")], {}, [{"Find": "index.md"}]),
    ([page("tools.md", "Tools")], {}, [{"Map": [{"Tools": "tools.md"}]}]),
    (
        [page("requirements/b.md", "Requirements: b"), page("requirements/index.md", "Requirements")],
        {},
        [{"Rules": ["requirements/index.md", {"Requirements: b": "requirements/b.md"}]}],
    ),
    (
        [page("errors/xai.md", "xAI errors")],
        {},
        [{"Errors": [{"xAI errors": "errors/xai.md"}]}],
    ),
    (
        [page("changes/amp-1.md", "What changed in `amp-1`")],
        {},
        [{"Map": [{"What changed": [{"What changed in amp-1": "changes/amp-1.md"}]}]}],
    ),
    (
        [
            page("platforms/p/rules.md", "P: rules"),
            page("platforms/p/index.md", "P"),
            page("platforms/index.md", "All"),
        ],
        {},
        [
            {
                "Map": [
                    {
                        "Platforms": [
                            "platforms/index.md",
                            {"P": ["platforms/p/index.md", {"P: rules": "platforms/p/rules.md"}]},
                        ]
                    }
                ]
            }
        ],
    ),
    (
        [],
        {
            "guides/index.md": "# Guides\n[z](z.md) [a](./a.md)",
            "guides/a.md": "# A {.x}\n",
            "guides/m.md": "",
            "guides/z.md": "# Z",
        },
        [
            {
                "Test your proxy": [
                    {"Guides": ["guides/index.md", {"Z": "guides/z.md"}, {"A": "guides/a.md"}, {"M": "guides/m.md"}]}
                ]
            }
        ],
    ),
    (
        [page("new.md", "New thing"), page("more/x.md", "X")],
        {},
        [{"New thing": "new.md"}, {"More": [{"X": "more/x.md"}]}],
    ),
]


@pytest.mark.parametrize("row", NAVIGATIONS, ids=range(len(NAVIGATIONS)))
def test_the_navigation_follows_folders_titles_and_links(
    row: tuple[list[Page], dict[str, str], list[Any]],
) -> None:
    pages, written, expected = row

    assert navigation(pages, written) == expected
    assert yaml.safe_load(configuration("site_name: s\ncopyright: MIT.\n", pages, written, "Fresh.")) == {
        "site_name": "s",
        "copyright": "MIT. Fresh.",
        "docs_dir": "docs",
        "site_dir": "site",
        "nav": expected,
    }


def test_the_template_has_no_navigation_of_its_own() -> None:
    template = (CHECKOUT / "site/mkdocs.yml").read_text(encoding="utf-8")

    assert not re.search(r"^(nav|docs_dir|site_dir):", template, re.MULTILINE)
