"""The vendored module, as a project uses it that has only pydantic."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from ampmap_generator.cli import main
from ampmap_generator.compile import KIT_ALONE, plain
from ampmap_generator.vendored.reference import Reference
from click.testing import CliRunner

CONSUMER = """\
from ampmap_types import AgentModeId, ModelId, Provider, ProviderId, Route
from ampmap_types import calls, find_model, reference, route, timeline

known = reference()
mode: AgentModeId = "smart"
model: ModelId = "gpt-5-codex"
groq: Provider = known.providers["groq"]
there: Route = route(model, amp_url="https://proxy.example.com/prefix")
assert there == route(model, reference=known, amp_url="https://proxy.example.com/prefix")
provider: ProviderId = there.provider
assert "chat.completions" in [call.id for call in calls(groq)]
assert find_model("GPT-5 Codex").limits == there.limits
assert all("description" in field for field in Route.model_json_schema()["properties"].values())
print(there.url, groq.base_path, known.agent_modes[mode].model)
for period in timeline("Kimi-K2-Instruct-0905"):
    print(period.first_edition, period.url("https://proxy.example.com/") or period.has_calls)
"""

MISTAKE = """\
from ampmap_types import ProviderId

provider: ProviderId = "grok"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A consumer outside the repository, with the vendored file and nothing else."""
    return vendored(tmp_path_factory.mktemp("consumer"))


def vendored(folder: Path, *options: str) -> Path:
    """The folder, with a consumer and the module that `ampmap types` writes with these options."""
    result = CliRunner().invoke(main, ["types", "--out", str(folder / "ampmap_types.py"), *options])
    assert result.exit_code == 0, result.output
    (folder / "consumer.py").write_text(CONSUMER, encoding="utf-8")
    (folder / "mistake.py").write_text(MISTAKE, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "pythonVersion": "3.11"}), encoding="utf-8"
    )
    return folder


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    own = str(Path(sys.executable).parent)  # pyright looks for packages where the first `python` is
    return subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={**os.environ, "PATH": f"{own}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_consumer_gets_routes_from_it(project: Path, tmp_path: Path) -> None:
    beside = vendored(tmp_path, "--data", "json")
    assert {file.name for file in beside.glob("ampmap_types*")} == {
        "ampmap_types.py",
        "ampmap_types.json",
        "ampmap_types_timelines.json",
    }
    inside, outside = (run(folder, "-W", "error", "consumer.py") for folder in (project, beside))

    assert inside.stderr == outside.stderr == ""
    assert outside.stdout == inside.stdout
    assert inside.stdout.split() == [
        "https://proxy.example.com/api/provider/openai/v1/responses",
        "/api/provider/groq",
        "claude-sonnet-4-5-20250929",
        *("amp-0.0.1760587291", "https://openrouter.ai/api/v1/chat/completions"),
        *("amp-0.0.1767830505", "https://proxy.example.com/api/provider/groq/chat/completions"),
        *("amp-0.0.1770734955", "https://proxy.example.com/api/provider/kimi/chat/completions"),
        *("amp-0.0.1784106548", "False"),
    ]


def test_it_passes_the_usual_rules_of_ruff_and_has_no_long_line(project: Path) -> None:
    checked = run(project, "-m", "ruff", "check", "--isolated", "ampmap_types.py")
    formatted = run(project, "-m", "ruff", "format", "--isolated", "--check", "ampmap_types.py")

    assert (checked.returncode, formatted.returncode) == (0, 0), checked.stdout + formatted.stdout
    assert max(map(len, (project / "ampmap_types.py").read_text(encoding="utf-8").split("\n"))) <= 120


def test_it_imports_pydantic_and_the_standard_library_only(project: Path) -> None:
    code = "import sys, ampmap_types; print(*{name.partition('.')[0] for name in sys.modules})"
    modules = set(run(project, "-c", code).stdout.split())

    ours = {name for name in modules if name.startswith(("ampmap", "yaml", "jinja2", "click"))}
    assert ours == {"ampmap_types"}


@pytest.mark.long
@pytest.mark.parametrize("checker", [("mypy", "--strict"), ("pyright",)], ids=["mypy", "pyright"])
def test_strict_type_checkers_accept_the_consumer_and_see_the_mistake(project: Path, checker: tuple[str, ...]) -> None:
    clean = run(project, "-m", *checker, "ampmap_types.py", "consumer.py")
    wrong = run(project, "-m", *checker, "mistake.py")

    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert wrong.returncode != 0
    assert "grok" in wrong.stdout


def test_its_data_is_the_reference_without_the_rules(project: Path, reference: Reference) -> None:
    code = (
        "from ampmap_types import DIGEST, digest_of, reference; data = reference().model_dump_json(exclude_unset=True);"
        "import json; assert digest_of(json.loads(data)) == DIGEST == reference().digest; print(data)"
    )
    result = run(project, "-X", "utf8", "-c", code)

    expected = {key: value for key, value in plain(reference).items() if key not in (*KIT_ALONE, "digest")}
    assert result.stderr == ""
    assert {key: value for key, value in json.loads(result.stdout).items() if key != "digest"} == expected


@pytest.mark.cost
def test_importing_it_costs_little_more_than_any_pydantic_model(project: Path) -> None:
    (project / "smallest.py").write_text(
        "from pydantic import BaseModel\n\n\nclass Smallest(BaseModel):\n    field: str\n", encoding="utf-8"
    )
    run(project, "-c", "import smallest, ampmap_types")  # compiles both once

    def seconds(module: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run(project, "-c", f"import {module}").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Processor time, and the best of interleaved tries: other load on the machine only ever adds to it.
    pairs = [(seconds("smallest"), seconds("ampmap_types")) for _ in range(8)]
    smallest, ours = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= 1.3 * smallest


def test_check_tells_whether_the_vendored_file_is_current(project: Path) -> None:
    copy = project / "ampmap_types.py"
    arguments = ["types", "--out", str(copy), "--check"]
    assert CliRunner().invoke(main, arguments).exit_code == 0

    copy.write_bytes(copy.read_bytes() + b"\n")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "modified" in result.output
