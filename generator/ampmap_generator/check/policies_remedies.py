"""The policies on remedies: what a user is told to change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..load.findings import Severity
from ..vendored.catalogue import Requirement
from ..vendored.remedies import ServerRemedies
from .plain_words import find_word_problems
from .registry import Wrong, facts, key_of, rule
from .spec_index import SpecIndex

GRAVE: Final = ("critical", "high")
"""Severities of requirements that need a remedy."""


@rule("missing-remedy", Severity.ERROR)
def missing_remedy(index: SpecIndex) -> Iterator[Wrong]:
    """A requirement whose severity is critical or high has a `remedy`: what to change in any proxy that breaks it.

    Reports show it beneath the cause where the server is not known, or where its file has nothing for the requirement.
    """
    for fact, requirement in facts(index, Requirement):
        if requirement.severity in GRAVE and not requirement.excluded and not requirement.remedy:
            message = f"severity {requirement.severity}, and the user is not told what to change"
            yield Wrong(key_of(fact, "severity"), message, "add a `remedy` in a sentence or two")


@rule("remedy-source", Severity.ERROR)
def remedy_source(index: SpecIndex) -> Iterator[Wrong]:
    """A remedy for a server names a source, and each of its sources has a `url` and the day on which it was `read`.

    Users look a directive up before they change a server that other people use.
    """
    sources = index.scopes.get("sources", {})
    for fact, server in facts(index, ServerRemedies):
        for number, remedy in enumerate(server.remedies):
            if not remedy.sources:
                yield Wrong(fact.locate(("remedies", number)), "the remedy names no source", "add `sources`")
            for place, ref in enumerate(remedy.sources):
                data = sources[ref.id].data if ref.id in sources else None
                missing = [field for field in ("url", "read") if isinstance(data, dict) and not data.get(field)]
                if missing:
                    where = fact.locate(("remedies", number, "sources", place, "id"))
                    yield Wrong(where, f"the source `{ref.id}` has no `{missing[0]}`", "add it to the source's file")


@rule("remedy-twice", Severity.ERROR)
def remedy_twice(index: SpecIndex) -> Iterator[Wrong]:
    """A server has one remedy for a requirement, so that reports show the same one every time."""
    for fact, server in facts(index, ServerRemedies):
        seen: set[str] = set()
        for number, remedy in enumerate(server.remedies):
            for place, name in enumerate(remedy.requirements):
                if name in seen:
                    where = fact.locate(("remedies", number, "requirements", place))
                    yield Wrong(where, f"another remedy of this server is for `{name}`", "join the two")
                seen.add(name)


@rule("invalid-mark", Severity.ERROR)
def invalid_mark(index: SpecIndex) -> Iterator[Wrong]:
    """The `pattern` of a mark is a regular expression that does not match an empty text.

    A pattern that matches everything would take every server for this one.
    """
    for fact, server in facts(index, ServerRemedies):
        for number, mark in enumerate(server.marks):
            where = fact.locate(("marks", number, "pattern"))
            try:
                matches_all = re.search(mark.pattern, "") is not None
            except re.error as error:
                yield Wrong(where, f"this is not a regular expression: {error}")
            else:
                if matches_all:
                    yield Wrong(where, "the pattern matches every answer", "write what only this server answers")


@rule("plain-remedy", Severity.ERROR)
def plain_remedy(index: SpecIndex) -> Iterator[Wrong]:
    """A remedy is in plain words and ends in a full stop: without `is no`, `whoever`, `nobody` or `one` as a person."""
    texts = [
        (fact.locate(("remedy",)), requirement.remedy)
        for fact, requirement in facts(index, Requirement)
        if requirement.remedy
    ]
    for fact, server in facts(index, ServerRemedies):
        texts += [(fact.locate(("remedies", n, "change")), one.change) for n, one in enumerate(server.remedies)]
    for where, text in texts:
        for problem in find_word_problems(text):
            yield Wrong(where, f"`{problem.words}`: {problem.reason}", problem.instead)
        if not text.rstrip().endswith("."):
            yield Wrong(where, "the remedy does not end in a full stop", "write whole sentences")
