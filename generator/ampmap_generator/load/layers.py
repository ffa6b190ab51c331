"""Layers: sparse folders, shaped like the spec, that are laid over it file by file.

A layer has the spec's own folder table. A file of the same path is laid over the one below it by the laws of `merge`;
a file that nothing below has is added; a file whose whole content is `null` removes the one below it. In a collection
file (models, settings, ...) an entry goes by `<id>: null`. An edition of the client is a layer that the spec itself
holds, in `editions/<id>/`; a company's private providers are a layer beside it. There is no other mechanism.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from . import rules
from .files import Document, Reader
from .findings import Finding
from .merge import Idle, merge
from .suggest import did_you_mean

DocumentPlace: TypeAlias = tuple[str, str | None, str]
"""Kind, platform and stem: what two files have in common of which one is laid over the other."""


@dataclass(frozen=True)
class Layer:
    """A folder that was read.

    `name` is what the user calls it; `trees` are the folders of editions that stand in it; `unread` has the scopes of
    its files that could not be parsed; `texts` maps each file, as shown, to its text.
    """

    name: str
    documents: tuple[Document, ...]
    trees: tuple[str, ...]
    unread: frozenset[str]
    texts: Mapping[str, str]
    findings: tuple[Finding, ...]


def read_folder(folder: Path, *, shown: str | None = None, is_layer: bool = False) -> Layer:
    """Reads a spec, or with `is_layer` a layer; never raises for what the folder holds.

    Its files are shown below `shown`, by default the folder's name.
    """
    reader = Reader(folder, shown=shown, is_layer=is_layer)
    reader.read()
    return Layer(
        reader.shown_top,
        tuple(reader.documents),
        tuple(reader.trees),
        frozenset(reader.unread),
        dict(reader.texts),
        tuple(reader.findings),
    )


def by_place(documents: Iterable[Document]) -> dict[DocumentPlace, Document]:
    """The documents of a folder."""
    return {(document.kind.name, document.platform, document.stem): document for document in documents}


def lay_over(
    below: Mapping[DocumentPlace, Document], layer: Layer
) -> tuple[dict[DocumentPlace, Document], list[Finding]]:
    """`below` with `layer` on it, and what is wrong with the layer's files. `below` is not changed."""
    result = dict(below)
    findings = []
    for place, document in by_place(layer.documents).items():
        earlier = result.get(place)
        root = document.root
        if root.value is None:
            if result.pop(place, None) is None:
                message = f"cannot remove `{document.stem}`: it does not exist below this layer"
                names = {known[2]: found.root.location for known, found in below.items() if known[:2] == place[:2]}
                findings.append(
                    rules.REMOVES_NOTHING.broken(root.location, message, did_you_mean(document.stem, names))
                )
        elif not isinstance(root.value, dict) or not root.value:
            hint = "write the fields that change, or `null` to remove the file"
            findings.append(rules.NOT_A_MAPPING.broken(root.location, "the file must contain a mapping", hint))
        else:
            idle: list[Idle] = []
            result[place] = replace(document, root=merge(earlier.root if earlier else None, root, idle))
            findings += [_removes_nothing(each) for each in idle]
    return result, findings


def stating_files(layers: Iterable[Layer]) -> dict[str, tuple[str, ...]]:
    """Per file of the spec, e.g. `spec/models/openai.yaml`, those that state it, lowest first.

    `layers` begin with the spec itself. A file that the spec alone states is left out; one that is removed has none.
    """
    files: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        for document in layer.documents:
            file = document.root.file
            name = f"spec/{file.removeprefix(f'{layer.name}/')}"
            files[name] = () if document.root.value is None else (*files.get(name, ()), file)
    return {name: found for name, found in files.items() if found != (name,)}


def _removes_nothing(idle: Idle) -> Finding:
    key = idle.node.key
    name = "" if key is None else str(key.value)
    hint = did_you_mean(name, idle.names)
    return rules.REMOVES_NOTHING.broken(
        idle.node.key_location, f"cannot remove `{name}`: it does not exist below this layer", hint
    )
