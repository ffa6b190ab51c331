"""What `target init` asks a proxy, and what it writes of it."""

from __future__ import annotations

import os
import sys

import click

from ..doctor.judge import judged
from ..doctor.pointing import EXAMPLE as OBSERVER
from ..doctor.pointing import pointing_lines
from ..errors import UnreachableError, UsageError
from ..observer.api import Observing
from ..reference.edition import reference_for
from ..reference.types import NEWEST_PROXIED, Reference
from ..target import target as targets
from ..target.discover import Discovery, discovered
from ..target.observer_access import edition_at, observer_at
from ..target.sightings import Seen
from ..target.starter import target_file
from ..target.target import CLIENT_KEY_VARIABLE, Secret
from ..target.watching import watched
from ..wire.address import absolute_url
from .findings import finding_lines

NOT_WRITTEN = (
    "Nothing is written: start `ampmap-conformance observe` and point the upstreams to it as told above, or start them."
)
EXAMPLE = "https://proxy.example.com"


def starter_text(
    from_url: str | None, edition: str | None, *, observer: str | None, token_env: str | None, control: str | None
) -> str:
    """The text of a starter target file, by default for the edition of an observer that runs elsewhere.

    Without one it is for the newest edition of which model calls pass a proxy. What a proxy was found to be is told on
    standard error, with how that is known.

    Raises UsageError for options that do not fit together or cannot be used, and UnreachableError when the proxy or
    the observer is not there, and for a proxy without Amp's routes or without upstreams that answer.
    """
    for option, given in (("--token-env", token_env), ("--control", control)):
        if given is not None and observer is None:
            raise UsageError(f"{option} requires --observer")
    if control is not None and token_env is None:
        raise UsageError("--control requires --token-env: an observer that is controlled from here has a token")
    if from_url is None:
        if observer is not None:
            raise UsageError("--observer requires --from-url")
        return target_file(EXAMPLE, reference_for(None, edition or NEWEST_PROXIED))
    url, key, token = _url(from_url, "--from-url"), _secret(CLIENT_KEY_VARIABLE), None
    if observer is None:
        reference = reference_for(None, edition or NEWEST_PROXIED)
        found = _found(url, reference, key)
        _tell_of_observers(reference)
        return target_file(url, reference, found)
    if token_env is not None and (token := _secret(token_env)) is None:
        raise UsageError(f"--token-env: the environment variable {token_env} is not set or empty")
    where = _url(observer, "--observer")
    control = None if control is None else _url(control, "--control")
    if edition is None and token is not None:
        edition = edition_at(control or where, token)
    reference = reference_for(None, edition or NEWEST_PROXIED)
    with observer_at(where, reference, control=control, token=token) as there:
        found = _found(url, reference, key)
        seen = _seen(url, reference, found, key, there)
    lines = ["# The URL that the proxy's upstreams are set to.", "observer:", f"  advertise: {where}"]
    lines += [f"  control: {control}"] if control else []
    lines += [f"  token: {{env: {token_env}}}"] if token_env else []
    return target_file(url, reference, found, seen, lines)


def asked_for_observer() -> str | None:
    """The URL of an observer as the user enters it; None for none."""
    given: str = click.prompt(
        f"URL of the observer that the proxy's upstreams are set to, for example {OBSERVER} (empty for none)",
        default="",
        show_default=False,
        err=True,
    )
    return given.strip() or None


def _found(url: str, reference: Reference, key: Secret | None) -> Discovery:
    """What the proxy reveals, told on standard error. Raises UnreachableError for one of which nothing can be said."""
    found = discovered(url, reference, key)
    findings = judged(found, targets.from_url(url, reference))
    if (ending := next((finding for finding in findings if finding.ends), None)) is not None:
        raise UnreachableError(f"{url} has {ending.seen}. Nothing is written: {ending.remedy}.")
    if found.is_down:
        _tell_of_observers(reference)
        first = next(answer for answer in found.opened.values() if answer.is_there)
        raise UnreachableError(f"{url} has no upstream: every route answers {first}. {NOT_WRITTEN}")
    click.echo(f"found at {url}, with {found.sent} requests free of charge:", err=True)
    for finding in findings:
        for line in finding_lines(finding, sys.stderr):
            click.echo(f"  {line}", err=True)
    return found


def _tell_of_observers(reference: Reference) -> None:
    click.echo(
        f"\nno observer: a run sees the client's side alone. To have both sides tested, point the upstreams to"
        f" {OBSERVER} or another free port, and repeat with `--observer {OBSERVER}`:\n",
        err=True,
    )
    for line in pointing_lines(OBSERVER, reference):
        click.echo(f"  {line}", err=True)
    click.echo(err=True)


def _seen(url: str, reference: Reference, found: Discovery, key: Secret | None, observer: Observing) -> Seen:
    if found.providers is None:
        raise UsageError(
            f"--observer: no call gets to an upstream; set a key that the proxy accepts in {CLIENT_KEY_VARIABLE}"
        )
    served = (reference.providers[name] for name in found.providers)
    return watched(url, reference, key.value if key else "", observer, served)


def _url(text: str, option: str) -> str:
    try:
        return absolute_url(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _secret(variable: str) -> Secret | None:
    value = os.environ.get(variable, "").strip()
    return Secret(value, f"${variable}") if value else None
