"""What `ampmap inspect` reads in builds, and what it makes of them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ampmap_generator.cli.commands import USAGE
from ampmap_generator.cli.main import main
from ampmap_generator.client_build.compare import compare
from ampmap_generator.client_build.draft import Drafter
from ampmap_generator.client_build.extract import extract
from ampmap_generator.client_build.literals import members, number_value, text_value
from ampmap_generator.client_build.recorded import RecordedCall, Recording
from ampmap_generator.client_build.text import Clock, UnreadableBuildError, text_of
from click.testing import CliRunner, Result

from .bundles import BUILD, bundle, executable, mode, model

MODELS = (
    model("OPUS", "ANTHROPIC", "claude-opus-9", "Claude Opus 9", "1e6")
    + model("KIMI", "MOON", "kimi-9", "Kimi 9", "262_144")
    + model("GEM", "VERTEX", "gemini-9", "Gemini, 9 {x}", "1048576", "65535")
)
MODES = (
    mode("SMART", "smart", 'f("OPUS")')
    + mode("LOW", "low", '[{model:f("GEM"),when:z},{model:f("OPUS")}]', member="model")
    + mode("DEBUG", "debug", "M.KIMI", visible=False)
)
NEWEST = "amp-0.0.1777897475"


def inspect(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, args)])


def written(tmp_path: Path, content: str | bytes) -> Path:
    file = tmp_path / "main.js"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def facts_of(content: str | bytes) -> Any:
    data = content.encode() if isinstance(content, str) else content
    clock = Clock()
    return extract(text_of(data, clock), clock)


@pytest.mark.parametrize("form", ["bundle", "ascii", "utf-16-le"])
def test_reads_each_kind_of_fact_in_each_form_of_a_build(form: str) -> None:
    text = bundle(
        models=MODELS,
        modes=MODES,
        paths=("/api/provider/anthropic", "/api/provider/kimi"),
        headers=("x-amp-feature", "X-Amp-Newcomer"),
        methods=("uploadThread", "loadPlugins"),
        more='fetch("/api/telemetry");fetch(`/api/threads/${a.id}.md`);fetch("/news.rss");s.assign({a:1},b,c);',
    )
    found = facts_of(text if form == "bundle" else executable(text, form))
    assert found.build == BUILD
    assert found.is_native is (form != "bundle")
    assert [(each.provider, each.id, each.display_name, each.context, each.output) for each in found.models] == [
        ("anthropic", "claude-opus-9", "Claude Opus 9", 1_000_000, 32_000),
        ("moonshotai", "kimi-9", "Kimi 9", 262_144, 32_000),
        ("vertexai", "gemini-9", "Gemini, 9 {x}", 1_048_576, 65_535),
    ]
    assert [(each.name, each.models, each.is_shown) for each in found.modes] == [
        ("debug", ("kimi-9",), False),
        ("low", ("gemini-9", "claude-opus-9"), True),
        ("smart", ("claude-opus-9",), True),
    ]
    assert found.base_paths == ("/api/provider/anthropic", "/api/provider/kimi")
    assert set(found.headers) == {"X-Amp-Client-Application", "x-amp-feature", "X-Amp-Newcomer"}
    assert found.methods == ("getUserInfo", "loadPlugins", "uploadThread")
    assert found.paths == ("/api/telemetry", "/api/threads/{}.md", "/news.rss")


@pytest.mark.parametrize("coding", ["ascii", "utf-16-le"])
def test_only_long_runs_of_an_executable_are_read(coding: str) -> None:
    runs = [sign * length for sign, length in (("a", 1), ("b", 255), ("c", 256), ("d", 257), ("e", 255), ("f", 600))]
    for odd in (b"\xff", b"\xff\xff"):
        data = b"\x7fELF" + odd.join(run.encode(coding) for run in runs) + b"\xff"
        assert text_of(data, Clock()).text.split("\n") == [runs[2], runs[3], runs[5]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a:1,b:{c:2,d:3},e:[4,5]}", {"a": "1", "b": "{c:2,d:3}", "e": "[4,5]"}),
        ('{a:"x,y}",b:`{,${z}`,...c,"d-e":f(1,2)}', {"a": '"x,y}"', "b": "`{,${z}`", "d-e": "f(1,2)"}),
        ("{}", {}),
        ("{a:1", None),
        ("[1]", None),
        ("{a:" + "(" * 20_000, None),
    ],
)
def test_reads_the_members_of_a_literal(text: str, expected: Mapping[str, str] | None) -> None:
    assert members(text, 0) == expected


def test_reads_texts_and_whole_numbers_alone() -> None:
    assert [text_value(each) for each in ('"a"', "'a'", "`a`", "a", '"a\\n"', None)] == [
        "a",
        "a",
        "a",
        None,
        None,
        None,
    ]
    read = [number_value(each) for each in ("200000", "1e6", "2.5e5", "1e99", "x", "1.5", None)]
    assert read == [200_000, 1_000_000, 250_000, None, None, None, None]


HOSTILE = {
    "a name with an escape of a terminal": bundle(models=model("X", "OPENAI", "\x1b[2Jx", "X")),
    "a name that leaves its folder": bundle(models=model("X", "OPENAI", "../../x", "X")),
    "a mode that leaves its folder": bundle(models=MODELS, modes=mode("X", "../x", 'f("OPUS")')),
    "braces": bundle(more="A:{key:" * 20_000),
    "quotes": bundle(more='"' * 200_000 + "\\" * 100_000),
    "calls": bundle(more="q.getUserInfo(({[" * 20_000),
    "callers": bundle(more="".join(f"a{n}.getUserInfo({{a:1}},b);" for n in range(5_000))),
    "paths": bundle(more="".join(f'"/api/{n}/${{a}}";' for n in range(20_000))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_crafted_build_neither_stops_the_reader_nor_reaches_a_terminal(name: str, tmp_path: Path) -> None:
    result = inspect(written(tmp_path, HOSTILE[name]), "--draft", tmp_path / "draft")
    assert result.exit_code == 1, result.output
    assert "\x1b" not in result.output
    assert "Traceback" not in result.output
    outside = [path for path in tmp_path.rglob("*.yaml") if (tmp_path / "draft") not in path.parents]
    assert outside == []


def test_the_clock_ends_the_reading() -> None:
    with pytest.raises(UnreadableBuildError, match="longer than 0 s"):
        extract(text_of(bundle(models=MODELS).encode(), Clock()), Clock(0))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "it is empty"), (b"console.log(1)", "nothing of the client was found"), (None, "Is a directory")],
)
def test_what_is_not_a_build_is_one_message(content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path if content is None else written(tmp_path, content)
    result = inspect(file)
    assert result.exit_code == 4
    assert said in result.output.replace("\n", " ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert inspect(tmp_path / "pipe").exit_code == 4


def known_build(reference: Any, **more: Any) -> str:
    """A build that has what an edition states."""
    names = {"google": "vertexai"}
    constants: dict[str, str] = {}
    rows = ""
    for number, each in enumerate(reference.models.values()):
        constants.setdefault(f"{each.provider}/{each.id}", f"C{number}")
        listed = each.listed_as or names.get(each.provider) or each.provider
        limits = f",contextWindow:{each.limits.context},maxOutputTokens:{each.limits.output}" if each.limits else ""
        rows += f'C{number}:{{provider:"{listed}",name:"{each.id}",displayName:"{each.display_name}"{limits}}},'
    modes = "".join(
        mode(f"D{number}", each.name, f'f("{constants[f"{each.provider}/{each.model}"]}")')
        for number, each in enumerate(reference.agent_modes.values())
    )
    edition = reference.edition.names
    for number, name in enumerate(edition.get("modes", ())):
        modes += mode(f"H{number}", name, 'f("C0")', visible=False)
    for number, name in enumerate(edition.get("models", ())):
        provider, _, id_ = name.partition("/")
        rows += f'N{number}:{{provider:"{provider}",name:"{id_}",displayName:"{id_}"}},'
    calls = [call.path for route in reference.management.values() for call in route.calls.values()]
    methods = [path.partition("?")[2] for path in calls if path.startswith("/api/internal?")]
    sent = [h.name for s in reference.headers.values() if s.role == "client-sends" for h in s.headers]
    parts: dict[str, Any] = {
        "models": rows,
        "modes": modes,
        "paths": tuple(each.base_path for each in reference.providers.values() if each.via_proxy),
        "headers": (*sent, *edition.get("headers", ())),
        "methods": (*methods, *edition.get("methods", ())),
        "more": "".join(f"fetch(`{path.replace('{}', '${a}')}`);" for path in edition.get("paths", ())),
    }
    return bundle(**{**parts, **more})


def test_a_build_of_which_the_edition_states_all_is_no_difference(editions: Mapping[str, Any], tmp_path: Path) -> None:
    file = written(tmp_path, known_build(editions[NEWEST]))
    result = inspect(file, "--against", "newest-proxied")
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "  no difference"), result.output


def test_what_came_and_went_is_printed_and_drafted_as_a_layer_that_holds(
    editions: Mapping[str, Any], tmp_path: Path
) -> None:
    reference = editions[NEWEST]
    text = known_build(reference)
    text = text.replace('name:"gpt-5-nano"', 'name:"gpt-9-nano"').replace('key:"rush"', 'key:"dash"')
    text = text.replace('"x-session-affinity"', '"x-amp-newcomer"').replace("q.loadPlugins(", "q.loadWonders(")
    text = re.sub(r'(name:"gpt-5.5",displayName:"[^"]+",contextWindow:)400000', r"\g<1>500000", text)
    text = text.replace('"/api/provider/xai/v1"', '"/api/provider/wonder/v1"')
    (newcomer,) = re.findall(r'(\w+):\{provider:"\w+",name:"gpt-9-nano"', text)
    text = text.replace("D={", "D={" + mode("NIGHT", "night", f'f("{newcomer}")'))
    result = inspect(written(tmp_path, text), "--against", NEWEST, "--draft", tmp_path / "draft", "--json")
    assert result.exit_code == 1
    said = json.loads(result.output)
    assert [(each["kind"], each["change"], each["name"]) for each in said["differences"]] == [
        ("base path", "came", "/api/provider/wonder/v1"),
        ("base path", "went", "/api/provider/xai/v1"),
        ("model", "came", "openai/gpt-9-nano"),
        ("model", "went", "openai/gpt-5-nano"),
        ("limits", "changed", "openai/gpt-5.5"),
        ("mode", "came", "dash"),
        ("mode", "came", "night"),
        ("mode", "went", "rush"),
        ("header", "came", "x-amp-newcomer"),
        ("header", "went", "x-session-affinity"),
        ("method", "came", "loadWonders"),
        ("method", "went", "loadPlugins"),
    ]
    models = yaml.safe_load((tmp_path / "draft/models/openai.yaml").read_text())
    assert models["gpt-9-nano"]["default_for"] == ["night"]
    layer = ["--layer", str(tmp_path / "draft")]
    checked = CliRunner().invoke(main, ["validate", "--edition", NEWEST, *layer])
    assert checked.exit_code == 0, checked.output
    again = inspect(tmp_path / "main.js", "--against", NEWEST, *layer)
    left = [line.split()[:2] for line in again.output.splitlines() if line.startswith("  ")]
    assert left == [["came", "base"], ["went", "base"]], again.output


def test_a_build_without_a_path_of_a_provider_is_told_in_one_line(tmp_path: Path) -> None:
    result = inspect(written(tmp_path, executable(bundle(models=MODELS, modes=MODES, paths=()), "utf-16-le")))
    lines = result.output.splitlines()
    assert lines[:2] == [
        f"{BUILD}, native executable",
        "This build makes no model call through a proxy: it names no path below /api/provider/.",
    ]
    assert "against amp-0.0.1790142911" in result.output


def test_the_draft_is_not_written_over_other_files(tmp_path: Path) -> None:
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "mine.txt").write_text("mine")
    result = inspect(written(tmp_path, bundle(models=MODELS)), "--draft", tmp_path / "draft")
    assert (result.exit_code, "is not empty" in result.output) == (4, True)


def test_what_was_recorded_is_drafted_as_seen(editions: Mapping[str, Any], tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.json"
    xai = {"method": "POST", "path": "/api/provider/xai/v1/chat/completions", "provider": "xai", "times": 1}
    xai |= {"operation": "chat.completions", "model": "grok-code-fast-1", "streamed": True}
    calls = [
        {"method": "POST", "path": "/api/internal", "management": "loadWonders", "times": 1},
        {
            **xai,
            "headers": ["host", "x-amp-wonder"],
            "unstated_headers": ["x-amp-wonder"],
            "body": ["model", "messages", "wonder"],
        },
    ]
    recorded.write_text(json.dumps({"recorded": 1, "edition": NEWEST, "client": BUILD, "calls": calls}))
    file = written(tmp_path, known_build(editions[NEWEST], headers=("x-amp-feature",)))
    draft = tmp_path / "draft"
    result = inspect(file, "--against", NEWEST, "--draft", draft, "--recorded", recorded)
    assert result.exit_code == 1, result.output
    checked = CliRunner().invoke(main, ["validate", "--edition", NEWEST, "--layer", str(draft)])
    assert checked.exit_code == 0, checked.output
    routes, provider, headers = (
        yaml.safe_load((draft / name).read_text())
        for name in ("management/routes.yaml", "providers/xai.yaml", "headers/proxied-requests.yaml")
    )
    assert [source["evidence"] for source in headers["sources"][-2:]] == ["read", "seen"]
    assert (provider["sources"][-1]["states"], provider["sources"][-1]["evidence"]) == (["client_call"], "seen")
    assert provider["sources"][:-1] == [
        source.model_dump(mode="json", exclude_unset=True) for source in editions[NEWEST].providers["xai"].sources
    ]
    call = routes["api-internal"]["calls"]["loadWonders"]
    assert (call["path"], call["sources"][0]["evidence"]) == ("/api/internal?loadWonders", "seen")
    assert provider["client_call"]["body"] == ["model", "messages", "wonder"]
    wonder = headers["headers"][-1]
    assert (wonder["name"], wonder["providers"]) == ("x-amp-wonder", ["xai"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"edition": "amp-0.0.1760587291"}, "the run was compared with 'amp-0.0.1760587291', the build with"),
        ({"client": "0.0.1800000001-gabc123"}, "'0.0.1800000001-gabc123' was run, and"),
        ({"client": "../../x"}, "'../../x' was run, and"),
    ],
)
def test_a_recording_of_another_build_or_edition_is_refused(more: Any, said: str, tmp_path: Path) -> None:
    told = {"recorded": 1, "edition": NEWEST, "client": BUILD, "calls": [], **more}
    (tmp_path / "recorded.json").write_text(json.dumps(told))
    file = written(tmp_path, bundle(models=MODELS))
    result = inspect(file, "--against", NEWEST, "--draft", tmp_path / "draft", "--recorded", tmp_path / "recorded.json")
    assert (result.exit_code, said in " ".join(result.output.split())) == (USAGE, True), result.output
    assert not (tmp_path / "draft").exists()


def test_the_options_are_checked_before_the_build_is_read(tmp_path: Path) -> None:
    result = inspect(tmp_path / "no-such-build", "--recorded", tmp_path / "recorded.json")
    assert (result.exit_code, "--recorded needs --draft" in result.output) == (USAGE, True)


def test_a_difference_that_no_file_can_tell_is_named(editions: Mapping[str, Any]) -> None:
    reference = editions[NEWEST]
    unnamed = reference.edition.model_copy(update={"names": {}})
    file = known_build(reference.model_copy(update={"edition": unnamed}), methods=())
    found = facts_of(file)
    names = reference.edition.names
    draft = Drafter(found, reference, None, "2026-01-01").draft(compare(found, reference))
    for kind in ("models", "modes"):
        for name in names[kind]:
            assert (
                f"{kind[:-1]} {name} went: no fact describes it; remove it from the edition's names" in draft.left_out
            )
    assert sum(line.startswith("method ") for line in draft.left_out) == len(names["methods"])

    without = reference.model_copy(update={"management": {}})
    called = facts_of(bundle(methods=("loadWonders",)))
    seen = Recording(
        recorded=1, edition=NEWEST, calls=(RecordedCall(method="POST", path="/", management="a", times=1),)
    )
    draft = Drafter(called, without, seen, "2026-01-01").draft(compare(called, without))
    for name in ("loadWonders", "a"):
        assert f"method '{name}' came: the edition has no management route /api/internal" in draft.left_out


def test_what_a_client_says_of_itself_names_no_file(editions: Mapping[str, Any]) -> None:
    unknown = facts_of(bundle(methods=("loadWonders",)).replace(BUILD, "x"))
    for said, file in (("../../x", "unknown"), (BUILD, "1800000000")):
        seen = Recording(recorded=1, edition=NEWEST, client=said, calls=())
        draft = Drafter(unknown, editions[NEWEST], seen, "2026-01-01").draft(compare(unknown, editions[NEWEST]))
        assert [name for name in draft.files if name.startswith("sources/")] == [f"sources/amp-client-{file}.yaml"]


@pytest.mark.parametrize("content", ["", "[]", '{"recorded": 2, "edition": "x", "calls": []}', '{"recorded": 1}'])
def test_what_record_did_not_write_is_one_message(content: str, tmp_path: Path) -> None:
    (tmp_path / "recorded.json").write_text(content)
    file = written(tmp_path, bundle(models=MODELS))
    result = inspect(file, "--draft", tmp_path / "draft", "--recorded", tmp_path / "recorded.json")
    assert result.exit_code == USAGE
    assert "it is not what `record` writes" in result.output.replace("\n", " ")
    assert not (tmp_path / "draft").exists()
