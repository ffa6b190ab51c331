"""What all commands of the kit have in common: no empty values, `--debug`, and an exit code for every error."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import click

DEBUG = "ampmap_conformance.debug"
"""Where a context keeps that `--debug` was given."""


def _remember(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    context.meta[DEBUG] = wanted or context.meta.get(DEBUG, False)


class Choice(click.Choice[Any]):
    """One of some words; for another one, the message also names the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What is wrong with a value."""
        from ..files import did_you_mean

        known = [str(getattr(choice, "value", choice)) for choice in self.choices]
        return f"{super().get_invalid_choice_message(value, ctx).rstrip('.')}{did_you_mean(str(value), known)}"


class Command(click.Command):
    """A command that refuses empty values, and has `--debug`.

    `groups` are the names of its options' parameters below the titles under which its help shows them.
    """

    def __init__(self, *args: Any, groups: Mapping[str, tuple[str, ...]] = MappingProxyType({}), **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.groups = groups
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_remember,
                help="Print the traceback of an internal error.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the command line. Raises BadParameter for a value that is empty or blank, as an unset variable is."""
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in self.get_params(ctx):
            if any(not value.strip() for value in _texts(given.get(parameter.name or ""))):
                raise click.BadParameter("the value is empty; give a value, or leave the option out", ctx, parameter)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, in their groups where there are any; what is in none comes last."""
        title_of = {name: title for title, names in self.groups.items() for name in names}
        rows: dict[str, list[tuple[str, str]]] = {title: [] for title in self.groups}
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None:
                rows.setdefault(title_of.get(parameter.name or "", "Options"), []).append(record)
        for title, records in rows.items():
            with formatter.section(title):
                formatter.write_dl(records)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


class Program(Group):
    """The outermost group: prints the kit's own errors without a traceback and ends with their exit code."""

    def main(self, *args: Any, **rest: Any) -> Any:
        """Runs the command line; always ends with SystemExit."""
        rest["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):  # what a terminal cannot show ends no run
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            outcome = super().main(*args, **rest)
            sys.stdout.flush()
        except click.exceptions.Exit as leaving:
            sys.exit(leaving.exit_code)
        except click.Abort:
            sys.exit(2)
        except click.ClickException as error:
            error.show()
            sys.exit(4)
        except BrokenPipeError:
            discard_output()
            sys.exit(3)
        except Exception as error:  # noqa: BLE001 - reported, as those are that a command raises
            discard_output()
            sys.exit(reported(error, debug=False))
        sys.exit(outcome if isinstance(outcome, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; its errors become a message and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise
        except Exception as error:
            raise click.exceptions.Exit(reported(error, debug=ctx.meta.get(DEBUG, False))) from error


def reported(error: Exception, *, debug: bool) -> int:
    """Prints an error, as one message unless it has notes; returns the exit code of its kind."""
    from ..errors import SuiteError, UnreachableError, UsageError
    from ..verdicts import ExitCode

    kinds = ((UsageError, ExitCode.USAGE), (UnreachableError, ExitCode.UNREACHABLE), (SuiteError, ExitCode.KIT_ERROR))
    code: int | None = next((int(code) for kind, code in kinds if isinstance(error, kind)), None)
    message = str(error)
    if code is None:
        code, message = _unexpected(error)
        if debug:
            message = f"{''.join(traceback.format_exception(error))}{message}"
    with contextlib.suppress(OSError):
        click.echo("\n".join((message, *getattr(error, "__notes__", ()))), err=True)
    return code


def _unexpected(error: Exception) -> tuple[int, str]:
    from ..errors import place_of
    from ..extras import remedy
    from ..verdicts import ExitCode

    if isinstance(error, ModuleNotFoundError) and (missing := remedy(error)) is not None:
        return ExitCode.USAGE, missing
    if isinstance(error, OSError) and error.filename is None and error.strerror:
        return ExitCode.KIT_ERROR, f"the command could not be carried out: {error.strerror}"
    said = f"internal error: {place_of(error)}"
    return ExitCode.KIT_ERROR, f"{said}; this is a fault of the kit: please report it (`--debug` prints the traceback)"


def discard_output() -> None:
    """Drops what is printed from now on, so that what is left of it fails no more at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return [text for part in value for text in _texts(part)] if isinstance(value, list | tuple) else ()
