"""Changes the target's configuration while it runs, and puts it back."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ReloadFailedError, ReloadLostError, UnreachableError
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
        """The ways in which it can be written."""
        ...

    @property
    def usual(self) -> str:
        """The way in which it is written where the way does not matter."""
        ...

    def put(self, text: str, way: str) -> None:
        """Put `text` in place. Raises ReloadFailedError."""

    def restore(self) -> None:
        """Leave the target as it was found."""


@dataclass(frozen=True)
class FileHook:
    """Writes the file that the proxy reads."""

    file: Path
    usual: str = RENAME

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

    @property
    def usual(self) -> str:
        """In place, where the command asks: a watch that follows a file, and not its folder, outlives that alone."""
        return IN_PLACE if IN_PLACE in self.ways else RENAME

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


class Watching(Protocol):
    """Sees by calls what configuration the target goes by."""

    def begin(self) -> None:
        """Remember what the calls come to before a change."""

    def shows(self) -> bool:
        """Whether a call shows the change."""
        ...

    def is_restored(self) -> bool:
        """Whether a call comes to what it came to before the change."""
        ...


@dataclass
class _Memory:
    """What is known of how the target follows its configuration."""

    proof: tuple[Watching, Mapping[str, Any]] | None = None
    """The latest change that was seen to take effect."""
    lost: str = ""
    """Why no change can be looked for any more; empty while the target follows."""
    put_back: bool = False
    """Whether the target's own configuration was to be put back already."""


@dataclass(frozen=True)
class Reloading:
    """The target's configuration as the kit sets it. Not for use by several checks at once.

    Where a change is not noticed, one that was noticed before is made again. If that is not noticed either, the target
    has stopped to follow its configuration, and every later change raises ReloadLostError.
    """

    hook: Hook
    block: AmpBlock
    """What holds when nothing is changed."""
    seconds: float
    """How long the target may take to go by a change."""
    settled: float | None = None
    """Seconds after which it has surely seen one; by default the same."""
    _memory: _Memory = field(default_factory=_Memory, repr=False)

    @property
    def lost(self) -> str:
        """Why no change can be looked for any more; empty while the target follows its configuration."""
        return self._memory.lost

    @contextmanager
    def changed(self, watch: Watching, *, way: str | None = None, **options: Any) -> Iterator[bool]:
        """The target with other options (of `AmpBlock`) until the context is left, and again as it was.

        Gives whether `watch` showed them in time. Raises ReloadLostError.
        """
        self._begin(watch)
        noticed = False
        try:
            self.hook.put(self.block.model_copy(update=options).text(), way or self.hook.usual)
            noticed = self.eventually(watch.shows)
            yield noticed
        finally:
            self._restore(watch)
            if noticed:
                self._memory.proof = (watch, options)
            else:
                self._look_for_life(way or self.hook.usual)

    @contextmanager
    def broken(self, text: str, watch: Watching) -> Iterator[None]:
        """The target with an invalid configuration, once it must have read it, and again as it was.

        Raises ReloadLostError.
        """
        self._begin(watch)
        try:
            with contextlib.suppress(ReloadFailedError):  # a command that notices is right
                self.hook.put(text, self.hook.usual)
            time.sleep(self.seconds if self.settled is None else self.settled)
            yield
        finally:
            self._restore(watch)

    def put_back(self) -> str:
        """Puts the target's own configuration back, once; why that failed, in a sentence, empty where it did not."""
        if self._memory.put_back:
            return ""
        self._memory.put_back = True
        try:
            self.hook.restore()
        except ReloadFailedError as error:
            return f"the target may still have the kit's configuration, since `reload.restore` failed: {error}"
        return ""

    def _begin(self, watch: Watching) -> None:
        if self._memory.lost:
            raise ReloadLostError(self._memory.lost)
        watch.begin()

    def _restore(self, watch: Watching) -> None:
        self.hook.put(self.block.text(), self.hook.usual)
        self.eventually(watch.is_restored)

    def _look_for_life(self, way: str) -> None:
        """Makes a change again that took effect before, after one that did not."""
        if self._memory.proof is None:
            return
        watch, options = self._memory.proof
        self.hook.put(self.block.model_copy(update=options).text(), self.hook.usual)
        if not self.eventually(watch.shows):
            self._memory.lost = f"since its file was written by way of `{way}` the target notices no change of it"
        self._restore(watch)

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
    reloading = Reloading(CommandHook(target.file.reload, folder), block, target.file.reload.seconds)
    try:
        yield reloading
    except BaseException as error:
        if why := reloading.put_back():
            error.add_note(why)
        raise
    if why := reloading.put_back():
        raise UnreachableError(why)


def _key() -> str:
    return f"canary-{secrets.token_hex(12)}-amp"


def _secret_file(folder: Path, text: str) -> Path:
    """A new file that only its owner can read."""
    handle, name = tempfile.mkstemp(dir=folder, prefix="ampmap-", suffix=".yaml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)
