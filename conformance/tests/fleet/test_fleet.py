"""The command `fleet`: many targets at a time, of which some are wrong, invalid, unreachable or lost."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from unittest.mock import patch

import jsonschema
import pytest
from ampmap_conformance import fleet as fleet_package
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.fleet.model import Overview
from ampmap_conformance.fleet.processes import startable
from ampmap_conformance.fleet.targets import read_targets
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy.embedded import embedded
from ampmap_conformance.report.write import read_report
from ampmap_conformance.verdicts import ExitCode

from ..support import MAIN, Done, Process, start_python, wait_for_end

KEYS = {"FLEET_KEY": "canary-fleet-1-canary", "FLEET_KEY_2": "canary-fleet-2-canary"}
CLIENTS = (KEYS["FLEET_KEY"], KEYS["FLEET_KEY_2"])
CREDENTIALS = "credentials: {client: {env: FLEET_KEY}, second_client: {env: FLEET_KEY_2}}"
RULE = "auth.missing-credential-rejected"


def write_target(folder: Path, name: str, url: str, more: str = CREDENTIALS) -> str:
    (folder / f"{name}.yaml").write_text(f"name: {name}\nbase_url: {url}\n{more}\n", encoding="utf-8")
    return f"{name}.yaml"


@dataclass(frozen=True)
class Ran:
    """A fleet that was run: three proxies, the first of them open to all, a file with a mistake, and no server."""

    done: Done
    folder: Path

    @property
    def overview(self) -> Overview:
        return Overview.model_validate_json((self.folder / "ampmap-fleet/fleet.json").read_bytes())


@pytest.fixture(scope="module")
def ran(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("fleet")
    old = folder / "ampmap-fleet/targets/invalid/report.json"
    old.parent.mkdir(parents=True)
    old.write_text("of an earlier run", encoding="utf-8")
    with ExitStack() as stack:
        files = []
        for name, defects in (("asia", ("no-authentication",)), ("eu", ()), ("us", ())):
            started = stack.enter_context(embedded(reference, defects, clients=CLIENTS))
            files.append(write_target(folder, name, started.target.file.base_url))
        files.append(write_target(folder, "invalid", "http://127.0.0.1:9", "clames: []"))
        nowhere = stack.enter_context(socket.socket())
        nowhere.bind(("127.0.0.1", 0))
        files.append(write_target(folder, "gone", f"http://127.0.0.1:{nowhere.getsockname()[1]}"))
        words = ("fleet", *files, "--select", RULE, "--depth", "quick", "--jobs", "3", "--json")
        return Ran(wait_for_end(start_python(folder, *MAIN, *words, env=KEYS)), folder)


def test_each_target_has_its_end_and_the_gravest_decides(ran: Ran) -> None:
    ends = {each.name: each.exit_code for each in ran.overview.targets}

    assert ends == {"asia": 1, "eu": 0, "us": 0, "invalid": 4, "gone": 6}
    assert ran.done.returncode == ran.overview.exit_code == ExitCode.USAGE
    assert json.loads(ran.done.stdout) == ran.overview.model_dump(mode="json")
    assert "invalid.yaml:3:1: unknown key `clames`; did you mean `claims`?" in ran.done.stderr
    assert "asia: the rule is broken, in 1 of 1 case" in ran.done.stderr


def test_the_open_proxy_is_the_one_that_differs(ran: Ran) -> None:
    (rule,) = ran.overview.differences

    assert (rule.requirement, rule.usual_in) == (RULE, ("eu", "us"))
    assert [one.target for one in rule.deviations] == ["asia"]


def test_each_tested_target_has_a_report_to_which_the_page_leads(ran: Ran) -> None:
    folder = ran.folder / "ampmap-fleet"
    page = (folder / "fleet.html").read_text(encoding="utf-8")

    for name, code in (("asia", 1), ("eu", 0), ("us", 0), ("gone", 6)):
        assert read_report(folder / f"targets/{name}/report.json").summary.exit_code == code
        assert f'href="targets/{name}/report.html"' in page
    assert 'href="targets/asia/report.html#cause-' in page
    assert not list((folder / "targets/invalid").glob("*"))


def test_no_key_is_in_anything_that_is_written(ran: Ran) -> None:
    files = [file for file in (ran.folder / "ampmap-fleet").rglob("*") if file.is_file()]
    texts = [*(file.read_text(encoding="utf-8") for file in files), ran.done.stdout, ran.done.stderr]

    assert len(files) > 20
    assert not [key for key in KEYS.values() for text in texts if key in text]


def test_the_shipped_schema_is_the_models(ran: Ran, pytestconfig: pytest.Config) -> None:
    """After a change that is meant: `pytest conformance/tests/fleet/test_fleet.py --update-goldens`."""
    shipped = Path(str(resources.files(fleet_package) / "fleet.schema.json"))
    made = {
        "$schema": jsonschema.Draft202012Validator.META_SCHEMA["$id"],
        **Overview.model_json_schema(mode="serialization"),
    }
    if pytestconfig.getoption("--update-goldens"):
        shipped.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    schema = json.loads(shipped.read_text(encoding="utf-8"))
    assert schema == made
    jsonschema.validate(json.loads(ran.done.stdout), schema)


def children(process: Process) -> list[int]:
    """The processes of targets that a fleet has started."""
    every = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8").split()
    return [int(one) for one in every if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_a_lost_process_is_one_targets_own_and_an_interrupt_ends_the_others(
    begin: Callable[..., Process], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        urls = [f"http://127.0.0.1:{server.getsockname()[1]}" for server in servers]
        files = [write_target(tmp_path, name, url, "") for name, url in zip("abcd", urls, strict=True)]
        fleet = begin("fleet", *files, "--jobs", "2")
        for server in servers[:3]:
            server.settimeout(120)
            stack.enter_context(server.accept()[0])
            if server is servers[1]:  # two runs are made, and wait for an answer
                os.kill(children(fleet)[0], signal.SIGKILL)
        fleet.send_signal(signal.SIGINT)
        done = wait_for_end(fleet)
    overview = Overview.model_validate_json((tmp_path / "ampmap-fleet/fleet.json").read_bytes())
    ends = sorted((each.exit_code, each.folder is not None) for each in overview.targets)

    assert done.returncode == overview.exit_code == ExitCode.INTERRUPTED
    assert ends == [(2, False), (2, True), (2, True), (3, False)]
    assert "ended by signal 9 before its report was written" in done.stdout
    assert "d  interrupted: the run was interrupted before this target was tested" in done.stdout


def test_what_two_targets_cannot_share_is_used_by_one_at_a_time(tmp_path: Path) -> None:
    here, elsewhere = "observer: {advertise: 'http://h:91'}", "observer: {advertise: 'http://h:91', token: {env: T}}"
    rows = (("a", "http://x:1", ""), ("b", "http://x:1/b", ""), ("c", "http://x:2", here), ("d", "http://x:3", here),
            ("e", "http://x:4", elsewhere), ("f", "http://x:5", elsewhere))  # fmt: skip
    files = [tmp_path / write_target(tmp_path, *row) for row in rows]
    with patch.dict(os.environ, {"T": "token"}):
        targets = read_targets(files, RunOptions(), ())

    assert not [each.problem for each in targets if each.problem]
    assert [each.name for each in startable(targets, (), 9)] == ["a", "c", "e", "f"]
    assert [each.name for each in startable(targets[1:], targets[:1], 3)] == ["c", "e"]


def test_two_targets_of_one_name_are_refused(command: Callable[..., Done], tmp_path: Path) -> None:
    first = write_target(tmp_path, "EU", "http://x:1", "")
    second = write_target(tmp_path, "eu", "http://x:2", "")
    done = command("fleet", first, second)

    assert done.returncode == ExitCode.USAGE
    assert "EU.yaml and eu.yaml would both use eu/" in done.stderr
    assert not (tmp_path / "ampmap-fleet").exists()


def test_a_folder_of_baselines_has_those_of_single_targets(tmp_path: Path) -> None:
    files = [tmp_path / write_target(tmp_path, name, f"http://{name}", "") for name in ("a", "b")]
    known = tmp_path / "known"
    known.mkdir()
    (known / "b.yaml").write_text("- {pattern: 'auth.*', reason: r}\n", encoding="utf-8")

    assert [each.baseline for each in read_targets(files, RunOptions(baseline=known), ())] == [None, known / "b.yaml"]
    assert {each.baseline for each in read_targets(files, RunOptions(baseline=known / "b.yaml"), ())} == {
        known / "b.yaml"
    }
