"""Templates that serve both ways: filled with values they give JSON, and laid over JSON they give the values.

| in a template | written as | asked for when read |
|---|---|---|
| `"{name}"` | the value, with its type; left out without one | a value of the kind of `name` |
| `"{name?}"` | the same | the same; it may also be missing |
| `"a{name}b"` | the text with the value in it | a text of this form |
| a text, a number or `true` | as it is | a text and `true` must be there; a number may be missing or another |
| `null` | left out | must be missing or null |
| a list of one item | one item | each item that fits gives one finding |
| an object | its members | its members; others are ignored |

What is made of nothing but values that are missing is left out with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from .base import Json

# The names that a template may use, each with the types that its value may have.
PLACEHOLDERS: dict[str, tuple[type, ...]] = {
    "answer": (dict,),
    "arguments": (dict, list),
    "arguments_text": (str,),
    "cached": (int,),
    "code": (str, int),
    "data": (str,),
    "description": (str,),
    "id": (str,),
    "index": (int,),
    "input": (int,),
    "item": (dict,),
    "limit": (int,),
    "media_type": (str,),
    "message": (str,),
    "model": (str,),
    "name": (str,),
    "output": (int,),
    "parameters": (dict,),
    "place": (int,),
    "reasoning": (int,),
    "result": (dict, list, str),
    "schema": (dict,),
    "sequence": (int,),
    "signature": (str,),
    "spoken": (int,),
    "status": (int,),
    "text": (str,),
    "total": (int,),
    "type": (str,),
    "uncached": (int,),
    "url": (str,),
    "whole": (str,),
}
_PLACEHOLDER = re.compile(r"\{([a-z_]+)(\??)\}")
_MISSING = object()


@dataclass(frozen=True)
class Finding:
    """Values that a template found, and the keys and indices that lead to them."""

    place: tuple[str | int, ...]
    values: Mapping[str, Json]

    @property
    def item(self) -> tuple[str | int, ...]:
        """The innermost item of a list in which the values stand; empty where they stand in none."""
        last = max((at for at, step in enumerate(self.place) if isinstance(step, int)), default=-1)
        return self.place[: last + 1]


def placeholders(template: Json) -> dict[str, bool]:
    """The names in a template, each with whether it must have a value."""
    if isinstance(template, str):
        return {name[1]: not name[2] for name in _PLACEHOLDER.finditer(template)}
    members, items = _members(template), _items(template)
    names: dict[str, bool] = {}
    for part in list(members.values()) if members is not None else items or []:
        for name, needed in placeholders(part).items():
            names[name] = names.get(name, False) or needed
    return names


def filled(template: Json, values: Mapping[str, Json]) -> Json:
    """The JSON that a template and values give; None stands for a missing value, and `null` of the template stays."""
    result = _filled(template, values)
    return None if result is _MISSING else result


def _filled(template: Json, values: Mapping[str, Json]) -> Json:
    if (members := _members(template)) is not None:
        parts = {key: _filled(part, values) for key, part in members.items()}
        kept = {key: part for key, part in parts.items() if part is not _MISSING}
        return kept if kept or not members else _MISSING
    if (items := _items(template)) is not None:
        some = [part for part in (_filled(part, values) for part in items) if part is not _MISSING]
        return some if some or not items else _MISSING
    if not isinstance(template, str):
        return template
    if any(values.get(name) is None for name in placeholders(template)):
        return _MISSING
    if whole := _PLACEHOLDER.fullmatch(template):
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda name: str(values[name[1]]), template)


def found(template: Json, data: Json, *, snake_case: bool = False, literals: bool = True) -> list[Finding]:
    """Everything in `data` that fits the template, in order.

    With `snake_case` each key may also be spelt so (`max_tokens` for `maxTokens`). Without `literals` no text of the
    template is asked for, only the places of its values.
    """
    return list(_found(template, data, (), _How(snake_case, literals)))


@dataclass(frozen=True)
class _How:
    snake_case: bool
    literals: bool


def _members(value: Json) -> dict[str, Json] | None:
    return cast("dict[str, Json]", value) if isinstance(value, dict) else None


def _items(value: Json) -> Sequence[Json] | None:
    return cast("Sequence[Json]", value) if isinstance(value, list | tuple) else None


def _found(template: Json, data: Json, place: tuple[str | int, ...], how: _How) -> Iterator[Finding]:
    members, items = _members(template), _items(template)
    if data is None:
        if _may_be_missing(template, how):
            yield Finding((), {})
    elif members is not None:
        if (theirs := _members(data)) is not None:
            yield from _in_object(list(members.items()), theirs, place, how)
    elif items is not None:
        if not items:
            yield Finding((), {})
        elif (given := _items(data)) is not None:
            seen = [one for at, item in enumerate(given) for one in _found(items[0], item, (*place, at), how)]
            yield from seen or ([Finding((), {})] if _may_be_missing(template, how) else [])
    elif isinstance(template, str) and template:
        yield from _in_text(template, data, place, how)
    elif template is True:
        if data is True or not how.literals:
            yield Finding((), {})
    elif template is not None:
        yield Finding((), {})


def _in_object(
    members: list[tuple[str, Json]], data: Mapping[str, Json], place: tuple[str | int, ...], how: _How
) -> Iterator[Finding]:
    if not members:
        yield Finding((), {})
        return
    (key, part), *rest = members
    value = data.get(key)
    if value is None and how.snake_case:
        value = data.get(re.sub(r"(?<=[a-z])([A-Z])", lambda capital: f"_{capital[1].lower()}", key))
    for first in _found(part, value, (*place, key), how):
        for other in _in_object(rest, data, place, how):
            yield Finding(_deeper(first.place, other.place), {**first.values, **other.values})


def _deeper(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> tuple[str | int, ...]:
    def depth(place: tuple[str | int, ...]) -> int:
        return sum(isinstance(step, int) for step in place)

    return other if not one or depth(other) > depth(one) else one


def _in_text(template: str, data: Json, place: tuple[str | int, ...], how: _How) -> Iterator[Finding]:
    whole = _PLACEHOLDER.fullmatch(template)
    if whole is not None:
        if isinstance(data, PLACEHOLDERS[whole[1]]) and not isinstance(data, bool):
            yield Finding(place, {whole[1]: data})
        elif whole[2]:
            yield Finding((), {})
    elif names := placeholders(template):
        pattern = "(.*)".join(re.escape(part) for part in _PLACEHOLDER.split(template)[::3])
        if isinstance(data, str) and (matched := re.fullmatch(pattern, data, re.DOTALL)):
            yield Finding(place, dict(zip(names, matched.groups(), strict=True)))
    elif data == template or not how.literals:
        yield Finding((), {})


def _may_be_missing(template: Json, how: _How) -> bool:
    if isinstance(template, str) and template:
        names = placeholders(template)
        return not any(names.values()) if names else not how.literals
    members, items = _members(template), _items(template)
    parts = list(members.values()) if members is not None else items
    if parts is not None:
        return all(_may_be_missing(part, how) for part in parts)
    return template is not True or not how.literals
