"""The site's pages: every fact is on its page, every link leads somewhere, and text is shown as it is."""

from __future__ import annotations

import html
import json
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from ampmap_generator.compile import compile_editions
from ampmap_generator.load.spec import load
from ampmap_generator.render.markdown import code, prose, value_text
from ampmap_generator.render.site.downloads import module_files
from ampmap_generator.render.site.facts import claim_anchor, fact_places
from ampmap_generator.render.site.handwritten import PageCollisionError, merge_files, site_files
from ampmap_generator.render.site.pages import all_pages, pages, spec_rules
from ampmap_generator.render.vectors.site_data import auth_files
from ampmap_generator.vendored.base import Lifecycle
from ampmap_generator.vendored.platforms import PlatformModel
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.timeline import Timelines
from ampmap_tests_support.places import CHECKOUT

from ...support import ADDRESS, BuiltSite

SITE = CHECKOUT / "site"

Site = dict[str, str]
Expected = Iterable[tuple[str, str]]


@pytest.fixture(scope="module")
def site(reference: Reference, editions: Mapping[str, Reference]) -> Site:
    """The generated pages."""
    return pages(reference, editions)


def platform_rows(kind: str, page: str, field: str) -> Callable[[Reference], Expected]:
    return lambda r: [
        (page.format(platform=name), prose(getattr(fact, field)))
        for name, platform in r.platforms.items()
        for fact in getattr(platform, kind).values()
    ]


FACTS: dict[str, Callable[[Reference], Expected]] = {
    "model ids on the map": lambda r: [("index.md", code(m.id)) for m in r.models.values()],
    "model ids on the model's page": lambda r: [
        (f"models/{m.provider}.md", f"{{ #{m.id} }}") for m in r.models.values()
    ],
    "wire ids": lambda r: [("index.md", code(m.wire_id)) for m in r.models.values() if m.wire_id],
    "providers on the map": lambda r: [("index.md", f"providers/{p}.md") for p in r.providers],
    "base paths": lambda r: [
        (f"providers/{p.id}.md", code(p.base_path or p.base_url or "")) for p in r.providers.values()
    ],
    "operations": lambda r: [
        (f"endpoints/{e.id}.md", f"{{ #{name} }}") for e in r.endpoints.values() for name in e.operations
    ],
    "agent modes on the map": lambda r: [("index.md", code(m.name)) for m in r.agent_modes.values()],
    "agent modes": lambda r: [("agent-modes.md", f"{{ #{m.id} }}") for m in r.agent_modes.values()],
    "headers": lambda r: [("headers.md", code(h.name)) for s in r.headers.values() for h in s.headers],
    "settings": lambda r: [("settings.md", f"{{ #{name} }}") for name in r.settings],
    "examples": lambda r: [("settings.md", e.text.rstrip()) for s in r.settings.values() for e in s.examples],
    "management paths": lambda r: [("management.md", code(path)) for m in r.management.values() for path in m.paths],
    "flow steps": lambda r: [("authentication.md", prose(step)) for f in r.flows.values() for step in f.steps],
    "fallback outcomes": lambda r: [
        ("fallback.md", prose(d.answers)) for f in r.fallback.values() for d in f.decisions
    ],
    "auth modes": lambda r: [
        ("auth-modes.md", f"{{ #{n}-{m} }}") for n, p in r.platforms.items() for m in p.auth_modes
    ],
    "provider errors": lambda r: [
        (f"errors/{s.id}.md", f"`{status}`{{ #{status} }}") for s in r.error_shapes.values() for status in s.statuses
    ],
    "meanings": lambda r: [
        ("meanings.md", code(json.dumps(form, ensure_ascii=False, separators=(",", ":"))))
        for m in r.meanings.values()
        for form in (*m.request.user_text.forms[:1], *m.answer.text.forms[:1])
    ],
    "platform errors": lambda r: [
        ("errors/index.md", f"{{ #{n}-{e} }}") for n, p in r.platforms.items() for e in p.errors
    ],
    "remedies": platform_rows("errors", "errors/index.md", "remedy"),
    "symptoms": platform_rows("troubleshooting", "platforms/{platform}/troubleshooting.md", "symptom"),
    "commands": platform_rows("commands", "platforms/{platform}/commands.md", "command"),
    "options": platform_rows("options", "platforms/{platform}/options.md", "key"),
    "platform providers": lambda r: [
        (f"platforms/{n}/providers/{key}.md", prose(step))
        for n, p in r.platforms.items()
        for key, provider in p.providers.items()
        for setup in provider.setup.values()
        for step in setup.steps
    ],
    "steps of resolution": platform_rows("steps", "auth-modes.md", "does"),
    "platform rules": platform_rows("rules", "platforms/{platform}/rules.md", "statement"),
    "requirements": lambda r: [(f"requirements/{q.profile}.md", prose(q.statement)) for q in r.requirements.values()],
    "remedies of rules": lambda r: [
        (f"requirements/{q.profile}.md", prose(q.remedy)) for q in r.requirements.values() if q.remedy
    ],
    "remedies of servers": lambda r: [
        ("remedies.md", text) for s in r.remedies.values() for o in s.remedies for text in (prose(o.change), o.lines)
    ],
    "servers of rules": lambda r: [
        (f"requirements/{name.partition('.')[0]}.md", f"remedies.md#{key}")
        for key, s in r.remedies.items()
        for o in s.remedies
        for name in o.requirements
    ],
    "sources": lambda r: [("sources.md", f"{{ #{source} }}") for source in r.sources],
    "reasons": lambda r: [("contradictions.md", prose(c.because)) for p in fact_places(r) for c in p.fact.claims],
    "claims": lambda r: [
        ("contradictions.md", f"{{ #{claim_anchor(p.name, p.fact.claims, i)} }}")
        for p in fact_places(r)
        for i in range(len(p.fact.claims))
    ],
    "spec rules": lambda _: [("rules.md", f"{{ #{rule.id} }}") for rule in spec_rules()],
}


@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_is_on_its_page(kind: str, reference: Reference, site: Site) -> None:
    expected = list(FACTS[kind](reference))

    assert expected
    assert [(page, text) for page, text in expected if plain(text) not in plain(site[page])] == []


def plain(markdown: str) -> str:
    """Markdown without code marks, in which an identifier is found whether or not it is code."""
    return markdown.replace("`", "").replace("\\", "")


@pytest.mark.parametrize("field", ["notes", "sources", "warning"])
def test_nothing_that_a_fact_carries_is_left_out(field: str, reference: Reference, site: Site) -> None:
    missing = []
    for place in fact_places(reference):
        page = site[place.target.partition("#")[0]]
        value = getattr(place.fact, field, None) or ()
        texts = [prose(value)] if isinstance(value, str) else [v if isinstance(v, str) else v.id for v in value]
        missing += [(place.name, text) for text in texts if plain(prose(text)) not in plain(page)]

    assert missing == []


def test_the_summary_counts_the_models_of_each_provider(reference: Reference, site: Site) -> None:
    rows = re.findall(r"^\| \[(.+?)\]\(providers/.+?\) \| (\d+) \|", site["index.md"], re.MULTILINE)
    owners = [reference.providers[model.provider] for model in reference.models.values()]
    serving = Counter(reference.providers[owner.served_through or owner.id].display_name for owner in owners)

    assert {name: int(count) for name, count in rows} == serving


def test_each_model_goes_where_its_provider_is(site: Site) -> None:
    for row in (
        "| `POST` /api/provider/groq/chat/completions",
        "/api/provider/google/v1beta1/publishers/google/models/gemini-2.5-pro:generateContent",
        "POST https://openrouter.ai/api/v1/chat/completions (**bypasses the proxy**)",
        "moonshotai/kimi-k2-instruct-0905",
    ):
        assert plain(row) in plain(site["index.md"])


def test_a_provider_past_the_proxy_says_so(reference: Reference, site: Site) -> None:
    warned = {p for p in reference.providers if '!!! warning "Bypasses the proxy"' in site[f"providers/{p}.md"]}

    assert warned == {p.id for p in reference.providers.values() if not p.via_proxy} != set()


def test_an_address_that_no_source_states_is_not_invented(reference: Reference, site: Site) -> None:
    assert reference.providers["supernova"].upstream == "unknown"
    assert "The provider's own base URL: *not stated by the sources*" in site["providers/supernova.md"]
    assert "unknown/chat" not in site["providers/supernova.md"]


def test_a_stream_is_shown_as_it_goes_on_the_wire(site: Site) -> None:
    assert 'event: ping\ndata: {"type":"ping"}\n\n' in site["endpoints/anthropic-messages.md"]
    assert "data: [DONE]\n" in site["endpoints/openai-chat.md"]


def test_absent_none_and_unknown_read_differently(reference: Reference) -> None:
    rensei = reference.platforms["rensei"]
    lines = []
    for stated in ({}, {"context_window": None}, {"context_window": "unknown"}):
        facts = {"id": "m", "provider": "p", "model_id": "m", "display_name": "M", **stated}
        model = PlatformModel.model_validate(facts)
        platform = rensei.model_copy(update={"models": {"m": model}})
        page = pages(reference.model_copy(update={"platforms": {"rensei": platform}}))["platforms/rensei/models.md"]
        lines.append(re.findall("- Context window in tokens: (.*)", page))

    assert lines == [[], ["*none*"], ["*not stated by the sources*"]]


def test_what_becomes_of_a_fact_is_shown(reference: Reference) -> None:
    life = Lifecycle(status="retired", successor=None, replaces=("a", "b"))
    key, model = next(iter(reference.models.items()))
    models = {**reference.models, key: model.model_copy(update={"lifecycle": life})}

    page = pages(reference.model_copy(update={"models": models}))[f"models/{model.provider}.md"]

    assert "- Status: retired\n- Replaced by: *none*\n- Replaces: `a`, `b`\n" in page


def test_every_page_names_its_edition_digest_and_spec_files(
    reference: Reference, editions: Mapping[str, Reference], site: Site
) -> None:
    for page in all_pages(reference, editions):
        *_, footer, _ = site[page.path].rstrip().splitlines()
        assert reference.edition.id in footer
        assert reference.digest[:19] in footer
        for file in page.stated_in:
            assert f"`{file}`" in footer
            assert (CHECKOUT / file).exists()


def test_pages_depend_on_the_references_alone(repository_spec: Path, site: Site) -> None:
    editions = compile_editions(load(repository_spec)[0])

    assert pages(next(iter(editions.values())), editions) == site


# --- links


CODE_BLOCK = re.compile(r"^(````|```).*?^\1$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ANCHOR = re.compile(r"\{ #(\S+) (?:data-search-exclude )?\}")


def whole_site(site: Site) -> Site:
    generated = {path: text.encode() for path, text in site.items()}
    return {path: data.decode() for path, data in merge_files(generated, site_files(SITE)).items()}


def test_every_link_and_anchor_resolves(reference: Reference, site: Site) -> None:
    everything = whole_site(site) | {path: data.decode() for path, data in auth_files(reference).items()}
    everything |= dict.fromkeys(("downloads.md", "spec-files.md", "api/v1/route-vectors.json"), "")
    everything |= dict.fromkeys(module_files(reference, Timelines(periods=(), timelines=(), names={})), "")
    anchors = {path: set(ANCHOR.findall(text)) for path, text in everything.items()}
    broken = []
    for path, text in everything.items():
        prose_only = CODE_SPAN.sub("code", CODE_BLOCK.sub("", text))
        for target in LINK.findall(prose_only):
            page, _, anchor = target.partition("#")
            if page.startswith("https://"):
                continue
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), page)) if page else path
            if wanted not in everything or (anchor and anchor not in anchors[wanted]):
                broken.append((path, target))

    assert broken == []


def test_an_anchor_stands_once_on_a_page(site: Site) -> None:
    twice = {path: [a for a, n in Counter(ANCHOR.findall(text)).items() if n > 1] for path, text in site.items()}

    assert {path: anchors for path, anchors in twice.items() if anchors} == {}


def test_a_folder_stays_small_enough_for_its_navigation(site: Site) -> None:
    assert max(Counter(posixpath.dirname(path) for path in whole_site(site)).values()) <= 50


def test_a_written_file_never_hides_a_generated_page() -> None:
    with pytest.raises(PageCollisionError, match=re.escape("Models/index.md")):
        merge_files({"models/index.md": b"generated"}, {"Models/index.md": b"written"})


# --- text

AWKWARD = [
    "a | b",
    "`a | b`",
    "``a ` b``",
    "x-amp-thread-id: T-<uuid>",
    "*not bold* and _not italic_ and __neither__",
    "metered_pool_{providerId}",
    "`{providerId}`{#not-an-anchor}",
    "[not](a-link) ![nor](an-image)",
    "<b>not markup</b> &amp; neither",
    "1. not a list",
    "- not a list",
    "+ not a list",
    "# not a heading",
    "> not a quotation",
    "!!! not an admonition",
    "back\\slash and \\| both",
    'model="{model}" "quoted"',
    "sonomoon:* and `kashmir:*`",
    "~~kept~~ ^kept^ ==kept==",
]


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("place", ["paragraph", "bullet", "cell"])
def test_text_is_shown_as_it_is(text: str, place: str) -> None:
    markdown = pytest.importorskip("markdown")
    frame = {"paragraph": "{}", "bullet": "- {}", "cell": "| A | B |\n| --- | --- |\n| {} | end |"}[place]

    rendered = markdown.markdown(frame.format(prose(text)), extensions=["attr_list", "tables", "admonition"])

    wanted = CODE_SPAN.sub(r"\2", text)
    cells = re.findall(r"<(?:p|li|td)>(.*?)</(?:p|li|td)>", rendered, re.DOTALL)
    assert [html.unescape(re.sub("</?code>", "", cell)) for cell in cells] == (
        [wanted, "end"] if place == "cell" else [wanted]
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "*none*"),
        ([], "*none*"),
        ("unknown", "*not stated by the sources*"),
        (False, "`false`"),
        (0, "0"),
        ("two words", "two words"),
        (["a", None, "unknown"], "a; *none*; *not stated by the sources*"),
        ({"a": 1}, '`{"a":1}`'),
    ],
)
def test_a_value_is_shown_by_its_kind(value: object, text: str) -> None:
    assert value_text(value) == text


# --- the built site


@pytest.mark.cost
def test_the_site_builds_strictly_and_asks_nobody_else_for_anything(site: Site, built_site: BuiltSite) -> None:
    costs = built_site.costs
    assert costs["pages"] < 0.2 * costs["mkdocs"], "rendering the pages is to cost a tenth of mkdocs"
    outside = re.compile(rf"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["']?(?!{ADDRESS})(?:https?:)?//""")
    page_files = sorted(built_site.pages.rglob("*.html"))
    assert len(page_files) > len(site)
    assert [path.name for path in page_files if outside.search(path.read_text(encoding="utf-8"))] == []
    assert "SHARED_QUOTA_EXCEEDED" in (built_site.pages / "search/search_index.json").read_text(encoding="utf-8")
    assert (built_site.pages / "api/v1/index.json").is_file()
    assert (built_site.pages / "llms.txt").is_file()
