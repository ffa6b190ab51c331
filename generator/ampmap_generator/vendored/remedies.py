"""What to change in a server's configuration or code, so that a proxy built with it keeps the requirements.

For the conformance kit; the module that users vendor does not have these shapes' facts.
"""

from __future__ import annotations

from .base import Fact, Shape, SourceRef


class ServerMark(Shape):
    """What an answer of a server has, by which the server is recognised.

    `pattern` is a regular expression, matched in any case, that is searched in the value of `header`, or in the body
    where no header is named.
    """

    header: str | None = None
    pattern: str


class ServerRemedy(Shape):
    """What to change in one server, so that it keeps some requirements."""

    requirements: tuple[str, ...]
    """Ids of the requirements that a proxy breaks without it."""
    change: str
    """What to change, in a sentence."""
    lines: str = ""
    """The directives of the configuration, or the lines of code."""
    sources: tuple[SourceRef, ...] = ()
    """Where the server's documentation says it."""


class ServerRemedies(Fact):
    """How one server is recognised by its answers, and what to change in it."""

    display_name: str
    aliases: tuple[str, ...] = ()
    """Other names by which users call it."""
    marks: tuple[ServerMark, ...] = ()
    """Each of them tells the server; without any it is known only where the user names it."""
    built_on: tuple[str, ...] = ()
    """Ids of servers whose marks its answers have as well."""
    remedies: tuple[ServerRemedy, ...] = ()
