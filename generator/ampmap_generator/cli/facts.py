"""The commands on single facts: `explain` and `diff`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import Choice, Command
from .inputs import SpecInvalid, edition_option, layer_option, load_reference, load_valid, spec_option

if TYPE_CHECKING:
    from ..diff.changes import Plain
    from ..load.spec_only_shapes import AcceptedChange


@click.command(cls=Command)
@click.argument("path", metavar="PATH")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@spec_option
@layer_option
@edition_option
def explain(path: str, as_json: bool, spec_dir: Path | None, layers: Sequence[Path], edition: str | None) -> None:
    """Print what the spec states about a fact or field: value, claims, sources, and file and line.

    PATH is the path of the fact's file below spec/ without `.yaml`; append the path of a field to see that field only.

    \b
    Example:
      ampmap explain models/anthropic/claude-opus-4-1-20250805
      ampmap explain providers/groq/base_path
      ampmap explain headers/proxied-requests/headers.Authorization.value --edition amp-0.0.1767830505
    """
    from ..query.explain import as_json as to_json
    from ..query.explain import as_text
    from ..query.explain import explain as explain_path
    from ..query.lookup import UnknownPathError

    spec = load_valid(spec_dir, layers=layers, edition=edition, every=False)
    spec = spec.of(edition) if edition else spec
    try:
        found = explain_path(spec, path, spec.edition or "")
    except UnknownPathError as error:
        near = "".join(f"\n  {name}" for name in error.suggestions)
        raise click.UsageError(f"{error}{f'{chr(10)}did you mean{near}' if near else ''}") from None
    if found.formerly:
        click.echo(f"notice: `{found.formerly}` is now `{found.path.partition('/')[2].partition('/')[0]}`", err=True)
    if as_json:
        click.echo(json.dumps(to_json(found), indent=2, ensure_ascii=False))
    else:
        click.echo(as_text(found), nl=False)


@click.command(cls=Command)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--format",
    "style",
    type=Choice(("markdown", "json")),
    default="markdown",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--accepted",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="YAML file with accepted breaking changes, by name; any other breaking change fails.",
)
@spec_option
@layer_option
def diff(old: str, new: str, style: str, accepted: Path | None, spec_dir: Path | None, layers: Sequence[Path]) -> None:
    """Compare A with B, field by field; exit 1 if a breaking change is not accepted.

    A and B are edition ids, folders with a spec, or `reference.json` files. A layer applies to B only.

    \b
    Example:
      ampmap diff amp-0.0.1760587291 amp-0.0.1767830505
      ampmap diff spec/released/amp-0.0.1760587291.json spec --accepted spec/released/accepted.yaml
      ampmap diff amp-0.0.1760587291 amp-0.0.1760587291 --layer ./our-providers
    """
    from ..diff.report import idle, render_json, render_markdown, report

    notes = _read_accepted(accepted) if accepted else {}
    found = report(_read_side(old, spec_dir), _read_side(new, spec_dir, layers), notes)
    click.echo({"markdown": render_markdown, "json": render_json}[style](found), nl=False)
    unneeded = idle(notes, found)
    for name in unneeded:
        click.echo(
            f"error: the accepted change `{name}` no longer occurs as a breaking change; remove it from --accepted",
            err=True,
        )
    if refused := found.breaking:
        click.echo(f"{len(refused)} breaking changes{' are not accepted' if accepted else ''}", err=True)
    if refused or unneeded:
        sys.exit(1)


def _read_side(name: str, spec_dir: Path | None, layers: Sequence[Path] = ()) -> Plain:
    """A reference as plain data. Raises UsageError for a name that does not lead to a reference, and SpecInvalid."""
    from ..compile import plain
    from ..diff.snapshots import NotAReferenceError, read_reference

    path = Path(name)
    if path.is_dir():
        return plain(load_reference(path, layers=layers))
    if not path.is_file():
        if "/" in name or name.endswith(".json"):
            raise click.UsageError(f"file or folder {name!r} not found")
        return plain(load_reference(spec_dir, name, layers))
    if layers:
        raise click.UsageError(f"--layer: {name} is already compiled; write an edition id or a folder with a spec as B")
    try:
        return read_reference(path)
    except (NotAReferenceError, OSError) as error:
        raise click.UsageError(str(error)) from None


def _read_accepted(path: Path) -> dict[str, AcceptedChange]:
    from ..diff.snapshots import read_accepted
    from ..load.findings import Report, render_text

    try:
        accepted, findings, text = read_accepted(path)
    except OSError as error:
        raise click.UsageError(str(error)) from None
    if findings:
        raise SpecInvalid(render_text(Report(findings, {path.name: text})).rstrip())
    return accepted
