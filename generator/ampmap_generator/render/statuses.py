"""HTTP statuses of errors as the reference knows them: what each provider means, and what rules say of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, get_args

from ..vendored.base import Method
from ..vendored.catalogue import Requirement
from ..vendored.reference import Reference
from ..vendored.wire import ErrorShape, StatusRow

METHODS: Final[tuple[str, ...]] = get_args(Method)

REACHED: Final = ("routing.reaches-upstream", "routing.method-and-path")
"""Rules that a proxy breaks which does not serve a call that it must serve."""

SUSPECTS: Final[dict[int, tuple[str, ...]]] = {
    400: ("routing.body-kept", "headers.upstream-credential-set"),
    401: ("auth.accepts-credential", "headers.upstream-credential-set", "headers.client-credential-replaced"),
    403: ("auth.accepts-credential", "headers.upstream-credential-set"),
    404: REACHED,
    405: REACHED,
    413: ("routing.body-kept",),
    422: ("routing.body-kept",),
    500: REACHED,
    502: REACHED,
    503: REACHED,
    504: ("streaming.flushed", *REACHED),
}
"""Rules that a proxy may break when it answers a right call with this status."""

_PHRASES: Final = {each.value: each.phrase for each in HTTPStatus} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""As RFC 9110 has them; Python has the names of four since 3.13 alone."""

_STATUS: Final = re.compile(r"(?<![\d.,-])([45]\d\d)(?![\d-]|[.,]\d)")
_RETRIES: Final = re.compile(r"\battempts?\b")


@dataclass(frozen=True)
class StatusFacts:
    """What the reference says of one status."""

    status: int
    phrase: str
    """As the registry calls it; empty for a status that it does not have."""
    meanings: tuple[tuple[ErrorShape, tuple[str, ...], StatusRow], ...]
    """What providers mean: the shape of the error, ids of its providers, and the row."""
    suspects: tuple[str, ...]
    """Requirements that a proxy may break when it answers a right call so."""
    answers: tuple[str, ...]
    """Requirements by which a proxy itself answers so, or must not."""
    relays: tuple[str, ...]
    """Requirements on any status that an upstream answers with."""
    retries: tuple[tuple[str, str], ...]
    """What clients do about it: id of a dialect and its note on attempts."""


def status_facts(reference: Reference) -> tuple[StatusFacts, ...]:
    """Every status of an error that a provider or a rule names, in order."""
    named = {status for shape in reference.error_shapes.values() for status in shape.statuses}
    ruled = {status for rule in reference.requirements.values() for status in _statuses_in(rule)}
    return tuple(_facts(reference, status) for status in sorted(named | ruled))


def mentions(reference: Reference, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Per word, such as a method or a header, the requirements whose statement names it.

    A method stands in capitals; a header in any case, between backticks unless a hyphen tells it from a plain word.
    """
    found = {}
    for word in words:
        marked = word if word.isupper() or "-" in word else f"`{word}`"
        pattern = re.compile(rf"(?<![\w-]){re.escape(marked)}(?![\w-])", 0 if word.isupper() else re.IGNORECASE)
        rules = tuple(key for key, rule in reference.requirements.items() if pattern.search(rule.statement))
        if rules:
            found[word] = rules
    return found


def _facts(reference: Reference, status: int) -> StatusFacts:
    rules = reference.requirements
    relays = tuple(key for key, rule in rules.items() if "status" in rule.for_each)
    return StatusFacts(
        status=status,
        phrase=_PHRASES.get(status, ""),
        meanings=tuple(_meanings(reference, status)),
        suspects=tuple(rule for rule in SUSPECTS.get(status, ()) if rule in rules),
        answers=tuple(key for key, rule in rules.items() if status in _statuses_in(rule)),
        relays=relays,
        retries=tuple(
            (dialect, note)
            for dialect, endpoint in reference.endpoints.items()
            for note in endpoint.notes
            if _RETRIES.search(note) and _is_in(status, note)
        ),
    )


def _meanings(reference: Reference, status: int) -> Iterator[tuple[ErrorShape, tuple[str, ...], StatusRow]]:
    for shape in reference.error_shapes.values():
        if row := shape.statuses.get(status):
            users = tuple(key for key, each in reference.providers.items() if each.error_shape == shape.id)
            yield shape, users, row


def _statuses_in(rule: Requirement) -> set[int]:
    return {int(status) for status in _STATUS.findall(rule.statement)}


def _is_in(status: int, note: str) -> bool:
    every = status >= HTTPStatus.INTERNAL_SERVER_ERROR and re.search(r"from 500|5xx", note)
    return bool(every) or str(status) in _STATUS.findall(note)
