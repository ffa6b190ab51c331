"""The command `route`: where a name goes, in the edition that is chosen or in those that know it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .inputs import edition_option, layer_option, load_valid, spec_option

if TYPE_CHECKING:
    from ..query.timeline import Answer, Period
    from ..vendored.base import Json
    from ..vendored.catalogue import HostedMode
    from ..vendored.reference import Reference
    from ..vendored.routing import Route

ALL = "all"


@click.command()
@click.argument("query", metavar="NAME")
@click.option("--amp-url", metavar="URL", help="Value of Amp's setting amp.url; default: https://ampcode.com.")
@click.option(
    "--operation",
    metavar="OP",
    help="Operation id or alias, e.g. messages.count_tokens; default: the operation that generates output.",
)
@click.option("--provider", metavar="ID", help="Provider of the model; the model may then be any.")
@click.option("--stream", is_flag=True, help="Print the URL that the client calls for a stream.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@spec_option
@layer_option
@edition_option
def route(
    query: str,
    amp_url: str | None,
    operation: str | None,
    provider: str | None,
    stream: bool,
    as_json: bool,
    spec_dir: Path | None,
    layers: Sequence[Path],
    edition: str | None,
) -> None:
    """Print where the client sends a model, agent mode, tool or provider: URL, operation and credential header.

    NAME may be an id, a display name, `provider:model`, or a setting with its value. Without --edition, a table below
    says where the other editions send it, if that differs. If the edition does not know the name, the answer is that of
    the newest edition that does. `--edition all` prints the table alone. Notes on standard error say so, and whether
    the model is retired or deprecated.

    \b
    Example:
      ampmap route smart
      ampmap route kimi-k2-instruct-0905 --json
      ampmap route "Claude Opus 4.7" --edition newest-proxied
      ampmap route my-own-model --provider openai
    """
    from ..compile import compile_editions
    from ..query.timeline import answer
    from ..vendored.names import UnknownNameError
    from ..vendored.routing import DEFAULT_AMP_URL
    from ..vendored.routing import route as find_route

    def router(reference: Reference) -> Route:
        return find_route(
            query,
            reference=reference,
            amp_url=amp_url or DEFAULT_AMP_URL,
            operation=operation,
            provider=provider,
            stream=stream,
        )

    spec = load_valid(spec_dir, layers=layers, edition=None if edition == ALL else edition, every=False)
    references = compile_editions(spec)
    base = next(iter(references.values()))
    chosen = base if edition is None or edition == ALL else references[str(spec.of(edition).edition)]
    try:
        found = answer(tuple(references.values()), chosen, router)
    except (UnknownNameError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    if edition == ALL:
        _print_all(query, found.periods, as_json=as_json)
        return
    _print_notes(query, found, references[found.found.id])
    if as_json:
        periods = [period.as_json() for period in found.periods]
        click.echo(json.dumps({**_as_json(query, found), "timeline": periods}, indent=2))
        return
    if found.route:
        _print_route(found.route)
    elif found.hosted:
        _print_hosted(found.hosted)
    if found.found != found.chosen or (edition is None and len(found.periods) > 1):
        click.echo()
        _print_periods(found.periods)


def _as_json(query: str, found: Answer) -> dict[str, Json]:
    if found.route:
        return found.route.model_dump(mode="json")
    hosted = found.hosted
    model = hosted.models[0] if hosted else None
    return {"query": query, "kind": "hosted_mode", "model": model, "via_proxy": False, "edition": found.found.id}


def _print_notes(query: str, found: Answer, reference: Reference) -> None:
    """What a user should know beside the route, on standard error. `reference` is that of the route's edition."""
    from ..query.lifecycle import ending_note

    chosen, edition = found.chosen, found.found.id
    if edition != chosen.id:
        click.echo(f"note: {chosen.id}, built {chosen.built}, does not know {query!r}; {edition} does", err=True)
    if found.route is None or not found.route.model:
        return
    provider, name = found.route.provider, found.route.model
    model = reference.models.get(f"{provider}/{name}")
    if model is None:
        click.echo(f"note: {edition} lists no model {name!r} of {provider}; the client sends it as it is", err=True)
    elif note := ending_note(name, model.lifecycle):
        click.echo(f"note: {note}", err=True)


def _print_hosted(mode: HostedMode) -> None:
    rows = {
        "agent mode": mode.name,
        "model": mode.models[0],
        "or": ", ".join(mode.models[1:]),
        "called by": "Amp's own servers; the client makes no model call through amp.url",
        "notes": " ".join(mode.notes),
    }
    _print_rows(rows)


def _print_route(found: Route) -> None:
    rows = {
        "model": found.model if found.wire_model == found.model else f"{found.model} (sent as {found.wire_model})",
        "provider": found.provider,
        "url": f"{found.method} {found.url}",
        "operation": f"{found.operation} ({found.dialect})",
        "base url": found.base_url,
        "through": "the proxy at amp.url" if found.via_proxy else "a direct connection: amp.url is bypassed",
        "credential": ", ".join(found.credential_headers),
        "sdk": found.sdk,
        "requires": " or ".join(found.requires),
        "limits": found.limits.in_words if found.limits else "",
    }
    _print_rows(rows)


def _print_rows(rows: Mapping[str, str]) -> None:
    click.echo("\n".join(f"{name:12}{value}" for name, value in rows.items() if value))


def _print_all(query: str, periods: Sequence[Period], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"query": query, "timeline": [period.as_json() for period in periods]}, indent=2))
    else:
        _print_periods(periods)


def _print_periods(periods: Sequence[Period]) -> None:
    width = max(len(period.months) for period in periods)
    for period in periods:
        click.echo(f"{period.months:{width}}  {period.in_words}")
