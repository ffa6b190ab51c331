"""Makes the evidence, or compares it with what is committed: `nox -s defects`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from .processes import each

PER_CORE = 4
"""Processes for each core: most of the time a check waits."""
HEAVY_PER_CORE = 1
"""The same for whole runs, which do not."""


@click.group()
def main() -> None:
    """Proves that the suite finds faults, and nothing else."""


@main.command()
@click.option(
    "--only", multiple=True, metavar="DEFECT", help="Try only these defects and write nothing; may be repeated."
)
@click.option(
    "--touching",
    metavar="RULE[,RULE]...",
    help="Run only the cases of these requirements, against all proxies that they can tell from the reference proxy.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the committed file differs.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Folder of the file.")
def matrix(only: tuple[str, ...], touching: str | None, check: bool, out: Path | None) -> None:
    """Runs each defect of the reference proxy against a sample of every requirement.

    With --touching it runs variants and degenerate servers too, and updates the files for these requirements. It exits
    with 1 if a requirement does not catch a defect of its own, if one catches a defect and `consequences.yaml` does not
    say why, and with --touching also for a false alarm or an undeserved score.

    \b
    Example:
      python -m ampmap_conformance.evidence matrix --only query-dropped
      python -m ampmap_conformance.evidence matrix --touching routing.query-kept
    """
    from ..refproxy.defects import DEFECTS
    from . import files
    from .matrix import problems, tried

    if touching is not None:
        if only:
            raise click.UsageError("--only names defects and --touching requirements: use one of them")
        _touching(tuple(touching.split(",")), out or files.FOLDER, check=check)
        return
    if unknown := [name for name in only if name not in DEFECTS]:
        raise click.BadParameter(f"unknown defect {unknown[0]!r}", param_hint="--only")
    kills = [made for _, made in each(tried, only or tuple(DEFECTS), PER_CORE)]
    requirements = _requirements()
    if only:
        for one in kills:
            for name, case in one.cases.items():
                mark = "kills" if name in DEFECTS[one.defect].breaks else "also "
                click.echo(f"{one.defect} {mark} {name}[{case}]")
    _end_for(problems(kills, () if only else requirements))
    if not only:
        _keep(files.matrix_of(kills, requirements, _edition()), (out or files.FOLDER) / files.MATRIX, check=check)


@main.command()
def variants() -> None:
    """Runs the whole suite against each proxy that is right in an unusual way."""
    from ..refproxy.variants.variants import VARIANTS
    from .false_alarms import false_alarms

    _end_for(f"{id_}: {alarm}" for id_, alarms in each(false_alarms, VARIANTS, HEAVY_PER_CORE) for alarm in alarms)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the committed file differs.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Folder of the file.")
def degenerate(check: bool, out: Path | None) -> None:
    """Runs the suite against servers that do the same whatever they are asked."""
    from . import files
    from .degenerate import DEGENERATES, degenerates_of, problems, scores

    made = dict(each(scores, DEGENERATES, PER_CORE))
    _end_for(problems(made))
    _keep(degenerates_of(made, _edition()), (out or files.FOLDER) / files.DEGENERATE, check=check)


def _touching(rules: tuple[str, ...], folder: Path, *, check: bool) -> None:
    from ..files import did_you_mean
    from . import files
    from .touching import merged_matrix, merged_scores, touching

    known = _requirements()
    if unknown := [name for name in rules if name not in known]:
        hint = did_you_mean(unknown[0], list(known))
        raise click.BadParameter(f"no requirement on a proxy is called {unknown[0]!r}{hint}", param_hint="--touching")
    committed = files.read_matrix(folder)
    found = touching(rules, committed)
    for line in found.caught:
        click.echo(line)
    click.echo(f"The cases can meet {len(found.kills)} defects.")
    _end_for(found.problems)
    _keep(merged_matrix(committed, found, known), folder / files.MATRIX, check=check)
    _keep(merged_scores(files.read_degenerates(folder), found), folder / files.DEGENERATE, check=check)


def _end_for(problems: Iterable[str]) -> None:
    found = list(problems)
    for problem in found:
        click.echo(problem)
    if found:
        sys.exit(1)


def _keep(made: Any, file: Path, *, check: bool) -> None:
    from ..files import write_atomically
    from .files import SCHEMAS, schema_of
    from .manifest import drift, to_json

    data = made.model_dump(mode="json")
    if not check:
        write_atomically(file, to_json(data))
        for name, shape in SCHEMAS.items():
            if isinstance(made, shape):
                write_atomically(file.with_name(name), schema_of(shape))
        return
    _end_for(drift(type(made).model_validate_json(file.read_bytes()).model_dump(mode="json"), data))


def _requirements() -> tuple[str, ...]:
    from ..engine.plan import proxy_rules
    from ..reference import load

    return tuple(name for name, row in proxy_rules(load()).items() if row.excluded is None)


def _edition() -> str:
    from ..reference import load

    return load().edition.id


if __name__ == "__main__":
    main()
