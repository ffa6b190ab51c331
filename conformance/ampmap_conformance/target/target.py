"""The proxy under test, as its YAML file describes it; secrets come by reference only."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ValidationError

from .. import reference as packaged
from ..errors import UsageError
from ..files import Document, read_text, read_yaml
from ..reference.types import BodyPolicy, CountPolicy, ManagementRoute, Model, Provider, Reference, find_model
from ..wire.address import Address, absolute_url
from ..wire.messages import AMP
from . import serving
from .complaints import complaint, problems_of_names
from .file import ListPolicy, ModelMapping, PagePolicy, Policy, SecretReference, ServedBy, TargetFile

Way: TypeAlias = Literal["local", "mapped", "elsewhere"]
"""Which way a call goes by its model: to its own provider as it is, as another model, or to Amp's servers."""

MOST_SECRET = 1 << 20
"""Bytes of a file that holds a key."""
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
    def is_file(self) -> bool:
        """Whether a file describes it."""
        return self.source is not None and self.source.startswith("--target")

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every secret that the kit knows of and must not show, the first client's key first."""
        known = (self.client, self.second_client, self.observer_token, *self.upstream_keys)
        return tuple(secret for secret in known if secret is not None)

    @property
    def policy(self) -> Policy:
        """The promised behaviour."""
        return self.file.policy

    def claims(self, claim: str) -> bool:
        """Whether the target says that it has a feature."""
        return claim in self.file.claims

    def served_by(self, provider: Provider) -> ServedBy:
        """Who serves the calls of a provider."""
        return serving.served_by(self.file, provider.id)

    def body_of(self, provider: Provider, dialect: str, model: str = "") -> BodyPolicy:
        """How the body of a client's call in `dialect` on a provider's path reaches the upstream.

        The call is for a model that the provider serves by the target, unless `model` is told. Amp's own servers are
        called by the client's path, and so in its dialect; another provider, to which a mapping leads, in one of its
        own.
        """
        policy = serving.body_of(self.file, provider.id, dialect)
        back_end = self.back_end_of(provider, model)
        if back_end == AMP:
            return "rewritten" if policy == "translated" else policy
        speaks_it = dialect in self.reference.providers[back_end].operations
        return policy if speaks_it else "translated"

    def upstream_dialects(self, provider: Provider, dialect: str, model: str = "") -> frozenset[str]:
        """The dialects in which the upstream may be called for such a call; see `body_of`."""
        if self.body_of(provider, dialect, model) != "translated":
            return frozenset({dialect})
        back_end = self.back_end_of(provider, model)
        own = () if back_end == provider.id else self.reference.providers[back_end].operations
        return serving.dialects_named(self.file, back_end) or frozenset(own or self.reference.endpoints)

    def back_end_of(self, provider: Provider, model: str = "") -> str:
        """Where a call on a provider's path must arrive: the id of a provider, or `AMP`.

        That is the provider, unless Amp serves it, the proxy does not have the `model`, or a mapping leads elsewhere.
        """
        served = AMP if self.served_by(provider) == "amp" else provider.id
        if not model:
            return served
        if (mapped := self.mapped(model)) is not None and not self._is_listed(model, provider):
            return self.owner_of(mapped, provider) or provider.id
        if self.is_elsewhere(model):
            return AMP
        return self.owner_of(model, provider) or served if self.policy.routing == "model" else served

    def is_elsewhere(self, model: str) -> bool:
        """Whether a call for a model goes to Amp's servers: the proxy neither serves it itself nor maps it."""
        return model in self.unavailable and self.mapped(model) is None

    def counts_of(self, provider: Provider) -> CountPolicy:
        """Who answers calls that count tokens, where they are for the provider's own upstream."""
        return serving.counts_of(self.file, provider.id)

    def lists_of(self, provider: Provider) -> ListPolicy:
        """Who answers calls that list or describe a provider's models."""
        return serving.lists_of(self.file, provider.id)

    def pages_of(self, route: ManagementRoute) -> PagePolicy:
        """How the paths of a management family are served; all but pages for browsers are forwarded."""
        said = self.policy.browser_pages
        if isinstance(said, dict):
            return said.get(route.id, "forwarded")
        return said if route.authentication == "open" else "forwarded"

    def goes(self, way: Way, provider: Provider) -> bool:
        """Whether the target says that calls of a provider can go a way."""
        match way:
            case "local":
                return True
            case "mapped":
                return self.claims("mapping")
            case "elsewhere":
                return self.claims("upstream-fallback") or self.served_by(provider) == "amp"

    def models(self, provider: Provider) -> tuple[Model, ...]:
        """The models of a provider that this proxy is asked for: those of the edition less the unavailable ones.

        Nor are those among them that a pattern of its mappings matches, since proxies differ in whether a model of
        their own or a pattern wins. Where the file lists the available ones, it decides alone.
        """
        if provider.id not in self._models:
            self._models[provider.id] = self._find_models(provider)
        return self._models[provider.id]

    def _find_models(self, provider: Provider) -> tuple[Model, ...]:
        if self.served_by(provider) != "target":
            return ()
        named = self.file.models.available.get(provider.id)
        if named is not None:
            return tuple(self._model(name, provider) for name in named)
        return tuple(model for model in self._known(provider) if self.is_local(model.id, provider))

    def is_local(self, model: str, provider: Provider) -> bool:
        """Whether the file states that the proxy serves a model itself."""
        named = self.file.models.available.get(provider.id)
        if named is not None or self.served_by(provider) != "target":
            return model in (named or ())
        return model not in self.unavailable and not self.rules_for(model)

    def other_models(self, provider: Provider) -> tuple[str, ...]:
        """The models of a provider that it is asked for and that are not its own here: mapped ones, and Amp's."""
        absent = [name for name, owner in self._absent.items() if owner is provider]
        if self.served_by(provider) == "amp":
            absent += [model.wire_id or model.id for model in self._known(provider)]
        return tuple(dict.fromkeys(absent))

    def sample_model(self, provider: Provider) -> str:
        """A model for calls of a provider, as they name it: one that the proxy serves, else one that it knows of."""
        for model in self.models(provider):
            return model.wire_id or model.id
        known = (model.wire_id or model.id for model in self._known(provider))
        return next(chain(self.other_models(provider), known), "example-model")

    def _known(self, provider: Provider) -> tuple[Model, ...]:
        return tuple(model for model in self.reference.models.values() if model.provider == provider.id)

    def _is_listed(self, model: str, provider: Provider) -> bool:
        return model in self.file.models.available.get(provider.id, ())

    def owner_of(self, model: str, provider: Provider) -> str | None:
        """The back end that serves a model which is asked for on a provider's path; None where several may."""
        owners = self._owners.get(model, frozenset())
        if provider.id in owners or len(owners) != 1:
            return None
        other = next((known for known in self.providers if known.id in owners), None)
        return None if other is None else self.back_end_of(other)

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
        if model not in self._mapped:
            there = (rule.to for rule in self.rules_for(model) if self._is_there(rule.to))
            self._mapped[model] = next(there, None)
        return self._mapped[model]

    def _is_there(self, model: str) -> bool:
        """Whether the proxy can serve a model to which a mapping leads."""
        owners = [provider for provider in self.providers if provider.id in self._owners.get(model, ())]
        theirs = bool(owners) and all(self.served_by(provider) == "amp" for provider in owners)
        return model not in self.unavailable and not theirs

    def _model(self, name: str, provider: Provider) -> Model:
        try:
            return find_model(name, provider.id, reference=self.reference)
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
    def _absent(self) -> dict[str, Provider | None]:
        """The models of `unavailable`, each with the provider that is asked for it."""
        return {name: self.provider_of(name) for name in self.unavailable}

    @cached_property
    def _models(self) -> dict[str, tuple[Model, ...]]:
        """What `models` found, by provider id."""
        return {}

    @cached_property
    def _mapped(self) -> dict[str, str | None]:
        """What `mapped` found."""
        return {}

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


def read(file: Path, reference: Reference) -> tuple[Document, TargetFile]:
    """A target file, without its secrets. Raises UsageError with file:line:col for every problem in it."""
    document = read_yaml(file)
    if not isinstance(document.data, dict):
        raise UsageError(f"{document.at(())}: expected a mapping with `name` and `base_url`")
    try:
        parsed = TargetFile.model_validate(document.data)
    except ValidationError as error:
        core = {name for row in reference.requirements.values() if not row.claim for name in (row.profile, row.id)}
        raise UsageError("\n".join(complaint(document, problem, core) for problem in error.errors())) from None
    if problems := problems_of_names(document, parsed, reference):
        raise UsageError("\n".join(problems))
    return document, parsed


def load(file: Path, reference: Reference, environment: Mapping[str, str] = os.environ) -> Target:
    """The target that `file` describes.

    Raises UsageError with file:line:col for every problem in it, and for a secret that is not set.
    """
    document, parsed = read(file, reference)
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
        parsed = TargetFile(name=Address.of(absolute_url(url)).netloc, base_url=url)
    except ValueError as error:
        raise UsageError(f"--base-url: {error}") from None
    key = environment.get(CLIENT_KEY_VARIABLE)
    client = Secret(_sendable(key, f"the key in {CLIENT_KEY_VARIABLE}"), f"${CLIENT_KEY_VARIABLE}") if key else None
    return Target(
        file=parsed,
        providers=served_providers(parsed, reference),
        reference=reference,
        client=client,
        source=f"--base-url {shlex.quote(url)}",
    )


def served_providers(file: TargetFile, reference: Reference) -> tuple[Provider, ...]:
    """The providers of an edition that the target serves, with their base paths as mounted there."""
    found = [p for p in reference.providers.values() if p.via_proxy and serving.served_by(file, p.id) != "none"]
    mounts: dict[str, str] = {**file.mounts}
    return tuple(p.model_copy(update={"base_path": mounts[p.id]}) if p.id in mounts else p for p in found)


def _look_up(
    document: Document, path: tuple[str | int, ...], wanted: SecretReference, environment: Mapping[str, str]
) -> Secret:
    if wanted.env is not None:
        value = environment.get(wanted.env, "").strip()
        if not value:
            raise UsageError(f"{document.at(path)}: the environment variable {wanted.env} is not set")
        return Secret(_sendable(value, f"{document.at(path)}: the key in {wanted.env}"), f"${wanted.env}")
    file = document.file.parent / (wanted.file or "")
    try:
        value = read_text(file, MOST_SECRET).strip()
    except UsageError as error:
        raise UsageError(f"{document.at(path)}: the secret file {wanted.file} cannot be read") from error
    if not value:
        raise UsageError(f"{document.at(path)}: the secret file {wanted.file} is empty")
    return Secret(_sendable(value, f"{document.at(path)}: the key in {wanted.file}"), f"$(cat {wanted.file})")


def _sendable(key: str, what: str) -> str:
    """The key. Raises UsageError where it has a character that no header can carry."""
    bad = next((letter for letter in key if not "!" <= letter <= "~"), None)
    if bad is not None:
        raise UsageError(f"{what} has the character U+{ord(bad):04X}, which a header cannot carry")
    return key
