"""`ampmap-conformance soak`, whole: a right proxy, a faulty one, an interrupt, and invalid usage."""

from __future__ import annotations

import signal
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from ampmap_conformance.cli.main import main
from ampmap_conformance.report.write import read_report
from click.testing import CliRunner

from ..support import Done, Process

SHORT = ("soak", "--users", "8", "--for", "2s")


@pytest.mark.long
def test_a_right_proxy_passes_and_a_faulty_one_is_told_by_its_rule(
    command: Callable[..., Done], tmp_path: Path
) -> None:
    right = command(*SHORT, "--report-dir", "right")
    faulty = command(*SHORT, "--report-dir", "faulty", "--processes", "2", "--defect", "client-key-forwarded")
    assert (right.returncode, faulty.returncode) == (0, 1), (
        f"{right.stdout}{right.stderr}{faulty.stdout}{faulty.stderr}"
    )

    report = read_report(tmp_path / "right" / "report.json")
    assert report.load is not None
    assert report.load.total.calls > 8
    assert sum(row.calls for row in report.load.calls) == report.load.total.calls
    assert report.load.rules["routing.stream-relayed"].judged > 0
    assert report.load.rules["auth.wrong-refused"].broken == 0
    assert "<polyline" in (tmp_path / "right" / "report.html").read_text(encoding="utf-8")

    other = read_report(tmp_path / "faulty" / "report.json")
    red = [result for result in other.results if result.verdict == "fail"]
    assert [result.requirement for result in red] == ["headers.client-credential-replaced"]
    assert red[0].exchanges
    assert red[0].exchanges[0].upstream
    assert other.load is not None
    assert other.load.processes == 2
    assert "canary-" not in (tmp_path / "faulty" / "report.json").read_text(encoding="utf-8")

    difference = command("report", "diff", "right/report.json", "faulty/report.json")
    assert (difference.returncode, "headers.client-credential-replaced[soak]" in difference.stdout) == (1, True)


def test_an_interrupt_ends_the_users_and_writes_the_report(begin: Callable[..., Process], tmp_path: Path) -> None:
    soaking = begin("soak", "--users", "2", "--for", "10m")
    assert soaking.stdout is not None
    while "checks" not in soaking.stdout.readline():
        pass
    soaking.send_signal(signal.SIGINT)
    soaking.communicate(timeout=120)
    assert soaking.returncode == 2
    assert read_report(tmp_path / "ampmap-report" / "report.json").summary.interrupted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--worker",), "--join"),
        (("--join", "load-1"), "--worker"),
        (("--master", "--worker", "--join", "load-1"), "exclude each other"),
        (("--master", "--processes", "2"), "--processes"),
        (("--master",), "--target"),
        (("--for", "soon"), "--for"),
        (("--defect", "answers-swaped-under-load"), "answers-swapped-under-load"),
        (("--base-url", "http://127.0.0.1:9"), "observer"),
        (("--worker", "--join", "load-1:x", "--target", "t.yaml"), "--join"),
    ],
)
def test_invalid_usage_is_told_before_a_process_starts(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, ["soak", *words])
    assert (done.exit_code, said in done.output) == (4, True), done.output


def test_a_missing_extra_is_one_line_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_locust(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", without_locust)
    done = CliRunner().invoke(main, ["soak"])
    assert done.exit_code == 4
    assert done.output.splitlines()[-1] == "`locust` is not installed; install it by `pip install 'ampmap[soak]'`"
