"""Bad input of any kind is findings or success, never a traceback."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ampmap_generator.check.all_editions import examine, texts_of
from ampmap_generator.check.suppressions import apply
from ampmap_generator.compile import compile_editions, plain
from ampmap_generator.diff.changes import differences
from ampmap_generator.load.findings import RENDERERS, Finding, Report, has_errors
from ampmap_generator.load.spec import Spec, load
from ampmap_generator.query.explain import as_json, as_text, explain
from ampmap_generator.query.lookup import UnknownPathError
from ampmap_generator.render.editor_schemas import editor_schemas
from ampmap_generator.render.site.pages import pages
from ampmap_generator.render.types_module import render_types
from ampmap_tests_support.specs import GOOD, GOOD_SPEC
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TODAY = datetime.date(2026, 11, 20)

FUZZ = settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def spec_of(files: Mapping[str, str | bytes]) -> Iterator[Path]:
    """A folder that holds these files and nothing of an earlier example."""
    with TemporaryDirectory() as folder:
        for path, content in files.items():
            target = Path(folder) / "spec" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        yield Path(folder) / "spec"


def through_everything(folder: Path) -> list[Finding]:
    """Load, check, show in every format; where there is no error, compile and render too."""
    spec, read = load(folder)
    findings, suppressed = apply(spec, examine(spec, read, TODAY), TODAY)
    texts = texts_of(spec)
    for finding in findings:
        if (where := finding.location) is not None:
            assert 1 <= where.line <= len(texts.get(where.file, "").splitlines()) + 1
            assert where.column >= 1
    report = Report(findings, texts, suppressed=[(found.finding, found.by.reason) for found in suppressed])
    for render in RENDERERS.values():
        render(report).encode()
    if not has_errors(findings):
        editions = compile_editions(spec)
        reference = next(iter(editions.values()))
        compile(render_types(reference)["types.py"], "types.py", "exec")
        json.dumps(editor_schemas(editions))
        pages(reference, editions)
        differences(plain(reference), plain(reference))
    return findings


# --- text


PIECES = st.sampled_from(
    [
        *(
            "id",
            "sources",
            "claims",
            "lifecycle",
            ": ",
            "- ",
            "\n",
            "\n  ",
            "\n    ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&a ",
            "*a",
        ),
        *("!t ", "|", ">-", "'", '"', "\t", " #", "---\n", "...\n", "? ", "%YAML 1.2\n", "0x1", "1e9", "\\", "\\ud800"),
        *("\u00e9", "\x00", "\ufeff", "\x85", "\u2028", "<<: ", "null", "$null", "~", "unknown", "[" * 70, "9" * 5000),
        *("x" * 5000, "true", "-1", ".inf", "acme", "map", "gpt-x", "chat", "../..", "a/b", "\U0001f600"),
    ]
)
TEXT = st.lists(PIECES, max_size=30).map("".join)
PATHS = st.sampled_from(
    [*GOOD, "suppressions.yaml", "editions/later/models/acme.yaml", "editions/later/providers/acme.yaml"]
)


@FUZZ
@given(path=PATHS, content=st.one_of(st.binary(max_size=300), TEXT.map(lambda text: text.encode("utf-8", "replace"))))
def test_any_content_of_a_file_is_findings_or_success(path: str, content: bytes) -> None:
    with spec_of({**GOOD, path: content}) as folder:
        through_everything(folder)


@pytest.mark.long
@FUZZ
@given(data=st.data())
def test_any_damage_to_the_text_of_a_file_is_findings_or_success(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(GOOD)))
    text = GOOD[path]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))

    with spec_of({**GOOD, path: text[:start] + data.draw(TEXT) + text[end:]}) as folder:
        through_everything(folder)


@pytest.mark.long
@settings(FUZZ, max_examples=6)
@given(data=st.data())
def test_any_damage_to_the_repository_s_spec_is_findings_or_success(
    data: st.DataObject, repository_spec: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    paths = sorted(path.relative_to(repository_spec) for path in repository_spec.rglob("*.yaml"))
    path = data.draw(st.sampled_from([path for path in paths if path.parts[0] != "released"]))
    content = (repository_spec / path).read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 80)))
    damage = data.draw(st.one_of(st.binary(max_size=20), TEXT.map(lambda text: text.encode("utf-8", "replace"))))
    folder = tmp_path_factory.mktemp("damaged") / "spec"
    shutil.copytree(repository_spec, folder)
    (folder / path).write_bytes(content[:start] + damage + content[end:])

    spec, read = load(folder)
    findings, _ = apply(spec, examine(spec, read, TODAY), TODAY)
    for render in RENDERERS.values():
        render(Report(findings, texts_of(spec))).encode()
    if not has_errors(findings):
        compile_editions(spec)


# --- values

WORDS = ["", "a", "acme", "map", "gpt-x", "gpt-y", "chat", "chat.completions", "unknown", "$null", "/api/provider/acme",
         "https://a.example", "smart", "x" * 300, "{model}", "|", "`", "<b>", "\n", "%7B", "../x"]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from([*WORDS, "id", "name", "sources", "claims"]), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything in a value."""
    yield way
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield from places(below, (*way, step))


def changed(value: Any, way: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not way:
        return change(value)
    copy = value.copy()
    copy[way[0]] = changed(copy[way[0]], way[1:], change)
    return copy


@FUZZ
@given(data=st.data())
def test_any_change_of_a_value_is_findings_or_success(data: st.DataObject) -> None:
    """What is left valid by the change compiles and renders."""
    spec, _ = load(GOOD_SPEC)
    files: dict[str, str | bytes] = {**GOOD}
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(GOOD)))
        value = plain_of(spec, path)
        *way, step = data.draw(st.sampled_from([place for place in places(value) if place]))

        def change(holder: Any, step: Any = step) -> Any:
            kind = data.draw(st.sampled_from(["replace", "remove", "add"]))
            copy = holder.copy()
            if kind == "remove":
                del copy[step]
            elif kind == "add" and isinstance(copy, dict):
                copy[data.draw(st.sampled_from(["lifecycle", "warning", "notes", "platforms", "zzz"]))] = data.draw(
                    JSON
                )
            else:
                copy[step] = data.draw(JSON)
            return copy

        files[path] = json.dumps(changed(value, tuple(way), change), ensure_ascii=False)

    with spec_of(files) as folder:
        through_everything(folder)


def plain_of(spec: Spec, path: str) -> Any:
    """The content of a file of the good spec."""
    entries = [entry for entry in spec.entries if entry.file == f"good_spec/{path}"]
    if entries[0].kind.collection:
        return {entry.id: entry.data for entry in entries}
    return entries[0].data


@FUZZ
@given(
    path=st.one_of(
        st.text(max_size=60), st.lists(st.sampled_from([*WORDS, "providers", "models", "/", "."])).map("".join)
    )
)
def test_any_path_can_be_asked_for(path: str) -> None:
    spec, _ = load(GOOD_SPEC)
    try:
        explanation = explain(spec, path, "first")
    except UnknownPathError:
        return
    as_text(explanation)
    json.dumps(as_json(explanation))
