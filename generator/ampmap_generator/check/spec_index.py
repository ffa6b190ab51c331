"""What a spec holds, by id: what rules and references look things up in."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

from ..load.fields import field_paths, fields_of, shape_at
from ..load.findings import Location
from ..load.spec import Spec, SpecEntry
from ..load.yaml_nodes import Node, Pointer

Names: TypeAlias = Mapping[str, Location | None]
"""What may stand in a field, with the place that defines it where there is one."""


class SpecIndex:
    """The ids of a spec by scope, which is `"models"` or, for platforms, `"platforms/rensei/models"`.

    `today` is the date that policies compare with, if they are to.
    """

    def __init__(self, spec: Spec, today: datetime.date | None = None) -> None:
        self.spec = spec
        self.today = today
        self.scopes: dict[str, dict[str, SpecEntry]] = {}
        for entry in spec.entries:
            self.scopes.setdefault(entry.scope, {})[entry.key] = entry
        self._ids: dict[str, Names] = {}
        self._paths: dict[tuple[Node, Pointer], Names] = {}

    def ids(self, scope: str) -> Names | None:
        """The ids of a scope, or None if a file of it could not be read: then nothing can be said."""
        if scope in self.spec.unread:
            return None
        if scope not in self._ids:
            self._ids[scope] = {key: entry.location for key, entry in self.scopes.get(scope, {}).items()}
        return self._ids[scope]

    def entry(self, scope: str, key: str | None) -> SpecEntry | None:
        """The entry of this key."""
        return self.scopes.get(scope, {}).get(key or "")

    def models(self) -> Names | None:
        """Models by key and by bare id."""
        keys = self.ids("models")
        if keys is None:
            return None
        return {entry.id: entry.location for entry in self.scopes.get("models", {}).values()} | dict(keys)

    def models_called(self, name: str) -> list[SpecEntry]:
        """The models that a key or a bare id means: one, unless a bare id is not unique."""
        models = self.scopes.get("models", {})
        return [models[name]] if name in models else [entry for entry in models.values() if entry.id == name]

    @cached_property
    def platforms(self) -> Names:
        """The platforms, each with one of its files."""
        unread = {scope.split("/")[1]: None for scope in self.spec.unread if scope.startswith("platforms/")}
        entries = (entry for entry in reversed(self.spec.entries) if entry.platform is not None)
        return {**unread, **{str(entry.platform): Location(entry.file, 1, 1) for entry in entries}}

    def operations(self, provider: SpecEntry | None, dialect: str | None = None) -> Names | None:
        """The operations that a provider serves, in one dialect or in all."""
        node = None if provider is None else provider.node.child("operations")
        if node is None:
            return None
        lists = [below for step, below in node.children() if dialect in (None, step)]
        return {str(item.value): item.location for below in lists for _, item in below.children()}

    def fields(self, entry: SpecEntry, pointer: Pointer) -> Names:
        """The fields of the mapping at `pointer`."""
        shape = shape_at(entry.kind.shape, pointer)
        return {} if shape is None else dict.fromkeys(fields_of(shape))

    def field_paths(self, entry: SpecEntry, pointer: Pointer) -> Names:
        """The fields of the mapping at `pointer`, and the paths to what is below them."""
        place = (entry.node, pointer)
        if place not in self._paths:
            shape = shape_at(entry.kind.shape, pointer)
            self._paths[place] = dict.fromkeys(field_paths(shape, entry.node.at(pointer)))
        return self._paths[place]
