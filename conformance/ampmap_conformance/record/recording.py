"""A recorded run as files: what was sent, line by line and masked, and the facts in it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

from ..errors import Violation
from ..reference.types import Reference
from ..version import version
from ..wire.redaction import SecretBook
from ..wire.sse import decode_body
from .calls import ManagementCall, Meaning, ModelCall
from .client import Outcome
from .compare import Comparer, Difference, Kind, distinct
from .tap import Sent

Compared: TypeAlias = tuple[Sent, Meaning, tuple[Difference, ...]]

FORM: Final = 1
"""The version of `recorded.json`, which `ampmap inspect --recorded` reads."""
LONGEST_BODY: Final = 256 << 10
"""Characters of a body that are written."""
VERSION_HEADER: Final = "x-amp-client-version"


@dataclass(frozen=True)
class Recording:
    """One run of a client, judged."""

    reference: Reference
    outcome: Outcome
    isolated: bool
    calls: tuple[tuple[Sent, Meaning], ...]
    left_out: int
    """Requests beyond what is kept."""
    book: SecretBook

    @cached_property
    def _compared(self) -> tuple[Compared, ...]:
        """Each call with what differs in it."""
        comparer = Comparer(self.reference)
        return tuple((*call, tuple(comparer.differences(*call))) for call in self.calls)

    @cached_property
    def differences(self) -> tuple[tuple[Difference, int], ...]:
        """Each difference once, with how often it was seen."""
        return distinct(each for *_, differences in self._compared for each in differences)

    @property
    def client(self) -> str | None:
        """The build, as the client says in a header."""
        said = (sent.headers.get(VERSION_HEADER) for sent, _ in self.calls)
        return next((self.book.hide(each)[:100] for each in said if each), None)

    def lines(self) -> str:
        """Every request as JSON, one a line, with secrets masked."""
        return "".join(f"{json.dumps(self._line(*call), ensure_ascii=False)}\n" for call in self.calls)

    def _line(self, sent: Sent, meaning: Meaning) -> dict[str, Any]:
        try:
            text = decode_body(sent.headers, sent.body).decode("utf-8", errors="replace")
        except Violation:
            text = ""
        body = self.book.hide_piece(text, LONGEST_BODY)
        return {
            "seconds": round(sent.at, 3),
            "method": sent.method,
            "target": self.book.hide(sent.target),
            "headers": [list(line) for line in self.book.hide_lines(sent.headers)],
            "body": body,
            "body_length": len(text),
            "status": sent.status,
            "means": _in_words(meaning),
        }

    def facts(self) -> dict[str, Any]:
        """`recorded.json`: facts alone, without a body and without a header's value."""
        return {
            "recorded": FORM,
            "kit": version(),
            "edition": self.reference.edition.id,
            "digest": self.reference.digest,
            "client": self.client,
            "isolated": self.isolated,
            "ended": {"how": self.outcome.ended.value, "exit_code": self.outcome.code},
            "requests": len(self.calls) + self.left_out,
            "calls": [_grouped(group) for group in _groups(self._compared)],
            "differences": [
                {
                    "kind": each.kind.value,
                    "name": self.book.hide(each.name),
                    "where": self.book.hide(each.where),
                    "times": times,
                }
                for each, times in self.differences
            ],
        }


def _in_words(meaning: Meaning) -> str:
    match meaning:
        case ModelCall():
            return f"{meaning.provider.id} {meaning.call.id}"
        case ManagementCall(route, method):
            return f"management {route.id}{f' {method}' if method else ''}"
        case _:
            return "unknown"


def _groups(calls: Iterable[Compared]) -> list[list[Compared]]:
    """Calls that are alike in all but values, in the order of their first."""
    found: dict[tuple[Any, ...], list[Compared]] = {}
    for sent, meaning, differences in calls:
        key: tuple[Any, ...] = (sent.method, _in_words(meaning))
        if isinstance(meaning, ModelCall):
            key = (*key, meaning.model, meaning.streamed, tuple(sorted(meaning.body)))
        elif not isinstance(meaning, ManagementCall):
            key = (*key, sent.path)
        found.setdefault(key, []).append((sent, meaning, differences))
    return list(found.values())


def _grouped(group: Sequence[Compared]) -> dict[str, Any]:
    (sent, meaning, _), *_ = group
    names = [{name.lower() for name, _ in each.headers} for each, *_ in group]
    every = set.intersection(*names)
    differences = [each for *_, found in group for each in found]
    made: dict[str, Any] = {
        "method": sent.method,
        "path": sent.path,
        "times": len(group),
        "statuses": sorted({each.status for each, *_ in group if each.status is not None}),
        "headers": sorted(every),
        "other_headers": sorted(set.union(*names) - every),
        "unstated_headers": sorted({each.name for each in differences if each.kind is Kind.HEADER}),
    }
    if isinstance(meaning, ModelCall):
        made |= {
            "path": sent.path.replace(meaning.model, "{model}") if meaning.model else sent.path,
            "provider": meaning.provider.id,
            "operation": meaning.call.id,
            "model": meaning.model or None,
            "tool": None if meaning.is_main or not meaning.tools else meaning.tools[0].id,
            "streamed": meaning.streamed,
            "body": list(meaning.body),
        }
    elif isinstance(meaning, ManagementCall):
        made |= {"management": meaning.method}
    return made
