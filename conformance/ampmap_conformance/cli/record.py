"""The command `record`: what a client sends, and where the reference does not state it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import Command
from .options import edition_option, reference_option

if TYPE_CHECKING:
    from ..meanings import ToolCall
    from ..record.recording import Recording

EXIT_CODES = (
    "Exit codes: 0 no difference, 1 differences, 2 interrupted, 3 kit error, 4 invalid usage,"
    " 5 the client made no call."
)
SHOWN_OUTPUT = 10
"""Lines of the client's output that are shown."""


@click.command(cls=Command, epilog=EXIT_CODES)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("ampmap-record"),
    show_default=True,
    metavar="DIR",
    help="Folder for what is written: requests.jsonl, recorded.json, output.txt and errors.txt.",
)
@reference_option
@edition_option
@click.option(
    "--ask-tool",
    "asks",
    multiple=True,
    metavar="NAME[=JSON]",
    help="Ask the client for this tool, once; JSON is its arguments, by default the smallest that fit; repeatable.",
)
@click.option(
    "--settings",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Settings of the client, as JSON; they are copied into its throw-away home.",
)
@click.option(
    "--env",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="Environment variable for the client; it gets no others than PATH and those of language. May be repeated.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="End the client after so many seconds.",
)
@click.option(
    "--allow-network",
    is_flag=True,
    help="Run the client even where the system does not allow it to be kept from the network.",
)
def record(
    command: tuple[str, ...],
    out: Path,
    reference: Path | None,
    edition: str | None,
    asks: tuple[str, ...],
    settings: Path | None,
    variables: tuple[str, ...],
    time_limit: float,
    allow_network: bool,
) -> int:
    """Run a client against the reference proxy, write what it sends, and print what the reference does not state.

    The client gets AMP_URL, a made-up AMP_API_KEY and a throw-away home, and where the system allows it a network
    with loopback alone. What it sends is written with keys masked. `ampmap inspect --recorded` reads recorded.json.

    \b
    Examples:
      ampmap-conformance record --edition newest-proxied -- amp -x "Say hello"
      ampmap-conformance record --ask-tool oracle -- node main.js -x "Ask the oracle"
    """
    from ..files import read_text
    from ..record.run import RecordOptions
    from ..record.run import record as run_it
    from ..reference.edition import reference_for
    from .reporting import ended_by_signals

    options = RecordOptions(
        command=command,
        time_limit=time_limit,
        allow_network=allow_network,
        asks=tuple(_ask(text) for text in asks),
        settings=None if settings is None else read_text(settings, MOST_SETTINGS),
        variables=dict(_variable(text) for text in variables),
    )
    with ended_by_signals():
        recording = run_it(reference_for(reference, edition), options)
    _write(recording, out)
    _print(recording, out)
    return _exit_code(recording)


MOST_SETTINGS = 1 << 20
"""Bytes of a settings file."""


def _ask(text: str) -> ToolCall:
    from ..errors import UsageError
    from ..meanings import ToolCall

    name, equals, arguments = text.partition("=")
    if not equals:
        return ToolCall(name, None)
    try:
        given = json.loads(arguments)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise UsageError(f"--ask-tool: the arguments of `{name}` must be a JSON object")
    return ToolCall(name, given)


def _variable(text: str) -> tuple[str, str]:
    from ..errors import UsageError

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--env: expected NAME=VALUE, not `{name}`")
    return name, value


def _write(recording: Recording, folder: Path) -> None:
    from ..errors import UsageError
    from ..files import PRIVATE, write_atomically

    files = {
        "requests.jsonl": recording.lines(),
        "recorded.json": f"{json.dumps(recording.facts(), indent=1, ensure_ascii=False)}\n",
        "output.txt": recording.outcome.output,
        "errors.txt": recording.outcome.errors,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_atomically(folder / name, text.encode(), PRIVATE)
    except OSError as error:
        raise UsageError(f"--out: {folder} cannot be written: {error.strerror or error}") from error


def _print(recording: Recording, folder: Path) -> None:
    from ..wire.visible import visible

    facts, outcome = recording.facts(), recording.outcome
    network = "loopback alone" if recording.isolated else "the network that there is"
    click.echo(f"client     {facts['client'] or 'a build that does not tell its version'}, with {network}")
    click.echo(f"ended      {outcome.ended.value}, exit code {outcome.code}")
    for label, text in (("output", outcome.output), ("errors", outcome.errors)):
        for line in text.strip().splitlines()[:SHOWN_OUTPUT]:
            click.echo(f"{label:10} {visible(line)[:200]}")
    for call in facts["calls"]:
        model = f" {call['model']}" if call.get("model") else ""
        method = f"?{call['management']}" if call.get("management") else ""
        statuses = ", ".join(map(str, call["statuses"])) or "no answer"
        line = f"{call['times']} x {call['method']} {call['path']}{method}{model}: {statuses}"
        click.echo(f"sent       {visible(line)[:300]}")
    differences = recording.differences
    click.echo(
        f"against    {facts['edition']}: {len(differences) or 'no'} difference{'' if len(differences) == 1 else 's'}"
    )
    for each, times in differences:
        click.echo(f"  {visible(recording.book.hide(each.text))[:300]}{f', {times} times' if times > 1 else ''}")
    if recording.left_out:
        click.echo(f"{recording.left_out} requests beyond the limit were not kept")
    click.echo(f"wrote      {folder}")


def _exit_code(recording: Recording) -> int:
    from ..record.client import Ended
    from ..verdicts import ExitCode

    if recording.outcome.ended is Ended.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if not recording.calls:
        return ExitCode.NOTHING_RAN
    return ExitCode.FAILURES if recording.differences else ExitCode.CONFORMANT
