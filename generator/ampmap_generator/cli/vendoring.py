"""The command that writes modules to copy into other code: `types`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from .commands import Choice, Command
from .inputs import edition_option, layer_option, load_valid, report_write_errors, spec_option

LANGUAGES = ("python", "typescript", "go")
language_option = click.option(
    "--language", type=Choice(LANGUAGES), default=LANGUAGES[0], show_default=True, help="Language of the types."
)


@click.command(cls=Command)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The module to write; missing folders are created. Files of data are written beside it.",
)
@language_option
@spec_option
@layer_option
@edition_option
@click.option(
    "--open-ids",
    is_flag=True,
    help="Python: type ids as plain text, so that the module can read references of any edition or layer.",
)
@click.option(
    "--data",
    type=Choice(("inside", "json")),
    default="inside",
    show_default=True,
    help="Python: where the data is, in the module itself or in files of JSON beside it.",
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if FILE is not up to date.")
@click.option("--force", is_flag=True, help="Overwrite FILE even if it is not a module that this command wrote.")
def types(
    out: Path,
    language: str,
    spec_dir: Path | None,
    layers: Sequence[Path],
    edition: str | None,
    open_ids: bool,
    data: str,
    only_check: bool,
    force: bool,
) -> None:
    """Write a module with the routing map to vendor.

    The one in Python imports only pydantic and the standard library, the others nothing but their standard library.

    \b
    Example:
      ampmap types --out src/myproxy/ampmap_types.py
      ampmap types --data json --out src/myproxy/ampmap_types.py
      ampmap types --language typescript --out src/ampmap.ts
      ampmap types --language go --out internal/ampmap/ampmap.go
    """
    from ..compile import compile_editions
    from ..query.timelines import timelines
    from ..render.languages.modules import GENERATED, HEAD, OTHER_LANGUAGES
    from ..render.types_module import render_types
    from ..render.write import differences, write

    if open_ids and language != LANGUAGES[0]:
        raise click.UsageError("--open-ids is for Python alone: in other languages ids of a reference are plain text")
    if data == "json" and language != LANGUAGES[0]:
        raise click.UsageError(
            "--data is for Python alone: TypeScript has its data inside, Go has it beside the module"
        )
    spec = load_valid(spec_dir, layers=layers, edition=edition, every=False)
    references = compile_editions(spec)
    reference = references[str(spec.of(edition).edition) if edition else next(iter(references))]
    if language == LANGUAGES[0]:
        made = render_types(
            reference,
            timelines(references),
            open_ids=open_ids,
            data_beside=out.stem if data == "json" else None,
        )
    else:
        made = OTHER_LANGUAGES[language](reference, timelines(references))
    (_, content), *beside = made.items()
    files = {out.name: content, **dict(beside)}
    if len(files) <= len(beside):
        raise click.UsageError(f"--out: {out.name} is the name of a data file that is written beside the module")
    if not only_check:
        with report_write_errors(out):
            is_ours = out.is_file() and GENERATED in out.read_bytes()[:HEAD]
            in_the_way = [path for path in (out.parent / name for name in files) if path.exists()]
            if in_the_way and not (force or is_ours):
                raise click.UsageError(
                    f"--out: {in_the_way[0]} is not a module that `ampmap types` wrote; --force overwrites it"
                )
            write(out.parent, files, ())
        click.echo(f"wrote {' '.join(str(out.parent / name) for name in files)}")
    elif changes := differences(out.parent, files, ()):
        told = "" if language == LANGUAGES[0] else f" --language {language}"
        told += " --data json" if data == "json" else ""
        raise click.ClickException(
            f"{changes[0].path} is {changes[0].drift.value}; run `ampmap types{told} --out {out}`"
        )
