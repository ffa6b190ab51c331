"""The policy on how a requirement is worded."""

from __future__ import annotations

from collections.abc import Iterator

from ..load.findings import Severity
from ..vendored.catalogue import Requirement
from .plain_words import find_statement_problems
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex


@rule("plain-statement", Severity.ERROR)
def plain_statement(index: SpecIndex) -> Iterator[Wrong]:
    """A requirement's statement is one sentence with an actor as its subject, and can be read alone.

    Reports and search results show a statement without its neighbours. It begins with the proxy, the resolver or an
    SDK, or with a clause and then one of these; ends in a full stop; does not refer to another statement (`too`,
    `so is`, `it` at the beginning); and has neither `is no` nor `whoever`, `nobody` or `one` as a person.
    """
    for fact, requirement in facts(index, Requirement):
        for problem in find_statement_problems(requirement.statement):
            message = f"`{problem.words}`: {problem.reason}"
            yield Wrong(fact.locate(("statement",)), message, problem.instead)
