"""The command `ampmap-conformance doctor`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..wire.visible import visible
from .commands import Command
from .findings import finding_lines
from .options import EDITION_NAMES, reference_option

if TYPE_CHECKING:
    from ..doctor.findings import Examination

EXIT_CODES = "Exit codes: 0 nothing is wrong, 1 something is, 3 kit error, 4 invalid usage, 6 target unreachable."
ENDINGS = {0: "nothing is wrong", 1: "something is wrong", 6: "this target cannot be tested"}


@click.command(cls=Command, epilog=EXIT_CODES)
@click.argument("target", required=False, metavar="[TARGET]")
@click.option(
    "--observer", metavar="URL", help="URL that the proxy's upstreams are set to; the kit's observer listens there."
)
@reference_option
@click.option(
    "--edition",
    metavar="EDITION",
    help=f"Client build that the proxy serves: {EDITION_NAMES}; default: the target file's edition, for a URL"
    " newest-proxied.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def doctor(target: str | None, observer: str | None, reference: Path | None, edition: str | None, as_json: bool) -> int:
    """Look at a proxy for a few seconds, and say what is wrong and what to do about it.

    TARGET is a target file or a URL; default: ampmap-target.yaml in the working folder. For a URL, the client key is
    read from the environment variable AMPMAP_CLIENT_KEY, if it is set.

    It sends bodies that are not valid JSON, calls without a key, and requests for lists, none of which can be charged
    for. With an observer, it also sends a small call for each provider; if the first one succeeds and does not arrive
    at the observer, the command sends no further calls.

    \b
    Examples:
      ampmap-conformance doctor https://proxy.example.com
      ampmap-conformance doctor http://127.0.0.1:8317 --observer http://127.0.0.1:9100
    """
    from ..doctor.examine import Patient, examined
    from ..reference.edition import reference_for
    from ..reference.types import NEWEST_PROXIED
    from ..target import target as targets
    from .targets import named_target

    file, url = named_target(target)
    if file is None and reference is None:
        edition = edition or NEWEST_PROXIED
    known = reference_for(reference, edition, file)
    found = targets.load(file, known) if file is not None else targets.from_url(url or "", known)
    seen = examined(Patient(target=found, folder=file.parent if file is not None else Path(), observer=observer))
    if as_json:
        import json

        click.echo(json.dumps(_as_data(seen), ensure_ascii=False, indent=1))
        return int(seen.code)
    click.echo(f"{visible(seen.name)} at {visible(seen.base_url)}\n")
    for finding in seen.findings:
        for line in finding_lines(finding, sys.stdout):
            click.echo(line)
    click.echo(f"\n{ENDINGS[int(seen.code)]}: {seen.sent} requests in {seen.seconds:.1f} s")
    return int(seen.code)


def _as_data(seen: Examination) -> dict[str, object]:
    findings = [
        {"topic": one.topic.value, "state": one.state.value, "seen": one.seen, "remedy": one.remedy}
        for one in seen.findings
    ]
    return {
        "target": {"name": seen.name, "base_url": seen.base_url},
        "findings": findings,
        "requests": seen.sent,
        "seconds": round(seen.seconds, 3),
        "exit_code": int(seen.code),
    }
