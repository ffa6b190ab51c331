"""Policies on which meaning has which place in each dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..load.findings import Severity
from ..load.spec import LocatedFact
from ..load.suggest import did_you_mean
from ..vendored.base import Shape
from ..vendored.meanings import Meanings, Place, Step
from ..vendored.templates import PLACEHOLDERS, filled, found, placeholders
from ..vendored.wire import Endpoint
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex

Pointer = tuple[str | int, ...]

SAMPLES: dict[type, Any] = {str: "a sample", int: 7, dict: {"sample": [1]}, list: ["a sample"]}
"""A value for each type that a placeholder may have."""

_WHOLE = {"answer", "item"}
"""Placeholders for what other meanings of the same dialect write."""


@rule("meaning-missing", Severity.WARNING)
def meaning_missing(index: SpecIndex) -> Iterator[Wrong]:
    """Each dialect that generates answers, streamed or whole, has a file of its meanings.

    Without it neither the observer nor the reference proxy can translate the dialect, and nothing judges who does.
    """
    spoken = {fact.id for fact, _ in facts(index, Meanings)}
    for fact, endpoint in facts(index, Endpoint):
        generates = any(operation.stream is not None for operation in endpoint.operations.values())
        if generates and endpoint.streaming is not None and fact.id not in spoken:
            yield Wrong(fact.location, "nothing says which meaning has which place", f"add meanings/{fact.id}.yaml")


@rule("meaning-dialect", Severity.ERROR)
def meaning_dialect(index: SpecIndex) -> Iterator[Wrong]:
    """A file of meanings is named like a dialect, and its operation is one of that dialect that can be streamed."""
    endpoints = {fact.id: endpoint for fact, endpoint in facts(index, Endpoint)}
    for fact, meanings in facts(index, Meanings):
        if fact.id not in endpoints:
            yield Wrong(fact.location, "no endpoint describes this dialect", did_you_mean(fact.id, list(endpoints)))
            continue
        operation = endpoints[fact.id].operations.get(meanings.operation)
        if operation is None or operation.stream is None:
            yield Wrong(fact.locate(("operation",)), "the dialect has no such operation that can be streamed")


@rule("meaning-place", Severity.ERROR)
def meaning_place(index: SpecIndex) -> Iterator[Wrong]:
    """Each meaning has a place with a source, or says why the dialect has none.

    What a template names in braces must be a known value.
    """
    for fact, pointer, place in _places(index):
        said = _ways(place)
        if len(said) != 1:
            told = " and ".join(f"`{name}`" for name in said) or "nothing"
            yield Wrong(fact.locate(pointer), f"{told} says where this meaning stands", "give it one place")
        if said != ["none"] and not place.sources:
            yield Wrong(fact.locate(pointer), "no source says so")
        for where, template in _templates(place):
            for name in placeholders(template):
                if name not in PLACEHOLDERS:
                    hint = did_you_mean(name, list(PLACEHOLDERS))
                    yield Wrong(fact.locate((*pointer, *where)), f"no value is called `{name}`", hint)


@rule("meaning-round-trip", Severity.ERROR)
def meaning_round_trip(index: SpecIndex) -> Iterator[Wrong]:
    """What is written for a meaning is read as that meaning, with the same values."""
    for fact, pointer, place in _places(index):
        written = [template for _, template in _written(place) if not _WHOLE & placeholders(template).keys()]
        if written and place.forms and not any(_is_read(template, place) for template in written):
            yield Wrong(fact.locate(pointer), "no form of this meaning reads what is written for it")


def _is_read(template: Any, place: Place | Step) -> bool:
    names = placeholders(template)
    if not names.keys() <= PLACEHOLDERS.keys():
        return True  # another rule tells it
    values = {name: SAMPLES[PLACEHOLDERS[name][0]] for name in names}
    seen = [finding.values for form in place.forms for finding in found(form, filled(template, values))]
    return any(all(str(values.get(name, value)) == str(value) for name, value in one.items()) for one in seen)


def _places(index: SpecIndex) -> Iterator[tuple[LocatedFact, Pointer, Place | Step]]:
    for fact, meanings in facts(index, Meanings):
        parts: tuple[tuple[str, Shape], ...] = (
            ("request", meanings.request),
            ("answer", meanings.answer),
            ("stream", meanings.stream),
        )
        for part, held in parts:
            for name in type(held).model_fields:
                value = getattr(held, name)
                if isinstance(value, Place | Step):
                    yield fact, (part, name), value


def _ways(place: Place | Step) -> list[str]:
    ways = {
        "forms": bool(place.forms) or (isinstance(place, Step) and bool(place.events)),
        "in_path": isinstance(place, Place) and place.in_path,
        "none": place.none is not None,
    }
    return [name for name, given in ways.items() if given]


def _templates(place: Place | Step) -> Iterator[tuple[Pointer, Any]]:
    yield from ((("forms", at), form) for at, form in enumerate(place.forms))
    if isinstance(place, Step) or place.written is not None:
        yield from _written(place)


def _written(place: Place | Step) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(place, Step):
        yield from ((("events", at), event.data) for at, event in enumerate(place.events))
    elif place.written is not None:
        yield ("written",), place.written
    else:
        yield from ((("forms", at), form) for at, form in enumerate(place.forms[:1]))
