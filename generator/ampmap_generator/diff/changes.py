"""What changed between two references, down to the field. Pure: plain data in, changes out."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from ..load.kinds import KINDS, PLATFORM_KINDS

Plain: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[str, str]
"""Scope and id of a fact, e.g. `("models", "openai/gpt-5")`, `("platforms/rensei/options", "effort")`."""

EDITION: Final = "edition"
_NOT_COMPARED: Final = ("digest", "schema_version")
_NO_STEPS: Final[frozenset[str]] = frozenset()
_TOLD_BY_RENAMING: Final = frozenset({"id", "lifecycle", "formerly", "provider"})
"""Fields of a fact that its new id changes."""


class ChangeKind(enum.Enum):
    """What happened to a fact or field. The last three are about the items of a list."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"
    ITEMS_ADDED = "items added"
    ITEMS_REMOVED = "items removed"
    REORDERED = "reordered"


class Absent(enum.Enum):
    """The value of what is not there, which null is not."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True)
class Change:
    """One difference.

    `scope` and `id` name the fact as the newer reference has it, or the older one where it is gone; `field` are the
    steps to a field of it, empty for the fact itself. `before` and `after` are whole values, ABSENT where there is
    none; `items` are those that came or went, where the change is about items. `renamed_from` is the earlier id or
    name; `successor` the id of what the spec says took the place of something that is gone. A change `follows` where
    its items are ids of facts that came or went themselves.
    """

    scope: str
    id: str
    kind: ChangeKind
    before: Any = ABSENT
    after: Any = ABSENT
    field: tuple[str, ...] = ()
    items: tuple[Any, ...] = ()
    renamed_from: str | None = None
    successor: str | None = None
    follows: bool = False

    @property
    def path(self) -> str:
        """The path as `ampmap explain` takes it, e.g. `providers/groq/base_path`."""
        parts = [self.scope, self.id] if self.scope != f"platforms/{self.id}/about" else [self.scope]
        return "/".join([*(part for part in parts if part), *([".".join(self.field)] if self.field else [])])


def differences(old: Plain, new: Plain) -> tuple[Change, ...]:
    """Every difference between two references as plain data, in the order of the folder table, then by id and field.

    A fact or header that says what it was called before is one change and is compared field by field with its earlier
    self. Lists of named items (headers) are compared by name, other lists by their items.
    """
    stated_before, stated_after = _stated_facts(old), _stated_facts(new)
    same = {key for key, fact in stated_before.items() if key in stated_after and stated_after[key] == fact}
    before = {key: fact if key in same else by_name(fact) for key, fact in stated_before.items()}
    after = {key: fact if key in same else by_name(fact) for key, fact in stated_after.items()}
    renamed = dict(_renames(before, after))
    changes: list[Change] = []
    for key in sorted({*before, *after}, key=_in_order):
        if key in after:
            changes += _of_fact(key, renamed.get(key, key), before, after)
        elif key not in renamed.values():
            changes.append(Change(*key, ChangeKind.REMOVED, before[key], successor=_successor(key, before, after)))
    moved = {ChangeKind.ITEMS_REMOVED: _ids(before, after), ChangeKind.ITEMS_ADDED: _ids(after, before)}
    return tuple(
        replace(change, follows=True)
        if change.kind in moved and all(isinstance(item, str) and item in moved[change.kind] for item in change.items)
        else change
        for change in changes
    )


def _ids(having: Mapping[Key, Plain], lacking: Mapping[Key, Plain]) -> set[str]:
    """The ids of the facts that only one side has; those of models with and without their provider."""
    keys = [key for key in having if key not in lacking]
    return {name for scope, key in keys for name in (key, *([key.partition("/")[2]] if scope == "models" else []))}


def facts_of(reference: Plain) -> dict[Key, Plain]:
    """Every fact of a reference by scope and id, with lists of named items as mappings."""
    return {key: by_name(fact) for key, fact in _stated_facts(reference).items()}


def _stated_facts(reference: Plain) -> dict[Key, Plain]:
    """Every fact of a reference by scope and id, as it is stated."""
    facts: dict[Key, Plain] = {}
    for name, value in reference.items():
        if name == "platforms":
            facts |= {key: fact for platform, kinds in value.items() for key, fact in _platform(platform, kinds)}
        elif name == EDITION:
            facts[EDITION, ""] = value
        elif isinstance(value, Mapping):
            facts |= {(name, key): fact for key, fact in value.items()}
        elif name not in _NOT_COMPARED:
            facts[name, ""] = {"value": value}
    return facts


def _platform(name: str, kinds: Plain) -> Iterator[tuple[Key, Plain]]:
    for kind, facts in kinds.items():
        if kind == "about":
            yield (f"platforms/{name}/about", name), facts
        elif kind != "id":
            yield from (((f"platforms/{name}/{kind}", key), fact) for key, fact in facts.items())


def by_name(value: Any) -> Any:
    """Plain data in which each list of mappings with distinct names has become a mapping by those names."""
    if isinstance(value, Mapping):
        return {key: by_name(inner) for key, inner in value.items()}
    if not isinstance(value, list | tuple):
        return value
    names = [inner.get("name") if isinstance(inner, Mapping) else None for inner in value]
    if names and len(set(names)) == len(names) and all(isinstance(name, str) for name in names):
        return {name: by_name(inner) for name, inner in zip(names, value, strict=True)}
    return [by_name(inner) for inner in value]


def _is_by_name(value: Any) -> bool:
    """Whether a mapping was made of a list of named items."""
    return isinstance(value, Mapping) and all(
        isinstance(item, Mapping) and item.get("name") == name for name, item in value.items()
    )


_SCOPES: Final = [EDITION, "layers", *(kind.name for kind in KINDS)]
_PLATFORM_SCOPES: Final = [kind.name for kind in PLATFORM_KINDS]


def _in_order(key: Key) -> tuple[int, str, int, str]:
    scope, name = key
    if scope.startswith("platforms/"):
        _, platform, kind = scope.split("/")
        return len(_SCOPES), platform, _PLATFORM_SCOPES.index(kind) if kind in _PLATFORM_SCOPES else -1, name
    return _SCOPES.index(scope) if scope in _SCOPES else len(_SCOPES) + 1, scope, 0, name


# --- facts


def _of_fact(key: Key, earlier: Key, before: Mapping[Key, Plain], after: Mapping[Key, Plain]) -> Iterator[Change]:
    if earlier not in before:
        yield Change(*key, ChangeKind.ADDED, after=after[key])
        return
    if earlier != key:
        yield Change(*key, ChangeKind.RENAMED, before[earlier], after[key], renamed_from=earlier[1])
    yield from _of_fields(key, (), before[earlier], after[key], skip=_NO_STEPS if earlier == key else _TOLD_BY_RENAMING)


def _renames(before: Mapping[Key, Plain], after: Mapping[Key, Plain]) -> Iterator[tuple[Key, Key]]:
    for key, fact in after.items():
        if key not in before:
            keys = (earlier for name in _earlier_ids(fact) for earlier in _keys(key, name))
            found = next((earlier for earlier in keys if earlier in before and earlier not in after), None)
            if found is not None:
                yield key, found


def _earlier_ids(fact: Plain) -> Iterator[str]:
    """What a fact was called: in the edition below, and, for a requirement, at any time; the latest first."""
    formerly = fact.get("formerly")
    names = (_lifecycle(fact).get("renamed_from"), *(formerly if isinstance(formerly, list | tuple) else ()))
    return (name for name in names if isinstance(name, str))


def _keys(near: Key, name: str) -> tuple[Key, ...]:
    """The keys that a name may mean beside `near`: a model is named by its key, or by its id with the same provider."""
    scope, own = near
    provider, slash, _ = own.partition("/")
    beside = ((scope, f"{provider}/{name}"),) if scope == "models" and slash else ()
    return (*beside, (scope, name))


def _successor(key: Key, before: Mapping[Key, Plain], after: Mapping[Key, Plain]) -> str | None:
    """What took the place of a fact that is gone: what says that it replaces it, or what the fact itself named."""
    for other, fact in after.items():
        replaced = _lifecycle(fact).get("replaces") or ()
        if other[0] == key[0] and any(key in _keys(other, str(name)) for name in replaced):
            return other[1]
    named = _lifecycle(before[key]).get("successor")
    return named if isinstance(named, str) and named != "unknown" else None


def _lifecycle(fact: Plain) -> Plain:
    found = fact.get("lifecycle")
    return found if isinstance(found, Mapping) else {}


# --- fields


def _of_fields(
    key: Key, field: tuple[str, ...], old: Any, new: Any, *, skip: frozenset[str] = _NO_STEPS
) -> Iterator[Change]:
    """What changed between two values of a field, or of a whole fact; `skip` are steps that are not compared."""
    if _same(old, new):
        return
    if (old == [] and _is_by_name(new)) or (new == [] and _is_by_name(old)):  # a list of named items without any
        old, new = old or {}, new or {}
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _of_mappings(key, field, old, new, skip)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_items(key, field, old, new)
    else:
        yield Change(*key, ChangeKind.CHANGED, old, new, field=field)


def _of_mappings(key: Key, field: tuple[str, ...], old: Plain, new: Plain, skip: frozenset[str]) -> Iterator[Change]:
    earlier_names = dict(_renamed_items(old, new))
    for step in [*new, *(step for step in old if step not in new)]:
        if step in skip:
            continue
        if step in earlier_names:
            name = earlier_names[step]
            path = (*field, step)
            yield Change(*key, ChangeKind.RENAMED, old[name], new[step], field=path, renamed_from=name)
            yield from _of_fields(key, path, _without_name(old[name]), _without_name(new[step]))
        elif step in new or step not in earlier_names.values():
            yield from _of_step(key, (*field, step), old.get(step, ABSENT), new.get(step, ABSENT))


def _of_step(key: Key, field: tuple[str, ...], old: Any, new: Any) -> Iterator[Change]:
    if old is ABSENT:
        yield Change(*key, ChangeKind.ADDED, after=new, field=field)
    elif new is ABSENT:
        yield Change(*key, ChangeKind.REMOVED, old, field=field)
    else:
        yield from _of_fields(key, field, old, new)


def _renamed_items(old: Plain, new: Plain) -> Iterator[tuple[str, str]]:
    for step, item in new.items():
        earlier = item.get("renamed_from") if isinstance(item, Mapping) else None
        if isinstance(earlier, str) and step not in old and earlier in old and earlier not in new:
            yield step, earlier


def _without_name(item: Plain) -> Plain:
    return {key: value for key, value in item.items() if key not in ("name", "renamed_from")}


def _of_items(key: Key, field: tuple[str, ...], old: list[Any], new: list[Any]) -> Iterator[Change]:
    gone, came = _missing(old, new), _missing(new, old)
    if gone:
        yield Change(*key, ChangeKind.ITEMS_REMOVED, old, new, field=field, items=tuple(gone))
    if came:
        yield Change(*key, ChangeKind.ITEMS_ADDED, old, new, field=field, items=tuple(came))
    if [_canonical(item) for item in _without(old, gone)] != [_canonical(item) for item in _without(new, came)]:
        yield Change(*key, ChangeKind.REORDERED, old, new, field=field)


def _missing(items: list[Any], others: list[Any]) -> list[Any]:
    """The items that `others` lacks; one that is there several times may be missing several times."""
    left = [_canonical(other) for other in others]
    missing = []
    for item in items:
        if (text := _canonical(item)) in left:
            left.remove(text)
        else:
            missing.append(item)
    return missing


def _without(items: list[Any], gone: list[Any]) -> list[Any]:
    left = [_canonical(item) for item in gone]
    kept = []
    for item in items:
        if (text := _canonical(item)) in left:
            left.remove(text)
        else:
            kept.append(item)
    return kept


def _same(old: Any, new: Any) -> bool:
    """Equal as JSON: the order of keys does not count, and 1 is neither 1.0 nor true."""
    return _canonical(old) == _canonical(new)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
