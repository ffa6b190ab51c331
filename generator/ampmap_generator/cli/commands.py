"""What all commands have in common: a value that is empty, as an unset variable is, is invalid usage."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from typing import Any

import click

INTERRUPTED, USAGE = 2, 4
"""Exit codes."""


class Command(click.Command):
    """A command that refuses empty values."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the command line. Raises BadParameter for a value that is empty or blank."""
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in self.get_params(ctx):
            if any(not value.strip() for value in _texts(given.get(parameter.name or ""))):
                raise click.BadParameter("the value is empty; give a value, or leave the option out", ctx, parameter)
        return super().parse_args(ctx, args)


class Choice(click.Choice[Any]):
    """One of some words; for another one, the message also names the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What is wrong with a value."""
        near = difflib.get_close_matches(str(value), [str(choice) for choice in self.choices], n=1, cutoff=0.5)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return f"{super().get_invalid_choice_message(value, ctx).rstrip('.')}{hint}"


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


class Program(Group):
    """The outermost group. Invalid usage ends with 4 and an interrupt with 2, as in `ampmap-conformance`."""

    def main(self, *args: Any, **rest: Any) -> Any:
        """Runs the command line; always ends with SystemExit."""
        rest["standalone_mode"] = False
        try:
            outcome = super().main(*args, **rest)
        except click.UsageError as error:
            error.show()
            sys.exit(USAGE)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(INTERRUPTED)
        sys.exit(outcome if isinstance(outcome, int) else 0)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return [text for part in value for text in _texts(part)] if isinstance(value, list | tuple) else ()
