"""nginx with an exported configuration under the conformance kit's own suite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from ampmap_generator.export_config import export
from ampmap_generator.export_plan import make_plan
from ampmap_generator.vendored.reference import Reference

TARGET = """\
name: nginx
base_url: {proxy}
credentials:
  client: {{env: KEY_A}}
  second_client: {{env: KEY_B}}
claims: [management]  # no mapping and no fallback
policy: {{amp_headers: forwarded}}
observer: {{advertise: "{observer}", token: {{env: OBSERVER_TOKEN}}}}
"""
PROFILES = ("auth", "bodies", "headers", "management", "routing", "security", "streaming")


def test_the_kit_finds_nothing_else(reference: Reference, tmp_path: Path, nginx: ModuleType) -> None:
    """Its own suite, from outside: nginx, observer and run are three processes."""
    kit = [sys.executable, "-c", "from ampmap_conformance.cli import main; main()"]
    environment = {**os.environ, "OBSERVER_TOKEN": "token-of-the-observer"}
    observe = [*kit, "observe", "--listen", "127.0.0.1:0", "--token-env", "OBSERVER_TOKEN"]
    with (
        subprocess.Popen(observe, env=environment, stdout=subprocess.PIPE, text=True) as observer,
        nginx.listening() as server,
    ):
        assert observer.stdout is not None
        url = observer.stdout.readline().strip()
        listen = "{}:{}".format(*server.getsockname())
        plan = make_plan(reference, observer=url, listen=listen, client_keys=("KEY_A", "KEY_B"))
        target = tmp_path / "target.yaml"
        target.write_text(TARGET.format(proxy=f"http://{listen}", observer=url), encoding="utf-8")
        with nginx.running(tmp_path, nginx.with_keys(export("nginx", plan), nginx.keys(plan.variables)), server):
            profiles = [word for name in PROFILES for word in ("--profile", name)]
            run = subprocess.run(
                [*kit, "run", "--target", str(target), *profiles, "--report-dir", str(tmp_path)],
                env={**environment, **nginx.keys(plan.variables)},
                capture_output=True,
                text=True,
                check=False,
            )
        observer.terminate()

    assert run.returncode == 0, run.stdout + run.stderr
    summary = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["summary"]
    assert summary["verdict"] == "conformant"
    assert {name for name, counts in summary["by_profile"].items() if counts["pass"]} == set(PROFILES)
