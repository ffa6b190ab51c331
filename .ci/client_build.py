"""Reads and runs a build of the Amp client that npm installed, and writes what the spec does not say.

`python .ci/client_build.py FOLDER OUT VERSION`: FOLDER has `node_modules`. OUT gets `inspect.json`, `recorded.json`,
`report.md`, a layer in `draft`, and where something differs, which ends the script with 1, the build's id in `differs`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

BUILDS = ("@sourcegraph/amp/dist/main.js", "@ampcode/cli-*/amp", "@ampcode/cli-*/amp.exe")
"""Where a bundle or an executable lies in `node_modules`."""


def main(folder: Path, out: Path, version: str) -> str:
    """Why the script fails; empty where nothing differs. Raises CalledProcessError where a program cannot go on."""
    modules = folder / "node_modules"
    built = [file for pattern in BUILDS for file in sorted(modules.glob(pattern))]
    if not built:
        return f"npm installed no bundle and no executable for this system below {modules}"
    build, told = str(built[0]), folder / "recorded"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    found = json.loads(said("ampmap", "inspect", build, "--json"))
    program = ["node", build] if built[0].suffix == ".js" else [build]
    record = ("ampmap-conformance", "record", "--edition", found["against"]["edition"], "--out", str(told), "--")
    sent = said(*record, *program, "-x", "Say hello")
    (out / "inspect.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    recorded = shutil.copyfile(told / "recorded.json", out / "recorded.json")
    read = said("ampmap", "inspect", build, "--draft", str(out / "draft"), "--recorded", str(recorded))
    report = f"## What stands in it\n\n```text\n{read}```\n\n## What it sent\n\n```text\n{sent}```\n"
    (out / "report.md").write_text(report, encoding="utf-8")
    sys.stdout.write(f"{read}\n{sent}")
    if not (found["differences"] or json.loads(recorded.read_text(encoding="utf-8"))["differences"]):
        return ""
    (out / "differs").write_text(found["build"] or version, encoding="utf-8")
    return f"the build differs from {found['against']['edition']}: see {out / 'report.md'}"


def said(*command: str) -> str:
    """What a program printed. One that found differences ends with 1."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        done.check_returncode()
    return done.stdout


if __name__ == "__main__":
    _, installed, output, wanted = sys.argv
    sys.exit(main(Path(installed), Path(output), wanted) or 0)
