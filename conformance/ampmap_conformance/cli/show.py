"""The commands that only print: `list`, `explain`, `defects`, `target check` and `run --dry-run`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from .. import reference as packaged
from ..cases.covering import Depth
from ..cases.renames import Renames
from ..cases.selection import renamed_in
from ..engine.estimate import estimate, plan_lines
from ..engine.options import RunOptions
from ..engine.plan import LOAD, RESOLVER, Plan, make_plan, narrow, seen_outside
from ..errors import UsageError
from ..files import did_you_mean
from ..probe.budget import Budget
from ..probe.prerequisites import promised_prerequisites
from ..reference.edition import reference_for
from ..reference.types import NOT_RELEASED, Provider, Reference, Requirement, conditions_in_words, tier_of
from ..releases import release_of
from ..target import target as targets
from ..target.as_reference import CLIENT_LABEL, described
from ..target.left_out import left_out
from ..target.target import Secret, Target, served_providers
from ..version import version

SHOWN_NAMES = 1
"""Number of requirements that the table shows of each defect; `--json` shows all."""


def dry_run(options: RunOptions, *, as_json: bool = False) -> int:
    """Prints what a run would do, without sending anything or starting a server."""
    known = reference_for(options.reference, options.edition, options.target)
    target = _target(options, known)
    every = make_plan(target)
    plan = narrow(every, profiles=options.profiles, select=options.select, skip=options.skip, depth=options.depth)
    embedded = options.target is None and options.base_url is None
    observed = embedded or bool(options.observer or target.file.observer)
    available = promised_prerequisites(target, observed=observed, embedded=embedded)
    reckoned = estimate(
        plan,
        target,
        available=available,
        repeat=options.repeat,
        max_examples=options.max_examples,
        outside=not options.require_observer,
    )
    for text in renamed_in((*options.select, *options.skip, *options.trace), plan.renames):
        click.echo(f"notice: {text}", err=True)
    release = release_of(version())
    rows: list[tuple[str, ...]] = [("template", "level", "cells", *Depth, "cases", "sent", "requests", "axes")]
    totals = dict.fromkeys(Depth, 0)
    for made in reckoned.templates:
        level = made.row.level if release.scores(made.row) else f"{made.row.level}, unscored"
        depths = {depth: len(every.at(depth, made.row.id)) for depth in Depth}
        totals = {depth: totals[depth] + count for depth, count in depths.items()}
        counts = (made.cells, *depths.values(), made.cases, made.sent, made.requests)
        figures = tuple(str(count) for count in counts)
        rows.append((made.row.id, level, *figures, " x ".join(made.row.for_each)))
    if as_json:
        names = ("requirement", "level", *rows[0][2:-1], "axes")
        templates = [dict(zip(names, (*row[:2], *map(int, row[2:-1]), row[-1]), strict=True)) for row in rows[1:]]
        sums = {"cells": reckoned.cells, "cases": reckoned.cases, "requests": reckoned.requests, "by_depth": totals}
        click.echo(json.dumps({"templates": templates, **sums}, ensure_ascii=False, indent=1))
        return 0
    _print_table(rows)
    checks = f"{len(reckoned.templates)} templates, {reckoned.cells} cells, {reckoned.cases} cases"
    click.echo(f"\nchecks     {checks}")
    click.echo(f"depths     {', '.join(f'{depth} {count} cases' for depth, count in totals.items())}")
    for line in plan_lines(reckoned, Budget(options.max_requests, options.rate), observed=observed):
        click.echo(line)
    return 0


def list_requirements(profiles: tuple[str, ...], *, as_json: bool) -> int:
    """Prints the requirements."""
    known = packaged.load()
    rows = [row for row in known.requirements.values() if not profiles or row.profile in profiles]
    names = list(dict.fromkeys(row.profile for row in known.requirements.values()))
    for profile in profiles:
        if profile not in names:
            raise UsageError(f"--profile: unknown profile `{profile}`{did_you_mean(profile, names)}")
    plan = make_plan(embedded_description(known), drafts=True)
    for row in rows:
        _warn_of_draft(row, plan)
    if as_json:
        click.echo(json.dumps([_as_data(row, plan, known) for row in rows], ensure_ascii=False, indent=1))
        return 0
    table = [("requirement", "level", "tier", "severity", "basis", "needs", "cases", "sources")]
    for row in rows:
        sources = ", ".join(dict.fromkeys(source.id for source in row.sources))
        cases = str(len(plan.all.get(row.id, ())) or len(_vectors(row)))
        table.append((row.id, row.level, tier_of(row), row.severity, row.basis, ", ".join(row.needs), cases, sources))
    _print_table(table)
    return 0


def explain_requirement(name: str, *, as_json: bool = False) -> int:
    """Prints one requirement."""
    known = packaged.load()
    renames = Renames.of(known.requirements)
    for text in renames.notices([name]):
        click.echo(f"notice: {text}", err=True)
    name = renames.present(name)
    row = {**known.requirements}.get(name)
    if row is None:
        raise UsageError(f"unknown requirement `{name}`{did_you_mean(name, list(known.requirements))}")
    plan = make_plan(embedded_description(known), drafts=True)
    _warn_of_draft(row, plan)
    if as_json:
        click.echo(json.dumps(_as_data(row, plan, known), ensure_ascii=False, indent=1))
        return 0
    tasks = plan.all.get(name, ())
    about = f"{row.level}   {tier_of(row)}   severity {row.severity}   basis {row.basis}   profile {row.profile}"
    click.echo(f"{row.id}   {about}\n")
    parts = [
        ("rule", row.statement),
        ("why", row.why),
        ("remedy", row.remedy or ""),
        ("since", row.since or NOT_RELEASED),
        ("formerly", ", ".join(row.formerly)),
        ("needs", ", ".join(row.needs)),
        *(("binds", text) for text in conditions_in_words(row)),
        ("cases", "none yet" if name in plan.unchecked else _cases_in_words(row, len(tasks))),
        ("control", row.control or ""),
        ("sent", f"{tasks[0].case.method} {tasks[0].case.target}, for example" if tasks else ""),
        ("check", _source_of(tasks[0].check.function) if tasks else ""),
        ("outside", f"without an observer: {seen_outside(row, tasks[0].check) or 'nothing'}" if tasks else ""),
        ("defects", ", ".join(_breaking(name))),
    ]
    for label, text in parts:
        if text:
            click.echo(f"  {label:<8}  {text}")
    from ..report.remedies import remedies_of

    for found in remedies_of(name, known):
        click.echo(f"  remedy    {found.server.name}: {found.remedy.change}  ({found.docs})")
        for line in found.remedy.lines.splitlines():
            click.echo(f"              {line}")
    for source in row.sources:
        quote = f': "{source.quote}"' if source.quote else ""
        click.echo(f"  source    {source.id}, {source.at}{quote}  ({source.evidence})")
    return 0


def list_defects(*, as_json: bool) -> int:
    """Prints the defects, of the reference proxy and of the resolver of auth modes."""
    from ..refproxy import under_load
    from ..refproxy.defects import DEFECTS
    from ..resolver.defects import DEFECTS as OF_RESOLVERS

    known = [(d.id, "proxy", d.breaks, d.seen_in, d.summary) for d in DEFECTS.values()]
    known += [(d.id, "proxy under load", d.breaks, d.seen_in, d.summary) for d in under_load.DEFECTS.values()]
    known += [(d.id, "resolver", d.breaks, None, d.summary) for d in OF_RESOLVERS.values()]
    if as_json:
        data = [
            {"id": name, "of": of, "breaks": list(breaks), "seen_in": seen_in, "summary": summary}
            for name, of, breaks, seen_in, summary in known
        ]
        click.echo(json.dumps(data, ensure_ascii=False, indent=1))
        return 0
    _print_table(
        [("defect", "of", "breaks", "seen in", "what")]
        + [(name, of, _few(breaks), seen_in or "-", summary) for name, of, breaks, seen_in, summary in known]
    )
    return 0


def check_target(file: Path, *, as_json: bool = False) -> None:
    """Prints what a target file says."""
    target = targets.load(file, reference_for(target=file))
    if as_json:
        click.echo(json.dumps(_target_as_data(file, target), ensure_ascii=False, indent=1))
        return
    click.echo(f"{file}: {target.file.name} at {target.file.base_url}")
    click.echo(f"  providers  {', '.join(provider.id for provider in target.providers)}")
    click.echo(f"  claims     {', '.join(target.file.claims) or 'none'}")
    click.echo(f"  client key {target.client.label if target.client else 'none: rules that need one are not testable'}")
    click.echo(f"  observer   {target.file.observer.advertise if target.file.observer else 'none'}")
    for provider in target.providers:
        if said := _particular(provider, target):
            click.echo(f"  {provider.id:<10} {said}")
    if (reload := target.file.reload) is not None:
        ways = "in each of three ways" if any("{way}" in word for word in reload.command) else "by `rename` alone"
        click.echo(f"  reload     the configuration is written {ways}")


def _target_as_data(file: Path, target: Target) -> dict[str, Any]:
    """What a target file says, with what it leaves out filled in; of a secret only where it is."""
    return {
        "file": str(file),
        "name": target.file.name,
        "base_url": target.file.base_url,
        "edition": target.reference.edition.id,
        "providers": [provider.id for provider in target.providers],
        "claims": list(target.file.claims),
        "client_key": target.client.label if target.client else None,
        "observer": target.file.observer.advertise if target.file.observer else None,
        "particular": {one.id: said for one in target.providers if (said := _particular(one, target))},
        "reload": target.file.reload is not None,
        "left_out": [{"core": one.core, "text": one.text} for one in left_out(target)],
    }


def _particular(provider: Provider, target: Target) -> str:
    """How the proxy forwards the calls of a provider, where that is not byte for byte to an upstream of the target."""
    if target.served_by(provider) == "amp":
        return "served by Amp's own servers"
    bodies = {dialect: target.body_of(provider, dialect) for dialect in provider.operations}
    said = [f"{dialect} is {body}" for dialect, body in bodies.items() if body != "verbatim"]
    return ", ".join(said)


def embedded_description(known: Reference) -> Target:
    """The embedded target as the planner needs it; no server is started."""
    file = described(known)
    providers = served_providers(file, known)
    return Target(file=file, providers=providers, reference=known, client=Secret("", CLIENT_LABEL))


def _target(options: RunOptions, known: Reference) -> Target:
    if options.target and options.base_url:
        raise UsageError("--target and --base-url cannot be combined")
    if options.target:
        return targets.load(options.target, known)
    return targets.from_url(options.base_url, known) if options.base_url else embedded_description(known)


def _as_data(row: Requirement, plan: Plan, known: Reference) -> dict[str, Any]:
    from ..report.remedies import remedies_of

    data = row.model_dump(mode="json", exclude_unset=True)
    cases = [task.case.name for task in plan.all.get(row.id, ())] or _vectors(row)
    remedies = {
        found.server.id: {"change": found.remedy.change, "lines": found.remedy.lines, "docs": found.docs}
        for found in remedies_of(row.id, known)
    }
    return {
        **data,
        "since": row.since,
        "conditions": conditions_in_words(row),
        "cases": cases,
        "defects": _breaking(row.id),
        "remedies": remedies,
    }


def _warn_of_draft(row: Requirement, plan: Plan) -> None:
    if row.id in plan.unchecked:
        file = f"conformance/ampmap_conformance/suite/test_{row.profile}.py"
        click.echo(f"warning: {row.id} has no check yet: write one in {file}", err=True)


def _breaking(requirement: str) -> list[str]:
    from ..refproxy import under_load
    from ..refproxy.defects import DEFECTS
    from ..resolver.defects import DEFECTS as OF_RESOLVERS

    every = (*DEFECTS.values(), *under_load.DEFECTS.values())
    of_proxies = [defect.id for defect in every if requirement in defect.breaks]
    return of_proxies + [defect.id for defect in OF_RESOLVERS.values() if requirement in defect.breaks]


def _cases_in_words(row: Requirement, count: int) -> str:
    if vectors := _vectors(row):
        return f"{len(vectors)} vectors, sent by `resolve-auth`"
    if LOAD in row.needs:
        return "one, of all calls that `soak` makes"
    return f"{count}: {' x '.join(row.for_each)}" if count else f"none: {row.excluded}"


def _vectors(row: Requirement) -> list[str]:
    """The cases of a rule that `resolve-auth` checks."""
    if RESOLVER not in row.needs:
        return []
    from ..resolver.vectors import names

    return [case for requirement, case in names() if requirement == row.id]


def _source_of(function: Any) -> str:
    return f"{function.__module__.rpartition('.')[2]}.py::{function.__name__}"


def _few(names: tuple[str, ...]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Prints rows below their header; a terminal wraps long cells, and a file or a pipe gets each row on one line."""
    lines = tuple(rows)
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name in lines[0]:
        table.add_column(Text(name))
    for line in lines[1:]:
        table.add_row(*map(Text, line))
    with console.capture() as printed:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))
