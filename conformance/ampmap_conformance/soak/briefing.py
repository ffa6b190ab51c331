"""What a process of users is told, as JSON on its standard input: keys stand in no command line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from ..reference.edition import reference_for
from ..target.file import TargetFile
from ..target.target import Secret, Target, served_providers

Role: TypeAlias = Literal["alone", "master", "worker"]


class Key(BaseModel):
    """A secret and how a reproduction names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    value: str
    label: str


class ObserverAt(BaseModel):
    """Where the observer is."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    advertise: str
    control: str
    token: Key


class Described(BaseModel):
    """A target, as values that travel."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    file: str
    """The target file, as JSON."""
    source: str | None = None
    client: Key | None = None
    second_client: Key | None = None
    upstream_keys: tuple[Key, ...] = ()


class Briefing(BaseModel):
    """What a process of users is told."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    role: Role
    users: int
    spawn_rate: float
    """Users that begin in a second."""
    seconds: float
    workers: int = 0
    """Of a master: how many workers it waits for."""
    host: str = "127.0.0.1"
    """Of a master: where it listens for workers. Of a worker: where its master is."""
    port: int = 0
    seed: int = 1
    reference: str | None = None
    edition: str | None = None
    described: Described
    folder: str = "."
    """What paths in the target file are relative to."""
    observer: ObserverAt
    addresses: tuple[tuple[str, str], ...] = ()
    """Addresses that the system chose, each with the name by which a report shows it."""

    @property
    def folder_path(self) -> Path:
        """What paths in the target file are relative to."""
        return Path(self.folder)

    def target(self) -> Target:
        """The target that is described. Raises UsageError for a reference that cannot be read."""
        reference = reference_for(Path(self.reference) if self.reference else None, self.edition)
        told = self.described
        file = TargetFile.model_validate_json(told.file)
        return Target(
            file=file,
            providers=served_providers(file, reference),
            reference=reference,
            client=_secret(told.client),
            second_client=_secret(told.second_client),
            observer_token=_secret(self.observer.token),
            upstream_keys=tuple(Secret(key.value, key.label) for key in told.upstream_keys),
            source=told.source,
        )


def description_of(target: Target) -> Described:
    """What a briefing says of a target."""
    return Described(
        file=target.file.model_dump_json(by_alias=True, exclude_unset=True),
        source=target.source,
        client=_key(target.client),
        second_client=_key(target.second_client),
        upstream_keys=tuple(Key(value=secret.value, label=secret.label) for secret in target.upstream_keys),
    )


def _secret(key: Key | None) -> Secret | None:
    return None if key is None else Secret(key.value, key.label)


def _key(secret: Secret | None) -> Key | None:
    return None if secret is None else Key(value=secret.value, label=secret.label)
