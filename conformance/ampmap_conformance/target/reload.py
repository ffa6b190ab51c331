"""Changes the target's configuration while it runs, and puts it back."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ReloadFailedError
from ..wire.messages import AMP
from .amp_config import AmpBlock, BlockMapping, ClientKeys
from .file import ModelMapping, Reload
from .target import Target

if TYPE_CHECKING:
    from ..observer import Observing

PAUSE = 0.02
"""Seconds between two looks whether a change has taken effect; they grow."""
COMMAND_SECONDS = 60.0
RENAME, IN_PLACE, SYMLINK = "rename", "in-place", "symlink"


class Hook(Protocol):
    """How a configuration is put in place."""

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways in which it can be written, the usual one first."""
        ...

    def put(self, text: str, way: str) -> None:
        """Put `text` in place. Raises ReloadFailedError."""

    def restore(self) -> None:
        """Leave the target as it was found."""


@dataclass(frozen=True)
class FileHook:
    """Writes the file that the proxy reads."""

    file: Path

    @property
    def ways(self) -> tuple[str, ...]:
        """All of them."""
        return RENAME, IN_PLACE, SYMLINK

    def put(self, text: str, way: str) -> None:
        """Put `text` in place."""
        if way == IN_PLACE:
            self.file.write_text(text, encoding="utf-8")
            return
        beside = _secret_file(self.file.parent, text)
        if way == SYMLINK:
            link = self.file.with_name(f"{beside.name}.link")
            link.symlink_to(beside)
            beside = link
        beside.replace(self.file)

    def restore(self) -> None:
        """Nothing: the file goes with the proxy."""


@dataclass(frozen=True)
class CommandHook:
    """Runs the command of a target file, in the folder of that file."""

    reload: Reload
    folder: Path

    @property
    def ways(self) -> tuple[str, ...]:
        """All of them, where the command asks which."""
        asked = any("{way}" in word for word in self.reload.command)
        return (RENAME, IN_PLACE, SYMLINK) if asked else (RENAME,)

    def put(self, text: str, way: str) -> None:
        """Hand `text` to the command. Raises ReloadFailedError when it fails."""
        with tempfile.TemporaryDirectory(prefix="ampmap-") as folder:
            file = _secret_file(Path(folder), text)
            self._run(tuple(w.replace("{file}", str(file)).replace("{way}", way) for w in self.reload.command))

    def restore(self) -> None:
        """Run the target's own command for it, if it has one. Raises ReloadFailedError when it fails."""
        if self.reload.restore:
            self._run(self.reload.restore)

    def _run(self, command: tuple[str, ...]) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ReloadFailedError(f"the command `{command[0]}` could not be run") from error
        if done.returncode:
            raise ReloadFailedError(f"the command `{command[0]}` failed with exit code {done.returncode}")


@dataclass(frozen=True)
class Reloading:
    """The target's configuration as the kit sets it. Not for use by several checks at once."""

    hook: Hook
    block: AmpBlock
    """What holds when nothing is changed."""
    seconds: float
    """How long the target may take to go by a change."""
    settled: float | None = None
    """Seconds after which it has surely seen one; by default the same."""

    @contextmanager
    def changed(self, seen: Callable[[], bool], *, way: str = RENAME, **options: Any) -> Iterator[bool]:
        """The target with other options (of `AmpBlock`) until the context is left.

        Gives whether `seen` became true in time.
        """
        try:
            self.hook.put(self.block.model_copy(update=options).text(), way)
            yield self.eventually(seen)
        finally:
            self.hook.put(self.block.text(), RENAME)
            self.eventually(lambda: not seen())

    @contextmanager
    def broken(self, text: str) -> Iterator[None]:
        """The target with an invalid configuration, once it must have read it."""
        try:
            with contextlib.suppress(ReloadFailedError):  # a command that notices is right
                self.hook.put(text, RENAME)
            time.sleep(self.seconds if self.settled is None else self.settled)
            yield
        finally:
            self.hook.put(self.block.text(), RENAME)

    def eventually(self, seen: Callable[[], bool]) -> bool:
        """Whether `seen` becomes true in time; each look costs a request, so they grow rarer."""
        deadline, pause = time.monotonic() + self.seconds, PAUSE
        longest = max(0.5, self.seconds / 10)
        while not seen():
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, longest)
        return True


def block_of(
    amp_url: str, client_keys: Iterable[str], mappings: Iterable[ModelMapping], *, localhost_only: bool
) -> AmpBlock:
    """A configuration with Amp keys of the kit's own, one for each client key and one for other clients."""
    return AmpBlock(
        upstream_url=amp_url,
        upstream_api_key=_key(),
        upstream_api_keys=tuple(ClientKeys(upstream_api_key=_key(), api_keys=(key,)) for key in client_keys),
        restrict_management_to_localhost=localhost_only,
        model_mappings=tuple(BlockMapping(from_=m.from_, to=m.to, regex=m.regex) for m in mappings),
    )


@contextmanager
def reloading_of(target: Target, observer: Observing, folder: Path) -> Iterator[Reloading | None]:
    """What a target file says about reloading, put in order again at the end; None where it says nothing.

    `folder` is where the command runs.
    """
    if target.file.reload is None:
        yield None
        return
    keys = [secret.value for secret in (target.client, target.second_client) if secret is not None]
    block = block_of(
        observer.persona_url(AMP), keys, target.file.mappings, localhost_only=target.claims("localhost-only")
    )
    hook = CommandHook(target.file.reload, folder)
    try:
        yield Reloading(hook, block, target.file.reload.seconds)
    finally:
        with contextlib.suppress(ReloadFailedError):
            hook.restore()


def _key() -> str:
    return f"canary-{secrets.token_hex(12)}-amp"


def _secret_file(folder: Path, text: str) -> Path:
    """A new file that only its owner can read."""
    handle, name = tempfile.mkstemp(dir=folder, prefix="ampmap-", suffix=".yaml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)
