"""What all commands have in common: a value that is empty, as an unset variable is, is invalid usage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click


class Command(click.Command):
    """A command that refuses empty values."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the command line. Raises BadParameter for a value that is empty or blank."""
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in self.get_params(ctx):
            if any(not value.strip() for value in _texts(given.get(parameter.name or ""))):
                raise click.BadParameter("the value is empty; give a value, or leave the option out", ctx, parameter)
        return super().parse_args(ctx, args)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return [text for part in value for text in _texts(part)] if isinstance(value, list | tuple) else ()
