"""Whether a case of one edition is a case of another one too: the same rule says the same of the same request. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from enum import Enum
from functools import cache

from ..cases.cases import CallCase, Case, ClientCase, ManagementCase, ModeCase, VariedCase, back_end_of
from ..fuzz.options import PROFILE
from ..reference.types import Header, HeaderSet, Json, Shape
from ..target.target import Target
from .plan import Task

TOLD = {"sources", "claims", "notes", "warning", "client_call", "sdk", "calls", "display_name", "lifecycle"}
"""Fields of facts that change neither a request nor what is asked of a proxy."""


class Sameness:
    """Tells what each case of a target is, in words that are the same where another edition's case is the same."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._plains: dict[int, str] = {}
        """By the identity of a fact, which lives as long as its reference."""
        self._sent = cache(self._headers)

    def of(self, task: Task) -> str | None:
        """A digest; None for a case that stands for its own edition alone, since its data is generated from it."""
        if task.row.profile == PROFILE:
            return None
        told = (self._plain(task.row), *self._case(task.case))
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def _case(self, case: Case) -> list[str]:
        reference, file = self._target.reference, self._target.file
        values = {each.name: getattr(case, each.name) for each in dataclasses.fields(case)}
        simple = {name: value for name, value in values.items() if isinstance(value, str | int | tuple | Enum | None)}
        told = [type(case).__name__, repr(sorted(simple.items())), case.method, case.target]
        if isinstance(case, ManagementCase):
            return [*told, self._plain(case.route), *self._sent("")]
        if not isinstance(case, CallCase):
            return told
        call = case.call
        told += [case.upstream_target, back_end_of(case, self._target), self._plain(call.provider)]
        told += [self._plain(reference.endpoints[call.dialect])]
        told += [self._plain(reference.error_shapes[call.provider.error_shape])]
        told += [self._plain(reference.meanings[call.dialect])] if call.dialect in reference.meanings else []
        told += self._sent(call.provider.id)
        if isinstance(case, VariedCase) and case.way != "local":
            told += [repr(file.mappings), repr(file.models)]
        if isinstance(case, ClientCase):
            told.append(case.sdk.package)
        if isinstance(case, ModeCase):
            told.append(self._plain(case.mode))
        return told

    def _plain(self, fact: Shape) -> str:
        if id(fact) not in self._plains:
            self._plains[id(fact)] = _plain(fact)
        return self._plains[id(fact)]

    def _headers(self, provider: str) -> list[str]:
        """The headers of calls of a provider, or of management calls. Examples of values ask nothing of a proxy."""
        return [
            repr((group.role, group.applies_to, header.name, header.value, header.presence))
            for group in self._target.reference.headers.values()
            for header in group.headers
            if _concerns(group, header, provider)
        ]


def _concerns(group: HeaderSet, header: Header, provider: str) -> bool:
    if not provider:
        return group.applies_to in ("management", "all")
    return group.applies_to != "management" and all(
        not named or provider in named for named in (group.providers, header.providers)
    )


def _plain(fact: Shape) -> str:
    return json.dumps(_without(fact.model_dump(mode="json", exclude=TOLD)), sort_keys=True)


def _without(value: Json) -> Json:
    """The value without what no request depends on, at any depth."""
    if isinstance(value, dict):
        return {name: _without(inner) for name, inner in value.items() if name not in TOLD}
    return [_without(inner) for inner in value] if isinstance(value, list) else value
