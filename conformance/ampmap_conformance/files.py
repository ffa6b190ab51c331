"""Files on disk: reads YAML so that every message names file, line and column, and writes a file in one step."""

from __future__ import annotations

import difflib
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from .errors import UsageError

Path_: TypeAlias = tuple[str | int, ...]

MOST_YAML = 4 << 20
"""Bytes of a file that a user writes."""
DEEPEST = 64
"""Levels of nesting in it."""
SURROGATE = re.compile("[\ud800-\udfff]")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True)
class Document:
    """Plain data with the place of each of its values and keys; places are (line, column), from 1."""

    file: Path
    data: Any
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def at_key(self, path: Path_) -> str:
        """`file:line:col` of the key at `path`, where it is one."""
        line, column = self.keys.get(path, (0, 0))
        return f"{self.file}:{line}:{column}" if line else self.at(path)

    def at(self, path: Path_) -> str:
        """`file:line:col` of the value at `path`, or of the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return f"{self.file}:{line}:{column}"


def read_yaml(file: Path) -> Document:
    """The one document in `file`, with YAML 1.2 scalars.

    Raises UsageError, with file:line:col, for a file that cannot be read, is not valid YAML, or has a duplicate key.
    """
    text = read_text(file, MOST_YAML)
    try:
        _refuse_what_expands(text, file)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise UsageError(f"{file}{place}: {error.problem or 'this is not valid YAML'}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: {error}") from error
    document = Document(file, None)
    data = None if node is None else _value(node, (), document)
    return Document(file, data, document.places, document.keys)


def read_text(file: Path, most: int) -> str:
    """The text of a regular file of at most so many bytes. Raises UsageError.

    What is not a regular file is not opened: a pipe may never end, or wait for ever.
    """
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
            raise UsageError(f"{file}: this is {kind}")
        if found.st_size > most:
            raise UsageError(f"{file}: the file has more than {most >> 20} MiB")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: the file is not UTF-8 text") from error


def did_you_mean(word: str, known: list[str]) -> str:
    """`; did you mean ...?` if a known word is similar, else an empty text."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else ""


PRIVATE = 0o600
"""Who may read what holds the words of clients: its owner."""


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Puts `data` in place of the file at `path` in one step. Raises OSError when that cannot be done."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _refuse_what_expands(text: str, file: Path) -> None:
    """Raises UsageError, with the place, for aliases, deep nesting, and half of a surrogate pair."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        wrong = ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            wrong = "anchors and aliases are not allowed; write the value out"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            wrong = f"the nesting is deeper than {DEEPEST} levels" if depth > DEEPEST else ""
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and SURROGATE.search(event.value):
            wrong = "an escape is half of a surrogate pair"
        if wrong:
            mark = event.start_mark
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            raise UsageError(f"{file}{place}: {wrong}")


def _value(node: yaml.Node, path: Path_, document: Document) -> Any:
    document.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            document.keys[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in mapping:
                raise UsageError(f"{document.at_key((*path, key))}: duplicate key `{key}`")
            mapping[key] = _value(value_node, (*path, key), document)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), document) for index, item in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if node.tag == "tag:yaml.org,2002:str" or getattr(node, "style", None) in ("'", '"', "|", ">"):
        return text
    if text.lower() in _WORDS and text in (text.lower(), text.capitalize(), text.upper()):
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text) if not text.startswith("0") or text in ("0", "0.0") or "." in text else text
        except ValueError:
            continue
    return text
