"""A proxy with an observer behind it, as its recipe says: configuration, keys, processes and target file."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml
from processes import PATH, NotThereError, built, find, installed, running
from recipes import HERE, Recipe, filled

ROOT = HERE.parents[1]
KIT = (sys.executable, "-c", "from ampmap_conformance.cli.main import main; main()")
GENERATOR = (sys.executable, "-m", "ampmap_generator")
TOKEN = "OBSERVER_TOKEN"  # noqa: S105 - a variable's name
_KEY = re.compile(r"[A-Z][A-Z0-9_]*_API_KEY")


@contextmanager
def started(home: Path, recipe: Recipe, build: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """A proxy that runs with an observer behind it; the target file with their addresses.

    `home` is the folder of the recipe, by whose name packages and logs lie below `build`.
    Raises NotThereError when it cannot be had.
    """
    assert recipe.proxy is not None
    name = home.name
    tools = build / "packages" / name
    if recipe.install is not None:
        installed(recipe.install, tools)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        observer = stack.enter_context(observing(environment))
        servers = {part: stack.enter_context(listening()) for part in ("proxy", "gateway")}
        addresses = {part: "{}:{}".format(*server.getsockname()) for part, server in servers.items()}
        values: dict[str, object] = {
            "folder": folder,
            "tools": tools,
            "python": tools / "venv/bin/python",
            "kit_python": sys.executable,
            "program": find(recipe.program) if recipe.program else "",
            "gateway_port": servers["gateway"].getsockname()[1],
        }
        variables = {
            **{name: environment[name] for name in recipe.client_keys},
            "HOME": str(folder),
            "OBSERVER": observer.removeprefix("http://"),
            "PORT": str(servers["proxy"].getsockname()[1]),
        }
        variables |= configure(home, recipe, folder, observer, addresses, variables)
        built(recipe, values, build / "packages" / "cache")
        own = {"PATH": PATH, "LANG": "C.UTF-8", **variables}
        for part, process in (("gateway", recipe.gateway), ("proxy", recipe.proxy)):
            if process is not None:
                here = {"port": servers[part].getsockname()[1], "socket": servers[part].fileno()}
                log = build / name / f"{part}.log"
                stack.enter_context(running(process, servers[part], {**values, **here}, own, log))
        target = folder / "target.yaml"
        target.write_text(target_file(home, recipe, addresses["proxy"], observer, values), encoding="utf-8")
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
    recipe_folder: Path,
    recipe: Recipe,
    folder: Path,
    observer: str,
    addresses: Mapping[str, str],
    variables: Mapping[str, str],
) -> dict[str, str]:
    """Writes the configuration and what belongs to it; the keys of upstreams, by their variables."""
    written = folder / recipe.configuration
    if recipe.export:
        text = _exported(recipe, observer, addresses)
    else:
        text = (recipe_folder / written.name).read_text(encoding="utf-8")
    keys = {variable: f"sk-upstream-{secrets.token_hex(16)}" for variable in sorted(set(_KEY.findall(text)))}
    if recipe.fills_in_keys:
        for variable, value in {**variables, **keys}.items():
            text = text.replace(f"${{{variable}}}", value)
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(text, encoding="utf-8")
    for file in recipe.files:
        source = recipe_folder / file
        (folder / source.name).write_bytes(source.read_bytes())
    return keys


def _exported(recipe: Recipe, observer: str, addresses: Mapping[str, str]) -> str:
    """What `ampmap export-config` prints."""
    command = [*GENERATOR, "export-config", recipe.export, "--observer", observer, "--listen", addresses["proxy"]]
    command += ["--gateway", addresses["gateway"]] if recipe.gateway else []
    command += [word for variable in recipe.client_keys for word in ("--client-key-env", variable)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def target_file(home: Path, recipe: Recipe, proxy: str, observer: str, values: Mapping[str, object]) -> str:
    """The committed target file with this run's addresses and paths, and the version that runs."""
    text = filled((home / "target.yaml").read_text(encoding="utf-8"), {"kit_python": values["kit_python"]})
    said: dict[str, Any] = yaml.safe_load(text)
    said |= {"base_url": f"http://{proxy}", "version": version_of(recipe, values)}
    said["observer"]["advertise"] = observer
    return yaml.safe_dump(said, sort_keys=False)


def version_of(recipe: Recipe, values: Mapping[str, object]) -> str:
    """The version that a proxy tells; of an installed package the one that was asked for."""
    if recipe.version is None:
        assert recipe.install is not None
        return re.split("==|@", recipe.install.package)[-1]
    command = [filled(word, values) for word in recipe.version.command]
    # Some print their version and end with an error, since they were given nothing to do.
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": PATH})
    found = re.search(recipe.version.pattern, done.stdout + done.stderr)
    if found is None:
        raise NotThereError(f"{recipe.title} does not tell its version")
    return found[1]
