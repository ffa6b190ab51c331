"""YAML text to values that know their place in it.

The dialect is a strict subset: YAML 1.2 core scalars (except that a number with a leading zero is
text), one document, no anchors, aliases, tags or tabs, keys that are text and occur once. The text
is parsed once, as events of PyYAML's C parser (its Python one where libyaml is missing); an
explicit stack keeps deep nesting from using the interpreter's, and since aliases are refused, the
result is never larger than its file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import yaml

from . import rules
from .code_frame import LINE_BREAK, shorten
from .findings import Finding, Location, SpecRule

MAX_DEPTH: Final = 64
MAX_FINDINGS: Final = 200
"""Mistakes in one file after which the rest of it is not looked at."""
MAX_NODES: Final = 20_000
"""Keys and values of one file; a million of them would take seconds and half a gigabyte."""

Scalar: TypeAlias = str | int | float | bool | None
Pointer: TypeAlias = tuple[str | int, ...]
"""Steps from the top of a document: mapping keys and list indices."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Node:
    """A value and its place.

    `value` is a scalar, a list of nodes, or a dict of text keys to nodes; `key` is the node of the
    key that leads to it, if any. `line` and `column` are 1-based; `length` counts characters on
    that line and is 1 if the value continues below it. Nodes carry their file's name, so that a
    tree may be put together from several files.
    """

    __slots__ = ("column", "file", "key", "length", "line", "value")

    def __init__(self, file: str, line: int, column: int, length: int, value: Any) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.length = length
        self.value: Scalar | list[Node] | dict[str, Node] = value
        self.key: Node | None = None

    @property
    def location(self) -> Location:
        """Where the value stands."""
        return Location(self.file, self.line, self.column, self.length)

    @property
    def key_location(self) -> Location:
        """Where its key stands; where the value does if it has none."""
        return (self.key or self).location

    def plain(self) -> Any:
        """The value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """The node one step below, or None."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def children(self) -> Iterator[tuple[str | int, Node]]:
        """The steps and nodes directly below."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def at(self, pointer: Pointer) -> Node | None:
        """The node at `pointer`, or None."""
        node: Node | None = self
        for step in pointer:
            if node is None:
                return None
            node = node.child(step)
        return node

    def nearest(self, pointer: Pointer) -> Node:
        """The node at `pointer`, or the last one on the way that exists."""
        node = self
        for step in pointer:
            below = node.child(step)
            if below is None:
                break
            node = below
        return node


def parse(text: str, file: str) -> tuple[Node | None, list[Finding]]:
    """The document in `text`, and what is wrong with it.

    `file` is the name to show. The node is None for an empty document and where parsing had to
    stop; everything found until then is reported.
    """
    if findings := _stray_characters(text, file):
        return None, findings
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _StopError:
        return None, builder.findings
    except yaml.MarkedYAMLError as error:
        builder.report_error(error)
        return None, builder.findings
    except (yaml.YAMLError, ValueError) as error:  # errors that the parser gives without a place
        builder.findings.append(rules.SYNTAX.broken(Location(file, 1, 1), shorten(str(error), 200)))
        return None, builder.findings
    return builder.root, builder.findings


# --- characters

_STRAY = re.compile(r"[^\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _stray_characters(text: str, file: str) -> list[Finding]:
    """At most one finding for tabs and one for other characters: each states how many lines have them."""
    lines: dict[SpecRule, dict[int, tuple[int, str]]] = {}
    number, line_start, position = 1, 0, 0
    for match in _STRAY.finditer(text):
        for line_break in LINE_BREAK.finditer(text, position, match.start()):
            number, line_start = number + 1, line_break.end()
        position = match.start()
        rule = rules.TAB if match[0] == "\t" else rules.CONTROL_CHARACTER
        lines.setdefault(rule, {}).setdefault(number, (position - line_start + 1, match[0]))
    findings = []
    for rule, places in lines.items():
        first = next(iter(places))
        column, character = places[first]
        message = (
            "tabs are not allowed" if rule is rules.TAB else f"the character U+{ord(character):04X} is not allowed"
        )
        more = len(places) - 1
        if more:
            message += f"; {more} more {'line has' if more == 1 else 'lines have'} one"
        hint = "indent by spaces" if rule is rules.TAB else 'write it as an escape in double quotes, e.g. "\\u0085"'
        findings.append(rule.broken(Location(file, first, column), message, hint))
    return findings


# --- scalars

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONGEST_INTEGER = 40  # characters; converting very long ones is slow, and refused by Python


def resolve(text: str) -> Scalar:
    """The value of a plain scalar. Raises OverflowError for a number that JSON readers may not hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and not math.isfinite(float(text))):
        raise OverflowError
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER or not -(2**63) <= (number := int(text, base=0)) < 2**63:
        raise OverflowError
    return number


# --- events to nodes


class _StopError(Exception):
    """The rest of the document cannot be read; the finding is already reported."""


class _Builder:
    """Builds the tree from parser events, with a stack of the containers that are open."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.root: Node | None = None
        self._open: list[Node] = []
        self._keys: list[Node | None] = []  # per open container: the key that waits for its value
        self._documents = 0
        self._nodes = 0

    def take(self, event: Any) -> None:
        """Adds one event. Raises _StopError."""
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_properties(event)
            self._add(self._scalar(event))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._refuse_properties(event)
            self._start(self._node(event, {} if isinstance(event, yaml.MappingStartEvent) else []))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._end(event)
        elif isinstance(event, yaml.AliasEvent):
            node = self._node(event, None)
            self._report(
                rules.ANCHOR,
                node,
                f"aliases such as `*{shorten(event.anchor or '')}` are not allowed",
                "write the value out",
            )
            self._add(node)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._report(
                    rules.SYNTAX, self._node(event, None), "a file must contain one document; a second one begins here"
                )
                raise _StopError

    def report_error(self, error: yaml.MarkedYAMLError) -> None:
        """Adds the parser's own error."""
        mark = error.problem_mark or error.context_mark
        place = Location(self.file, mark.line + 1, mark.column + 1) if mark else Location(self.file, 1, 1)
        problem = error.problem or "not valid YAML"
        message = problem
        if error.context and error.context_mark:
            message += f" ({error.context} that begins in line {error.context_mark.line + 1})"
        self.findings.append(rules.SYNTAX.broken(place, shorten(message, 200), _SYNTAX_HINTS.get(problem)))

    def _node(self, event: Any, value: Any) -> Node:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Node(self.file, start.line + 1, start.column + 1, length or 1, value)

    def _scalar(self, event: Any) -> Node:
        node = self._node(event, event.value)
        if not event.style and event.tag is None:
            if self._open and isinstance(self._open[-1].value, dict) and self._keys[-1] is None:
                return node  # a key is text, whatever it looks like
            try:
                node.value = resolve(event.value)
            except OverflowError:
                self._report(
                    rules.NUMBER_RANGE, node, "the number does not fit in 64 bits", "put it in quotes if it is text"
                )
        elif event.style == '"' and _SURROGATE.search(event.value):
            self._report(rules.SYNTAX, node, "the escape is half of a surrogate pair")
            node.value = ""
        return node

    def _refuse_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._report(
                rules.ANCHOR, self._node(event, None), f"anchors such as `&{shorten(event.anchor)}` are not allowed"
            )
        if event.tag is not None:
            self._report(rules.TAG, self._node(event, None), f"tags such as `{shorten(event.tag)}` are not allowed")

    def _start(self, node: Node) -> None:
        if len(self._open) == MAX_DEPTH:
            self._report(rules.TOO_DEEP, node, f"the nesting is deeper than {MAX_DEPTH} levels")
            raise _StopError
        self._add(node)
        self._open.append(node)
        self._keys.append(None)

    def _end(self, event: Any) -> None:
        node = self._open.pop()
        self._keys.pop()
        if event.end_mark.line == node.line - 1 and event.end_mark.column > event.start_mark.column:
            node.length = event.end_mark.column - node.column + 1  # a flow collection on one line
        elif isinstance(node.value, dict) and node.value:
            first = next(iter(node.value.values())).key
            if first is not None and first.line == node.line and first.column == node.column:
                node.length = first.length

    def _add(self, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._report(
                rules.TOO_MANY_VALUES, node, f"the file has more than {MAX_NODES:,} keys and values", "split the file"
            )
            raise _StopError
        if not self._open:
            self.root = node
            return
        container = self._open[-1].value
        key = self._keys[-1]
        if isinstance(container, list):
            container.append(node)
        elif key is None:
            if not isinstance(node.value, str):
                self._report(rules.COMPLEX_KEY, node, "a key must be text")
                raise _StopError
            self._keys[-1] = node
        elif isinstance(container, dict):
            self._keys[-1] = None
            node.key = key
            name = str(key.value)
            earlier = container.setdefault(name, node)
            if earlier is not node and earlier.key is not None:
                message = f"duplicate key `{shorten(name)}`, first used in line {earlier.key.line}"
                self._report(rules.DUPLICATE_KEY, key, message, "keep one of the two")

    def _report(self, rule: SpecRule, node: Node, message: str, hint: str | None = None) -> None:
        self.findings.append(rule.broken(node.location, message, hint))
        if len(self.findings) == MAX_FINDINGS:
            raise _StopError


_SURROGATE = re.compile(r"[\ud800-\udfff]")

_SYNTAX_HINTS = {
    problem: hint
    for problems, hint in (
        (
            ("mapping values are not allowed in this context", "mapping values are not allowed here"),
            "put text that contains a colon and a space in quotes",
        ),
        (
            ("found character that cannot start any token",),
            "put text that begins with a special character in quotes",
        ),
        (("found unknown escape character",), "use single quotes, or double the backslash"),
    )
    for problem in problems
}
