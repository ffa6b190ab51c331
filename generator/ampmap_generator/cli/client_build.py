"""The command `inspect`: what stands in the user's own copy of a client build, and what came and went."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .commands import Command
from .inputs import layer_option, load_valid, report_write_errors, spec_option

if TYPE_CHECKING:
    from ..client_build.compare import Difference
    from ..client_build.facts import BuildFacts
    from ..client_build.recorded import Recording
    from ..load.spec import Spec
    from ..vendored.reference import Reference

NO_PROVIDER = "This build makes no model call through a proxy: it names no path below /api/provider/."


@click.command("inspect", cls=Command)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--against",
    metavar="EDITION",
    help="Edition to compare with: an id, `newest`, `newest-proxied` or a day; default: that of the build, else the "
    "newest of its kind.",
)
@click.option(
    "--draft",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write what came and went as a layer on that edition.",
)
@click.option(
    "--recorded",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What `ampmap-conformance record --out` wrote of the same build: the draft then has what was seen, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@spec_option
@layer_option
def inspect_build(
    file: Path,
    against: str | None,
    draft: Path | None,
    recorded: Path | None,
    as_json: bool,
    spec_dir: Path | None,
    layers: Sequence[Path],
) -> None:
    """Read a client build, and print what came and went against an edition; exit 1 if anything did.

    FILE is your own copy of the client: `dist/main.js` of its npm package, or its executable. It is read and never run.
    It prints facts alone: models with providers and limits, modes with models, base paths, headers, management methods.

    \b
    Example:
      ampmap inspect node_modules/@sourcegraph/amp/dist/main.js
      ampmap inspect ~/.amp/bin/amp --against newest --json
      ampmap inspect main.js --draft draft --recorded recorded.json
    """
    from ..client_build.compare import compare
    from ..client_build.extract import extract
    from ..client_build.text import Clock, UnreadableBuildError, read_build
    from ..compile import compile_reference

    if recorded is not None and draft is None:
        raise click.UsageError("--recorded needs --draft DIR")
    if draft is not None and draft.is_dir() and any(draft.iterdir()):
        raise click.UsageError(f"--draft: {draft} is not empty")
    recording = _recording(recorded) if recorded else None
    clock = Clock()
    try:
        facts = extract(read_build(file, clock), clock)
    except UnreadableBuildError as error:
        raise click.UsageError(f"{file}: {error}") from None
    spec = load_valid(spec_dir, layers=layers, edition=against, every=False)
    reference = compile_reference(spec, against or edition_of(facts, spec))
    if recording is not None:
        _refuse_other(recording, facts, reference)
    found = compare(facts, reference)
    notes: list[str] = []
    if draft is not None:
        notes = _write_draft(draft, facts, found, reference, recording)
    if as_json:
        click.echo(json.dumps(_as_json(facts, found, reference, notes), indent=2, ensure_ascii=False))
    else:
        _print(facts, found, reference, notes)
    if found:
        sys.exit(1)


def edition_of(facts: BuildFacts, spec: Spec) -> str:
    """The edition of the very build, else the newest of its kind: of those that call models through a proxy, or all."""
    from ..vendored.base import Edition
    from ..vendored.editions import NEWEST, NEWEST_PROXIED

    stated = (fact.value for fact in spec.facts["editions"].values())
    build = (facts.build or "").split("-")[0]
    for edition in stated:
        if isinstance(edition, Edition) and build and edition.client_build.split("-")[0] == build:
            return edition.id
    return NEWEST_PROXIED if facts.calls_models else NEWEST


def _recording(file: Path) -> Recording:
    from ..client_build.recorded import UnreadableRecordError, read_recording

    try:
        return read_recording(file)
    except UnreadableRecordError as error:
        raise click.UsageError(f"--recorded: {file}: {error}") from None


def _refuse_other(recording: Recording, facts: BuildFacts, reference: Reference) -> None:
    """A recording of another build, or one that was compared with another edition, says nothing here."""
    edition = reference.edition.id
    if recording.edition != edition:
        raise click.UsageError(
            f"--recorded: the run was compared with {recording.edition!r}, the build with {edition}; "
            f"record it with --edition {edition}, or name its edition with --against"
        )
    ran, read = (build and build.split("-")[0] for build in (recording.client, facts.build))
    if ran and read and ran != read:
        raise click.UsageError(
            f"--recorded: {recording.client!r} was run, and {facts.build} is read; record that build"
        )


def _write_draft(
    folder: Path,
    facts: BuildFacts,
    found: Sequence[Difference],
    reference: Reference,
    recording: Recording | None,
) -> list[str]:
    """Writes the layer; returns lines on what it has and what it has not."""
    import datetime

    from ..client_build.draft import Drafter
    from ..render.write import write

    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    made = Drafter(facts, reference, recording, day).draft(found)
    with report_write_errors(folder, "--draft"):
        write(folder, made.files, ())
    count = len(made.files)
    notes = [f"wrote {count} files into {folder}" if count != 1 else f"wrote 1 file into {folder}"]
    return [*notes, *(f"not in the draft: {text}" for text in made.left_out)]


def _as_json(
    facts: BuildFacts, found: Sequence[Difference], reference: Reference, notes: Sequence[str]
) -> dict[str, Any]:
    from dataclasses import asdict

    from ..client_build.facts import NOT_EXTRACTABLE

    return {
        "build": facts.build,
        "native": facts.is_native,
        "calls_models": facts.calls_models,
        "against": {"edition": reference.edition.id, "build": reference.edition.client_build},
        "facts": {
            "base_paths": facts.base_paths,
            "models": [asdict(model) for model in facts.models],
            "modes": [asdict(mode) for mode in facts.modes],
            "headers": facts.headers,
            "methods": facts.methods,
            "paths": facts.paths,
        },
        "differences": [each.as_json() for each in found],
        "notes": list(notes),
        "not_extractable": dict(NOT_EXTRACTABLE),
    }


def _print(facts: BuildFacts, found: Sequence[Difference], reference: Reference, notes: Sequence[str]) -> None:
    kind = "native executable" if facts.is_native else "JavaScript bundle"
    edition = reference.edition
    click.echo(f"{facts.build or 'a build that does not tell its version'}, {kind}")
    if not facts.calls_models:
        click.echo(NO_PROVIDER)
    counted = (
        ("base paths", len(facts.base_paths)),
        ("models", len(facts.models)),
        ("modes", len(facts.modes)),
        ("headers", len(facts.headers)),
        ("management methods", len(facts.methods)),
        ("other paths", len(facts.paths)),
    )
    click.echo(f"found: {', '.join(f'{count} {name}' for name, count in counted)}")
    click.echo(f"against {edition.id}, built {edition.built}:")
    if not found:
        click.echo("  no difference")
    for each in found:
        told = f": {each.before or '-'} -> {each.after or '-'}" if each.before or each.after else ""
        click.echo(f"  {each.change.value:8}{each.kind.value:10} {each.name}{told}")
    for note in notes:
        click.echo(note)
