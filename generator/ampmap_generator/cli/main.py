"""The `ampmap` command. Only what the chosen command needs is imported."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from .. import outputs
from .client_build import inspect_build
from .commands import Choice, Program
from .export import export_config
from .facts import diff, explain
from .freeze import freeze
from .inputs import (
    edition_option,
    layer_option,
    load_editions,
    load_valid,
    load_with_report,
    spec_option,
)
from .route import route
from .vendoring import LANGUAGES, language_option, types

if TYPE_CHECKING:
    import datetime

    from ..render.write import Difference

FORMATS = ("text", "json", "github", "sarif")
WRITTEN = MappingProxyType({"missing": "new", "modified": "changed", "stale": "removed"})
"""What `build` did about each kind of drift."""


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from importlib.metadata import version

    from ..compile import compile_editions, compile_reference
    from ..query.scope import builds_in_words, freshness_in_words

    spec = load_valid(every=False)
    reference = compile_reference(spec)
    click.echo(f"ampmap {version('ampmap')}, edition {reference.edition.id}, reference {reference.digest}")
    click.echo(f"{builds_in_words(compile_editions(spec).values())} {freshness_in_words(reference)}")
    context.exit()


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show version and exit.",
)
def main() -> None:
    """Look up, check and build the spec of where the Amp coding agent sends each model.

    \b
    Example:
      ampmap route gpt-5-codex
    """


main.add_command(explain)
main.add_command(diff)
main.add_command(export_config)
main.add_command(types)
main.add_command(route)
main.add_command(inspect_build)
main.add_command(freeze)


@main.command()
@spec_option
@layer_option
@click.option("--edition", metavar="ID", help="Check only this edition; default: all editions.")
@click.option(
    "--format",
    "style",
    type=Choice(FORMATS),
    default="text",
    show_default=True,
    help="Output format: for people, programs, annotations on GitHub, or code scanning.",
)
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Date used to check the age of sources and the expiry of suppressions; default: the current date.",
)
def validate(
    spec_dir: Path | None, layers: Sequence[Path], edition: str | None, style: str, today: datetime.datetime | None
) -> None:
    """Check all editions of the spec and report every finding; exit 1 if there is an error.

    \b
    Example:
      ampmap validate --spec spec --format github
      ampmap validate --layer ./our-providers
    """
    import datetime

    from ..load.findings import RENDERERS, has_errors

    day = today.date() if today else datetime.datetime.now(tz=datetime.UTC).date()
    _, report = load_with_report(spec_dir, day, layers=layers, edition=edition)
    click.echo(RENDERERS[style](report), nl=False)
    if has_errors(report.findings):
        sys.exit(1)


@main.command()
@click.argument("targets", nargs=-1, type=Choice(tuple(outputs.OUTPUTS)), metavar="[TARGET]...")
@spec_option
@layer_option
@edition_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write below DIR instead of into the checkout.",
)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; list the files that differ, exit 1 if any does."
)
@click.option(
    "--force", is_flag=True, help="Also overwrite files in DIR that others wrote, and build what has not changed."
)
@click.option("-v", "--verbose", is_flag=True, help="Name each file that is written or removed.")
@language_option
def build(
    targets: Sequence[str],
    spec_dir: Path | None,
    layers: Sequence[Path],
    edition: str | None,
    out: Path | None,
    only_check: bool,
    force: bool,
    verbose: bool,
    language: str,
) -> None:
    """Build TARGETs from the spec; default: all.

    They are docs, types, reference, openapi, vectors, typescript, go, route-vectors, schema and llms. `types` with a
    --language is that target.

    It prints one line a target. Below DIR, it removes and overwrites only what it wrote before. A target is not built
    again if neither its files nor anything that they are made of changed.

    With --check and without TARGET, only targets that are committed are compared; pages
    are not committed.

    \b
    Example:
      ampmap build docs --out build
      ampmap build reference -v
      ampmap build --check
    """
    from .before import built_before
    from .fingerprint import fingerprint

    if out is None and not outputs.in_checkout():
        raise click.UsageError("--out DIR is required outside a checkout of ampmap")
    if language != LANGUAGES[0]:
        if "types" not in targets:
            raise click.UsageError(
                f"--language needs the target types: write `ampmap build types --language {language}`"
            )
        targets = list(dict.fromkeys(language if name == "types" else name for name in targets))
    wanted = _targets(targets, committed=only_check and out is None)
    if out is None and (layers or edition) and any(outputs.OUTPUTS[name].is_committed for name in wanted):
        raise click.UsageError(
            "--out DIR is required with --layer or --edition: the checkout holds only the base edition without layers"
        )
    inputs = fingerprint(spec_dir, layers, edition)
    before = {} if only_check or force else built_before(wanted, out, inputs)
    wanted = [target for target in wanted if target not in before]
    click.echo("".join(f"{_count_line(target, made.files, ())}\n" for target, made in before.items()), nl=False)
    if not wanted:
        click.echo(f"up to date, edition {next(iter(before.values())).edition}")
        return
    from .building import Builder

    everything = load_editions(spec_dir, edition, layers)
    builder = Builder(everything, wanted, out)
    known = inputs if inputs == fingerprint(spec_dir, layers, edition) else None  # else changed while they were read
    if not (only_check or force):
        builder.refuse_foreign()
    changes = []
    for target in wanted:
        made = builder.compare(target) if only_check else builder.write(target, known)
        changes += made
        if not only_check:
            click.echo(_count_line(target, len(builder.files[target]), made))
        if only_check or verbose:
            _print_changes(made, only_check=only_check)
    if only_check and changes:
        names = " ".join(wanted)
        click.echo(f"{len(changes)} files differ from the spec; run `ampmap build {names}` to update them.", err=True)
        sys.exit(1)
    files = "1 file" if len(changes) == 1 else f"{len(changes)} files"
    done = f"{files} written" if changes else "up to date"
    click.echo(f"{done}, edition {everything.reference.edition.id}")


def _targets(named: Sequence[str], *, committed: bool) -> Sequence[str]:
    """The targets that are named; by default all of them, or with `committed` those whose files are committed."""
    known = outputs.OUTPUTS.items()
    return named or [name for name, output in known if output.is_committed or not committed]


def _print_changes(changes: Iterable[Difference], *, only_check: bool) -> None:
    for change in changes:
        word = change.drift.value if only_check else WRITTEN[change.drift.value]
        click.echo(f"{word:9}{_short_path(change.path)}")


@main.command()
@spec_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def editions(spec_dir: Path | None, as_json: bool) -> None:
    """List the known editions in build order, each with the edition it is based on.

    \b
    Example:
      ampmap editions
    """
    from ..vendored.base import Edition

    spec = load_valid(spec_dir, every=False)
    facts = [spec.facts["editions"][name].value for name in spec.editions]
    known = [edition for edition in facts if isinstance(edition, Edition)]
    if as_json:
        click.echo(json.dumps([edition.model_dump(mode="json", exclude_unset=True) for edition in known], indent=2))
        return
    for edition in known:
        over = f"over {edition.base}" if edition.base else "the base"
        click.echo(f"{edition.id}  {edition.built}  {over}")


def _count_line(target: str, files: int, changes: Sequence[Difference]) -> str:
    """`types           1 file, 1 changed`: how many files a target has, and what `build` did to them."""
    counted = Counter(WRITTEN[change.drift.value] for change in changes)
    done = [f"{counted[word]} {word}" for word in WRITTEN.values() if counted[word]]
    return f"{target:15}{', '.join([f'{files} file' if files == 1 else f'{files} files', *done])}"


def _short_path(path: Path) -> str:
    """The path relative to the current folder where it lies below it, else as it is."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
