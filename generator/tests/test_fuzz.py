"""Bad input of any kind is findings or success, never a traceback, in bounded time and memory."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ampmap_generator.check.all_editions import examine, texts_of
from ampmap_generator.check.consistency import CHECKS, RULES
from ampmap_generator.check.links import Spot, Use, uses
from ampmap_generator.check.spec_index import SpecIndex
from ampmap_generator.check.suppressions import apply
from ampmap_generator.compile import compile_editions, plain
from ampmap_generator.diff.changes import differences
from ampmap_generator.load.findings import RENDERERS, Finding, Report, has_errors
from ampmap_generator.load.spec import LocatedFact, Spec, SpecEntry, load
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
MIB = 2**20


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


# --- bounds

SETTING = b"a: {kind: setting, meaning: m, type: t, sources: [{id: map}], default: "

HOSTILE: dict[str, tuple[str, bytes]] = {
    "short items": ("sources/h.yaml", b"- a\n" * (MIB // 4)),
    "short keys": ("settings/h.yaml", b"".join(b"k%06d: 1\n" % number for number in range(100_000))),
    "the same key": ("sources/h.yaml", b"a: 1\n" * (MIB // 5)),
    "lists in lists": ("sources/h.yaml", b"a: " + b"[" * MIB),
    "lists side by side": ("settings/h.yaml", SETTING + b"[" + (b"[" * 50 + b"]" * 50 + b", ") * 9_000 + b"]}"),
    "mappings in mappings": ("sources/h.yaml", b"{a: " * (MIB // 4)),
    "block mappings": ("settings/h.yaml", b"".join(b" " * depth + b"a:\n" for depth in range(1_400))),
    "keys of keys": ("sources/h.yaml", b"? " * (MIB // 2)),
    "colons": ("sources/h.yaml", b"a: b: " * (MIB // 6)),
    "one word": ("sources/h.yaml", b"title: a\nkind: " + b"x" * MIB),
    "one name": ("providers/h.yaml", b"x" * (MIB - 10) + b": 1\n"),
    "one number": ("settings/h.yaml", SETTING + b"9" * (MIB - 100) + b"}"),
    "one quoted text": ("sources/h.yaml", b'title: "' + b"\\n" * (MIB // 2 - 100) + b'"\nkind: document\n'),
    "one text of many lines": ("sources/h.yaml", b"title: a\n" + b"  b\n" * (MIB // 4 - 100)),
    "comments": ("sources/h.yaml", b"#\n" * (MIB // 2)),
    "tabs": ("sources/h.yaml", b"\t\n" * (MIB // 2)),
    "control characters": ("sources/h.yaml", b"\x07\n" * (MIB // 2)),
    "no UTF-8": ("sources/h.yaml", b"\xff" * MIB),
    "anchors": (
        "sources/h.yaml",
        b"a: &a [x, x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (n, n) for n in range(40_000)),
    ),
    "wrong entries": ("models/acme.yaml", b"".join(b"m%d: {dispaly_name: x}\n" % n for n in range(3_900))),
    "entries without a source": ("models/acme.yaml", b"".join(b"m%d: {display_name: x}\n" % n for n in range(4_900))),
    "unknown names": (
        "models/acme.yaml",
        b"".join(b"m%d: {display_name: x, sources: [{id: mop%d}]}\n" % (n, n) for n in range(2_000)),
    ),
    "unknown fields": (
        "flows/h.yaml",
        b"display_name: F\nsteps: [a]\nsources: [{id: map, states: ["
        + b", ".join(b"steps.%d.nam" % number for number in range(18_000))
        + b"]}]\n",
    ),
    "many claims": (
        "flows/h.yaml",
        b"display_name: F\nsteps: [a]\nsources: [{id: map}]\nclaims:\n"
        + b"  - {field: steps, says: {mop: 1}, chosen: 2, because: b}\n" * 1_500,
    ),
}

MEASURE = """
import json, resource, sys, time
from pathlib import Path
from ampmap_generator.check.all_editions import examine, texts_of
from ampmap_generator.load.findings import RENDERERS, Report
from ampmap_generator.load.spec import load
from ampmap_generator.check.suppressions import apply

def peak():
    # MiB. Linux counts what the parent held into ru_maxrss, so the figure of this process alone comes first.
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    own = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return (own or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] // 1024

for folder in map(Path, sys.argv[1:]):
    begin = time.process_time()
    spec, read = load(folder)
    findings, _ = apply(spec, examine(spec, read))
    for render in RENDERERS.values():
        render(Report(findings, texts_of(spec)))
    seconds = time.process_time() - begin
    print(json.dumps([folder.parent.name, len(findings), seconds, peak()]))
"""


@pytest.mark.long
@pytest.mark.cost
def test_hostile_files_take_bounded_time_and_memory(tmp_path: Path) -> None:
    """Seconds of processor time, and MiB of one process that reads them all."""
    folders = []
    for name, (path, content) in HOSTILE.items():
        folder = tmp_path / name / "spec"
        for good, text in GOOD.items():
            (folder / good).parent.mkdir(parents=True, exist_ok=True)
            (folder / good).write_text(text, encoding="utf-8")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content[:MIB])
        folders.append(str(folder))

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *folders], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == list(HOSTILE)
    assert [(name, seconds) for name, _, seconds, _ in rows if seconds > 5] == []
    assert rows[-1][3] < 300
    harmless = [name for name, findings, *_ in rows if not findings]
    assert harmless == ["one quoted text"]


# --- ids


@pytest.fixture(scope="module")
def spec(repository_spec: Path) -> Spec:
    return load(repository_spec)[0]


@pytest.fixture(scope="module")
def defined(spec: Spec) -> list[tuple[SpecEntry, list[Use]]]:
    """Every fact of the base edition, with every place that names it."""
    index = SpecIndex(spec)
    by_place: dict[object, list[Use]] = {}
    for use in uses(spec):
        names = use.link.target(Spot(index, use.entry, use.pointer, use.name)) or {}
        by_place.setdefault(names.get(use.name), []).append(use)
    return [(entry, by_place.get(entry.location, [])) for entry in spec.entries]


def without(spec: Spec, entry: SpecEntry, *more: SpecEntry) -> Spec:
    """The spec as it would be read if the fact were not in its files, or others in its place."""
    facts = {kind: dict(located) for kind, located in spec.facts.items()}
    platforms = {
        name: {kind: dict(located) for kind, located in kinds.items()} for name, kinds in spec.platforms.items()
    }
    kinds = facts if entry.platform is None else platforms[entry.platform]
    fact = kinds[entry.kind.name].pop(entry.key)
    for other in more:
        value = fact.value.model_copy(update={"id": other.id})
        kinds[entry.kind.name][other.key] = LocatedFact(
            other.kind, other.platform, other.stem, other.id, other.node, value
        )
    entries = (*(known for known in spec.entries if known is not entry), *more)
    return replace(spec, facts=facts, platforms=platforms, entries=entries)


def wrong_names(spec: Spec) -> list[Finding]:
    """What the rule on names says. The other rules do not look at what a name stands for, and would take most time."""
    rule = RULES["unknown-reference"]
    return [rule.broken(*wrong) for wrong in CHECKS[rule](SpecIndex(spec))]


@pytest.mark.long
def test_deleting_any_fact_that_is_named_is_told_at_every_place_that_names_it(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    named = [(entry, found) for entry, found in defined if found]
    for entry, found in named:
        wrong = wrong_names(without(spec, entry))

        told = {(where.file, where.line, where.column) for finding in wrong if (where := finding.location)}
        expected = [use for use in found if use.entry is not entry]
        missing = [use for use in expected if (use.location.file, use.location.line, use.location.column) not in told]
        assert missing == [], entry.path

    assert len(named) > 120


@pytest.mark.long
def test_renaming_any_fact_that_is_named_is_told_and_the_new_name_suggested(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    for entry, found in defined:
        by_id = [use for use in found if use.entry is not entry and use.name in (entry.id, entry.key)]
        if not by_id or entry.kind.name in ("about", "agent_modes") or len(entry.id) < 4:
            continue  # a platform goes by its folder, a mode by its name; and nothing is like a very short id
        changed_id = entry.id[:-1] + ("x" if entry.id[-1] != "x" else "y")
        stem = changed_id if entry.stem == entry.id else entry.stem

        wrong = wrong_names(without(spec, entry, SpecEntry(entry.kind, entry.platform, stem, changed_id, entry.node)))

        hints = [finding.hint or "" for finding in wrong]
        assert hints, entry.path
        assert any(f"`{changed_id}`" in hint or f"/{changed_id}`" in hint for hint in hints), (entry.path, hints)


def test_deleting_a_fact_that_nothing_names_is_a_breaking_change(
    spec: Spec, defined: list[tuple[SpecEntry, list[Use]]]
) -> None:
    """No reference can tell; the comparison with what was released does, by its path."""
    reference = plain(next(iter(compile_editions(spec).values())))
    for entry, found in defined:
        if found or entry.kind.name in ("suppressions", "editions", "about"):
            continue
        kinds = reference if entry.platform is None else reference["platforms"][entry.platform]
        kept = {key: fact for key, fact in kinds[entry.kind.name].items() if key != entry.key}
        old, new = ({"edition": {"id": "e"}, **around(entry, facts)} for facts in (kinds[entry.kind.name], kept))

        assert [change.path for change in differences(old, new)] == [entry.path]


def around(entry: SpecEntry, facts: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {entry.kind.name: facts}
    return kinds if entry.platform is None else {"platforms": {entry.platform: {"id": entry.platform, **kinds}}}


def test_mistyping_any_name_is_noticed(spec: Spec) -> None:
    """In every edition: the name with a letter more stands for nothing."""
    noticed = 0
    for edition in spec.editions:
        index = SpecIndex(spec.of(edition))
        for use in uses(index.spec):
            for typo in (f"{use.name}q", use.name[:-1] + "\u00fc"):
                names = use.link.target(Spot(index, use.entry, use.pointer, typo))
                assert names is None or typo not in names, (edition, str(use.location))
                noticed += names is not None

    assert noticed > 15_000
