"""Options that the commands share, and loading the spec, reference or editions that the options name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import outputs

if TYPE_CHECKING:
    import datetime

    from ..load.findings import Report
    from ..load.spec import Spec
    from ..targets import Compiled
    from ..vendored.reference import Reference

spec_option = click.option(
    "--spec",
    "spec_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with the spec to read; default: the spec packaged with ampmap.",
)
edition_option = click.option(
    "--edition",
    metavar="EDITION",
    help="Edition to use: an id such as amp-0.0.1760587291, `newest`, `newest-proxied` (the newest whose model calls "
    "pass a proxy), or a day such as 2026-05-31; default: the base edition.",
)
layer_option = click.option(
    "--layer",
    "layers",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with additions and changes to apply on top of every edition; may be repeated, later layers win.",
)


class SpecInvalid(click.ClickException):
    """The spec has errors; they have been shown."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Shows the findings as they are, without click's own prefix."""
        click.echo(self.message, err=True, file=file)


@contextmanager
def report_write_errors(out: Path, option: str = "--out") -> Iterator[None]:
    """Turns an OSError of its body into a UsageError on the option that names the file."""
    try:
        yield
    except OSError as error:
        raise click.UsageError(f"{option}: {out} cannot be written: {error.strerror or error}") from None


def load_with_report(
    spec_dir: Path | None,
    today: datetime.date | None = None,
    *,
    layers: Sequence[Path] = (),
    edition: str | None = None,
    every: bool = True,
) -> tuple[Spec, Report]:
    """The spec and the report of all findings on it; `today` is for rules that look at dates.

    They are those of `edition` alone where one is named, else of all editions, or without `every` of the base. Raises
    UsageError for an unknown edition.
    """
    import time

    from ..check.all_editions import examine, texts_of
    from ..check.consistency import RULES
    from ..check.suppressions import apply
    from ..load.findings import Report
    from ..load.spec import UnknownEditionError, load

    begin = time.perf_counter()
    try:
        spec, read = load(spec_dir or outputs.spec_dir(), layers)
        found = examine(spec, read, today, edition=edition or (None if every else spec.edition))
    except UnknownEditionError as error:
        raise click.UsageError(str(error)) from None
    except outputs.NoSpecError as error:
        raise click.ClickException(str(error)) from None
    whole = every and edition is None
    findings, suppressed = apply(spec, found, today, whole=whole)
    reasons = [(found.finding, found.by.reason) for found in suppressed]
    seconds = time.perf_counter() - begin
    return spec, Report(findings, texts_of(spec), seconds=seconds, suppressed=reasons, rules=RULES)


def load_valid(
    spec_dir: Path | None = None, *, layers: Sequence[Path] = (), edition: str | None = None, every: bool = True
) -> Spec:
    """The spec. Raises SpecInvalid with every error of `load_with_report`, and UsageError for an unknown edition."""
    from dataclasses import replace

    from ..load.findings import Severity, render_text

    spec, report = load_with_report(spec_dir, layers=layers, edition=edition, every=every)
    if errors := [finding for finding in report.findings if finding.severity is Severity.ERROR]:
        raise SpecInvalid(render_text(replace(report, findings=errors)).rstrip())
    return spec


def load_reference(spec_dir: Path | None = None, edition: str | None = None, layers: Sequence[Path] = ()) -> Reference:
    """The reference of an edition. Raises SpecInvalid with its errors, or UsageError for an unknown one."""
    from ..compile import compile_reference
    from ..load.spec import UnknownEditionError

    spec = load_valid(spec_dir, layers=layers, edition=edition, every=False)
    try:
        return compile_reference(spec, edition)
    except UnknownEditionError as error:
        raise click.UsageError(str(error)) from None


def load_editions(spec_dir: Path | None = None, edition: str | None = None, layers: Sequence[Path] = ()) -> Compiled:
    """The references of all editions, and which of them is meant. Raises as `load_reference`, for errors in any."""
    from ..compile import compile_editions, compile_reference
    from ..load.spec import UnknownEditionError
    from ..render.site.spec_links import spec_files
    from ..targets import Compiled

    spec = load_valid(spec_dir, layers=layers)
    try:
        reference = compile_reference(spec, edition)
        name = reference.edition.id
        return Compiled(reference, compile_editions(spec), spec.of(name).stated, spec_files(spec, name))
    except UnknownEditionError as error:
        raise click.UsageError(str(error)) from None
