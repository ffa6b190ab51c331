"""Reads a spec folder: YAML files to facts of their shapes, each knowing its place.

Three steps: read the files into located documents; take the entries out of the documents; validate
each entry by its shape. Bad input of any kind becomes findings, all of them at once.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from . import rules
from .files import Document, Reader, scope
from .findings import Finding, Location, in_order
from .frames import shortened
from .kinds import KINDS, PLATFORM_KINDS, Kind
from .validate import validate
from .vendored.base import Shape
from .yaml_nodes import Node, Pointer

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*")

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One fact as it is written, whether or not it has its shape.

    `id` is the fact's own id and `key` the one it is referred to by: `<provider>/<model id>` for a
    model, the same as `id` otherwise. `stem` is its file's name without `.yaml`; `platform` is None
    for facts about the client.
    """

    kind: Kind
    platform: str | None
    stem: str
    id: str
    node: Node

    @property
    def key(self) -> str:
        """The key under which the reference holds the fact."""
        return f"{self.stem}/{self.id}" if self.kind.name == "models" and self.platform is None else self.id

    @property
    def scope(self) -> str:
        """Where its key is unique: `models`, or for facts of a platform `platforms/rensei/models`."""
        return scope(self.kind, self.platform)

    @property
    def file(self) -> str:
        """The file as shown to the user."""
        return self.node.file

    @property
    def location(self) -> Location:
        """Where the fact begins: its key in a collection file, else the file's first entry."""
        return self.node.key_location

    @cached_property
    def data(self) -> Any:
        """The fact as plain data, as written: without `id` and without the injected field."""
        return self.node.plain()

    @property
    def injected(self) -> dict[str, str]:
        """The fields that the file's path gives."""
        given = {"id": self.id}
        if self.kind.injected is not None:
            given[self.kind.injected] = self.stem
        return given

    def locate(self, pointer: Pointer = ()) -> Location:
        """Where the value at `pointer` stands, or the key of the nearest thing around it that is written."""
        node = self.node.at(pointer) if pointer else None
        return self.node.nearest(pointer).key_location if node is None else node.location


@dataclass(frozen=True)
class LocatedFact(Entry):
    """A fact of its shape, with the place that states it."""

    value: Shape


@dataclass(frozen=True)
class Spec:
    """Everything read from one spec folder.

    `facts` and, per platform, `platforms` hold the valid facts by kind name and key, with every kind
    present and all keys sorted; `entries` also has those that are not of their shape. `unread` has the
    scopes (`models`, `platforms/rensei/models`) of which not all ids are known, because something in
    their files could not be read. `texts` maps each file, as shown, to its text.
    """

    facts: Mapping[str, Mapping[str, LocatedFact]]
    platforms: Mapping[str, Mapping[str, Mapping[str, LocatedFact]]]
    entries: tuple[Entry, ...] = ()
    unread: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read, as shown, sorted."""
        return tuple(self.texts)


def load(spec_dir: Path) -> tuple[Spec, list[Finding]]:
    """Reads and validates the spec in `spec_dir`; never raises for what the folder holds.

    Files are shown relative to the folder's parent: `spec/providers/groq.yaml`. The findings are
    in order; an entry that is not of its shape is missing from the spec's facts.
    """
    with _collector_paused():
        return _load(spec_dir)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection: loading makes many objects and no cycles, and collecting takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load(spec_dir: Path) -> tuple[Spec, list[Finding]]:
    reader = Reader(spec_dir)
    reader.read()
    entries, findings, unread = _entries(reader.documents)
    findings += reader.findings
    facts: dict[str, dict[str, LocatedFact]] = {kind.name: {} for kind in KINDS}
    platforms: dict[str, dict[str, dict[str, LocatedFact]]] = {}
    for entry in entries:
        kinds = facts
        if entry.platform is not None:
            kinds = platforms.setdefault(entry.platform, {kind.name: {} for kind in PLATFORM_KINDS})
        value, wrong = validate(entry.kind.shape, entry.node, entry.injected)
        findings += wrong
        if value is not None:
            fact = LocatedFact(entry.kind, entry.platform, entry.stem, entry.id, entry.node, value)
            kinds[entry.kind.name][entry.key] = fact
    spec = Spec(
        facts={kind: _sorted(located) for kind, located in facts.items()},
        platforms={
            platform: {kind: _sorted(located) for kind, located in kinds.items()}
            for platform, kinds in _sorted(platforms).items()
        },
        entries=tuple(entries),
        unread=frozenset(reader.unread | unread),
        texts=_sorted(reader.texts),
    )
    return spec, in_order(findings)


def _sorted(mapping: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(mapping.items()))


def _entries(documents: Sequence[Document]) -> tuple[list[Entry], list[Finding], set[str]]:
    """The entries of all documents (of two with one key only the first), and the scopes that miss some."""
    entries: dict[tuple[str, str], Entry] = {}
    findings: list[Finding] = []
    unread: set[str] = set()
    for document in documents:
        found, wrong = _entries_of(document)
        if wrong:
            findings += wrong
            unread.add(document.scope)
        for entry in found:
            earlier = entries.setdefault((entry.scope, entry.key), entry)
            if earlier is not entry:
                where = f"{earlier.file}:{earlier.location.line}"
                message = f"`{shortened(entry.id)}` is already defined in {where}"
                findings.append(rules.DUPLICATE_ID.broken(entry.location, message))
    return list(entries.values()), findings, unread


def _entries_of(document: Document) -> tuple[list[Entry], list[Finding]]:
    root = document.root
    if not isinstance(root.value, dict) or not root.value:
        return [], [rules.NOT_A_MAPPING.broken(root.location, "the file must hold a mapping")]
    if not document.kind.collection:
        return [Entry(document.kind, document.platform, document.stem, document.stem, root)], []
    entries, findings = [], []
    for name, node in root.value.items():
        if not _is_id(name):
            message = f"`{shortened(name)}` cannot be an id"
            findings.append(rules.ID_FORM.broken(node.key_location, message, "use letters, digits and `_ . : / @ + -`"))
        elif not isinstance(node.value, dict) or not node.value:
            message = f"`{shortened(name)}` must be a mapping with fields"
            findings.append(rules.NOT_A_MAPPING.broken(node.key_location, message))
        else:
            entries.append(Entry(document.kind, document.platform, document.stem, name, node))
    return entries, findings


def _is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and not {"", ".", ".."}.intersection(text.split("/"))
