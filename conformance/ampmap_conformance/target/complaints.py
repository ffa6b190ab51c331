"""What is wrong in a target file, each with its place and with what to write instead. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, get_args

from pydantic import BaseModel

from .. import reference as packaged
from ..files import Document, did_you_mean
from ..reference.types import ClaimName, Reference
from .file import NAMED, SINGLE, Policy, ProviderPolicy, TargetFile

DISCLAIMING = frozenset(
    (name,) for name in ("disclaims", "disclaim", "exempt", "exclude", "excludes", "skip", "except")
)
NO_DISCLAIMING = (
    "every target is tested on the core, and a target file cannot disclaim it; use `--skip` for one run, or list"
    " known failures in a baseline"
)


def problems_of_names(document: Document, file: TargetFile, reference: Reference) -> list[str]:
    """A complaint for every provider, dialect, persona and edition of a file that the reference does not have."""
    known = [provider.id for provider in reference.providers.values() if provider.via_proxy]
    listed = {} if isinstance(file.providers, dict) else dict(enumerate(file.providers or ()))
    particular = file.providers if isinstance(file.providers, dict) else {}
    named: list[tuple[tuple[str | int, ...], str]] = [
        *((("providers", index), name) for index, name in listed.items()),
        *((("providers", name), name) for name in particular),
        *((("mounts", name), name) for name in file.mounts),
        *((("models", "available", name), name) for name in file.models.available),
    ]
    others = f"; known: {', '.join(known)}"
    dialects = list(reference.endpoints)
    known_dialects = f"; known: {', '.join(dialects)}"
    problems = [
        f"{document.at_key(path)}: `{name}` is not a provider behind the proxy{did_you_mean(name, known) or others}"
        for path, name in named
        if name not in known
    ]
    problems += [
        f"{document.at_key(path)}: unknown dialect `{name}`{did_you_mean(name, dialects) or known_dialects}"
        for path, name in _dialects_named(file)
        if name not in dialects
    ]
    families, pages = list(reference.management), file.policy.browser_pages
    known_families = f"; known: {', '.join(families)}"
    problems += [
        f"{document.at_key(('policy', 'browser_pages', name))}: unknown management family `{name}`"
        f"{did_you_mean(name, families) or known_families}"
        for name in (pages if isinstance(pages, dict) else ())
        if name not in families
    ]
    personas = ["amp", *reference.providers]
    problems += [
        f"{document.at_key(('observer', 'personas', name))}: unknown persona `{name}`{did_you_mean(name, personas)}"
        for name in (file.observer.personas if file.observer else ())
        if name not in personas
    ]
    editions = list(packaged.editions())
    problems += [
        f"{document.at(('editions', index))}: unknown edition `{name}`{did_you_mean(name, editions)}"
        for index, name in enumerate(file.editions)
        if name not in editions
    ]
    if file.edition not in (None, reference.edition.id):
        problems.append(f"{document.at(('edition',))}: expected `{reference.edition.id}`, the edition of the reference")
    return problems


def _dialects_named(file: TargetFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every dialect that a file names, with its place."""
    particular = file.providers if isinstance(file.providers, dict) else {}
    policies: list[tuple[tuple[str, ...], Policy | ProviderPolicy]] = [(("policy",), file.policy)]
    for place, policy in policies + [(("providers", name), own) for name, own in particular.items()]:
        for name in policy.body if isinstance(policy.body, dict) else ():
            yield (*place, "body", name), name
        for index, name in enumerate(policy.upstream_dialects):
            yield (*place, "upstream_dialects", index), name


def complaint(document: Document, problem: Any, core: Collection[str]) -> str:
    """One problem of a file's shape with its place, and with what to write instead.

    `core` has the ids of the requirements on every target, and their profiles.
    """
    path = tuple(part for part in problem["loc"] if part not in (NAMED, SINGLE))
    place = document.at(path)
    name = ".".join(str(part) for part in path)
    if path[:1] == ("claims",) and len(path) == 2:
        return f"{place}: {_claim_complaint(str(problem['input']), core)}"
    if problem["type"] == "extra_forbidden":
        siblings = _fields(TargetFile, path[:-1])
        if path in DISCLAIMING:
            return f"{document.at_key(path)}: {NO_DISCLAIMING}"
        return f"{document.at_key(path)}: unknown key `{name}`{did_you_mean(str(path[-1]), siblings)}"
    if problem["type"] == "missing":
        return f"{place}: the key `{name}` is missing"
    if path[:1] == ("credentials",) and len(path) == 2 and problem["type"] == "model_type":
        return f"{place}: expected a reference to a secret, not its value: {{env: NAME}} or {{file: PATH}}"
    return f"{place}: `{name}`: {_in_words(problem)}"


def _claim_complaint(said: str, core: Collection[str]) -> str:
    about = re.sub(r"^(no[- _]|not[- _]|[-!~])", "", said)
    known = list(get_args(ClaimName))
    if about in core:
        return f"`{about}` is core: {NO_DISCLAIMING}"
    if about in known:
        return f"remove `{said}` from `claims`; features that are not claimed are not tested"
    return f"unknown claim `{said}`{did_you_mean(said, known) or '; expected one of ' + ', '.join(known)}"


def _in_words(problem: Any) -> str:
    """What is wrong with a value, with what to write instead for the mistakes that YAML invites."""
    given = problem["input"]
    if problem["type"] == "string_type" and isinstance(given, int | float):
        return f'expected text, not a number; write "{given}" in quotes'
    if problem["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
        return f"expected {' or '.join(f'`{word}`' for word in words)}{did_you_mean(str(given), words)}"
    if problem["type"] == "tuple_type":
        return f"expected a list: [{given}]" if isinstance(given, str) else "expected a list"
    return plain(problem["msg"])


def plain(message: str) -> str:
    """The message of a check of a shape."""
    return message.removeprefix("Value error, ")


def _fields(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    """The names that may stand at a path. A part that is not a field is a name or a place in a collection of them."""
    for part in path:
        if (found := model.model_fields.get(str(part))) is not None:
            inner = next(_shapes(found.annotation), None)
            if inner is None:
                return []
            model = inner
    return [info.alias or name for name, info in model.model_fields.items()]


def _shapes(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _shapes(part)
