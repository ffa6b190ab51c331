"""Real proxies: nginx with its exported configuration passes, and what is kept of the others is sound.

Those that take seconds are tested as a whole by `nox -s proxies -- --quick`, which is a part of CI.
"""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ampmap_conformance.baseline import file as baseline
from ampmap_conformance.evidence.implementation import Evidence
from ampmap_conformance.reference import editions
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.target import target
from ampmap_conformance.verdicts import Verdict
from ampmap_generator.cli import main as ampmap
from ampmap_tests_support.places import CONFORMANCE, EVIDENCE
from ampmap_tests_support.programs import need_program
from click.testing import CliRunner

PROXIES = CONFORMANCE / "proxies"
PROVE = PROXIES / "prove.py"
NAMES = sorted(file.parent.name for file in PROXIES.glob("*/recipe.yaml"))
TARGETS = [name for name in NAMES if (PROXIES / name / "target.yaml").is_file()]
BASELINES = [name for name in NAMES if (PROXIES / name / "baseline.yaml").is_file()]
LONGEST = 80
"""Lines of a configuration that is written by hand."""
PLACE = re.compile(r"\w\.(?:c|go|js|py|ts)\b|\bsection \d|\bREADME\b")
"""A file of an implementation's code, or a part of its documentation."""
PROVEN = ("headers", "routing", "streaming")
"""Profiles in which nginx must be conformant."""
WARNS = ("headers.answer-listed-dropped", "headers.interim-answers-harmless")
"""Each is a `should`. nginx cannot take a header out of an answer because the upstream names it in `Connection`, and
nginx 1.22 takes an interim answer for the final one."""


@pytest.mark.long
def test_nginx_as_exported_does_what_is_known_of_it(tmp_path: Path) -> None:
    """nginx, observer and run are three processes; its target file claims neither mapping nor fallback."""
    need_program("nginx")
    command = [sys.executable, str(PROVE), "nginx", "--build", str(tmp_path), "--evidence", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 0, done.stdout + done.stderr
    found = Evidence.model_validate_json((tmp_path / "nginx.json").read_bytes())
    assert found.implementation.version
    proven = {name: row for name, row in found.requirements.items() if name.split(".")[0] in PROVEN}
    wrong = {
        name: row.verdict for name, row in proven.items() if row.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    }
    assert wrong == dict.fromkeys(WARNS, Verdict.WARN)
    for profile in PROVEN:
        assert sum(name.startswith(f"{profile}.") and bool(row.pass_) for name, row in proven.items()) > 10


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """What a script beside the recipes defines."""
    monkeypatch.syspath_prepend(str(PROXIES))
    return lambda name: runpy.run_path(str(PROXIES / f"{name}.py"))


def test_every_proxy_can_be_started_and_is_in_evidence(scripts: Callable[[str], dict[str, Any]]) -> None:
    recipes = scripts("recipes")

    assert recipes["names"]() == tuple(NAMES)
    for name in NAMES:
        recipe = recipes["read"](name)
        assert (recipe.proxy is None) == (name not in TARGETS)
        # No registry has a proxy that is a program of its own, so its evidence is for who has it to make.
        assert (EVIDENCE / f"{name}.json").is_file() or recipe.program
    assert set(BASELINES) <= set(TARGETS)


def test_configurations_by_hand_are_short(scripts: Callable[[str], dict[str, Any]]) -> None:
    """Longer ones would be made for the kit, and not as the server's documentation shows."""
    recipes = scripts("recipes")
    by_hand = {name: recipe for name in TARGETS if not (recipe := recipes["read"](name)).export}

    assert {"caddy", "express", "fastapi", "go-reverseproxy", "haproxy", "nginx-plain"} <= set(by_hand)
    for name, recipe in by_hand.items():
        assert (
            len((PROXIES / name / Path(recipe.configuration).name).read_text(encoding="utf-8").splitlines()) <= LONGEST
        )


def test_what_is_not_installed_is_skipped_and_named(
    scripts: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    prove = scripts("prove")
    prove["judged"].__globals__["read"] = lambda *_: SimpleNamespace(title="Mine", programs=("nginxx", "caddy"))
    monkeypatch.setitem(sys.modules["processes"].DEBIAN, "nginxx", "nginxx-light")
    monkeypatch.setattr("processes.PATH", "/nowhere")

    assert prove["judged"]("mine", SimpleNamespace(home=PROXIES), is_named=False) is None
    assert prove["judged"]("mine", SimpleNamespace(home=PROXIES), is_named=True) == "mine (not installed)"
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "skipped: Mine needs nginxx (Debian: nginxx-light), caddy (Debian: caddy)"


@pytest.mark.parametrize("name", TARGETS)
def test_target_files_are_sound(
    name: str, reference: Reference, scripts: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    keys = dict.fromkeys(("AMPMAP_CLIENT_KEY", "AMPMAP_SECOND_KEY", "OBSERVER_TOKEN"), "any")
    text = (PROXIES / name / "target.yaml").read_text(encoding="utf-8")
    file = tmp_path / "target.yaml"
    file.write_text(scripts("recipes")["filled"](text, {"kit_python": sys.executable}), encoding="utf-8")

    loaded = target.load(file, reference, keys)

    assert loaded.file.name == name
    assert bool(loaded.file.mappings) == ("mapping" in loaded.file.claims)


@pytest.mark.parametrize("way", ["in-place", "rename", "symlink"])
def test_cliproxyapis_options_are_changed_in_each_way(way: str, tmp_path: Path) -> None:
    merge = [sys.executable, str(PROXIES / "cliproxyapi/merge.py")]
    base, block, out = (tmp_path / name for name in ("base.yaml", "block.json", "config.yaml"))
    base.write_text("port: 1\nampcode: {upstream-url: 'http://a', upstream-api-key: k}\n", encoding="utf-8")
    shown = []
    for text in ('{"upstream-url": "http://b"}', "}broken{", None):
        block.unlink() if text is None else block.write_text(text, encoding="utf-8")
        subprocess.run([*merge, str(base), str(block), str(out), way], check=True)
        shown.append(out.read_text(encoding="utf-8"))

    changed = {"port": 1, "ampcode": {"upstream-url": "http://b", "upstream-api-key": "k"}}
    assert [yaml.safe_load(shown[0]), *shown[1:]] == [changed, "}broken{", base.read_text(encoding="utf-8")]
    assert out.is_symlink() == (way == "symlink")


@pytest.mark.parametrize("proxy", ["nginx", "caddy", "haproxy", "litellm", "portkey", "cliproxyapi"])
def test_the_target_file_of_an_export_is_sound(proxy: str, reference: Reference, tmp_path: Path) -> None:
    keys = ("--client-key-env", "AMPMAP_CLIENT_KEY", "--client-key-env", "AMPMAP_SECOND_KEY")
    options = ("--observer", "http://127.0.0.1:9100", "--target", str(tmp_path / "target.yaml"), *keys)
    exported = CliRunner().invoke(ampmap, ["export-config", proxy, *options])
    assert exported.exit_code == 0, exported.output

    loaded = target.load(tmp_path / "target.yaml", reference, dict.fromkeys(keys, "any"))

    known = yaml.safe_load((PROXIES / proxy / "target.yaml").read_text()) if (PROXIES / proxy).is_dir() else {}
    assert loaded.file.name == proxy
    assert set(loaded.file.claims) <= set(known.get("claims", loaded.file.claims))
    if proxy == "cliproxyapi":
        assert loaded.file.models.unavailable == tuple(known["models"]["unavailable"])
        assert [mapping.from_ for mapping in loaded.file.mappings] == [each["from"] for each in known["mappings"]]


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_speak_of_requirements_that_are_there_and_name_places(name: str, reference: Reference) -> None:
    for entry in baseline.load(PROXIES / name / "baseline.yaml").entries:
        assert any(entry.matches(row, entry.pattern.partition("[")[2].rstrip("]")) for row in reference.requirements)
        assert PLACE.search(entry.reason), entry.pattern
        assert entry.issue is None or entry.issue.startswith("https://")


@pytest.mark.parametrize("name", [name for name in NAMES if (EVIDENCE / f"{name}.json").is_file()])
def test_evidence_is_sound(name: str, reference: Reference) -> None:
    text = (EVIDENCE / f"{name}.json").read_text(encoding="utf-8")
    found = Evidence.model_validate_json(text)

    assert found.implementation.name == ("reference-proxy" if name == "reference" else name)
    assert found.reference.edition in editions()
    assert list(found.requirements) == sorted(found.requirements)
    assert set(found.requirements) <= set(reference.requirements)
    assert not {Verdict.ERROR, Verdict.FAIL, Verdict.FLAKY, Verdict.UNEXPECTED_PASS} & {
        row.verdict for row in found.requirements.values()
    }
    told = [row for row in found.requirements.values() if row.verdict is not Verdict.PASS]
    assert all(row.reason for row in told)
    assert not re.search(r"127\.0\.0\.1|localhost:|/(tmp|home|root)/|ampmap-[0-9a-f]{16}", text)
