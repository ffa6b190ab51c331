"""The target of a soak, its observer, and what of its process can be seen."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import UsageError
from ..observer import Observer, Observing, RemoteObserver
from ..reference.edition import reference_for
from ..reference.types import Reference
from ..target import target as targets
from ..target.as_reference import CLIENT_LABEL, described
from ..target.observer_access import observer_of
from ..target.target import Secret, Target, served_providers
from .briefing import Key, ObserverAt
from .children import running
from .options import SoakOptions
from .proxy import ProxyBriefing

OWN_TOKEN = "the token of this soak's own observer"  # noqa: S105 - its name
START = 60.0
"""Seconds in which the embedded proxy starts."""


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a soak has around it."""

    target: Target
    observer: Observing
    at: ObserverAt
    """Where processes of users ask the observer."""
    folder: Path
    """What paths in the target file are relative to."""
    pid: int | None
    """The process of the target, where it is known."""
    addresses: tuple[tuple[str, str], ...]
    """Addresses that the system chose, each with the name by which a report shows it."""


@contextmanager
def around_of(options: SoakOptions) -> Iterator[Around]:
    """Starts what a soak needs around it, and stops it at the end.

    Raises UsageError for options, a target file or an address that cannot be used, and for a target without an
    observer, and UnreachableError for a remote observer that does not answer.
    """
    is_real = options.target is not None or options.base_url is not None
    if options.target and options.base_url:
        raise UsageError("--target and --base-url cannot be combined")
    if options.defects and is_real:
        raise UsageError("--defect requires the embedded target; remove --target and --base-url")
    if options.observer and not is_real:
        raise UsageError("--observer requires --target or --base-url; the embedded target has its own observer")
    if options.listen and not is_real:
        raise UsageError("--master requires --target or --base-url: other machines do not reach the embedded target")
    if options.pid is not None and not is_real:
        raise UsageError("--pid requires --target or --base-url; the embedded target's process is known")
    known = reference_for(options.reference, options.edition, options.target)
    with (_around_target if is_real else _around_embedded)(options, known) as around:
        yield around


@contextmanager
def _around_embedded(options: SoakOptions, reference: Reference) -> Iterator[Around]:
    client, second = (f"canary-{secrets.token_hex(12)}-canary" for _ in range(2))
    token = secrets.token_hex(16)
    file = described(reference)
    with ExitStack() as stack:
        observer = stack.enter_context(Observer(reference, token=token).start())
        told = ProxyBriefing(
            reference=str(options.reference) if options.reference else None,
            edition=reference.edition.id if options.reference is None else None,
            observer=observer.url,
            clients=(client, second),
            defects=options.defects,
        )
        proxy = stack.enter_context(running("proxy", told.model_dump_json()))
        url = str(proxy.expect("url", START))
        policy = file.policy.model_copy(update={"answer_timeout": None, "stream_idle_timeout": None})
        yield Around(
            target=Target(
                file=file.model_copy(update={"base_url": url, "policy": policy}),
                providers=served_providers(file, reference),
                reference=reference,
                client=Secret(client, CLIENT_LABEL),
                second_client=Secret(second, f"{CLIENT_LABEL}_2"),
            ),
            observer=observer,
            at=ObserverAt(advertise=observer.url, control=observer.url, token=Key(value=token, label=OWN_TOKEN)),
            folder=Path(),
            pid=proxy.pid,
            addresses=((urlsplit(url).netloc, "{proxy}"), (urlsplit(observer.url).netloc, "{observer}")),
        )


@contextmanager
def _around_target(options: SoakOptions, reference: Reference) -> Iterator[Around]:
    target, folder = target_of(options, reference)
    token = secrets.token_hex(16)
    with observer_of(target, reference, options.observer, own_token=token) as observer:
        if observer is None:
            raise UsageError(
                "a soak needs an observer: without it the target's own upstreams would be called, and charge for every"
                " call; set `observer` in the target file, or --observer"
            )
        if options.listen and not isinstance(observer, RemoteObserver):
            raise UsageError(
                "--master requires an observer that workers reach: start `ampmap-conformance observe --token-env NAME`,"
                " and set `observer.advertise` and `observer.token` in the target file"
            )
        yield Around(
            target=target,
            observer=observer,
            at=observer_at(target, observer, token),
            folder=folder,
            pid=options.pid,
            addresses=((urlsplit(observer.url).netloc, "{observer}"),),
        )


def target_of(options: SoakOptions, reference: Reference) -> tuple[Target, Path]:
    """The target that is named, and what paths in its file are relative to. Raises UsageError."""
    if options.target:
        return targets.load(options.target, reference), options.target.parent
    return targets.from_url(options.base_url or "", reference), Path()


def observer_at(target: Target, observer: Observing, own_token: str) -> ObserverAt:
    """Where processes of users ask an observer: one that listens here by the token of this soak."""
    if isinstance(observer, RemoteObserver) and target.observer_token is not None:
        token = Key(value=target.observer_token.value, label=target.observer_token.label)
        return ObserverAt(advertise=observer.url, control=observer.direct_url, token=token)
    control = observer.direct_url.replace("//0.0.0.0:", "//127.0.0.1:")
    return ObserverAt(advertise=observer.url, control=control, token=Key(value=own_token, label=OWN_TOKEN))
