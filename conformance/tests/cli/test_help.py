"""The help of every command. That it is in plain words is a matter of `generator/tests`, which reads it as text."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from ampmap_conformance.cli import main


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with the words that call it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


KNOWN = dict(commands(main, "ampmap-conformance"))


@pytest.mark.parametrize("path", KNOWN)
def test_every_command_and_option_has_a_help_text(path: str) -> None:
    command = KNOWN[path]
    assert "Example" in (command.help or "")
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_every_option_of_run_is_shown_in_a_group() -> None:
    text = KNOWN["ampmap-conformance run"].get_help(click.Context(KNOWN["ampmap-conformance run"]))
    last = text.partition("\nOptions:")[2]
    assert [word for word in last.split() if word.startswith("--")] == ["--debug", "--help"]
    assert text.index("\nTarget:") < text.index("--base-url") < text.index("\nLimits:") < text.index("--max-requests")
