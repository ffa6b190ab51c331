"""What templates of proxies' configurations are given: values only."""

from __future__ import annotations

from dataclasses import dataclass

from ...vendored.wire import Provider


class ExportError(ValueError):
    """The configuration cannot be made; the message says why."""


@dataclass(frozen=True)
class Destination:
    """Where calls go: `server` is `host:port`, `host` what the Host header says, `path` what begins the path."""

    scheme: str
    host: str
    server: str
    path: str

    @property
    def url(self) -> str:
        """The whole base URL."""
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def name(self) -> str:
        """The host without its port."""
        return self.server.rpartition(":")[0]

    @property
    def is_https(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"


@dataclass(frozen=True)
class Rewrite:
    """One form of a provider's paths: what is below `base` + `root` goes to `to`, with the root where `keeps_root`.

    `base` and `root` are regular expressions without groups; `plain` is the same as text, where it is one.
    """

    base: str
    root: str
    keeps_root: bool
    to: str
    plain: str | None


@dataclass(frozen=True)
class ProviderPlan:
    """A provider that the proxy serves."""

    provider: Provider
    destination: Destination
    key: str
    header: str
    prefix: str
    """What stands in `header` before the key."""
    rewrites: tuple[Rewrite, ...]
    """The most specific first."""
    warm_ups: tuple[str, ...]
    """Paths of the warm-up call."""
    models: tuple[tuple[str, str], ...]
    """Id on the wire, and id in the client's catalogue."""

    @property
    def id(self) -> str:
        """The provider's id."""
        return self.provider.id

    @property
    def is_openai_like(self) -> bool:
        """Whether it takes chat completions in OpenAI's form."""
        return "openai-chat" in self.provider.operations

    @property
    def prefixes(self) -> tuple[tuple[str, str], ...]:
        """Path on the proxy and URL at the upstream, for proxies that match only prefixes; the longest first.

        They cover the provider's whole base path if every root is forwarded unchanged.
        """
        if all(rewrite.keeps_root for rewrite in self.rewrites):
            return ((self.provider.base_path or "", self.destination.url),)
        origin = f"{self.destination.scheme}://{self.destination.host}"
        return tuple(
            (rewrite.plain, origin + rewrite.to + (root if rewrite.keeps_root else ""))
            for rewrite in self.rewrites
            if rewrite.plain is not None
            for root in (rewrite.plain.removeprefix(self.provider.base_path or ""),)
        )


@dataclass(frozen=True)
class Family:
    """A management path; with `below` also everything under it, or that alone where `path` ends in a slash."""

    path: str
    pattern: str
    below: bool
    is_open: bool
    methods: tuple[str, ...]
    """Empty where every method passes."""

    @property
    def is_api(self) -> bool:
        """Whether it is one of those below `/api/`."""
        return self.path.startswith("/api/")


@dataclass(frozen=True)
class Headers:
    """Names of headers, by what a proxy does with them."""

    credentials: tuple[str, ...]
    hop_by_hop: tuple[str, ...]
    known: tuple[str, ...]
    """Headers of the client's own calls, credentials apart."""
    answers: tuple[str, ...]
    """Headers of answers that clients need."""


@dataclass(frozen=True)
class OwnErrors:
    """The errors that a proxy sends itself."""

    areas: tuple[tuple[str, str], ...]
    """Path above a provider's routes, and the id of the error shape there."""
    default_shape: str
    texts: dict[str, dict[int, str]]
    """Error shape and status to the JSON of the error."""


@dataclass(frozen=True)
class Plan:
    """All that templates need."""

    edition: str
    host: str
    port: str
    observer: str | None
    client_keys: tuple[str, ...]
    providers: tuple[ProviderPlan, ...]
    without_address: tuple[Provider, ...]
    """Providers that pass the proxy, but whose own address no source states."""
    bypassing: tuple[Provider, ...]
    amp: Destination
    amp_key: str
    families: tuple[Family, ...]
    headers: Headers
    own_errors: OwnErrors

    @property
    def listen(self) -> str:
        """`HOST:PORT`."""
        return f"{self.host}:{self.port}"

    @property
    def variables(self) -> tuple[str, ...]:
        """Every environment variable that holds a key."""
        return (*self.client_keys, *(provider.key for provider in self.providers), self.amp_key)
