"""Options of `run` that a run of many targets has, too."""

from __future__ import annotations

from pathlib import Path

import click

from ..cases.covering import Depth
from .commands import Choice
from .options import EDITION_NAMES, Command, docs_url_option, reference_option

ALL_PROXIED = "all-proxied"
"""Stands for every edition of which a model call passes a proxy."""

server_option = click.option(
    "--server",
    metavar="NAME",
    help="Server that the proxy is built with, for its remedies, e.g. nginx; default: what its answers tell.",
)


def reference_options(command: Command) -> Command:
    """What a target is held against."""
    for option in (
        click.option(
            "--edition",
            "editions",
            multiple=True,
            metavar="EDITION",
            help=f"Edition to test against: {EDITION_NAMES}; default: the target file's edition, or the base edition."
            " Repeat it, or write `all-proxied`, for one run over several: a case that they share is made once.",
        ),
        reference_option,
    ):
        command = option(command)
    return command


def case_options(command: Command) -> Command:
    """Which cases are made."""
    for option in (
        click.option(
            "--openapi",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="OpenAPI document for profile `fuzz`; default: the packaged document.",
        ),
        click.option(
            "--max-examples",
            type=click.IntRange(0, 100_000),
            default=0,
            show_default=True,
            metavar="N",
            help="Number of random requests that profile `fuzz` adds for each operation.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0),
            default=1,
            show_default=True,
            help="Random seed of the requests that profile `fuzz` generates.",
        ),
        click.option(
            "--depth",
            type=Choice(Depth, case_sensitive=False),
            default=Depth.DEFAULT.value,
            show_default=True,
            help="Cases of each requirement: one, and none of those that wait for several seconds (`quick`), every pair"
            " of values of its axes (`default`), or every triple (`thorough`). A pattern with brackets selects from"
            " all of them.",
        ),
        click.option("--skip", multiple=True, metavar="PATTERN", help="Skip matching cases; may be repeated."),
        click.option(
            "--select",
            multiple=True,
            metavar="PATTERN",
            help="Run only matching cases, e.g. 'headers.*[groq-*]'; may be repeated.",
        ),
        click.option(
            "--profile", "profiles", multiple=True, metavar="NAME", help="Include only this profile; may be repeated."
        ),
    ):
        command = option(command)
    return command


def judgement_options(command: Command) -> Command:
    """How cases are judged, beside a baseline."""
    for option in (
        click.option(
            "--attribute",
            is_flag=True,
            help="Repeat failing cases without the proxy, to find out whether the proxy or the upstream is at fault.",
        ),
        click.option(
            "--repeat",
            type=click.IntRange(1, 1000),
            default=1,
            show_default=True,
            help="Number of times to run each case.",
        ),
        click.option(
            "--allow-partial",
            is_flag=True,
            help="Exit with 0 instead of 8 for a target that leaves out what a client needs.",
        ),
        click.option(
            "--require-observer",
            is_flag=True,
            help="Exit with 5 where no observer sees what the proxy sends; default: judge it by what the client sees.",
        ),
        click.option("--strict", is_flag=True, help="Fail broken requirements of level `should` instead of warning."),
        click.option(
            "--today",
            type=click.DateTime(["%Y-%m-%d"]),
            metavar="YYYY-MM-DD",
            help="Date used to check the expiry dates in the baseline; default: the current date.",
        ),
    ):
        command = option(command)
    return command


def limit_options(command: Command) -> Command:
    """What limits the run of a target."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Print the plan and send nothing."),
        click.option("--fail-fast", is_flag=True, help="Stop after the first failure."),
        click.option(
            "--workers",
            type=click.IntRange(1, 64),
            default=8,
            show_default=True,
            help="Number of cases to run concurrently.",
        ),
        click.option(
            "--rate",
            type=click.FloatRange(0, min_open=True),
            metavar="R",
            help="Maximum number of requests per second; default: no limit.",
        ),
        click.option(
            "--max-requests",
            type=click.IntRange(1),
            metavar="N",
            help="Maximum number of requests to send to the target; default: no limit.",
        ),
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """What a report holds beside its cases."""
    for option in (
        docs_url_option,
        click.option(
            "--trace",
            multiple=True,
            metavar="PATTERN",
            help="Include the exchanges of matching cases in the report even if they pass.",
        ),
    ):
        command = option(command)
    return command


def editions_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the editions that are meant, each once. A single name is kept as it is: what takes it reads it."""
    from ..reference.edition import editions_meant

    return names if len(names) == 1 and names[0] != ALL_PROXIED else editions_meant(names, ALL_PROXIED)
