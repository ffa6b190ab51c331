"""The target file as a value: the shapes of what it may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from ..files import did_you_mean
from ..reference.types import BodyPolicy, ClaimName, CountPolicy, CredentialCarrier, Shape
from ..wire.address import absolute_path, absolute_url

ListPolicy: TypeAlias = Literal["relayed", "own", "amp"]
"""Who answers calls that list or describe models: the provider, the proxy itself, or Amp's own servers."""
ServedBy: TypeAlias = Literal["target", "amp", "none"]
"""Who serves the calls of a provider: the target with upstreams of its own, Amp's own servers behind the target, or
neither of them."""

NAMED, SINGLE = "(by name)", "(alone)"
"""The two forms of a value that may differ by name. pydantic puts them into the place of a complaint."""


def _form(value: Any) -> str:
    return NAMED if isinstance(value, Mapping | BaseModel) else SINGLE


Bodies: TypeAlias = Annotated[
    Annotated[BodyPolicy, Tag(SINGLE)] | Annotated[dict[str, BodyPolicy], Tag(NAMED)], Discriminator(_form)
]
"""One body policy, or one for each dialect of the client's calls."""

PagePolicy: TypeAlias = Literal["forwarded", "redirected"]
"""How a page for browsers is served: the call is forwarded to Amp's servers, or answered by a redirect to Amp's own
host, so that the cookies of the page are Amp's."""
Pages: TypeAlias = Annotated[
    Annotated[PagePolicy, Tag(SINGLE)] | Annotated[dict[str, PagePolicy], Tag(NAMED)], Discriminator(_form)
]
"""One policy for all pages that need no key, or one for each family of management paths that it names."""


class SecretReference(Shape):
    """Where a secret is: the environment variable or the file that holds it."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretReference:
        if (self.env is None) == (self.file is None):
            raise ValueError("expected exactly one of `env` (a variable's name) and `file` (a path)")
        return self


class Credentials(Shape):
    """Keys that the proxy accepts from its clients."""

    client: SecretReference | None = None
    second_client: SecretReference | None = None


class Tls(Shape):
    """Whom the kit trusts, and who it is, where the proxy is called by https. Paths are relative to the target file."""

    ca_file: Path | None = None
    """Further authorities, in PEM."""
    client_certificate: Path | None = None
    """A certificate with its key, in PEM, by which the kit says who it is."""


class Policy(Shape):
    """Behaviour of the proxy where the sources leave a choice. Optional keys that are omitted are not judged."""

    body: Bodies = "verbatim"
    """How bodies reach the providers; `ProviderPolicy.body` differs for one of them."""
    upstream_dialects: tuple[str, ...] = ()
    """Dialects in which translated calls reach an upstream; empty for any."""
    response_model: Literal["requested", "upstream"] = "requested"
    """Which model name an answer carries after a mapping."""
    amp_headers: Literal["forwarded", "stripped"] | None = None
    carriers: tuple[CredentialCarrier, ...] = ()
    """Carriers in which clients' keys are accepted on every provider's routes, beside those that the client uses."""
    features: tuple[str, ...] = ()
    """Features that the proxy asks for in every call, since its own credential needs them."""
    lists: ListPolicy = "relayed"
    """Who answers calls that list or describe models."""
    counts: CountPolicy = "relayed"
    """Who answers calls that count tokens."""
    routing: Literal["path", "model"] = "path"
    """What chooses the provider of a call: the provider in its path, or its model, whatever provider the path names."""
    client_key: Literal["proxy", "amp"] = "proxy"
    """Whose key a client sends: one of the proxy's own, which it forwards to no upstream, or the client's Amp key,
    which it forwards to Amp's servers alone."""
    browser_pages: Pages = "forwarded"
    """How Amp's pages for browsers are served."""
    invalid_data: Literal["either", "proxy", "upstream"] = "either"
    """Who refuses data that the OpenAPI document does not allow: the proxy, or the upstream, which gets it as it is."""
    body_limit: int | None = Field(default=None, gt=0)
    """Bytes of a request's body beyond which the proxy answers 413."""
    answer_timeout: float | None = Field(default=None, gt=0)
    """Seconds after which the proxy gives up waiting for an upstream that says nothing."""
    stream_idle_timeout: float | None = Field(default=None, gt=0)
    """Seconds of silence inside a stream after which the proxy breaks it off; it waits through shorter ones."""
    abort_timeout: float = Field(default=5.0, gt=0)
    """Seconds within which a client sees the end of an answer that its upstream broke off."""


class ProviderPolicy(Shape):
    """What is particular about one provider. What is left out is as `Policy` has it."""

    served_by: ServedBy = "target"
    body: Bodies | None = None
    upstream_dialects: tuple[str, ...] = ()
    """Dialects in which translated calls reach this provider's upstream; empty for those of `Policy`."""
    lists: ListPolicy | None = None
    counts: CountPolicy | None = None


class ModelMapping(Shape):
    """One model mapping of the proxy's configuration."""

    from_: str = Field(alias="from")
    to: str
    regex: bool = False

    @model_validator(mode="after")
    def _pattern(self) -> ModelMapping:
        if self.regex:
            try:
                re.compile(self.from_)
            except re.error as error:
                raise ValueError(f"`{self.from_}` is not a valid regular expression: {error}") from None
        return self


class Models(Shape):
    """Models that the proxy serves itself, by provider, and models that it does not have."""

    available: dict[str, tuple[str, ...]] = {}
    unavailable: tuple[str, ...] = ()


class ObserverAddress(Shape):
    """Where the proxy's upstreams are configured to go.

    With a `token` the observer is a process of its own, which is asked by its control API; without one this process
    listens at the advertised address.
    """

    advertise: str
    """The observer's URL as the proxy reaches it."""
    control: str | None = None
    """Where the kit reaches a remote observer, if not at the advertised URL."""
    token: SecretReference | None = None
    """The bearer token of a remote observer's control API."""
    personas: dict[str, Annotated[str, AfterValidator(absolute_url)]] = {}
    """URLs of personas that have a port of their own, for proxies whose upstreams take no path."""

    @field_validator("advertise", "control")
    @classmethod
    def _absolute(cls, url: str | None) -> str | None:
        return None if url is None else absolute_url(url)

    @model_validator(mode="after")
    def _one_way(self) -> ObserverAddress:
        if self.control is not None and self.token is None:
            raise ValueError("a remote observer (`control`) requires `token`")
        if self.personas and self.token is not None:
            raise ValueError(
                "`personas` cannot be combined with `token`; start the remote observer with --persona instead"
            )
        return self


PLACES = ("file", "way")
IN_A_COMMAND = (
    "`{file}` stands for a file with the new options in JSON, which the command merges into the proxy's configuration,"
    " and `{way}` for how to write that: `rename`, `in-place` or `symlink`"
)
"""What the words of a reload command may hold."""


class Reload(Shape):
    """How the kit changes the proxy's configuration while it runs."""

    command: tuple[str, ...]
    """Puts a configuration in place: `{file}` stands for a file with what `reloading.AmpBlock` says, in JSON (which is
    YAML), and may be broken on purpose. Where it has `{way}`, that is how to write it: `rename` (a new file in its
    place), `in-place`, or `symlink` (a link that is turned)."""
    restore: tuple[str, ...] = ()
    """Puts the target's own configuration back at the end. Without it the last one stays."""
    seconds: float = Field(default=5.0, gt=0, le=60)
    """How long the proxy may take to apply a new configuration."""

    @field_validator("command")
    @classmethod
    def _has_places(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        places = [place for word in command for place in re.findall(r"\{(\w+)\}", word)]
        unknown = next((place for place in places if place not in PLACES), None)
        if unknown is not None:
            raise ValueError(f"unknown place `{{{unknown}}}`{did_you_mean(unknown, list(PLACES))}; {IN_A_COMMAND}")
        if "file" not in places:
            raise ValueError(f"`{{file}}` is missing; {IN_A_COMMAND}")
        return command


def _in_full(providers: dict[str, Any]) -> dict[str, Any]:
    return {name: {"served_by": said} if isinstance(said, str) else said for name, said in providers.items()}


Providers: TypeAlias = Annotated[
    Annotated[tuple[str, ...], Tag(SINGLE)]
    | Annotated[dict[str, ProviderPolicy], BeforeValidator(_in_full, dict[str, ServedBy | ProviderPolicy]), Tag(NAMED)],
    Discriminator(_form),
]


class TargetFile(Shape):
    """The target file."""

    name: str
    version: str | None = None
    base_url: str
    """The proxy's URL. Its path, if it has one, stands before the path of every call."""
    edition: str | None = None
    editions: tuple[str, ...] = ()
    """Further client builds that it serves; what differs between builds is tested for each."""
    credentials: Credentials = Credentials()
    tls: Tls = Tls()
    claims: tuple[ClaimName, ...] = ()
    providers: Providers | None = None
    """Names of the providers that the target serves; or what is particular about some, and then it serves the others
    too."""
    mounts: dict[str, Annotated[str, AfterValidator(absolute_path)]] = {}
    policy: Policy = Policy()
    mappings: tuple[ModelMapping, ...] = ()
    models: Models = Models()
    observer: ObserverAddress | None = None
    reload: Reload | None = None

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        return absolute_url(url)
