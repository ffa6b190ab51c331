"""The site on auth modes: the picture, the decision table, the providers' pages, and the resolver on the page."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ampmap_generator.render.markdown import prose
from ampmap_generator.render.pictures.auth_flow import blocks, flow_picture
from ampmap_generator.render.site.pages import pages
from ampmap_generator.render.vectors.site_data import DATA, auth_files
from ampmap_generator.render.vectors.vectors import FILE, make_vectors
from ampmap_generator.vendored.platforms import Platform
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT

SCRIPT = CHECKOUT / "site" / "docs" / "assets" / "auth-resolver.js"

RUN_PAGE_SCRIPT = """
const fs = require("fs");
const [script, data] = process.argv.slice(1);
global.window = {};
eval(fs.readFileSync(data, "utf8"));
const { resolve } = require(script);
const questions = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map((question) => resolve(window.AMPMAP_AUTH, question))));
"""


@pytest.fixture(scope="module")
def rensei(reference: Reference) -> Platform:
    return reference.platforms["rensei"]


@pytest.fixture(scope="module")
def site(reference: Reference) -> dict[str, str]:
    return pages(reference)


def test_the_resolver_on_the_page_decides_as_the_vectors_say(
    reference: Reference, rensei: Platform, tmp_path: Path, node: str
) -> None:
    vectors = make_vectors(rensei).vectors
    (tmp_path / "data.js").write_bytes(auth_files(reference)[DATA])
    done = subprocess.run(
        [node, "-e", RUN_PAGE_SCRIPT, str(SCRIPT), str(tmp_path / "data.js")],
        input=json.dumps([vector.model_dump(mode="json", exclude_unset=True) for vector in vectors]),
        capture_output=True,
        text=True,
        check=True,
    )
    for vector, answer in zip(vectors, json.loads(done.stdout), strict=True):
        assert answer["outcome"] == vector.expected.outcome, vector.case
        assert tuple(answer["open"]) == vector.open, vector.case
        steps = (step["says"] for step in answer["trace"])
        assert tuple(says for says in steps if not says.endswith("removes nothing")) == vector.because
        if vector.expected.outcome == "resolved":
            found = (vector.expected.mode, vector.expected.runtime_provider)
            assert (answer["mode"], answer["runtime_provider"]) == found
        else:
            assert answer["error"] == vector.expected.error
            assert answer["code"] == (rensei.errors[answer["error"]].code if answer["error"] else "unknown")


def test_the_page_has_the_resolver_and_needs_no_other_place(reference: Reference, site: dict[str, str]) -> None:
    files = auth_files(reference)

    assert '<div class="auth-resolver" data-platform="rensei">' in site["auth-modes.md"]
    assert f"]({FILE})" in site["auth-modes.md"]
    assert FILE in files
    for text in (SCRIPT.read_text(encoding="utf-8"), files[DATA].decode()):
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<]*", text))
        assert {a for a in addresses if "w3.org/2000/svg" not in a} <= set()


def test_the_picture_shows_every_step_in_an_order_that_the_sources_state(rensei: Platform) -> None:
    root = ElementTree.fromstring(flow_picture(rensei))  # noqa: S314 - our own text
    texts = [unescape("".join(node.itertext())) for node in root.iter("span")]
    place = {step.id: texts.index(step.title) for step in rensei.steps.values()}

    assert all(place[before] < place[step.id] for step in rensei.steps.values() for before in step.after)
    assert "✕ AUTHMODES_UNSATISFIABLE" in texts
    assert texts.count("no source orders these") == sum(block.is_frame for block in blocks(rensei.steps))


def test_steps_that_wait_for_one_another_are_an_error(rensei: Platform) -> None:
    steps = {name: step.model_copy(update={"after": ("daemon",)}) for name, step in rensei.steps.items()}
    with pytest.raises(ValueError, match="wait for one another"):
        blocks(steps)


def test_each_step_is_on_the_page_with_its_rules_and_errors(rensei: Platform, site: dict[str, str]) -> None:
    page = site["auth-modes.md"]
    for step in rensei.steps.values():
        assert f"{{ #rensei-step-{step.id} }}" in page
        assert prose(step.does) in page
        assert all(f"rules.md#{rule}" in page for rule in step.rules)
        assert all(f"errors/index.md#rensei-{error}" in page for error in step.errors)
        assert all(f"auth-modes.md#rensei-step-{step.id}" in site["errors/index.md"] for _ in step.errors)


def test_a_providers_page_has_its_set_up_commands_errors_and_troubleshooting(
    rensei: Platform, site: dict[str, str]
) -> None:
    for provider in rensei.providers.values():
        page = site[f"platforms/rensei/providers/{provider.id}.md"]
        texts = [prose(step) for setup in provider.setup.values() for step in setup.steps]
        texts += [example.text.rstrip() for example in provider.examples]
        texts += [prose(text) for text in (*provider.use_when, *provider.options.values(), *provider.notes)]
        texts += [f"#rensei-{e.id}" for e in rensei.errors.values() if provider.id in e.providers]
        troubles = [t for t in rensei.troubleshooting.values() if t.provider == provider.id]
        texts += [prose(text) for t in troubles for text in (t.symptom, t.meaning, *t.remedies)]
        assert [text for text in texts if text not in page] == [], provider.id
    assert "AUTH\\_MODE\\_REQUIRES\\_LOCAL\\_CAPACITY" in site["platforms/rensei/providers/claude.md"]
