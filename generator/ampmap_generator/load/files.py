"""Reads the files of a spec folder into located documents."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..outputs import NO_FACTS
from . import rules
from .code_frame import LINE_BREAK, printable
from .findings import Finding, Location, SpecRule
from .kinds import KINDS, PLATFORM_KINDS, ROOT_KINDS, Kind
from .yaml_nodes import Node, parse

MAX_FILE_SIZE: Final = 1024 * 1024
"""Bytes."""

_KIND_OF_FOLDER: Final = {kind.folder: kind for kind in KINDS}
_PLATFORMS: Final = "platforms"
_KIND_OF_PLATFORM_FILE: Final = {kind.folder.removeprefix(f"{_PLATFORMS}/*/"): kind for kind in PLATFORM_KINDS}
_KIND_OF_ROOT_FILE: Final = {kind.folder: kind for kind in ROOT_KINDS}
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
EDITIONS: Final = "editions"
"""The folder that has, beside the file of each edition, the folder of what differs in it."""


@dataclass(frozen=True)
class Document:
    """One YAML file that could be parsed. `stem` is its name without `.yaml`."""

    kind: Kind
    platform: str | None
    stem: str
    root: Node

    @property
    def scope(self) -> str:
        """Where its ids are unique."""
        return scope(self.kind, self.platform)


def scope(kind: Kind, platform: str | None) -> str:
    """Where ids of this kind are unique: `models`, or for facts of a platform `platforms/rensei/models`."""
    return f"{_PLATFORMS}/{platform}/{kind.name}" if platform else kind.name


class Reader:
    """Walks a spec folder, or with `is_layer` a sparse one, once, in sorted order, and keeps what it met.

    `texts` maps each spec file, as shown, to its text (empty where it could not be read); `unread`
    has the scopes of the files that could not be parsed; `trees` are the folders of editions, which
    are layers of their own. Files are shown below `shown_top`, by default the folder's name.
    """

    def __init__(self, spec_dir: Path, *, shown: str | None = None, is_layer: bool = False) -> None:
        self._top = spec_dir
        self._is_layer = is_layer
        self.shown_top = printable(spec_dir.resolve().name if shown is None else shown)
        self.trees: list[str] = []
        self.documents: list[Document] = []
        self.findings: list[Finding] = []
        self.texts: dict[str, str] = {}
        self.unread: set[str] = set()

    def read(self) -> None:
        """Fills the lists."""
        folders, files = self._list()
        for name in files:
            kind = _KIND_OF_ROOT_FILE.get(name)
            if kind is not None:
                self._read_file(kind, None, kind.name, name)
            else:
                self._report(
                    rules.UNKNOWN_FILE,
                    name,
                    "a file outside the folders of the spec",
                    f"folders: {', '.join(_KIND_OF_FOLDER)}",
                )
        for name in folders:
            if name == _PLATFORMS:
                self._read_platforms()
            elif name == EDITIONS and self._is_layer:
                self._report(
                    rules.UNKNOWN_FOLDER, name, "a layer must not have editions; it applies to all editions of the spec"
                )
            elif name in _KIND_OF_FOLDER:
                self._read_kind(_KIND_OF_FOLDER[name])
            elif name not in NO_FACTS:
                self._report(rules.UNKNOWN_FOLDER, name, "no kind of fact has this folder", _folders_hint())
        if not self.texts and not self.findings:
            message = f"no YAML file found in `{printable(str(self._top))}`"
            option = "--layer" if self._is_layer else "--spec"
            self.findings.append(rules.NO_SPEC.broken(None, message, f"set the folder with {option}"))

    def _read_kind(self, kind: Kind) -> None:
        folders, files = self._list(kind.folder)
        for name in folders:
            if kind.folder != EDITIONS:
                self._report(
                    rules.UNKNOWN_FOLDER, f"{kind.folder}/{name}", "a folder of facts must not have subfolders"
                )
            elif self._has_valid_name(f"{EDITIONS}/{name}", name):
                self.trees.append(name)
        for name in files:
            stem = self._stem(kind.folder, name)
            if stem is not None:
                self._read_file(kind, None, stem, f"{kind.folder}/{name}")

    def _read_platforms(self) -> None:
        platforms, files = self._list(_PLATFORMS)
        for name in files:
            self._report(
                rules.UNKNOWN_FILE, f"{_PLATFORMS}/{name}", "expected only folders here, one for each platform"
            )
        for platform in platforms:
            folder = f"{_PLATFORMS}/{platform}"
            if not self._has_valid_name(folder, platform):
                continue
            folders, files = self._list(folder)
            for name in folders:
                self._report(rules.UNKNOWN_FOLDER, f"{folder}/{name}", "a platform's folder must not have subfolders")
            for name in files:
                kind = _KIND_OF_PLATFORM_FILE.get(name)
                if kind is None:
                    hint = f"files: {', '.join(_KIND_OF_PLATFORM_FILE)}"
                    self._report(rules.UNKNOWN_FILE, f"{folder}/{name}", "no kind of platform fact has this file", hint)
                else:
                    self._read_file(kind, platform, platform, f"{folder}/{name}")

    def _list(self, folder: str = "") -> tuple[list[str], list[str]]:
        """Names of the folders and of the files in `folder`, sorted; links are reported, hidden files left out."""
        folders, files = [], []
        try:
            with os.scandir(self._top / folder) as found:
                for entry in found:
                    if entry.name.startswith(".") or entry.name == "README.md":
                        continue
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_symlink():
                        self._report(
                            rules.SYMLINK, path, "symbolic links are not allowed", "replace the link by the file"
                        )
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    else:
                        files.append(entry.name)
        except OSError as error:
            rule, path = (rules.UNREADABLE_FILE, folder) if folder else (rules.NO_SPEC, "")
            message = f"cannot list `{printable(str(self._top / folder))}`: {_reason(error)}"
            location = Location(self._shown_path(path), 1, 1) if path else None
            self.findings.append(rule.broken(location, message, None if path else "set the folder with --spec"))
        return sorted(folders), sorted(files)

    def _stem(self, folder: str, name: str) -> str | None:
        stem, extension = Path(name).stem, Path(name).suffix
        if extension != ".yaml":
            hint = f"rename it to `{printable(stem)}.yaml`" if extension.lower() in (".yml", ".yaml", ".json") else None
            self._report(rules.UNKNOWN_FILE, f"{folder}/{name}", "the name of a spec file must end in `.yaml`", hint)
            return None
        return stem if self._has_valid_name(f"{folder}/{name}", stem) else None

    def _has_valid_name(self, path: str, name: str) -> bool:
        if _NAME.fullmatch(name):
            return True
        better = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).lstrip(".-")
        hint = f"rename it, e.g. to `{better}`" if better else None
        self._report(rules.FILE_NAME, path, "a name may have only lower-case letters, digits, `.` and `-`", hint)
        return False

    def _read_file(self, kind: Kind, platform: str | None, stem: str, path: str) -> None:
        file = self._shown_path(path)
        self.texts[file] = ""
        text = self._text(path)
        root = None
        if text is not None:
            self.texts[file] = text
            root, findings = parse(text, file)
            self.findings += findings
            if root is None and not findings:
                self._report(rules.NOT_A_MAPPING, path, "the file is empty")
        if root is not None:
            self.documents.append(Document(kind, platform, stem, root))
        else:
            self.unread.add(scope(kind, platform))

    def _text(self, path: str) -> str | None:
        """The file's text, or None with a finding."""
        try:
            with open(self._top / path, "rb", opener=_open_without_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    self._report(rules.UNREADABLE_FILE, path, "this is not a regular file")
                    return None
                data = file.read(MAX_FILE_SIZE + 1)
        except OSError as error:
            self._report(rules.UNREADABLE_FILE, path, _reason(error))
            return None
        if len(data) > MAX_FILE_SIZE:
            self._report(
                rules.FILE_TOO_LARGE, path, f"the file is larger than {MAX_FILE_SIZE // 1024**2} MiB", "split the file"
            )
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = LINE_BREAK.split(error.object[: error.start].decode("utf-8", "replace"))
            place = Location(self._shown_path(path), len(before), len(before[-1]) + 1)
            message = f"the byte 0x{error.object[error.start]:02X} is not valid UTF-8"
            self.findings.append(rules.NOT_UTF8.broken(place, message, "save the file as UTF-8"))
            self.texts[self._shown_path(path)] = data.decode("utf-8", "replace")
            return None

    def _shown_path(self, path: str) -> str:
        """The path as shown to the user; `path` may hold bytes that are not text."""
        return printable(os.fsencode(f"{self.shown_top}/{path}").decode("utf-8", "replace"))

    def _report(self, rule: SpecRule, path: str, message: str, hint: str | None = None) -> None:
        """Adds a finding about the file or folder as a whole."""
        self.findings.append(rule.broken(Location(self._shown_path(path), 1, 1), message, hint))


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe would otherwise wait for its writer


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _folders_hint() -> str:
    return f"folders: {', '.join([*_KIND_OF_FOLDER, _PLATFORMS])}"
