"""A worker: runs users on this machine for a master on another one."""

from __future__ import annotations

import secrets
from importlib import metadata

from ..errors import UsageError
from ..observer import RemoteObserver
from ..reference.edition import reference_for
from ..target.observer_access import observer_of
from .around import observer_at, target_of
from .briefing import Briefing, description_of
from .children import running
from .options import SoakOptions


def work(options: SoakOptions, host: str, port: int) -> int:
    """Runs users until the master sends them home, or the user of the kit interrupts; returns the exit code.

    Raises UsageError for a target without an observer that runs elsewhere, UnreachableError when that does not answer,
    and SuiteError when the master does not.
    """
    metadata.version("locust")
    if options.target is None:
        raise UsageError("--worker requires --target: the keys of the target and the token of its observer")
    reference = reference_for(options.reference, options.edition, options.target)
    target, folder = target_of(options, reference)
    with observer_of(target, reference) as observer:
        if not isinstance(observer, RemoteObserver):
            raise UsageError("--worker requires `observer.advertise` and `observer.token` in the target file")
        told = Briefing(
            role="worker",
            users=options.users,
            spawn_rate=options.spawn_rate,
            seconds=options.seconds,
            host=host,
            port=port,
            seed=secrets.randbelow(1 << 31),
            reference=str(options.reference) if options.reference else None,
            edition=reference.edition.id if options.reference is None else None,
            folder=str(folder),
            observer=observer_at(target, observer, ""),
            described=description_of(target),
        )
        with running("load", told.model_dump_json()) as child:
            try:
                child.expect("end")
            except KeyboardInterrupt:
                child.stop()
                return 2
    return 0
