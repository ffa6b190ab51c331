"""Bad spec files become findings at the place of the mistake; good ones become facts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from ampmap_generator.load import yaml_nodes
from ampmap_generator.load.files import MAX_FILE_SIZE
from ampmap_generator.load.findings import Report, render_text
from ampmap_generator.load.spec import load
from ampmap_tests_support.specs import ShowPlace, WriteSpec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SOURCE = "title: A\nkind: document\n"
FLOW = "display_name: F\nsteps: [one]\n"
ROUTE = "r:\n  paths: [/a]\n  level: api\n  purpose: p\n  authentication: open\n  documented: true\n  methods: "
TOO_MANY = "".join(f"a{number:04}: 1\n" for number in range(10_000))
TOO_DEEP = "title: " + "[" * 65 + "]" * 65 + "\n"

# path, content, the only finding, part of its message or hint
ROWS = [
    # text
    ("sources/a.yaml", b"title: caf\xe9\n", "not-utf8 spec/sources/a.yaml:1:11", "0xE9"),
    ("sources/a.yaml", SOURCE.encode("utf-16"), "not-utf8 spec/sources/a.yaml:1:1", "UTF-8"),
    ("sources/a.yaml", "title: a\nkind: \x07document\n", "control-character spec/sources/a.yaml:2:7", "U+0007"),
    ("sources/a.yaml", "title: a\u2028b\n", "control-character spec/sources/a.yaml:1:9", "U+2028"),
    ("sources/a.yaml", "title:\n\tx: 1\r\n\ty: 2\n", "tab spec/sources/a.yaml:2:1", "1 more line has one"),
    ("sources/a.yaml", b"#" * (MAX_FILE_SIZE + 1), "file-too-large spec/sources/a.yaml:1:1", "1 MiB"),
    # YAML
    ("sources/a.yaml", "", "not-a-mapping spec/sources/a.yaml:1:1", "empty"),
    ("sources/a.yaml", "# only a comment\n", "not-a-mapping spec/sources/a.yaml:1:1", "empty"),
    ("sources/a.yaml", "- title\n", "not-a-mapping spec/sources/a.yaml:1:1", "mapping"),
    ("sources/a.yaml", "{}\n", "not-a-mapping spec/sources/a.yaml:1:1", "mapping"),
    ("sources/a.yaml", "title: a: b\n", "syntax spec/sources/a.yaml:1:9", "quotes"),
    ("sources/a.yaml", "title: [a\n", "syntax spec/sources/a.yaml:2:1", "begins in line 1"),
    ("sources/a.yaml", SOURCE + "---\na: 1\n", "syntax spec/sources/a.yaml:3:1", "a second one begins here"),
    ("sources/a.yaml", SOURCE + "title: B\n", "duplicate-key spec/sources/a.yaml:3:1", "first used in line 1"),
    ("sources/a.yaml", 'title: A\nkind: document\n"title": B\n', "duplicate-key spec/sources/a.yaml:3:1", "line 1"),
    ("sources/a.yaml", "title: &x A\nkind: document\n", "anchor spec/sources/a.yaml:1:8", "&x"),
    ("sources/a.yaml", "title: !!str 3\nkind: document\n", "tag spec/sources/a.yaml:1:8", "tag:yaml.org,2002:str"),
    ("sources/a.yaml", "? [a]\n: b\n", "complex-key spec/sources/a.yaml:1:3", "text"),
    ("sources/a.yaml", TOO_DEEP, "too-deep spec/sources/a.yaml:1:71", "64 levels"),
    ("sources/a.yaml", TOO_MANY, "too-many-values spec/sources/a.yaml:10000:8", "20,000"),
    ("tools/a.yaml", "display_name: 1e999\n", "number-range spec/tools/a.yaml:1:15", "64 bits"),
    # shapes
    ("sources/a.yaml", "id: a\n" + SOURCE, "injected-field spec/sources/a.yaml:1:1", "the file's path"),
    ("models/p.yaml", "m:\n  display_name: M\n  provider: p\n", "injected-field spec/models/p.yaml:3:3", "`provider`"),
    ("sources/a.yaml", SOURCE + "verson: '1'\n", "unknown-field spec/sources/a.yaml:3:1", "did you mean `version`?"),
    ("flows/f.yaml", FLOW + "sources: [{id: a, sates: []}]\n", "unknown-field spec/flows/f.yaml:3:19", "`states`"),
    ("sources/a.yaml", "title: A\n", "missing-field spec/sources/a.yaml:1:1", "`kind`"),
    ("flows/f.yaml", FLOW + "sources:\n  - at: x\n", "missing-field spec/flows/f.yaml:4:5", "`id`"),
    ("sources/a.yaml", SOURCE + "version: 1.2\n", "wrong-type spec/sources/a.yaml:3:10", "put it in quotes"),
    ("sources/a.yaml", "title:\nkind: document\n", "wrong-type spec/sources/a.yaml:1:7", "expected text, not null"),
    ("flows/f.yaml", "display_name: F\nsteps: one\n", "wrong-type spec/flows/f.yaml:2:8", "expected a list"),
    ("flows/f.yaml", "display_name: F\nsteps:\n  a: b\n", "wrong-type spec/flows/f.yaml:2:1", "not a mapping"),
    ("sources/a.yaml", "title: A\nkind: documnet\n", "wrong-value spec/sources/a.yaml:2:7", "did you mean `document`?"),
    (
        "management/m.yaml",
        ROUTE.replace("true", "no") + "unknown\n",
        "wrong-type spec/management/m.yaml:6:15",
        "`true`",
    ),
    (
        "models/p.yaml",
        "m:\n  display_name: M\n  limits: {context: 0}\n",
        "wrong-type spec/models/p.yaml:3:21",
        "expected a number above 0, not the number 0",
    ),
    # collections
    ("settings/s.yaml", "a.b: text\n", "not-a-mapping spec/settings/s.yaml:1:1", "`a.b` must be a mapping"),
    ("settings/s.yaml", "../x: {kind: setting}\n", "id-form spec/settings/s.yaml:1:1", "`../x`"),
    # files and folders
    ("sources/A_b.yaml", SOURCE, "file-name spec/sources/A_b.yaml:1:1", "`a-b`"),
    ("sources/a.yml", SOURCE, "unknown-file spec/sources/a.yml:1:1", "rename it to `a.yaml`"),
    ("sources/a.txt", "", "unknown-file spec/sources/a.txt:1:1", "must end in `.yaml`"),
    ("a.yaml", SOURCE, "unknown-file spec/a.yaml:1:1", "outside the folders"),
    ("source/a.yaml", SOURCE, "unknown-folder spec/source:1:1", "folders: sources"),
    ("sources/more/a.yaml", SOURCE, "unknown-folder spec/sources/more:1:1", "subfolders"),
    ("platforms/a.yaml", SOURCE, "unknown-file spec/platforms/a.yaml:1:1", "only folders"),
    ("platforms/p/abuot.yaml", FLOW, "unknown-file spec/platforms/p/abuot.yaml:1:1", "about.yaml"),
    ("platforms/P/about.yaml", FLOW, "file-name spec/platforms/P:1:1", "`p`"),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[2] for row in ROWS])
def test_one_mistake_is_one_finding_at_its_place(
    row: tuple[str, str | bytes, str, str], write_spec: WriteSpec, place: ShowPlace
) -> None:
    path, content, expected, words = row

    _, findings = load(write_spec({path: content}))
    if expected.startswith("number-range"):  # the file lacks its other fields
        findings = [finding for finding in findings if finding.rule == "number-range"]

    assert [place(finding) for finding in findings] == [expected]
    assert words in f"{findings[0].message} {findings[0].hint}"


@pytest.mark.parametrize(
    ("methods", "expected", "words"),
    [
        ("unknwon", ["wrong-type spec/management/m.yaml:7:12"], "a list or `unknown`, not the text `unknwon`"),
        ("[GET, PSOT]", ["wrong-value spec/management/m.yaml:7:18"], "did you mean `POST`?"),
        (
            "[GTE, PSOT]",
            ["wrong-value spec/management/m.yaml:7:13", "wrong-value spec/management/m.yaml:7:18"],
            "`GET`",
        ),
        ("3", ["wrong-type spec/management/m.yaml:7:12"], "not the number 3"),
    ],
)
def test_a_union_is_reported_once_per_mistake(
    methods: str, expected: list[str], words: str, write_spec: WriteSpec, place: ShowPlace
) -> None:
    _, findings = load(write_spec({"management/m.yaml": f"{ROUTE}{methods}\n"}))

    assert [place(finding) for finding in findings] == expected
    assert words in f"{findings[0].message} {findings[0].hint}"


def test_everything_is_found_at_once_in_order_of_place(write_spec: WriteSpec, place: ShowPlace) -> None:
    folder = write_spec(
        {
            "sources/b.yaml": "kind: what\nextra: 1\n",
            "sources/a.yaml": "title: 3\nkind: document\nid: x\n",
            "flows/z.yaml": "a: [",
        }
    )

    _, findings = load(folder)

    assert [place(finding) for finding in findings] == [
        "syntax spec/flows/z.yaml:2:1",
        "wrong-type spec/sources/a.yaml:1:8",
        "injected-field spec/sources/a.yaml:3:1",
        "missing-field spec/sources/b.yaml:1:1",
        "wrong-value spec/sources/b.yaml:1:7",
        "unknown-field spec/sources/b.yaml:2:1",
    ]


def test_a_place_covers_what_is_marked() -> None:
    text = "title: [a, {b: c}]\nkind: 'x y'  # no\nversion:\n  first: 1\nurl: |\n  a\n  b\n"

    node, _ = yaml_nodes.parse(text, "f")

    assert node is not None
    lengths = [(below.line, below.column, below.length) for _, below in node.children()]
    assert lengths == [(1, 8, 11), (2, 7, 5), (4, 3, 5), (5, 6, 1)]


def test_after_two_hundred_mistakes_a_file_is_given_up(write_spec: WriteSpec) -> None:
    _, findings = load(write_spec({"sources/a.yaml": "a: 1\n" * 5000}))

    assert len(findings) == yaml_nodes.MAX_FINDINGS


def test_plain_scalars_follow_yaml_1_2(write_spec: WriteSpec) -> None:
    parameters = {
        "no": "no", "on": "on", "012": "012", "2026-01-10": "2026-01-10", "12:30": "12:30", "1_000": "1_000",
        "~": None, "null": None, "true": True, "False": False, "12": 12, "-3": -3, "0x1F": 31, "0o17": 15,
        "1e3": 1000.0, "2.50": 2.5, "'12'": "12", '"true"': "true", "0.0.176": "0.0.176", "<<": "<<",
    }  # fmt: skip
    lines = [f"  k{number}: {text}" for number, text in enumerate(parameters)]
    rule = "\n".join(["r:", "  topic: t", "  statement: s", "  values:", *("  " + line for line in lines)])

    spec, findings = load(write_spec({"platforms/p/rules.yaml": rule}))

    assert findings == []
    values = spec.platforms["p"]["rules"]["r"].value.values  # type: ignore[attr-defined]
    assert [(type(value), value) for value in values.values()] == [(type(v), v) for v in parameters.values()]


def test_paths_give_ids_keys_and_injected_fields(write_spec: WriteSpec) -> None:
    folder = write_spec(
        {
            "models/groq.yaml": "openai/gpt-oss-120b:\n  display_name: GPT\n",
            "platforms/rensei/about.yaml": "display_name: R\nsummary: s\n",
            "sources/a.yaml": "\ufeff# comment\r\ntitle: A\r\nkind: document\r\n",
            "schema/generated.json": "{}",
            "README.md": "for people",
            ".hidden": "x",
        }
    )

    spec, findings = load(folder)

    assert findings == []
    assert spec.files == ("spec/models/groq.yaml", "spec/platforms/rensei/about.yaml", "spec/sources/a.yaml")
    model = spec.facts["models"]["groq/openai/gpt-oss-120b"]
    assert (model.id, model.value.id, model.value.provider) == ("openai/gpt-oss-120b", "openai/gpt-oss-120b", "groq")  # type: ignore[attr-defined]
    assert "aliases" not in model.value.model_fields_set
    assert list(spec.platforms["rensei"]["about"]) == ["rensei"]
    assert str(spec.facts["sources"]["a"].locate(("kind",))) == "spec/sources/a.yaml:3:7"
    assert str(model.locate(("display_name",))) == "spec/models/groq.yaml:2:17"
    assert str(model.locate(("platforms", "rensei"))) == "spec/models/groq.yaml:1:1"


def test_one_id_in_two_files_is_an_error(write_spec: WriteSpec, place: ShowPlace) -> None:
    setting = "a.b: {kind: setting, meaning: m, type: t}\n"

    _, findings = load(write_spec({"settings/x.yaml": setting, "settings/y.yaml": setting}))

    assert [place(finding) for finding in findings] == ["duplicate-id spec/settings/y.yaml:1:1"]
    assert "spec/settings/x.yaml:1" in findings[0].message


def test_links_pipes_and_missing_folders_are_findings(write_spec: WriteSpec, place: ShowPlace, tmp_path: Path) -> None:
    folder = write_spec({"flows/f.yaml": FLOW})
    (folder / "flows" / "link.yaml").symlink_to(folder / "flows" / "f.yaml")
    (folder / "sources").symlink_to(tmp_path)
    os.mkfifo(folder / "flows" / "pipe.yaml")

    _, findings = load(folder)
    _, missing = load(tmp_path / "nowhere")
    _, not_a_folder = load(folder / "flows" / "f.yaml")

    assert [place(finding) for finding in findings] == [
        "symlink spec/flows/link.yaml:1:1",
        "unreadable-file spec/flows/pipe.yaml:1:1",
        "symlink spec/sources:1:1",
    ]
    assert [place(finding) for finding in [*missing, *not_a_folder]] == ["no-spec", "no-spec"]


def test_a_file_name_that_is_no_text_can_be_shown(write_spec: WriteSpec) -> None:
    folder = write_spec({"flows/f.yaml": FLOW})
    (folder / "flows" / os.fsdecode(b"\xff\n\x1b.yaml")).write_text(FLOW)

    spec, findings = load(folder)

    assert [finding.rule for finding in findings] == ["file-name"]
    render_text(Report(findings, spec.texts)).encode()


def test_without_libyaml_the_trees_are_the_same(repository_spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = ("tools", "providers", "errors")
    texts = [path.read_text() for folder in folders for path in (repository_spec / folder).iterdir()]

    def flat(node: yaml_nodes.Node | None) -> object:
        assert node is not None
        return node.location, [(step, below.key_location, flat(below)) for step, below in node.children()], node.plain()

    fast = [flat(yaml_nodes.parse(text, "f")[0]) for text in texts]
    monkeypatch.setattr(yaml_nodes, "_LOADER", yaml.SafeLoader)

    assert [flat(yaml_nodes.parse(text, "f")[0]) for text in texts] == fast


SMALL = settings(
    max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
YAML_LIKE = st.lists(
    st.sampled_from(
        [
            *("title", "kind", "sources", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", ",", "&a ", "*a", "!t ", "|"),
            *(">", "'", '"', "\t", "#", "---\n", "...", "? ", "%YAML 1.2\n", "0x1", "1e9", "\\", "\\ud800", "é"),
            *("\x00", "\ufeff", "\x85", "<<: ", "null", "~", "[" * 70, "9" * 5000),
        ]
    ),
    max_size=40,
).map("".join)


ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    YAML_LIKE.map(str.encode),
)


@SMALL
@given(content=ANYTHING)
@pytest.mark.parametrize("parser", [yaml_nodes._LOADER, yaml.SafeLoader])
def test_no_content_makes_the_loader_fail(parser: type, content: bytes, write_spec: WriteSpec) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_nodes, "_LOADER", parser)
        spec, findings = load(write_spec({"settings/s.yaml": content, "sources/s.yaml": content}))

    assert findings, "random content is never a valid source"
    for finding in findings:
        where = finding.location
        assert where is not None
        assert 1 <= where.line <= len(spec.texts[where.file].splitlines()) + 1
    render_text(Report(findings, spec.texts)).encode()


@SMALL
@given(data=st.data())
def test_no_mutation_of_a_real_file_makes_the_loader_fail(
    data: st.DataObject, write_spec: WriteSpec, repository_spec: Path
) -> None:
    path = data.draw(st.sampled_from(["providers/google.yaml", "endpoints/gemini.yaml", "models/anthropic.yaml"]))
    text = (repository_spec / path).read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    mutated = text[:start] + data.draw(YAML_LIKE) + text[end:]

    spec, findings = load(write_spec({path: mutated}))

    render_text(Report(findings, spec.texts)).encode()
