"""The GitHub Action: its script is executed as a runner does, against the reference proxy that the kit carries."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import click
import pytest
import yaml
from ampmap_conformance.cli.main import main
from ampmap_conformance.report.write import read_report
from ampmap_tests_support.places import CHECKOUT, GUIDES
from ampmap_tests_support.programs import need_program

from ..support import HANDED_ON

ACTION = CHECKOUT / "action.yml"
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
KEY = "canary-of-the-action-canary"
SMALL = "--select 'routing.warm-up' --select 'headers.upstream-credential-set[groq-*]'"


@dataclass(frozen=True)
class Stepped:
    """What a step left."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


Step: TypeAlias = Callable[..., Stepped]


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    if not ACTION.exists():
        pytest.skip("action.yml lies outside of this tree")
    found: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def step(action: dict[str, Any], tmp_path: Path) -> Step:
    """Executes the step that runs the kit, with these inputs."""
    bash = need_program("bash")
    programs = tmp_path / "kit" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    kit = programs / "ampmap-conformance"
    kit.write_text(f"#!{sys.executable}\nfrom ampmap_conformance.cli.main import main\nmain()\n", encoding="utf-8")
    kit.chmod(0o755)
    (script,) = [item for item in action["runs"]["steps"] if item.get("id") == "run"]

    def execute(environment: dict[str, str] | None = None, **inputs: str) -> Stepped:
        given = {name: str(told["default"]) for name, told in action["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        given["steps.cached.outputs.folder"] = str(programs.parent)
        output, summary = tmp_path / "output", tmp_path / "summary"
        output.write_text("", encoding="utf-8")
        summary.write_text("", encoding="utf-8")
        done = subprocess.run(
            [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", script["run"]],
            cwd=tmp_path,
            env={
                **{
                    name: EXPRESSION.sub(lambda m: given[m[1].removeprefix("inputs.")], text)
                    for name, text in script["env"].items()
                },
                "PATH": "/usr/bin:/bin",
                **HANDED_ON,
                "PYTHONPATH": ":".join(filter(None, sys.path)),
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        lines = output.read_text(encoding="utf-8").splitlines()
        return Stepped(
            done.returncode,
            done.stdout + done.stderr,
            dict(line.split("=", 1) for line in lines),
            summary.read_text(encoding="utf-8"),
        )

    return execute


def commands(log: str) -> list[str]:
    """The workflow commands that a runner obeys: none between a `stop-commands` and its token."""
    found, token = [], None
    for line in log.splitlines():
        if token is not None:
            token = None if line == f"::{token}::" else token
        elif line.startswith("::stop-commands::"):
            token = line.removeprefix("::stop-commands::")
        elif line.startswith("::"):
            found.append(line)
    assert token is None
    return found


def test_every_input_is_used_and_every_output_is_made(action: dict[str, Any], step: Step) -> None:
    text = ACTION.read_text(encoding="utf-8").partition("\nruns:")[2]
    assert {name.removeprefix("inputs.") for name in EXPRESSION.findall(text)} == {
        *action["inputs"],
        "github.action_path",
        *(f"runner.{name}" for name in ("arch", "os", "temp")),
        *(f"steps.cached.outputs.{name}" for name in ("folder", "key")),
    }
    made = step(args=SMALL).outputs
    assert set(made) == set(action["outputs"])
    assert all(told["value"] == f"${{{{ steps.run.outputs.{name} }}}}" for name, told in action["outputs"].items())
    assert all(told["description"] for told in (*action["inputs"].values(), *action["outputs"].values()))


def test_nothing_is_put_into_a_script_but_by_the_environment(action: dict[str, Any]) -> None:
    scripts = [item["run"] for item in action["runs"]["steps"] if "run" in item]
    assert len(scripts) == 3
    assert not any("${{" in script for script in scripts)


def test_a_conformant_target_is_told_in_all_outputs(step: Step, tmp_path: Path) -> None:
    done = step(args=SMALL)
    assert done.code == 0, done.log
    assert (done.outputs["verdict"], done.outputs["exit-code"]) == ("conformant", "0")
    report = read_report(tmp_path / done.outputs["report"])
    assert json.loads(done.outputs["counts"]) == {verdict.value: n for verdict, n in report.summary.counts.items()}
    assert "conformant" in done.summary
    assert commands(done.log) == []


def test_failures_are_annotated_and_end_the_step(step: Step) -> None:
    done = step(args=f"{SMALL} --defect upstream-key-missing", report_dir="out dir")
    assert done.code == 1
    assert done.outputs["verdict"] == "non-conformant"
    assert done.outputs["report"] == "out dir/report.json"
    errors = commands(done.log)
    count = json.loads(done.outputs["counts"])["fail"]
    assert count > 1
    (error,) = errors
    assert error.startswith("::error title=fail%3A headers.upstream-credential-set[groq-")
    assert f"cases: {count} of headers.upstream-credential-set" in error
    assert "### Causes" in done.summary


def test_the_inputs_reach_the_run(step: Step, tmp_path: Path) -> None:
    text = "- pattern: headers.upstream-credential-set[groq-*]\n  reason: not built yet\n"
    (tmp_path / "known ones.yaml").write_text(text, encoding="utf-8")
    args = "--defect upstream-key-missing --select '*[groq-*]'"
    done = step(profiles="headers,\nauth", baseline="known ones.yaml", args=f"{args} --skip 'auth.canary-*'")
    assert done.code == 0, done.log
    report = read_report(tmp_path / done.outputs["report"])
    assert set(report.summary.by_profile) == {"headers", "auth"}
    assert "known-failure" in json.loads(done.outputs["counts"])


def test_a_stale_baseline_is_annotated_at_its_line(step: Step, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("# known\n- pattern: routing.warm-up\n  reason: slow\n", encoding="utf-8")
    done = step(baseline="b.yaml", args="--select routing.warm-up")
    assert (done.code, done.outputs["exit-code"]) == (7, "7")
    stale = "::error title=baseline%3A stale,file=b.yaml,line=2,col=3::`routing.warm-up` is stale"
    assert any(line.startswith(stale) for line in commands(done.log))


def old_report(folder: Path) -> None:
    (folder / "ampmap-report").mkdir()
    (folder / "ampmap-report" / "report.json").write_text("{}", encoding="utf-8")


def test_a_run_that_does_not_start_is_told_and_leaves_no_old_report(step: Step, tmp_path: Path) -> None:
    old_report(tmp_path)
    done = step(target="gone.yaml")
    assert done.code == 4
    assert done.outputs == {"verdict": "not-run", "exit-code": "4", "counts": "{}", "report": ""}
    assert "exit code 4" in done.summary
    (error,) = commands(done.log)
    assert "gone.yaml: No such file or directory" in error


def test_a_target_that_is_unreachable_is_told_in_a_report_without_results(step: Step, tmp_path: Path) -> None:
    old_report(tmp_path)
    done = step(base_url="http://127.0.0.1:9")
    assert done.code == 6
    assert (done.outputs["verdict"], done.outputs["exit-code"]) == ("incomplete", "6")
    assert json.loads((tmp_path / done.outputs["report"]).read_text())["results"] == []
    assert any("http://127.0.0.1:9 is unreachable" in line for line in (*commands(done.log), done.summary))


def test_arguments_are_words_and_nothing_of_them_is_executed(step: Step, tmp_path: Path) -> None:
    done = step(args="--select '$(touch hit)' --select `touch` --select ;touch", profiles="*")
    assert done.code == 4
    assert not (tmp_path / "hit").exists()
    assert step(args="--select 'open").code != 0


def test_a_key_of_the_environment_is_in_nothing_that_is_published(step: Step, tmp_path: Path) -> None:
    text = "name: x\nbase_url: http://127.0.0.1:9\ncredentials: {client: {env: MY_KEY}}\n"
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    done = step({"MY_KEY": KEY}, target="t.yaml")
    assert done.code == 6
    assert KEY not in done.log + done.summary


@pytest.mark.parametrize(
    ("words", "env", "marked"),
    [
        ((), {"GITHUB_ACTIONS": "true"}, True),
        ((), {}, False),
        (("--annotations", "github"), {}, True),
        (("--annotations", "none"), {"GITHUB_ACTIONS": "true"}, False),
    ],
)
def test_a_run_annotates_by_itself_where_that_is_read(
    command: Callable[..., Any], words: tuple[str, ...], env: dict[str, str], marked: bool
) -> None:
    broken = ("--defect", "upstream-key-missing", "--select", "headers.upstream-credential-set[groq-models.list]")
    done = command("run", *broken, *words, env=env)
    assert done.returncode == 1
    assert any(line.startswith("::error ") for line in commands(done.stdout)) is marked
    assert ("stop-commands" in done.stdout) is marked


def test_what_a_target_says_is_no_command(step: Step) -> None:
    done = step(args=SMALL)
    assert done.log.startswith("::stop-commands::")
    first = done.log.splitlines()[0]
    assert first != step(args=SMALL).log.splitlines()[0]


@pytest.mark.parametrize("guide", ["adding-a-requirement.md", "reading-a-report.md", "running-in-ci.md"])
def test_the_commands_of_the_guides_exist(guide: str) -> None:
    text = (GUIDES / guide).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^[$\s]*(?:- |\.venv/bin/)*ampmap-conformance (.+)$", text, re.MULTILINE)
    assert len(lines) >= 3
    for line in lines:
        words = shlex.split(line.partition("||")[0])
        command: click.Command = main
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        with command.make_context("x", words):
            pass


def test_the_guide_names_all_inputs_and_outputs(action: dict[str, Any]) -> None:
    text = (
        (GUIDES / "running-in-ci.md")
        .read_text(encoding="utf-8")
        .partition("## GitHub Actions")[2]
        .partition("\n## ")[0]
    )
    assert set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)) == {*action["inputs"], *action["outputs"]}


def test_nothing_of_the_checkout_is_imported(step: Step, tmp_path: Path) -> None:
    for name in ("shlex.py", "click.py", "ampmap_conformance.py"):
        (tmp_path / name).write_text("print('code of the checkout runs'); raise SystemExit(9)", encoding="utf-8")
    done = step(args=SMALL)
    assert "code of the checkout" not in done.log
    assert done.outputs["verdict"] == "conformant"


@pytest.mark.parametrize("args", ["--select 'unclosed", "--docs-url ''"])
def test_arguments_that_cannot_be_read_are_told_in_the_outputs(step: Step, args: str) -> None:
    done = step(args=args)
    assert (done.code, done.outputs["verdict"], done.outputs["exit-code"]) == (4, "not-run", "4")


# --- what it installs


@pytest.mark.parametrize(
    ("extras", "lock"),
    [("", "conformance"), ("fuzz", "all-profiles"), ("clients,fuzz", "all-profiles"), ("docs", None), ("x; id", None)],
)
def test_the_kit_is_installed_from_the_lock(
    extras: str, lock: str | None, action: dict[str, Any], tmp_path: Path
) -> None:
    (script,) = [item for item in action["runs"]["steps"] if item.get("name") == "Install the kit"]
    log = tmp_path / "python.log"
    for folder in (tmp_path, tmp_path / "kit/bin"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "python").write_text(f'#!/bin/sh\necho "$@" >> "{log}"\n', encoding="utf-8")
        (folder / "python").chmod(0o755)
    done = subprocess.run(
        [need_program("bash"), "-eo", "pipefail", "-c", script["run"]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "SOURCE": "/kit", "EXTRAS": extras, "FOLDER": str(tmp_path / "kit")},
        capture_output=True,
        text=True,
        check=False,
    )

    if lock is None:
        assert (done.returncode, log.exists()) == (4, False)
        assert "::error::extras: unknown extra" in done.stdout
        return
    assert done.returncode == 0, done.stderr
    made, first, second = log.read_text(encoding="utf-8").splitlines()
    assert made == f"-I -m venv --clear {tmp_path / 'kit'}"
    assert first.startswith("-I -m pip install ")
    assert first.endswith(f" --require-hashes -r /kit/conformance/locks/{lock}.txt")
    assert second.endswith(" --no-deps --no-build-isolation /kit")


def test_the_cache_knows_one_environment_from_another(action: dict[str, Any], tmp_path: Path) -> None:
    (script,) = [item for item in action["runs"]["steps"] if item.get("id") == "cached"]
    source = tmp_path / "source"
    (source / "spec").mkdir(parents=True)
    (source / "pyproject.toml").write_text("a", encoding="utf-8")
    (tmp_path / "python").symlink_to(sys.executable)

    def key(**changed: str) -> str:
        output = tmp_path / "output"
        output.write_text("", encoding="utf-8")
        told = {"SOURCE": str(source), "EXTRAS": "", "FOLDER": "/kit", "SYSTEM": "Linux-X64", **changed}
        subprocess.run(
            [need_program("bash"), "-eo", "pipefail", "-c", script["run"]],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_OUTPUT": str(output), **told},
            check=True,
        )
        first, folder = output.read_text(encoding="utf-8").splitlines()
        assert folder == "folder=/kit"
        return first

    keys = [key(), key(), key(EXTRAS="fuzz"), key(SYSTEM="macOS-ARM64")]
    (source / "spec/a.yaml").write_text("b", encoding="utf-8")
    keys.append(key())
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
