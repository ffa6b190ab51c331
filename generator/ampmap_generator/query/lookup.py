"""Finds facts and fields by the paths that users write, e.g. `providers/groq/base_path`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..load.fields import field_paths
from ..load.files import scope
from ..load.kinds import KINDS, PLATFORM_KINDS, Kind
from ..load.pointer import SEPARATORS, all_paths, pointer_to
from ..load.spec import Spec, SpecEntry
from ..load.suggest import closest, near
from ..load.yaml_nodes import Pointer

REQUIREMENTS = "requirements"
SUGGESTED = 3
"""Most names that are suggested for one that is unknown."""


class UnknownPathError(LookupError):
    """Nothing has this path; `suggestions` are near ones."""

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.suggestions = suggestions


@dataclass(frozen=True)
class FactOrField:
    """A fact, or a field of one. `pointer` is None for a field that its shape has and the spec does not state.

    `formerly` is the earlier id under which a requirement was asked for; empty for its present one.
    """

    entry: SpecEntry
    field: str
    pointer: Pointer | None
    formerly: str = ""

    @property
    def path(self) -> str:
        """The whole path, e.g. `providers/groq/base_path`."""
        own = self.entry.path
        return f"{own}/{self.field}" if self.field else own


def data_of(entry: SpecEntry) -> dict[str, Any]:
    """The fact as plain data, with the fields that its file's path gives."""
    return {**entry.injected, **entry.data}


def find(spec: Spec, path: str) -> FactOrField:
    """The fact or field at `path`. Raises UnknownPathError."""
    aliased = _with_kind_names(_without_file_words(path))
    entry = _entry_on(spec, aliased)
    if entry is None and (renamed := _by_former_id(spec, aliased)):
        former, present = renamed
        return replace(find(spec, present), formerly=former)
    if entry is None and (inside := _inside(spec, aliased.rstrip("/"))):
        raise UnknownPathError(f"`{path}` contains several facts; write the path of one fact", inside)
    if entry is None:
        raise UnknownPathError(f"`{path}` not found", _near_facts(spec, aliased))
    field = aliased[len(entry.path) + 1 :]
    pointer = pointer_to(data_of(entry), field)
    if pointer is None and path.endswith("/"):
        return find(spec, path.rstrip("/"))
    if pointer is None and field.replace("/", ".") not in set(field_paths(entry.kind.shape, entry.node)):
        raise UnknownPathError(f"`{entry.path}` has no field `{field}`", _near_fields(entry, field))
    return FactOrField(entry, field, pointer)


def _entry_on(spec: Spec, wanted: str) -> SpecEntry | None:
    """The entry with the longest path that is `wanted` or leads to it."""
    ends = (end for end in range(len(wanted), 0, -1) if end == len(wanted) or wanted[end] in SEPARATORS)
    return next((entry for end in ends if (entry := spec.by_path.get(wanted[:end]))), None)


def _leads_to(own: str, wanted: str) -> bool:
    return wanted.startswith(own) and (len(wanted) == len(own) or wanted[len(own)] in SEPARATORS)


def _by_former_id(spec: Spec, path: str) -> tuple[str, str] | None:
    """The earlier id of a requirement with which `path` begins, and the path with its present one."""
    for entry in spec.entries:
        formerly = entry.data.get("formerly") if entry.scope == REQUIREMENTS else None
        for former in formerly if isinstance(formerly, list) else ():
            if _leads_to(own := f"{REQUIREMENTS}/{former}", path):
                return former, entry.path + path[len(own) :]
    return None


def _without_file_words(path: str) -> str:
    """`spec/providers/groq.yaml` means `providers/groq`: a file's own path is what people copy."""
    return path.strip().lstrip("/").removeprefix("spec/").replace(".yaml", "", 1)


def _inside(spec: Spec, folder: str) -> tuple[str, ...]:
    """The first facts below a folder or collection, e.g. `providers`, `models/anthropic`."""
    own = (entry.path for entry in spec.entries)
    return tuple(dict.fromkeys(path for path in own if folder and path.startswith(f"{folder}/")))[:SUGGESTED]


def _with_kind_names(path: str) -> str:
    """`errors/groq` means the kind `error_shapes`, whose folder is `errors`."""
    first, slash, rest = path.partition("/")
    names = {kind.folder: kind.name for kind in KINDS}
    return f"{names.get(first, first)}{slash}{rest}"


def _near_facts(spec: Spec, wanted: str) -> tuple[str, ...]:
    """Facts whose path is like `wanted` or like its beginning, those whose own id ends it, and kinds of that name."""
    paths = list(dict.fromkeys(entry.path for entry in spec.entries))
    parts = wanted.split("/")
    alike = [
        "/".join([path, *parts[length:]])
        for length in range(len(parts), 1, -1)
        for path in near("/".join(parts[:length]), paths, most=2, cutoff=0.75)
    ]
    alike.sort(key=lambda path: abs(path.count("/") - len(parts) + 1))
    same_end = [path for path in paths if path.endswith(f"/{parts[-1]}") and parts[-1]]
    kinds = [closest(wanted, _kind_paths(spec))] if len(parts) == 1 else []
    return tuple(dict.fromkeys(name for name in [*alike, *same_end, *kinds] if name))[:SUGGESTED]


def _near_fields(entry: SpecEntry, field: str) -> tuple[str, ...]:
    names = {*field_paths(entry.kind.shape, entry.node), *all_paths(data_of(entry))}
    found = near(field.replace("/", "."), sorted(names), most=SUGGESTED)
    return tuple(f"{entry.path}/{name}" for name in found)


def _kind_paths(spec: Spec) -> Iterator[str]:
    """The scopes of the spec, e.g. `providers`, `platforms/rensei/models`."""

    def of(kinds: tuple[Kind, ...], platform: str | None) -> Iterator[str]:
        yield from (scope(kind, platform) for kind in kinds)

    yield from of(KINDS, None)
    for platform in spec.platforms:
        yield from of(PLATFORM_KINDS, platform)
