"""Runs a client in a throw-away home, with a made-up key, and where the system allows it without a network."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ..errors import UsageError
from .launch import READY, URL_VARIABLE

KEY_VARIABLE: Final = "AMP_API_KEY"
KEPT: Final = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "SYSTEMROOT", "NODE_EXTRA_CA_CERTS")
"""Variables that the client gets of the kit's environment; a secret may be in any other one."""
GRACE: Final = 3.0
"""Seconds between the request to end and the end."""
MOST_SAID: Final = 256 << 10
"""Bytes of the client's output that are kept."""
LAUNCH_SECONDS: Final = 30.0


@unique
class Ended(StrEnum):
    """How the run of the client ended."""

    EXITED = "exited"
    TIME_LIMIT = "time limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the client."""

    ended: Ended
    code: int | None
    """Its exit code, or the negative number of the signal that ended it."""
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a client is run."""

    home: Path
    work: Path
    key: str

    def environment(self, url: str | None, more: Mapping[str, str]) -> dict[str, str]:
        """The variables of the client."""
        kept = {name: value for name in KEPT if (value := os.environ.get(name)) is not None}
        home = str(self.home)
        own = {
            "HOME": home,
            "USERPROFILE": home,
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_DATA_HOME": f"{home}/.local/share",
            "XDG_STATE_HOME": f"{home}/.local/state",
            "XDG_CACHE_HOME": f"{home}/.cache",
            "TMPDIR": str(self.home / "tmp"),
            KEY_VARIABLE: self.key,
        }
        return {**kept, **own, **({URL_VARIABLE: url} if url else {}), **more}


@contextmanager
def stage(settings: str | None = None) -> Iterator[Stage]:
    """A home that goes when the context ends. `settings` is the text of the client's settings file."""
    with TemporaryDirectory(prefix="ampmap-client-", ignore_cleanup_errors=True) as folder:
        home, work = Path(folder, "home"), Path(folder, "work")
        for each in (work, home / "tmp", home / ".config" / "amp"):
            each.mkdir(parents=True)
        if settings is not None:
            (home / ".config" / "amp" / "settings.json").write_text(settings, encoding="utf-8")
        yield Stage(home, work, f"sgamp_user_{secrets.token_hex(16)}")


def absolute(command: Sequence[str]) -> tuple[str, ...]:
    """The command as it means the same in another folder. Raises UsageError where there is no such program."""
    program = shutil.which(command[0])
    if program is None:
        raise UsageError(f"COMMAND: `{command[0]}` is not a program that can be executed")
    # `Path.exists` raises for a word that is too long for a name; a prompt is one
    rest = (os.path.realpath(word) if "/" in word and os.path.exists(word) else word for word in command[1:])  # noqa: PTH110
    return (str(Path(program).absolute()), *rest)


class Client:
    """A client that is started, and does nothing before `begin`."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path, kit: socket.socket | None) -> None:
        self._process = process
        self._said = said
        self._kit = kit
        self.isolated = kit is not None
        """Whether it has no network but loopback."""

    def begin(self) -> None:
        """Let it run: the proxy serves."""
        if self._kit is not None:
            with self._kit, contextlib.suppress(OSError):
                self._kit.sendall(b"1")

    def wait(self, seconds: float) -> Outcome:
        """Wait until it ends; end it after so many seconds, or when the kit is interrupted."""
        ended = Ended.EXITED
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = Ended.TIME_LIMIT
        except KeyboardInterrupt:
            ended = Ended.INTERRUPTED
        self.end()
        return Outcome(ended, self._process.returncode, self._text("output"), self._text("errors"))

    def end(self) -> None:
        """End it, with all that it started."""
        if self._kit is not None:
            self._kit.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)

    def _text(self, name: str) -> str:
        with (self._said / name).open("rb") as file:
            return file.read(MOST_SAID).decode("utf-8", errors="replace")


def start_isolated(command: Sequence[str], at: Stage, more: Mapping[str, str]) -> tuple[Client, socket.socket]:
    """A client in a namespace with loopback alone, and the socket on which it will look for the proxy.

    Raises OSError where the system does not allow it.
    """
    kit, inside = socket.socketpair()
    # By its file, and isolated: the client's environment does not lead to the kit's packages, which it does not need.
    launch = Path(__file__).with_name("launch.py")
    launcher = (sys.executable, "-I", str(launch), str(inside.fileno()), *command)
    with inside:
        process = _started(launcher, at, at.environment(None, more), inside.fileno())
    client = Client(process, at.home.parent, kit)
    try:
        kit.settimeout(LAUNCH_SECONDS)
        told, received, _, _ = socket.recv_fds(kit, 1024, 1)
        if told != READY or not received:
            raise OSError(told.decode(errors="replace") or "the launcher ended")
    except BaseException:
        client.end()
        raise
    return client, socket.socket(fileno=received[0])


def start(command: Sequence[str], at: Stage, url: str, more: Mapping[str, str]) -> Client:
    """A client with the network that there is. It runs at once."""
    return Client(_started(command, at, at.environment(url, more), None), at.home.parent, None)


def _started(
    command: Sequence[str], at: Stage, environment: Mapping[str, str], handed: int | None
) -> subprocess.Popen[bytes]:
    with (at.home.parent / "output").open("wb") as output, (at.home.parent / "errors").open("wb") as errors:
        return subprocess.Popen(  # noqa: S603 - the user's own command
            command,
            cwd=at.work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            pass_fds=() if handed is None else (handed,),
        )
