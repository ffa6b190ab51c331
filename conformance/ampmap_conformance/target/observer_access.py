"""The observer of a run against a real target: one that listens here, or one that runs elsewhere and is asked."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..errors import ObserverGoneError, UnreachableError, UsageError
from ..observer import Observer, Observing, RemoteObserver
from ..reference.types import Json, Reference
from ..wire.address import Address, absolute_url
from .target import Secret, Target


@contextmanager
def observer_of(
    target: Target, reference: Reference, address: str | None = None, *, own_token: str | None = None
) -> Iterator[Observing | None]:
    """The observer that the target file names, or one that listens at `address`; None without either.

    One that listens here can be asked by other processes with `own_token`, if there is one.

    Raises UsageError for an address at which none can listen and for an observer of another reference, and
    UnreachableError for a remote one that does not answer.
    """
    named = target.file.observer
    if address is None and named is not None and target.observer_token is not None:
        with remote(named.advertise, named.control or named.advertise, target.observer_token, reference) as observer:
            yield observer
    elif address is not None or named is not None:
        personas = named.personas if named is not None and address is None else {}
        with _listening(address or (named.advertise if named else ""), personas, reference, own_token) as observer:
            yield observer
    else:
        yield None


@contextmanager
def observer_at(
    advertise: str, reference: Reference, *, control: str | None = None, token: Secret | None = None
) -> Iterator[Observing]:
    """The observer at a URL: with a token the one that runs there, without one that listens there from now on.

    Raises as `observer_of` does.
    """
    if token is None:
        with _listening(advertise, {}, reference) as here:
            yield here
        return
    with remote(advertise, control or advertise, token, reference) as elsewhere:
        yield elsewhere


@contextmanager
def remote(advertise: str, control: str, token: Secret, reference: Reference) -> Iterator[RemoteObserver]:
    """An observer in another process, which must be reachable and use the same reference."""
    with RemoteObserver(advertise, control, token.value) as observer:
        about = _about(observer, token)
        if about.get("digest") != reference.digest:
            raise UsageError(
                f"the observer at {control} uses edition {about.get('edition')}, {about.get('digest')}; this run uses"
                f" {reference.edition.id}, {reference.digest}; start both with the same --edition or --reference"
            )
        yield observer


def edition_at(control: str, token: Secret) -> str:
    """The edition of the observer that is controlled at this URL. Raises UnreachableError when it does not answer."""
    with RemoteObserver(control, control, token.value) as observer:
        return str(_about(observer, token).get("edition"))


def _about(observer: RemoteObserver, token: Secret) -> Mapping[str, Json]:
    try:
        return observer.about()
    except ObserverGoneError as error:
        raise UnreachableError(f"{error} (its token is {token.label}).") from error


@contextmanager
def _listening(
    address: str, personas: Mapping[str, str], reference: Reference, token: str | None = None
) -> Iterator[Observer]:
    with _started(address, reference, token) as observer:
        for persona, url in personas.items():
            host, port = _bound(url)
            try:
                observer.listen_for(persona, host, port)
            except LookupError as error:
                raise UsageError(f"observer.personas: {error}") from error
            except OSError as error:
                raise UsageError(f"the observer cannot listen for {url}: {error.strerror or error}") from error
        yield observer


def _started(address: str, reference: Reference, token: str | None) -> Observer:
    host, port = _bound(address)
    observer = Observer(reference, token=token)
    try:
        return observer.start(host, port)
    except OSError as error:
        observer.close()
        hint = ""
        if error.errno == errno.EADDRINUSE:
            hint = "; stop what listens there (an `ampmap-conformance observe` is asked only if it was started with"
            hint += " --token-env and the target file has `observer.token`), or choose another port"
        raise UsageError(f"the observer cannot listen for {address}: {error.strerror or error}{hint}") from error


def _bound(address: str) -> tuple[str, int]:
    """Where to listen so that an advertised URL leads here: on loopback for a loopback name, else everywhere."""
    try:
        parts = Address.of(absolute_url(address))
    except ValueError as error:
        raise UsageError(f"observer.advertise: {error}") from error
    host, port = parts.host, parts.port
    if host in ("127.0.0.1", "::1"):
        return host, port
    return ("127.0.0.1" if host == "localhost" else "0.0.0.0"), port  # noqa: S104 - the proxy is on another machine
