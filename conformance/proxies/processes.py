"""Other people's programs: installed below a folder, started on a port that the system chose, ended by their ids."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from recipes import Install, Process, Recipe, filled

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
PAUSE = 0.1
ENDING = 20
DEBIAN = {
    "caddy": "caddy",
    "go": "golang-go",
    "haproxy": "haproxy",
    "nginx": "nginx-light",
    "node": "nodejs",
    "npm": "npm",
}
"""Program to Debian's package that brings it."""


class NotThereError(Exception):
    """A proxy cannot be installed or started; the message says why."""


class MissingError(NotThereError):
    """A program that a recipe needs is not installed; the message names what brings it."""


def check_needs(recipe: Recipe) -> None:
    """Raises MissingError when a program is not installed."""
    missing = [name for name in recipe.programs if find(name) is None]
    if missing:
        named = [f"{name} (Debian: {DEBIAN[name]})" if name in DEBIAN else f"{name} on the PATH" for name in missing]
        raise MissingError(f"{recipe.title} needs {', '.join(named)}")


def find(program: str) -> str | None:
    """The path of a program; None when it is not installed."""
    return shutil.which(program, path=PATH)


def installed(install: Install, folder: Path) -> Path:
    """The folder with the packages in it, installed unless they are there. Raises NotThereError when that fails."""
    mark, wanted = folder / ".installed", "\n".join((install.package, *install.beside))
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    commands = {
        "npm": [["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]],
        "pypi": [
            [sys.executable, "-m", "venv", str(folder / "venv")],
            [str(folder / "venv/bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"],
        ],
    }[install.registry]
    commands[-1] += [install.package, *install.beside]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotThereError(f"{install.package} cannot be installed:\n{done.stdout}{done.stderr}")
    mark.write_text(wanted, encoding="utf-8")
    return folder


def built(recipe: Recipe, values: Mapping[str, object], cache: Path) -> None:
    """Compiles a proxy, where its recipe says how; `cache` is kept. Raises NotThereError when that fails."""
    if not recipe.build:
        return
    environment = {**os.environ, "PATH": PATH, "XDG_CACHE_HOME": str(cache)}
    command = [filled(word, values) for word in recipe.build]
    folder = str(values["folder"])
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotThereError(f"{recipe.title} cannot be built:\n{done.stdout}{done.stderr}")


@contextmanager
def running(
    process: Process, listening: socket.socket, values: Mapping[str, object], environment: Mapping[str, str], log: Path
) -> Iterator[None]:
    """Runs a process on the port of a socket that listens, which it is given or which is closed for it.

    Raises NotThereError when it is not ready in time.
    """
    more = {name: filled(value, values) for name, value in process.environment.items()}
    if not process.inherits:
        listening.close()
    with log.open("wb") as output:
        started = subprocess.Popen(
            [filled(word, values) for word in process.command],
            env={**environment, "PORT": str(values["port"]), **more},
            pass_fds=(listening.fileno(),) if process.inherits else (),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=str(values["folder"]),
        )
        try:
            _wait(process, started, int(str(values["port"])), log)
            yield
        finally:
            started.terminate()
            try:
                started.wait(ENDING)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def _wait(process: Process, started: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """An inherited socket takes connections from the beginning; all others are asked until they answer."""
    end = time.monotonic() + process.seconds
    while not _is_ready(process, port):
        if started.poll() is not None or time.monotonic() > end:
            what = "ended" if started.poll() is not None else f"was not ready after {process.seconds:.0f} s"
            raise NotThereError(f"{process.command[0]} {what}:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(PAUSE)
    if process.wakes is not None:
        _wake(process.wakes, process.seconds, port)


def _wake(path: str, seconds: float, port: int) -> None:
    """Waits for the answer of a first call, which need not be a success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("POST", path, b"{}", {"Content-Type": "application/json"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        raise NotThereError(f"{path} of port {port} did not answer: {error}") from error
    finally:
        connection.close()


def _is_ready(process: Process, port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.connect()
        if process.ready is not None:
            connection.request("GET", process.ready)
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()
