"""Reads a spec folder: YAML files to facts of their shapes, each knowing its place.

Four steps: read the files into located documents; lay the layers of an edition, and those of a
company, over them; take the entries out of the documents; validate each entry by its shape. Bad
input of any kind becomes findings, all of them at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..vendored.base import Edition, Shape
from ..vendored.editions import NEWEST, NEWEST_PROXIED, KnownEdition, edition_meant
from ..vendored.wire import Provider
from . import rules
from .code_frame import shorten
from .collector import collector_paused
from .editions import EditionFile, in_order_of_build, paths_to_base
from .files import EDITIONS, Document, scope
from .findings import Finding, Location, in_order
from .kinds import KINDS, PLATFORM_KINDS, ROOT_KINDS, Kind
from .layers import Layer, by_place, lay_over, read_folder, stating_files
from .validate import validate
from .yaml_nodes import MAX_FINDINGS, Node, Pointer

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*")

T = TypeVar("T")


@dataclass(frozen=True)
class SpecEntry:
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

    @cached_property
    def path(self) -> str:
        """Its path, as users write it, e.g. `models/groq/openai/gpt-oss-120b`, `platforms/rensei/about`."""
        is_about = self.platform is not None and self.kind.name == "about"
        return self.scope if is_about else f"{self.scope}/{self.key}"

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
class LocatedFact(SpecEntry):
    """A fact of its shape, with the place that states it."""

    value: Shape


class UnknownEditionError(LookupError):
    """The spec has no edition of this id; `known` are those that it has."""

    def __init__(self, edition: str, known: tuple[str, ...]) -> None:
        others = f"{NEWEST}, {NEWEST_PROXIED} or a day such as 2026-05-31"
        super().__init__(f"unknown edition {edition!r}; known editions: {', '.join(known)}, {others}")
        self.known = known


@dataclass(frozen=True)
class Spec:
    """Everything read from one spec folder, as it holds for one edition.

    `facts` and, per platform, `platforms` hold the valid facts by kind name and key, with every kind
    present and all keys sorted; `entries` also has those that are not of their shape. `unread` has the
    scopes (`models`, `platforms/rensei/models`) of which not all ids are known, because something in
    their files could not be read. `texts` maps each file that takes part, as shown, to its text.
    `edition` is None where the spec names none; `findings` are those of layers and shapes for this
    edition alone; `layers` are the names of the company layers that lie over it, lowest first.
    `stated` maps a file of the spec that layers add to, change or remove to the files that state it.
    """

    facts: Mapping[str, Mapping[str, LocatedFact]]
    platforms: Mapping[str, Mapping[str, Mapping[str, LocatedFact]]]
    entries: tuple[SpecEntry, ...] = ()
    unread: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    edition: str | None = None
    findings: tuple[Finding, ...] = ()
    layers: tuple[str, ...] = ()
    stated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stack: Stack | None = field(default=None, repr=False, compare=False)

    @property
    def editions(self) -> tuple[str, ...]:
        """The editions that `of` gives, the base first and then in the order in which their builds were made."""
        return () if self.stack is None else self.stack.editions

    def of(self, edition: str) -> Spec:
        """The same spec as it holds for another edition, named as `vendored.editions.edition_meant` reads it.

        Raises UnknownEditionError.
        """
        if edition == self.edition:
            return self
        with collector_paused():
            meant = None if self.stack is None else self.stack.meant(edition)
            if self.stack is None or meant is None:
                raise UnknownEditionError(edition, self.editions)
            return self.stack.of(meant)

    @property
    def proxied(self) -> bool:
        """Whether a model call of this edition passes the proxy at `amp.url`."""
        providers = (fact.value for fact in self.facts["providers"].values())
        return any(isinstance(provider, Provider) and provider.via_proxy for provider in providers)

    @cached_property
    def by_path(self) -> Mapping[str, SpecEntry]:
        """The entries by their paths; the first one, where several have the same."""
        return {entry.path: entry for entry in reversed(self.entries)}

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read, as shown, sorted."""
        return tuple(self.texts)


def load(spec_dir: Path, layers: Sequence[Path] = ()) -> tuple[Spec, list[Finding]]:
    """Reads the spec in `spec_dir`, and `layers` to lay over it; never raises for what the folders hold.

    The spec is that of the base edition; `Spec.of` gives the others. Files are shown relative to their folder's
    parent: `spec/providers/groq.yaml`. The findings, in order, are those of reading all files and of the base edition;
    each other edition has its own in `Spec.findings`. An entry that is not of its shape is missing from the facts.
    """
    with collector_paused():
        base = read_folder(spec_dir)
        trees = {}
        for tree in base.trees:
            folder = f"{EDITIONS}/{tree}"
            trees[tree] = read_folder(spec_dir / folder, shown=f"{base.name}/{folder}", is_layer=True)
        names = {base.name}
        over = tuple(read_folder(path, shown=_name_of(path, names), is_layer=True) for path in layers)
        stack = Stack(base, trees, over)
        spec = stack.of(stack.base_edition)
    read = [finding for layer in (base, *trees.values(), *over) for finding in layer.findings]
    return spec, in_order([*read, *stack.findings, *spec.findings])


def _name_of(folder: Path, taken: set[str]) -> str:
    """The folder's name, with as many parent folders as distinguish it from the others."""
    *above, name = folder.resolve().parts
    while name in taken and above:
        name = f"{above.pop()}/{name}".replace("//", "/")
    taken.add(name)
    return name


class Stack:
    """The folders that were read, and the specs that they give one on the other.

    Nothing is read after it was made. What several editions share is validated once.
    """

    def __init__(self, base: Layer, trees: Mapping[str, Layer], layers: tuple[Layer, ...]) -> None:
        self._base = base
        self._trees = trees
        self._layers = layers
        self._specs: dict[str | None, Spec] = {}
        self._without: dict[int, tuple[str, ...]] = {}
        self._validated: dict[tuple[Any, ...], tuple[LocatedFact | None, list[Finding], Node]] = {}
        itself = self._resolve(())
        known = {
            key: EditionFile(fact.value, fact.locate(("base",)))
            for key, fact in itself.facts["editions"].items()
            if isinstance(fact.value, Edition)
        }
        stated = [entry.id for entry in itself.entries if entry.kind.name == EDITIONS]
        folders = {name: Location(tree.name, 1, 1) for name, tree in trees.items()}
        self._paths, self.findings = paths_to_base(known, stated, folders)
        self.editions = in_order_of_build(self._paths, known)
        self._without = {id(tree): known[name].edition.without for name, tree in trees.items() if name in known}
        self._built = {name: known[name].edition.built for name in self.editions}

    @property
    def texts(self) -> dict[str, str]:
        """The text of every file that was read, also of those that take part in no edition."""
        parts = (self._base, *self._trees.values(), *self._layers)
        return {file: text for part in parts for file, text in part.texts.items()}

    def meant(self, edition: str) -> str | None:
        """The id of the edition that this name means, or None."""
        if edition in self.editions:
            return edition
        known = [KnownEdition(name, self._built[name], proxied=self.of(name).proxied) for name in self.editions]
        return edition_meant(edition, known)

    @property
    def base_edition(self) -> str | None:
        """The edition that the spec itself is; None if it names none."""
        return self.editions[0] if self.editions else None

    def of(self, edition: str | None) -> Spec:
        """The spec of one of `editions`, or of the folder itself where there are none."""
        if edition not in self._specs:
            path = self._paths[edition] if edition is not None else ()
            spec = self._resolve(tuple(self._trees[name] for name in path if name in self._trees))
            names = tuple(layer.name for layer in self._layers)
            self._specs[edition] = replace(spec, edition=edition, layers=names, stack=self)
        return self._specs[edition]

    def _resolve(self, trees: tuple[Layer, ...]) -> Spec:
        documents = by_place(self._base.documents)
        findings: list[Finding] = []
        parts = (self._base, *trees, *self._layers)
        without: set[str] = set()
        for layer in parts[1:]:
            without.update(self._without.get(id(layer), ()))
            below = {place: document for place, document in documents.items() if document.scope not in without}
            own = tuple(document for document in layer.documents if document.scope not in without)
            documents, wrong = lay_over(below, replace(layer, documents=own))
            findings += wrong
        entries, wrong, unread = _entries(list(documents.values()))
        findings += wrong
        mistakes: Counter[str] = Counter()
        facts: dict[str, dict[str, LocatedFact]] = {kind.name: {} for kind in (*KINDS, *ROOT_KINDS)}
        platforms: dict[str, dict[str, dict[str, LocatedFact]]] = {}
        for entry in entries:
            kinds = facts
            if entry.platform is not None:
                kinds = platforms.setdefault(entry.platform, {kind.name: {} for kind in PLATFORM_KINDS})
            if mistakes[entry.file] >= MAX_FINDINGS:  # enough has been said of this file
                unread.add(entry.scope)
                continue
            fact, wrong = self._fact(entry)
            findings += wrong
            mistakes[entry.file] += len(wrong)
            if fact is not None:
                kinds[entry.kind.name][entry.key] = fact
        return Spec(
            facts={kind: _sort_keys(located) for kind, located in facts.items()},
            platforms={
                platform: {kind: _sort_keys(located) for kind, located in kinds.items()}
                for platform, kinds in _sort_keys(platforms).items()
            },
            entries=tuple(entries),
            unread=frozenset(unread.union(*(layer.unread for layer in parts))),
            texts=_sort_keys({file: text for layer in parts for file, text in layer.texts.items()}),
            findings=tuple(in_order(findings)),
            stated=stating_files(parts),
        )

    def _fact(self, entry: SpecEntry) -> tuple[LocatedFact | None, list[Finding]]:
        """An entry that has been validated, once for all editions in which it is the same node."""
        place = (entry.scope, entry.stem, entry.id, id(entry.node))
        if place not in self._validated:
            value, wrong = validate(entry.kind.shape, entry.node, entry.injected)
            fact = None
            if value is not None:
                fact = LocatedFact(entry.kind, entry.platform, entry.stem, entry.id, entry.node, value)
            self._validated[place] = (fact, wrong, entry.node)  # as long as the node is kept, its id is its own
        return self._validated[place][:2]


def _sort_keys(mapping: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(mapping.items()))


def _entries(documents: Sequence[Document]) -> tuple[list[SpecEntry], list[Finding], set[str]]:
    """The entries of all documents (of two with one key only the first), and the scopes that miss some."""
    entries: dict[tuple[str, str], SpecEntry] = {}
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
                message = f"`{shorten(entry.id)}` is already defined in {where}"
                findings.append(rules.DUPLICATE_ID.broken(entry.location, message))
    return list(entries.values()), findings, unread


def _entries_of(document: Document) -> tuple[list[SpecEntry], list[Finding]]:
    root = document.root
    if not isinstance(root.value, dict) or not root.value:
        return [], [rules.NOT_A_MAPPING.broken(root.location, "the file must contain a mapping")]
    if not document.kind.collection:
        return [SpecEntry(document.kind, document.platform, document.stem, document.stem, root)], []
    entries, findings = [], []
    for name, node in root.value.items():
        if not _is_id(name):
            message = f"`{shorten(name)}` is not a valid id"
            findings.append(rules.ID_FORM.broken(node.key_location, message, "use letters, digits and `_ . : / @ + -`"))
        elif not isinstance(node.value, dict) or not node.value:
            message = f"`{shorten(name)}` must be a mapping with fields"
            findings.append(rules.NOT_A_MAPPING.broken(node.key_location, message))
        else:
            entries.append(SpecEntry(document.kind, document.platform, document.stem, name, node))
    return entries, findings


def _is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and not {"", ".", ".."}.intersection(text.split("/"))
