"""The proxy under test, as its YAML file describes it; secrets come by reference only."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from .. import reference as packaged
from ..errors import UsageError
from ..files import Document, did_you_mean, read_yaml
from ..reference.types import BodyPolicy, ClaimName, Model, Provider, Reference, find_model
from .file import ModelMapping, Policy, SecretReference, TargetFile

DISCLAIMING = frozenset(
    (name,) for name in ("disclaims", "disclaim", "exempt", "exclude", "excludes", "skip", "except")
)
NO_DISCLAIMING = (
    "every target is tested on the core, and a target file cannot disclaim it; use `--skip` for one run, or list"
    " known failures in a baseline"
)

CLIENT_KEY_VARIABLE = "AMPMAP_CLIENT_KEY"
"""Environment variable with the client key for a target that is given with `--base-url`."""


@dataclass(frozen=True)
class Secret:
    """A value that no output shows; `label` is how a reproduction names it, e.g. `$PROXY_CLIENT_KEY`."""

    value: str = field(repr=False)
    label: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """The proxy under test: its file, with the secrets looked up and the providers picked."""

    file: TargetFile
    providers: tuple[Provider, ...]
    """Those that it serves through the proxy, with their base paths as mounted there."""
    reference: Reference = field(repr=False)
    client: Secret | None = None
    second_client: Secret | None = None
    observer_token: Secret | None = None
    """The token of a remote observer."""
    upstream_keys: tuple[Secret, ...] = ()
    """The proxy's own keys, where the kit knows them."""
    others: tuple[Reference, ...] = field(default=(), repr=False)
    """The references of the further editions that it serves."""
    source: str | None = None
    """How the command line named it: `--target FILE` or `--base-url URL`; None for the embedded default."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every secret that the kit knows of and must not show, the first client's key first."""
        known = (self.client, self.second_client, self.observer_token, *self.upstream_keys)
        return tuple(secret for secret in known if secret is not None)

    @property
    def policy(self) -> Policy:
        """The promised behaviour."""
        return self.file.policy

    def body_of(self, _provider: Provider | None, *, at_amp: bool = False) -> BodyPolicy:
        """What the proxy does with the bodies of calls to a provider; without one, what its file says of all.

        Amp's servers speak the dialect of the path that was called, so a call that goes there (`at_amp`) is
        rewritten at most.
        """
        body = self.policy.body
        return "rewritten" if at_amp and body == "translated" else body

    def is_elsewhere(self, model: str) -> bool:
        """Whether a call for a model goes to Amp's servers: the proxy neither serves it itself nor maps it."""
        return model in self.unavailable and self.mapped(model) is None

    def claims(self, claim: str) -> bool:
        """Whether the target says that it has a feature."""
        return claim in self.file.claims

    def models(self, provider: Provider) -> tuple[Model, ...]:
        """The models of a provider that this proxy is asked for: those of the edition less the unavailable ones.

        Nor are those among them that a pattern of its mappings matches, since proxies differ in whether a model of
        their own or a pattern wins. Where the file lists the available ones, it decides alone.
        """
        named = self.file.models.available.get(provider.id)
        if named is not None:
            return tuple(self._model(name, provider) for name in named)
        known = [model for model in self.reference.models.values() if model.provider == provider.id]
        return tuple(model for model in known if self.is_local(model.id, provider))

    def is_local(self, model: str, provider: Provider) -> bool:
        """Whether the file states that the proxy serves a model itself."""
        named = self.file.models.available.get(provider.id)
        return model in named if named is not None else model not in self.unavailable and not self.rules_for(model)

    @cached_property
    def unavailable(self) -> tuple[str, ...]:
        """Model ids for which it has no provider of its own."""
        return (*self.file.models.unavailable, *(rule.from_ for rule in self.file.mappings if not rule.regex))

    def rules_for(self, model: str) -> tuple[ModelMapping, ...]:
        """The file's mappings that speak of a model: plain ones first, then patterns, each in their order."""
        if model not in self._rules:
            mappings = self.file.mappings
            plain = [rule for rule in mappings if not rule.regex and rule.from_ == model]
            patterns = [rule for rule in mappings if rule.regex and re.search(rule.from_, model, re.IGNORECASE)]
            self._rules[model] = (*plain, *patterns)
        return self._rules[model]

    def mapped(self, model: str) -> str | None:
        """The model to which the file's mappings lead; None where no rule speaks of it or its target is not there."""
        return next((rule.to for rule in self.rules_for(model) if rule.to not in self.unavailable), None)

    def _model(self, name: str, provider: Provider) -> Model:
        try:
            return find_model(self.reference, name, provider.id)
        except LookupError:
            return Model.model_construct(id=name, provider=provider.id, display_name=name)

    def provider_of(self, model: str) -> Provider | None:
        """The served provider of a model, by the edition or, for a mapped one that it does not know, by its mapping."""
        for name in (model, *(rule.to for rule in self.rules_for(model))):
            owners = self._owners.get(name, frozenset())
            if len(owners) == 1:
                return next((provider for provider in self.providers if provider.id in owners), None)
        return None

    @cached_property
    def _rules(self) -> dict[str, tuple[ModelMapping, ...]]:
        """What `rules_for` found; a plan asks for the same few models some ten thousand times."""
        return {}

    @cached_property
    def _owners(self) -> dict[str, frozenset[str]]:
        """Which providers of the edition have a model of that name."""
        found: dict[str, frozenset[str]] = {}
        for key, model in self.reference.models.items():
            for name in {key, model.id, model.wire_id, *model.aliases} - {None}:
                found[str(name)] = found.get(str(name), frozenset()) | {model.provider}
        return found


def load(file: Path, reference: Reference, environment: Mapping[str, str] = os.environ) -> Target:
    """The target that `file` describes.

    Raises UsageError with file:line:col for every problem in it, and for a secret that is not set.
    """
    document = read_yaml(file)
    if not isinstance(document.data, dict):
        raise UsageError(f"{document.at(())}: expected a mapping with `name` and `base_url`")
    try:
        parsed = TargetFile.model_validate(document.data)
    except ValidationError as error:
        core = {name for row in reference.requirements.values() if not row.claim for name in (row.profile, row.id)}
        raise UsageError("\n".join(_complaint(document, problem, core) for problem in error.errors())) from None
    _check_names(document, parsed, reference)
    secrets = {
        name: _look_up(document, ("credentials", name), found, environment)
        for name in ("client", "second_client")
        if (found := getattr(parsed.credentials, name)) is not None
    }
    token = None
    if parsed.observer and parsed.observer.token:
        token = _look_up(document, ("observer", "token"), parsed.observer.token, environment)
    return Target(
        file=parsed,
        providers=served_providers(parsed, reference),
        reference=reference,
        client=secrets.get("client"),
        second_client=secrets.get("second_client"),
        observer_token=token,
        others=tuple(packaged.load(edition=name) for name in parsed.editions if name != reference.edition.id),
        source=f"--target {shlex.quote(str(file))}",
    )


def from_url(url: str, reference: Reference, environment: Mapping[str, str] = os.environ) -> Target:
    """A target of which only the address is known; the client key is that in AMPMAP_CLIENT_KEY, if set.

    Raises UsageError when `url` is not an absolute http or https URL.
    """
    try:
        parsed = TargetFile(name=urlsplit(url).netloc or url, base_url=url)
    except ValidationError as error:
        raise UsageError(f"--base-url: {_plain(error.errors()[0]['msg'])}") from None
    key = environment.get(CLIENT_KEY_VARIABLE)
    client = Secret(key, f"${CLIENT_KEY_VARIABLE}") if key else None
    return Target(
        file=parsed,
        providers=served_providers(parsed, reference),
        reference=reference,
        client=client,
        source=f"--base-url {shlex.quote(url)}",
    )


def served_providers(file: TargetFile, reference: Reference) -> tuple[Provider, ...]:
    """The providers of an edition that the target serves, with their base paths as mounted there."""
    found = [p for p in reference.providers.values() if p.via_proxy and (not file.providers or p.id in file.providers)]
    mounts: dict[str, str] = {**file.mounts}
    return tuple(p.model_copy(update={"base_path": mounts[p.id]}) if p.id in mounts else p for p in found)


def _check_names(document: Document, file: TargetFile, reference: Reference) -> None:
    known = [provider.id for provider in reference.providers.values() if provider.via_proxy]
    named: list[tuple[tuple[str | int, ...], str]] = [
        *((("providers", index), name) for index, name in enumerate(file.providers or ())),
        *((("mounts", name), name) for name in file.mounts),
        *((("models", "available", name), name) for name in file.models.available),
    ]
    others = f"; known: {', '.join(known)}"
    problems = [
        f"{document.at_key(path)}: `{name}` is not a provider behind the proxy{did_you_mean(name, known) or others}"
        for path, name in named
        if name not in known
    ]
    personas = ["amp", *reference.providers]
    problems += [
        f"{document.at_key(('observer', 'personas', name))}: unknown persona `{name}`{did_you_mean(name, personas)}"
        for name in (file.observer.personas if file.observer else ())
        if name not in personas
    ]
    editions = list(packaged.editions())
    problems += [
        f"{document.at(('editions', index))}: unknown edition `{name}`{did_you_mean(name, editions)}"
        for index, name in enumerate(file.editions)
        if name not in editions
    ]
    if file.edition not in (None, reference.edition.id):
        problems.append(f"{document.at(('edition',))}: expected `{reference.edition.id}`, the edition of the reference")
    if problems:
        raise UsageError("\n".join(problems))


def _look_up(
    document: Document, path: tuple[str | int, ...], wanted: SecretReference, environment: Mapping[str, str]
) -> Secret:
    if wanted.env is not None:
        value = environment.get(wanted.env, "").strip()
        if not value:
            raise UsageError(f"{document.at(path)}: the environment variable {wanted.env} is not set")
        return Secret(value, f"${wanted.env}")
    file = document.file.parent / (wanted.file or "")
    try:
        value = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{document.at(path)}: the secret file {wanted.file} cannot be read") from error
    if not value:
        raise UsageError(f"{document.at(path)}: the secret file {wanted.file} is empty")
    return Secret(value, f"$(cat {wanted.file})")


def _complaint(document: Document, problem: Any, core: Collection[str]) -> str:
    path = tuple(problem["loc"])
    place = document.at(path)
    name = ".".join(str(part) for part in path)
    if path[:1] == ("claims",) and len(path) == 2:
        return f"{place}: {_claim_complaint(str(problem['input']), core)}"
    if problem["type"] == "extra_forbidden":
        siblings = _fields(TargetFile, path[:-1])
        if path in DISCLAIMING:
            return f"{document.at_key(path)}: {NO_DISCLAIMING}"
        return f"{document.at_key(path)}: unknown key `{name}`{did_you_mean(str(path[-1]), siblings)}"
    if problem["type"] == "missing":
        return f"{place}: the key `{name}` is missing"
    if path[:1] == ("credentials",) and len(path) == 2 and problem["type"] == "model_type":
        return f"{place}: expected a reference to a secret, not its value: {{env: NAME}} or {{file: PATH}}"
    return f"{place}: `{name}`: {_in_words(problem)}"


def _claim_complaint(said: str, core: Collection[str]) -> str:
    about = re.sub(r"^(no[- _]|not[- _]|[-!~])", "", said)
    known = list(get_args(ClaimName))
    if about in core:
        return f"`{about}` is core: {NO_DISCLAIMING}"
    if about in known:
        return f"remove `{said}` from `claims`; features that are not claimed are not tested"
    return f"unknown claim `{said}`{did_you_mean(said, known) or '; expected one of ' + ', '.join(known)}"


def _in_words(problem: Any) -> str:
    """What is wrong with a value, with what to write instead for the mistakes that YAML invites."""
    given = problem["input"]
    if problem["type"] == "string_type" and isinstance(given, int | float):
        return f'expected text, not a number; write "{given}" in quotes'
    if problem["type"] == "tuple_type":
        return f"expected a list: [{given}]" if isinstance(given, str) else "expected a list"
    return _plain(problem["msg"])


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def _fields(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    for part in path:
        found = model.model_fields.get(str(part))
        options = [found.annotation, *getattr(found.annotation, "__args__", ())] if found else []
        inner = next((kind for kind in options if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None:
            return []
        model = inner
    return [info.alias or name for name, info in model.model_fields.items()]
