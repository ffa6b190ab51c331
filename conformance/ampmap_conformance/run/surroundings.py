"""The target of a run and what is around it: the observer behind it, a peer on another machine, its configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from urllib.parse import urlsplit

from ..engine.options import RunOptions
from ..errors import UsageError
from ..observer.api import Observing
from ..reference.edition import reference_for
from ..reference.types import Reference
from ..target import target as targets
from ..target.observer_access import observer_of
from ..target.reload import Reloading, reloading_of
from ..target.target import Target
from ..target.trust import tls_of
from ..wire.client import ProxyClient
from ..wire.foreign_peer import Sender, near_to, sender_to


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The target of a run, with all that observes, calls and changes it."""

    target: Target
    observer: Observing | None
    foreign: Sender | None
    """Calls the target from another address than its own machine's loopback."""
    near: ProxyClient | None
    """Calls a target on this machine by its loopback address, where its own address is another one."""
    tls: SSLContext | None = None
    """What calls to the target use for https; None for a target without."""
    reloading: Reloading | None
    """Changes the target's configuration."""
    addresses: tuple[tuple[str, str], ...]
    """Addresses (host:port) that the system chose, each with the name by which a report shows it."""


@contextmanager
def surroundings_of(options: RunOptions, reference: Reference | None = None) -> Iterator[Surroundings]:
    """Starts what a run needs around it, and stops it at the end.

    `reference` is held against the target in place of the one that the options name. Raises UsageError for options
    that do not fit together, and for a target file, an edition or an address that cannot be used.
    """
    is_real = options.target is not None or options.base_url is not None
    if options.target and options.base_url:
        raise UsageError("--target and --base-url cannot be combined")
    if options.defects and is_real:
        raise UsageError(
            "--defect requires the embedded target; remove --target and --base-url, or use `ampmap-conformance serve`"
        )
    if options.observer and not is_real:
        raise UsageError("--observer requires --target or --base-url; the embedded target has its own observer")
    known = reference or reference_for(options.reference, options.edition, options.target)
    with (_around_target if is_real else _around_embedded)(options, known) as around:
        yield around


@contextmanager
def _around_target(options: RunOptions, reference: Reference) -> Iterator[Surroundings]:
    if options.target:
        target, folder = targets.load(options.target, reference), options.target.parent
    else:
        target, folder = targets.from_url(options.base_url or "", reference), Path()
    with ExitStack() as stack:
        observer = stack.enter_context(observer_of(target, reference, options.observer))
        tls = tls_of(target, folder)
        sender, near = sender_to(target.file.base_url, tls), near_to(target.file.base_url)
        yield Surroundings(
            target=target,
            observer=observer,
            tls=tls,
            foreign=stack.enter_context(sender) if sender is not None else None,
            near=stack.enter_context(near) if near is not None else None,
            reloading=stack.enter_context(reloading_of(target, observer, folder)) if observer else None,
            addresses=((urlsplit(observer.url).netloc, "{observer}"),) if observer else (),
        )


@contextmanager
def _around_embedded(options: RunOptions, reference: Reference) -> Iterator[Surroundings]:
    from ..refproxy.embedded import embedded  # a run against a real target needs neither proxy nor server

    with ExitStack() as stack:
        try:
            default = stack.enter_context(embedded(reference, options.defects, variant=options.variant))
        except LookupError as error:
            raise UsageError(f"--defect: {error}") from error
        proxy = urlsplit(default.target.file.base_url).netloc
        upstreams = (*default.urls, default.observer.url)
        yield Surroundings(
            target=default.target,
            observer=default.observer,
            foreign=default.foreign,
            near=None,
            reloading=default.reloading,
            addresses=((proxy, "{proxy}"), *((urlsplit(url).netloc, "{observer}") for url in upstreams)),
        )
