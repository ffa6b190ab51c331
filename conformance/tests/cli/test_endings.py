"""How commands end when their surroundings are at fault: unset variables, signals, full devices, missing extras."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.cases.sdks import SDKS
from ampmap_conformance.extras import EXTRAS
from ampmap_conformance.report.write import RENDERERS, read_report
from ampmap_tests_support.places import CHECKOUT

from ..support import HANDED_ON, MAIN, OWN

Process: TypeAlias = "subprocess.Popen[str]"
Done: TypeAlias = "subprocess.CompletedProcess[str]"
Command: TypeAlias = Callable[..., Done]
KEY = {"AMPMAP_CLIENT_KEY": "canary-of-a-client"}
FEW = ("--select", "routing.query-kept[groq-*]")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("run", "--base-url", ""), "--base-url"),
        (("run", "--base-url", " \t"), "--base-url"),
        (("run", "--target", ""), "--target"),
        (("run", "--select", "auth.*", "--select", ""), "--select"),
        (("run", "--profile", ""), "--profile"),
        (("run", "--report-dir", ""), "--report-dir"),
        (("run", "--docs-url", ""), "--docs-url"),
        (("observe", "--token-env", ""), "--token-env"),
        (("resolve-auth", "--url", ""), "--url"),
        (("target", "check", ""), "FILE"),
        (("baseline", "update", "--report", "", "--out", "x"), "--report"),
    ],
)
def test_an_empty_value_is_invalid_usage(command: Command, tmp_path: Path, words: tuple[str, ...], option: str) -> None:
    done = command(*words)
    assert (done.returncode, option in done.stderr, "the value is empty" in done.stderr) == (4, True, True)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_does_not_stand_for_a_run_that_ends_before_its_checks(
    command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "ampmap-report"
    folder.mkdir()
    for name in (*RENDERERS, "notes.txt"):
        (folder / name).write_text("of an earlier run", encoding="utf-8")
    assert command("run", "--profile", "rooting").returncode == 4
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_a_second_run_in_the_same_folder_is_refused(begin: Callable[..., Process], command: Command) -> None:
    first = begin("run", "--profile", "routing", "--rate", "1")
    assert first.stdout is not None
    first.stdout.readline()
    second = command("run", *FEW)
    assert (second.returncode, "another run writes its report into" in second.stderr) == (4, True)
    first.terminate()
    first.communicate(timeout=60)
    assert first.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_reports_and_puts_the_target_in_order(
    begin: Callable[..., Process], tmp_path: Path, number: int
) -> None:
    served = begin("serve", env=KEY)
    assert served.stdout is not None
    url = served.stdout.readline().strip()
    lines = [
        "name: staging",
        f"base_url: {url}",
        "credentials: {client: {env: AMPMAP_CLIENT_KEY}}",
        "observer: {advertise: 'http://127.0.0.1:0'}",
        "reload: {command: ['true', '{file}'], restore: ['touch', 'restored']}",
    ]
    (tmp_path / "t.yaml").write_text("\n".join(lines), encoding="utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = begin("run", "--target", "t.yaml", "--workers", "1", env={**KEY, "TMPDIR": str(temporary)})
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("checks"):
            process.send_signal(number)
            break
    process.communicate(timeout=60)
    assert process.returncode == 2
    assert read_report(tmp_path / "ampmap-report" / "report.json").summary.interrupted
    assert (tmp_path / "restored").exists()
    assert list(temporary.iterdir()) == []


def test_a_report_is_written_whatever_becomes_of_the_output(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full exists on Linux alone")
    with Path("/dev/full").open("w", encoding="utf-8") as out:
        done = subprocess.run(
            [sys.executable, *MAIN, "run", *FEW],
            cwd=tmp_path,
            env={**OWN, **HANDED_ON, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert read_report(tmp_path / "ampmap-report" / "report.json").summary.verdict == "conformant"


BREAKING = """
import sys
from ampmap_conformance.run import run
def broken(session, **_):
    yield from list(right(session, **_))[:1]
    raise LookupError("canary-in-the-text-of-an-error")
right, run.outcomes = run.outcomes, broken
from ampmap_conformance.cli.main import main
main()
"""


def test_an_error_of_the_kit_ends_with_its_own_code_and_keeps_what_was_decided(python: Command, tmp_path: Path) -> None:
    done = python("-c", BREAKING, "run", *FEW)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("internal error: LookupError (broken in ")
    report = read_report(tmp_path / "ampmap-report" / "report.json")
    assert (report.summary.verdict, len(report.results)) == ("error", 1)
    assert [notice.kind for notice in report.notices] == ["kit-error"]
    written = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "ampmap-report").iterdir())
    assert "canary" not in written


def test_the_traceback_of_an_error_is_printed_on_request(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> int:
        raise LookupError("x")

    monkeypatch.setattr("ampmap_conformance.cli.show.list_defects", broken)
    quiet, loud = command("defects"), command("defects", "--debug")
    assert (quiet.returncode, loud.returncode) == (3, 3)
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
    assert loud.stderr.endswith(quiet.stderr)


HIDING = "import sys; sys.modules[{!r}] = None; from ampmap_conformance.cli.main import main; main()"


@pytest.mark.parametrize(
    ("module", "words", "extra"),
    [
        ("rich.console", ("run", *FEW), "conformance"),
        ("httpcore", ("run", *FEW), "conformance"),
    ],
)
def test_a_missing_extra_is_named(python: Command, module: str, words: tuple[str, ...], extra: str) -> None:
    done = python("-c", HIDING.format(module), *words)
    top = module.partition(".")[0]
    assert done.returncode == 4
    assert done.stderr == f"`{top}` is not installed; install it by `pip install 'ampmap[{extra}]'`\n"


def test_the_profile_of_sdks_asks_for_its_extra(python: Command) -> None:
    hiding = "import sys; sys.modules |= dict.fromkeys({!r}); from ampmap_conformance.cli.main import main; main()"
    done = python("-c", hiding.format([sdk.module for sdk in SDKS]), "run", "--profile", "clients")
    assert done.returncode == 4
    assert done.stderr == (
        "none of the SDKs of the profile `clients` is installed; install them by `pip install 'ampmap[clients]'`\n"
    )


def test_every_library_of_an_extra_is_known() -> None:
    project = CHECKOUT / "pyproject.toml"
    if not project.exists():
        pytest.skip("pyproject.toml lies outside of this tree")
    extras = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = {"cerebras-cloud-sdk": "cerebras", "google-genai": "google"}
    for extra, modules in EXTRAS.items():
        packages = {line.partition(">")[0] for line in extras[extra]} - {"ampmap[conformance]"}
        assert {named.get(package, package) for package in packages} <= set(modules)


def test_a_failed_restore_is_told_and_makes_the_run_red(
    begin: Callable[..., Process], command: Command, tmp_path: Path
) -> None:
    served = begin("serve", env=KEY)
    assert served.stdout is not None
    lines = [
        "name: staging",
        f"base_url: {served.stdout.readline().strip()}",
        "credentials: {client: {env: AMPMAP_CLIENT_KEY}}",
        "observer: {advertise: 'http://127.0.0.1:0'}",
        "reload: {command: ['true', '{file}'], restore: ['false']}",
    ]
    (tmp_path / "t.yaml").write_text("\n".join(lines), encoding="utf-8")
    words = ("run", "--target", "t.yaml", "--select", "auth.missing-credential-rejected[groq-models.list*]")
    done = command(*words, env=KEY)
    report = json.loads((tmp_path / "ampmap-report" / "report.json").read_text(encoding="utf-8"))
    assert done.returncode not in (0, 1)
    told = [notice["text"] for notice in report["notices"] if notice["kind"] == "restore-failed"]
    assert len(told) == 1
    assert "`reload.restore` failed: the command `false` failed with exit code 1" in told[0]
