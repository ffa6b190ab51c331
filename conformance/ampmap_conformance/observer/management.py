"""What the observer answers in the place of Amp's servers, call by call, as the reference states it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..dialects import bodies
from ..reference.types import ManagementAnswer, Reference
from .answer import Answer, plain

ANY_OTHER = "getUserInfo"
"""The call whose answer all others get: of the shapes that are known, most calls were seen to accept it."""

_NOTHING = b'{"ok":true,"result":{}}'


@dataclass(frozen=True, slots=True)
class _Row:
    method: str
    path: re.Pattern[str]
    fields: tuple[str, ...]
    """What fields of the query begin with."""
    answer: Answer


class ManagementAnswers:
    """The answers of a reference, by method, path and query. Immutable once made."""

    def __init__(self, reference: Reference) -> None:
        stated = {name: each for route in reference.management.values() for name, each in route.answers.items()}
        self._rows = tuple(_row(each) for each in stated.values())
        usual = stated.get(ANY_OTHER)
        self._other = _answer(usual) if usual else plain(200, _NOTHING)

    def find(self, method: str, path: str, query: str | None) -> Answer:
        """The answer to a call."""
        given = (query or "").split("&")
        for row in self._rows:
            if row.method == method and row.path.fullmatch(path) and all(_among(name, given) for name in row.fields):
                return row.answer
        return self._other


def _row(stated: ManagementAnswer) -> _Row:
    path, _, query = stated.path.partition("?")
    parts = re.split(r"\{[a-z_]+\}", path)
    fields = (field.partition("{")[0] for field in query.split("&") if field)
    return _Row(stated.method, re.compile("[^/]+".join(map(re.escape, parts))), tuple(fields), _answer(stated))


def _answer(stated: ManagementAnswer) -> Answer:
    body = bodies.dump(stated.body) if stated.text is None else stated.text.encode()
    return plain(200, body, content_type=stated.content_type)


def _among(name: str, fields: list[str]) -> bool:
    """Whether a query has the field: a name alone as it is, and with `=` behind it with any value."""
    return any(field.startswith(name) if name.endswith("=") else field == name for field in fields)
