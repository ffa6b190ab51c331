"""Every text that users read keeps to the rules of `check.plain_words`.

The texts are read from the files of both packages and of the site, so that the kit need not be imported: docstrings,
of which click makes the help of a command; every other string of the code, among them the messages of errors, the help
of options and the words of pages; templates, scripts and guides.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from ampmap_generator import outputs
from ampmap_generator.check.plain_words import find_word_problems
from ampmap_generator.cli.main import main

ROOT = outputs.CHECKOUT
PACKAGES = (ROOT / "generator" / "ampmap_generator", ROOT / "conformance" / "ampmap_conformance")
SITE = ROOT / "site" / "docs"
GENERATED = PACKAGES[1] / "reference" / "types.py"
"""Made of `vendored`, which is read, and of the spec."""

Text = tuple[str, str]
"""Where a text stands, and the text."""


def docstrings() -> Iterator[Text]:
    """Docstrings of modules, classes and functions, and those below attributes."""
    yield from strings(documents=True)


def messages() -> Iterator[Text]:
    """Every string of the code that is more than two words and no docstring; values in it become `code`."""
    for place, text in strings(documents=False):
        if len(text.split()) > 2:
            yield place, text


def templates() -> Iterator[Text]:
    """The words of pages, exported configurations and reports, paragraph by paragraph."""
    for file in sorted(file for package in PACKAGES for kind in ("*.j2", "*.md") for file in package.rglob(kind)):
        text = re.sub(r"{{.*?}}|{%.*?%}", "`code`", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        yield from paragraphs(file, text)


def guides() -> Iterator[Text]:
    """Hand-written Markdown, without its blocks of code."""
    for file in sorted((*SITE.rglob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"))):
        yield from paragraphs(file, re.sub(r"^```.*?^```", "", file.read_text(encoding="utf-8"), flags=re.M | re.S))


def scripts() -> Iterator[Text]:
    """The strings in double quotes of what runs in the reader's browser."""
    for file in sorted(SITE.rglob("*.js")):
        for line, code in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            yield from ((f"{named(file)}:{line}", text) for text in re.findall(r'"((?:[^"\\]|\\.)*)"', code))


@pytest.mark.parametrize(
    ("texts", "fewest"),
    [(docstrings, 2000), (messages, 1500), (templates, 150), (guides, 300), (scripts, 300)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_texts_are_in_plain_words(texts: Callable[[], Iterator[Text]], fewest: int) -> None:
    found = list(texts())

    assert len(found) > fewest, "the texts are not where this test looks for them"
    assert [
        f"{place}: `{problem.words}`: {problem.reason}; {problem.instead}"
        for place, text in found
        for problem in find_word_problems(text)
    ] == []


def test_every_command_and_option_has_a_help_text() -> None:
    known = list(commands(main, "ampmap"))
    assert [path for path, command in known if "Example" not in (command.help or "")] == []
    assert [
        f"{path} {option.name}"
        for path, command in known
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ] == []


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with the words that call it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


def strings(*, documents: bool) -> Iterator[Text]:
    """Docstrings, or all other strings, of both packages."""
    for package in PACKAGES:
        for file in sorted(package.rglob("*.py")):
            if file == GENERATED:
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"))
            known = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr | ast.Constant) and (id(node) in known) == documents:
                    text = text_of(node)
                    if text is not None and id(node) not in parts:
                        yield f"{named(file)}:{node.lineno}", text


def text_of(node: ast.JoinedStr | ast.Constant) -> str | None:
    """The text of a literal, with `code` for each value in it; None for a literal that is not text."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            text_of(part) or "`code`" if isinstance(part, ast.Constant) else "`code`" for part in node.values
        )
    return node.value if isinstance(node.value, str) else None


def paragraphs(file: Path, text: str) -> Iterator[Text]:
    """The paragraphs of a text, each with the line on which it begins."""
    line = 1
    for part in text.split("\n\n"):
        if part.strip():
            yield f"{named(file)}:{line}", part
        line += part.count("\n") + 2


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
