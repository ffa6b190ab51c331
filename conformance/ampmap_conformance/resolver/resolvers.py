"""The resolver under test: a command, a URL, or the kit's own."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import UsageError
from ..files import did_you_mean
from ..reference.types import AuthVector
from .protocol import VERSION, Ready, ResolverAnswer, ResolverImplementation


@dataclass(frozen=True)
class ResolverOptions:
    """What the user asks of a check."""

    command: str | None = None
    url: str | None = None
    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    timeout: float = 5.0
    """Seconds for one answer."""
    start_timeout: float = 10.0
    strict: bool = False
    fail_fast: bool = False
    defects: tuple[str, ...] = ()
    """Faults of the kit's own resolver to switch on."""

    @property
    def target(self) -> str:
        """The resolver, as a report names it."""
        return self.url or self.command or "embedded"

    def command_line(self, case: str) -> str:
        """The check of one vector."""
        words = ["ampmap-conformance resolve-auth"]
        words += [f"--command {shlex.quote(self.command)}"] if self.command else []
        words += [f"--url {shlex.quote(self.url)}"] if self.url else []
        words += [f"--defect {name}" for name in self.defects]
        return " ".join([*words, "--select", shlex.quote(case)])


class Resolver(Protocol):
    """Whatever can be asked."""

    def start(self) -> Ready:
        """Greets it. Raises NoUsableAnswerError."""
        ...

    def ask(self, seq: int, vector: AuthVector) -> ResolverAnswer:
        """Its answer to a vector. Raises NoUsableAnswerError."""
        ...

    def close(self) -> None:
        """Ends it."""


@dataclass(frozen=True)
class OwnResolver:
    """The resolver of the generated types; with defects, the one in replaceable parts."""

    defects: Sequence[str] = field(default=())

    def start(self) -> Ready:
        """Is always ready."""
        from ..version import version

        name = " ".join(("embedded", *self.defects))
        return Ready(
            version=VERSION, implementation=ResolverImplementation(name=name, version=version(), language="python")
        )

    def ask(self, seq: int, vector: AuthVector) -> ResolverAnswer:
        """Resolves in this process."""
        if self.defects:
            from .behaviour import answer
            from .defects import behaviour_with

            return answer(behaviour_with(self.defects), vector, seq)
        return _by_types(seq, vector)

    def close(self) -> None:
        """There is nothing to end."""


def resolver_for(options: ResolverOptions, platform: str) -> Resolver:
    """The resolver that the options name; by default the kit's own. Raises UsageError for options that do not fit."""
    if options.command is not None and options.url is not None:
        raise UsageError("--command and --url cannot be combined")
    if options.defects and (options.command is not None or options.url is not None):
        raise UsageError("--defect requires the kit's own resolver; remove --command and --url")
    if options.command is not None:
        from .program import CommandResolver, words_of

        words = words_of(options.command)
        return CommandResolver(words, platform, seconds=options.timeout, start_seconds=options.start_timeout)
    if options.url is not None:
        from .url import UrlResolver

        return UrlResolver(options.url, platform, seconds=options.timeout, start_seconds=options.start_timeout)
    if options.defects:
        from .defects import DEFECTS

        for name in options.defects:
            if name not in DEFECTS:
                hint = did_you_mean(name, list(DEFECTS)) or "; run `ampmap-conformance defects` to list them"
                raise UsageError(f"--defect: unknown defect `{name}` of a resolver{hint}")
    return OwnResolver(options.defects)


def _by_types(seq: int, vector: AuthVector) -> ResolverAnswer:
    from ..reference.types import Resolved, reference, resolve_auth_mode
    from .protocol import Failed, Found

    providers = next(known for known in reference().platforms.values() if known.auth_modes).providers
    provider = providers[vector.provider.id]
    found = resolve_auth_mode(vector.profile, vector.policy, provider, vector.environment)
    if isinstance(found, Resolved):
        return ResolverAnswer(seq=seq, resolution=Found(mode=found.mode, runtime_provider=found.runtime_provider))
    code = None if found.code == "unknown" else found.code
    return ResolverAnswer(seq=seq, error=Failed(code=code, message=found.message))
