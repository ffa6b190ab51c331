"""Files of users that expand, do not end or cannot be held: one line with the place, and no wait."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.baseline import file as baselines
from ampmap_conformance.errors import UsageError
from ampmap_conformance.files import DEEPEST, MOST_YAML
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.write import read_report
from ampmap_conformance.target import target as targets

Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
BOMB = "".join(
    f"{name}: &{name} [{','.join([f'*{before}' if before else 'x'] * 9)}]\n"
    for before, name in zip(["", *"abcdefghi"], "abcdefghij", strict=True)
)
REFUSED = [
    ("&a\nname: *a\n", ":1:1: anchors and aliases are not allowed"),
    ("name: *a\n", ":1:7: "),
    (BOMB, ":1:4: anchors and aliases are not allowed"),
    (f"name: {'[' * (DEEPEST + 1)}{']' * (DEEPEST + 1)}\n", f": the nesting is deeper than {DEEPEST} levels"),
    (f"name: {'[' * 100_000}", "nesting"),
    ('name: "\\ud800"\n', ":1:10: found invalid Unicode character escape code"),
    (f"# {'x' * MOST_YAML}", ": the file has more than 4 MiB"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("kind", ["target", "baseline"])
def test_yaml_that_cannot_be_trusted_is_refused(
    tmp_path: Path, reference: Reference, kind: str, text: str, says: str
) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        targets.load(file, reference) if kind == "target" else baselines.load(file)
    assert str(caught.value).startswith(f"{file}{says}" if says.startswith(":1") else str(file))
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_pipe_is_not_waited_for(tmp_path: Path, reference: Reference) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for read in (lambda: targets.load(pipe, reference), lambda: baselines.load(pipe), lambda: read_report(pipe)):
        with pytest.raises(UsageError, match="this is not a regular file"):
            read()


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, f'{{"schema_version": {"9" * 5000}}}', '{"kit": "\\ud800"}', "", "[]", '{"schema_version": true}'],
    ids=range(6),
)
@pytest.mark.parametrize("words", [("report", "render", "r.json", "--format", "html"), ("report", "diff", "r.json")])
def test_a_report_that_cannot_be_read_is_told_in_a_line(
    command: Command, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    done = command(*words, *(["r.json"] if "diff" in words else []))
    assert (done.returncode, done.stderr.count("\n")) == (4, 1), done.stderr
    assert done.stderr.startswith("r.json")


@pytest.mark.parametrize(("key", "character"), [("a\nb", "U+000A"), ("schl\u00fcssel", "U+00FC"), ("a b", "U+0020")])
def test_a_key_that_no_header_can_carry_is_refused(
    tmp_path: Path, reference: Reference, key: str, character: str
) -> None:
    (tmp_path / "key").write_text(f"{key}\n", encoding="utf-8")
    file = tmp_path / "t.yaml"
    for given in ("{file: key}", "{env: KEY}"):
        file.write_text(f"name: x\nbase_url: http://x\ncredentials: {{client: {given}}}\n", encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            targets.load(file, reference, {"KEY": key})
        assert f"has the character {character}, which a header cannot carry" in str(caught.value)
        assert key not in str(caught.value)
    with pytest.raises(UsageError, match="a header cannot carry"):
        targets.from_url("http://x", reference, {targets.CLIENT_KEY_VARIABLE: key})
