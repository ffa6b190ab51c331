"""Editor schemas: every spec file fits the one that its first line names, and a mistyped id does not.

Schemas refer to the lists of ids by a relative file name. The tests resolve it as an editor does: against the place of
the schema that says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ampmap_generator.check.links import LINKS
from ampmap_generator.compile import compile_editions
from ampmap_generator.load.kinds import KINDS, PLATFORM_KINDS, ROOT_KINDS, Kind
from ampmap_generator.load.spec import load
from ampmap_generator.load.yaml_nodes import parse
from ampmap_generator.render.editor_schemas import IDS, NAMES_OF_IDS, JsonSchema, editor_schemas, file_kinds, offers
from ampmap_generator.vendored.reference import Reference
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ValidatorOf = Callable[[str], Draft202012Validator]

MODELINE = "# yaml-language-server: $schema="


@pytest.fixture(scope="module")
def editions(repository_spec: Path) -> Mapping[str, Reference]:
    spec, findings = load(repository_spec)
    assert findings == []
    return compile_editions(spec)


@pytest.fixture(scope="module")
def schemas(editions: Mapping[str, Reference]) -> dict[str, JsonSchema]:
    return editor_schemas(editions)


@pytest.fixture(scope="module")
def validator_of(schemas: dict[str, JsonSchema]) -> ValidatorOf:
    """A validator by the name of its schema, where the schemas lie in one folder."""
    place = "file:///spec/schema/{}.schema.json"
    files = {place.format(name): Resource.from_contents(schema) for name, schema in schemas.items()}
    registry: Registry[Any] = Registry().with_resources(files.items())
    return lambda name: Draft202012Validator({"$ref": place.format(name)}, registry=registry)


def spec_files(spec: Path) -> Iterator[Path]:
    """Every file of the spec that holds facts, those of editions too."""
    for path in sorted(spec.rglob("*.yaml")):
        if path.relative_to(spec).parts[0] not in ("schema", "released"):
            yield path


def kind_of(path: Path) -> tuple[Kind, str]:
    """The kind of a file, by its path below the spec, and the folder of its schema."""
    parts, layer = path.parts, ""
    if parts[0] == "editions" and len(parts) > 2:
        parts, layer = parts[2:], "layer/"
    if parts[0] == "platforms":
        return next(kind for kind in PLATFORM_KINDS if kind.folder == f"platforms/*/{parts[2]}"), layer
    return next(kind for kind in (*KINDS, *ROOT_KINDS) if kind.folder == parts[0]), layer


def test_the_first_line_of_each_file_names_its_schema(repository_spec: Path) -> None:
    names = {id(kind): name for name, kind in file_kinds().items()}
    wrong = []
    for path in spec_files(repository_spec):
        kind, layer = kind_of(path.relative_to(repository_spec))
        expected = repository_spec / "schema" / f"{layer}{names[id(kind)]}.schema.json"
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        named = (path.parent / first.removeprefix(MODELINE)).resolve()
        if not first.startswith(MODELINE) or named != expected.resolve() or not expected.is_file():
            wrong.append(f"{path.relative_to(repository_spec)}: {first}")

    assert wrong == []


def test_every_spec_file_fits_its_schema(
    repository_spec: Path, schemas: dict[str, JsonSchema], validator_of: ValidatorOf
) -> None:
    validators = {name: validator_of(name) for name in schemas}
    names = {id(kind): name for name, kind in file_kinds().items()}
    errors = []
    files = list(spec_files(repository_spec))
    for path in files:
        kind, layer = kind_of(path.relative_to(repository_spec))
        node, findings = parse(path.read_text(encoding="utf-8"), path.name)
        assert node is not None, findings
        found = validators[f"{layer}{names[id(kind)]}"].iter_errors(as_json(node.plain()))
        errors += [f"{path.relative_to(repository_spec)}: {error.json_path}: {error.message[:200]}" for error in found]

    assert len(files) > 200
    assert errors == []


def as_json(value: Any) -> Any:
    """Plain data as JSON has it: every key is text."""
    return json.loads(json.dumps(value))


def test_every_schema_is_one(schemas: dict[str, JsonSchema]) -> None:
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)

    assert {name for name in schemas if not name.startswith("layer/")} == {*file_kinds(), IDS}


def test_the_committed_schemas_are_these(repository_spec: Path, schemas: dict[str, JsonSchema]) -> None:
    folder = repository_spec / "schema"
    committed = {
        path.relative_to(folder).as_posix().removesuffix(".schema.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.schema.json")
    }

    assert committed == schemas


def test_ids_are_listed_in_one_schema_alone(schemas: dict[str, JsonSchema]) -> None:
    """A new provider, model or source is a change of one file."""
    listed = {
        json.dumps(listed["enum"]): name
        for name, listed in schemas[IDS]["$defs"].items()
        if name in ("SourceId", "ProviderId", "ModelId", "RequirementId", "EditionId")
    }
    copies = [
        (name, listed[ids])
        for name, schema in schemas.items()
        for ids in (json.dumps(each) for each in _enums(schema))
        if name != IDS and ids in listed
    ]

    assert len(listed) == 5
    assert copies == []


def test_an_editor_finds_the_ids_beside_the_committed_schemas(repository_spec: Path) -> None:
    def read(uri: str) -> Resource[Any]:
        return Resource.from_contents(json.loads(Path(uri.removeprefix("file://")).read_text(encoding="utf-8")))

    registry: Registry[Any] = Registry(retrieve=read)  # type: ignore[call-arg]
    folder = (repository_spec / "schema").resolve()
    fact = {"provider": "anthropik", "model": "gpt-5"}
    found = {}
    for name in ("agent-mode", "layer/agent-mode"):
        validator = Draft202012Validator({"$ref": (folder / f"{name}.schema.json").as_uri()}, registry=registry)
        found[name] = [error.json_path for error in validator.iter_errors(fact) if error.validator != "required"]

    assert found == {"agent-mode": ["$.provider"], "layer/agent-mode": []}


def _enums(schema: Any) -> Iterator[list[str]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("enum"), list):
            yield schema["enum"]
        for inner in schema.values():
            yield from _enums(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _enums(inner)


def test_every_object_is_closed(schemas: dict[str, JsonSchema]) -> None:
    open_ones = [
        (name, title)
        for name, schema in schemas.items()
        for title, inner in [("", schema), *schema.get("$defs", {}).items()]
        if inner.get("properties") and inner.get("additionalProperties") is not False
    ]

    assert open_ones == []


# file, text in it, what takes its place, a word of the error
MISTAKES = [
    ("providers/groq.yaml", "error_shape: groq", "error_shape: grok", "grok"),
    ("providers/groq.yaml", "default_operation: chat.completions", "default_operation: chat.completion", "completion"),
    ("providers/groq.yaml", "openai-chat: [", "openai-chats: [", "openai-chats"),
    ("providers/groq.yaml", "{id: amp-routing-map", "{id: amp-routing-mapp", "amp-routing-mapp"),
    ("providers/groq.yaml", "via_proxy: true", "via_proxy: yes", "yes"),
    ("providers/groq.yaml", "display_name: Groq", "displayname: Groq", "displayname"),
    ("providers/groq.yaml", "says: {amp-routing-map", "says: {amp-routing-mop", "amp-routing-mop"),
    ("providers/moonshot.yaml", "requires: [amp.openrouter.apiKey", "requires: [amp.openrouter.apikey", "apikey"),
    ("agent_modes/smart.yaml", "model: claude-sonnet-4-5-20250929", "model: claude-sonnet-4-5", "claude-sonnet-4-5"),
    ("tools/oracle.yaml", "dialect: openai-responses", "dialect: openai-response", "openai-response"),
    ("models/anthropic.yaml", "rensei: {id", "rensay: {id", "rensay"),
    ("requirements/headers.yaml", "control: routing", "control: ruting", "ruting"),
    ("platforms/rensei/providers.yaml", "auth_modes: [byok, metered]", "auth_modes: [byok, meter]", "meter"),
    ("suppressions.yaml", "rule: price-outlier", "rule: price-outlyer", "price-outlyer"),
    ("editions/amp-0.0.1767830505.yaml", "base: amp-0.0.1760587291", "base: amp-0.0.176058729", "amp-0.0.176058729"),
]


@pytest.mark.parametrize("row", MISTAKES, ids=[row[2] for row in MISTAKES])
def test_a_mistake_is_an_error_in_the_editor(
    row: tuple[str, str, str, str], repository_spec: Path, validator_of: ValidatorOf
) -> None:
    path, old, new, word = row
    text = (repository_spec / path).read_text(encoding="utf-8")
    assert old in text
    kind, layer = kind_of(Path(path))
    name = next(name for name, known in file_kinds().items() if known is kind)
    node, _ = parse(text.replace(old, new, 1), path)
    assert node is not None

    errors = list(validator_of(f"{layer}{name}").iter_errors(as_json(node.plain())))

    assert errors
    assert word in " ".join(_messages(errors))


def _messages(errors: Any) -> Iterator[str]:
    for error in errors:
        yield error.message
        yield from _messages(error.context)


# a file of a layer, whether it fits
LAYERS = [
    ("provider", "null", True),
    ("provider", "base_path: /api/provider/groq/v1", True),
    ("provider", "{base_path: $null, warning: null, claims: null}", True),
    ("provider", "sdk: {package: null}", True),
    ("provider", "served_through: our-gateway", True),
    ("provider", "roots: [{path: /v1}]", False),  # a list is whole
    ("provider", "bass_path: /x", False),
    ("provider", "via_proxy: maybe", False),
    ("models", "our-model: {display_name: Ours}", True),
    ("models", "gpt-5: null", True),
    ("models", "gpt-5: {aliases: [five]}", True),
    ("models", "gpt-5: {alias: [five]}", False),
    ("endpoint", "operations: {messages: {path: /v2/messages}}", True),
    ("endpoint", "operations: {messages: {pth: /v2/messages}}", False),
    ("agent-mode", "model: our-model", True),
]


@pytest.mark.parametrize(("name", "text", "fits"), LAYERS, ids=[f"{row[0]} {row[1]}" for row in LAYERS])
def test_a_layer_may_state_any_part_and_nothing_foreign(
    name: str, text: str, fits: bool, validator_of: ValidatorOf
) -> None:
    node, findings = parse(text, "layer")
    assert node is not None
    assert findings == []

    errors = list(validator_of(f"layer/{name}").iter_errors(as_json(node.plain())))

    assert (errors == []) is fits


def test_an_editor_is_offered_every_kind_of_id(editions: Mapping[str, Reference]) -> None:
    offered = offers(editions.values())

    assert {link.offered for link in LINKS if link.offered} <= set(NAMES_OF_IDS)
    assert set(NAMES_OF_IDS) == set(offered)
    assert "kimi" in offered["providers"], "ids of later editions are offered too"
    assert set(offered["editions"]) == set(editions)
