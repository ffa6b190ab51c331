"""What `target init` asks a proxy, and what it writes of it."""

from __future__ import annotations

import os

from ..errors import UsageError
from ..observer.api import Observing
from ..reference.edition import reference_for
from ..reference.types import NEWEST_PROXIED, Reference
from ..target.discover import Discovery, discovered
from ..target.observer_access import edition_at, observer_at
from ..target.sightings import Seen
from ..target.starter import target_file
from ..target.target import CLIENT_KEY_VARIABLE, Secret
from ..target.watching import watched
from ..wire.address import absolute_url

EXAMPLE = "https://proxy.example.com"


def starter_text(
    from_url: str | None, edition: str | None, *, observer: str | None, token_env: str | None, control: str | None
) -> str:
    """The text of a starter target file, by default for the edition of an observer that runs elsewhere.

    Without one it is for the newest edition of which model calls pass a proxy.

    Raises UsageError for options that do not fit together or cannot be used, and UnreachableError when the proxy or
    the observer is not there.
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
        return target_file(url, reference, discovered(url, reference, key))
    if token_env is not None and (token := _secret(token_env)) is None:
        raise UsageError(f"--token-env: the environment variable {token_env} is not set or empty")
    where = _url(observer, "--observer")
    control = None if control is None else _url(control, "--control")
    if edition is None and token is not None:
        edition = edition_at(control or where, token)
    reference = reference_for(None, edition or NEWEST_PROXIED)
    with observer_at(where, reference, control=control, token=token) as there:
        found = discovered(url, reference, key)
        seen = _seen(url, reference, found, key, there)
    lines = ["# The URL that the proxy's upstreams are set to.", "observer:", f"  advertise: {where}"]
    lines += [f"  control: {control}"] if control else []
    lines += [f"  token: {{env: {token_env}}}"] if token_env else []
    return target_file(url, reference, found, seen, lines)


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
