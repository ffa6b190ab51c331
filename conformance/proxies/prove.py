"""Tests real proxies with the kit: each installed, configured by `ampmap export-config`, started, probed and ended.

python conformance/proxies/prove.py nginx litellm

What it takes to start one is its `recipe.yaml`, what it promises its `target.yaml`, and what is known to fail its
`baseline.yaml`. Reports go to `build/proxies/NAME`; the evidence of a run of the whole suite to
`conformance/evidence/NAME.json`. Ends with 1 when a proxy does not come to what is known of it.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from processes import PATH, NotThereError, check_needs, installed, running
from recipes import HERE, Recipe, filled, names, read

ROOT = HERE.parents[1]
KIT = (sys.executable, "-c", "from ampmap_conformance.cli.main import main; main()")
GENERATOR = (sys.executable, "-m", "ampmap_generator")
AS_KNOWN = (0, 5)
"""Exit codes of a run in which nothing is new. Where a known failure blocks a whole requirement, it is 5."""
TOKEN = "OBSERVER_TOKEN"  # noqa: S105 - a variable's name


@dataclass(frozen=True)
class Options:
    """What a run was asked for."""

    build: Path
    evidence: Path | None
    """Where evidence goes; None for a run that leaves none."""
    kit: tuple[str, ...]
    """Further options of `ampmap-conformance run`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all by default")
    parser.add_argument("--profile", action="append", default=[], help="only this profile; leaves no evidence")
    parser.add_argument("--select", action="append", default=[], help="only these cases; leaves no evidence")
    parser.add_argument("--no-baseline", action="store_true", help="without what is known to fail; leaves no evidence")
    parser.add_argument("--evidence", type=Path, default=ROOT / "conformance/evidence", help="where evidence goes")
    parser.add_argument("--build", type=Path, default=ROOT / "build/proxies", help="where packages and reports go")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(names()):
        parser.error(f"there is no recipe for {', '.join(sorted(unknown))}")
    part = [word for name in asked.profile for word in ("--profile", name)]
    part += [word for pattern in asked.select for word in ("--select", pattern)]
    whole = not part and not asked.no_baseline
    options = Options(asked.build.resolve(), asked.evidence.resolve() if whole else None, tuple(part))
    failed = []
    for name in asked.names or names():
        try:
            code = prove(name, options, baseline=not asked.no_baseline)
        except NotThereError as error:
            print(error, file=sys.stderr)
            code = 1
        if code not in AS_KNOWN:
            failed.append(f"{name} ({code})")
    if failed:
        print(f"not as known: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def prove(name: str, options: Options, *, baseline: bool = True) -> int:
    """Tests one proxy; the kit's exit code. Raises NotThereError when it cannot be had."""
    recipe = read(name)
    check_needs(recipe)
    report = options.build / name
    report.mkdir(parents=True, exist_ok=True)
    keys = {variable: f"sk-{secrets.token_hex(16)}" for variable in (*recipe.client_keys, TOKEN)}
    environment = {**os.environ, "PATH": PATH, **keys}
    known = HERE / name / "baseline.yaml"
    more = ["--workers", str(recipe.workers)]
    more += ["--baseline", str(known)] if baseline and known.is_file() else []
    with ExitStack() as stack:
        if recipe.proxy is not None:
            target = stack.enter_context(started(name, recipe, options, environment))
            more += ["--target", str(target)]
        run = [*KIT, "run", "--report-dir", str(report), "--annotations", "none", *more, *options.kit]
        code = subprocess.run(run, env=environment, cwd=ROOT, check=False).returncode
    if code in (*AS_KNOWN, 1, 7) and options.evidence is not None:
        about = ["--url", recipe.url] if recipe.url else []
        out = options.evidence / f"{name}.json"
        command = [*KIT, "evidence", str(report / "report.json"), "--out", str(out), "--title", recipe.title, *about]
        subprocess.run(command, env=environment, cwd=ROOT, check=True)
    return code


@contextmanager
def started(name: str, recipe: Recipe, options: Options, environment: Mapping[str, str]) -> Iterator[Path]:
    """A proxy that runs with an observer behind it; the target file with their addresses."""
    assert recipe.proxy is not None
    tools = options.build / "packages" / name
    if recipe.install is not None:
        installed(recipe.install, tools)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        observer = stack.enter_context(observing(environment))
        servers = {part: stack.enter_context(listening()) for part in ("proxy", "gateway")}
        addresses = {part: "{}:{}".format(*server.getsockname()) for part, server in servers.items()}
        upstream_keys = configure(HERE / name, folder, observer, addresses, environment)
        values: dict[str, object] = {
            "folder": folder,
            "tools": tools,
            "python": tools / "venv/bin/python",
            "gateway_port": servers["gateway"].getsockname()[1],
        }
        client_keys = {name: environment[name] for name in recipe.client_keys}
        own = {"PATH": PATH, "HOME": str(folder), "LANG": "C.UTF-8", **client_keys, **upstream_keys}
        for part, process in (("gateway", recipe.gateway), ("proxy", recipe.proxy)):
            if process is not None:
                here = {"port": servers[part].getsockname()[1], "socket": servers[part].fileno()}
                log = options.build / name / f"{part}.log"
                stack.enter_context(running(process, servers[part], {**values, **here}, own, log))
        target = folder / "target.yaml"
        target.write_text(target_file(name, recipe, addresses["proxy"], observer, tools), encoding="utf-8")
        yield target


@contextmanager
def observing(environment: Mapping[str, str]) -> Iterator[str]:
    """An observer in a process of its own; its URL."""
    command = [*KIT, "observe", "--listen", "127.0.0.1:0", "--token-env", TOKEN]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as observer:
        assert observer.stdout is not None
        try:
            yield observer.stdout.readline().strip()
        finally:
            observer.terminate()


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that listens on a port that the system chose."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        server.setblocking(False)
        yield server


def configure(
    recipe_folder: Path, folder: Path, observer: str, addresses: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Writes the exported configuration and what belongs to it; the keys of upstreams, by their variables."""
    recipe = read(recipe_folder.name)
    command = [*GENERATOR, "export-config", recipe.export, "--observer", observer, "--listen", addresses["proxy"]]
    command += ["--gateway", addresses["gateway"]] if recipe.gateway else []
    command += [word for variable in recipe.client_keys for word in ("--client-key-env", variable)]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    named = sorted(set(re.findall(r"[A-Z][A-Z0-9_]*_API_KEY", text)))
    keys = {variable: f"sk-upstream-{secrets.token_hex(16)}" for variable in named}
    if recipe.fills_in_keys:
        for variable, key in {**{name: environment[name] for name in recipe.client_keys}, **keys}.items():
            text = text.replace(f"${{{variable}}}", key)
    (folder / recipe.configuration).write_text(text, encoding="utf-8")
    for file in recipe.files:
        source = recipe_folder / file
        (folder / source.name).write_bytes(source.read_bytes())
    return keys


def target_file(name: str, recipe: Recipe, proxy: str, observer: str, tools: Path) -> str:
    """The committed target file with this run's addresses, and the version that runs."""
    said: dict[str, Any] = yaml.safe_load((HERE / name / "target.yaml").read_text(encoding="utf-8"))
    said |= {"base_url": f"http://{proxy}", "version": version_of(recipe, tools)}
    said["observer"]["advertise"] = observer
    return yaml.safe_dump(said, sort_keys=False)


def version_of(recipe: Recipe, tools: Path) -> str:
    """The version that a proxy tells; of an installed package the one that was asked for."""
    if recipe.version is None:
        assert recipe.install is not None
        return re.split("==|@", recipe.install.package)[-1]
    command = [filled(word, {"tools": tools}) for word in recipe.version.command]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PATH": PATH})
    found = re.search(recipe.version.pattern, done.stdout + done.stderr)
    if found is None:
        raise NotThereError(f"{recipe.title} does not tell its version")
    return found[1]


if __name__ == "__main__":
    sys.exit(main())
