"""What a name that a user writes means in a reference: a model, an agent mode, a tool or a provider."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .base import AgentModeId, ModelId, ProviderId
from .catalogue import AgentMode, HostedMode, Model, Tool
from .lookups import lookups
from .reference import Reference, packaged
from .spelling import folded, release_date

NameKind: TypeAlias = Literal["model", "agent_mode", "tool", "provider"]


class UnknownNameError(LookupError):
    """No model, agent mode, tool, provider or operation has this name; `suggestions` are near ones.

    The text of the error holds them.
    """

    def __init__(self, message: str, suggestions: tuple[str, ...] = (), *, lead: str = "did you mean") -> None:
        super().__init__(f"{message}; {lead} {', '.join(suggestions)}" if suggestions else message)
        self.suggestions = suggestions


class AmbiguousNameError(UnknownNameError):
    """Models of several providers have this name; `suggestions` name each with its provider."""


class UnknownOperationError(UnknownNameError):
    """The provider has no operation of this name; `suggestions` are those that it has."""


class HostedModeError(LookupError):
    """Amp's own servers call the model of this agent mode, so that no call of the client has a route."""

    def __init__(self, mode: HostedMode) -> None:
        super().__init__(f"Amp's own servers call the model of the mode {mode.name!r} ({mode.models[0]})")
        self.mode = mode


@dataclass(frozen=True)
class Named:
    """What a name means. `model` is None where it names none, as that of a provider does."""

    kind: NameKind
    provider: ProviderId
    model: Model | None = None
    free_model: str = ""
    """A model's id that the reference does not know and that the client sends as it is."""
    mode: AgentMode | None = None
    tool: Tool | None = None

    @property
    def model_id(self) -> str:
        """As the client's catalogue says; empty where no model is named."""
        return self.model.id if self.model else self.free_model

    @property
    def wire_model(self) -> str:
        """As it is sent to the provider; empty where no model is named."""
        return (self.model.wire_id or self.model.id) if self.model else self.free_model

    @property
    def operation(self) -> str | None:
        """The operation that this call uses; None for the provider's default one."""
        named = self.mode or self.tool
        return named.operation if named else None


def named(
    name: ModelId | AgentModeId | str, provider: ProviderId | str | None = None, *, reference: Reference | None = None
) -> Named:
    """What `name` means.

    It may be the name or id of an agent mode; a model as `provider/id`, id, wire id, alias or display name, in any
    case, or its id without the date; `provider:model`, as the client's settings write it; the id of a tool or of a
    provider; or a setting with its value, e.g. `amp.anthropic.provider: vertex`. With `provider`, its id or alias,
    the name is that of one of its models, also of one that the reference does not know.

    `reference` is by default that of the vendored module. Raises UnknownNameError when nothing has the name,
    AmbiguousNameError when models of several providers do, and HostedModeError for a mode of which the client does not
    call the model itself.
    """
    known = packaged() if reference is None else reference
    if provider is not None:
        return _model_of(known, find_provider(provider, reference=known), name)
    if found := meant(name, reference=known):
        return found
    raise UnknownNameError(f"no model is called {name!r}", _near(name, _suggestible(known)))


def meant(name: ModelId | AgentModeId | str, *, reference: Reference | None = None) -> Named | None:
    """What `name` means, as `named` reads it; None where nothing has the name, without a search for similar ones.

    Raises AmbiguousNameError and HostedModeError as `named` does.
    """
    known = packaged() if reference is None else reference
    if hosted := lookups(known).hosted_modes.get(name.casefold()):
        raise HostedModeError(hosted)
    return next((found for read in READINGS.values() if (found := read(known, name))), None)


def find_model(
    name: ModelId | str, provider: ProviderId | str | None = None, *, reference: Reference | None = None
) -> Model:
    """A model by `provider/id`, id, wire id or alias, then by any case, display name or undated id.

    `reference` is by default that of the vendored module. Raises UnknownNameError when there is none, and
    AmbiguousNameError when several providers have it and `provider` does not tell which.
    """
    known = packaged() if reference is None else reference
    if found := _one_model(name, lookups(known).models(name, provider)):
        return found
    near = _near(name, [m.id for m in known.models.values() if provider in (None, m.provider)])
    raise UnknownNameError(f"no model is called {name!r}", near)


def find_mode(name: AgentModeId | str, *, reference: Reference | None = None) -> AgentMode | None:
    """An agent mode by its name (`bolt:main`) or id (`bolt-main`), or None."""
    return lookups(packaged() if reference is None else reference).modes.get(name)


def find_provider(name: ProviderId | str, *, reference: Reference | None = None) -> ProviderId:
    """The id of the provider with this id, display name, or name in the client's settings, in any case.

    `reference` is by default that of the vendored module. Raises UnknownNameError when there is none.
    """
    known = packaged() if reference is None else reference
    if found := _provider_called(known, name):
        return found
    raise UnknownNameError(f"no provider is called {name!r}", _near(name, list(known.providers)))


# --- the readings of a name, the most exact one first


def _as_mode(reference: Reference, name: str) -> Named | None:
    return _of_mode(reference, lookups(reference).modes.get(name))


def _as_mode_in_any_case(reference: Reference, name: str) -> Named | None:
    return _of_mode(reference, lookups(reference).folded_modes.get(folded(name)))


def _of_mode(reference: Reference, mode: AgentMode | None) -> Named | None:
    if mode is None:
        return None
    model = find_model(mode.model, mode.provider, reference=reference)
    return Named("agent_mode", mode.provider, model, mode=mode)


def _as_exact_model(reference: Reference, name: str) -> Named | None:
    model = _one_model(name, lookups(reference).as_written(name))
    return Named("model", model.provider, model) if model else None


def _as_model(reference: Reference, name: str) -> Named | None:
    model = _one_model(name, lookups(reference).models(name))
    return Named("model", model.provider, model) if model else None


def _as_tool(reference: Reference, name: str) -> Named | None:
    tool = lookups(reference).tools.get(folded(name))
    if tool is None:
        return None
    model = None
    if tool.default_model not in (None, "unknown"):
        model = find_model(str(tool.default_model), tool.provider, reference=reference)
    return Named("tool", tool.provider, model, tool=tool)


def _as_provider(reference: Reference, name: str) -> Named | None:
    provider = _provider_called(reference, name)
    return Named("provider", provider) if provider else None


def _as_model_of_provider(reference: Reference, name: str) -> Named | None:
    """`provider:model`, as the setting `amp.internal.model` writes it; the model may be any."""
    before, colon, model = name.partition(":")
    provider = _provider_called(reference, before.strip()) if colon and model.strip() else None
    return _model_of(reference, provider, model.strip()) if provider else None


def _as_setting(reference: Reference, name: str) -> Named | None:
    """A setting that changes how a provider is reached, with one of its values."""
    setting, separator, value = (part.strip().strip("\"'") for part in re.sub("=", ":", name, count=1).partition(":"))
    known = reference.settings.get(setting)
    if not separator or known is None or (known.values and value not in known.values):
        return None
    for provider, each in reference.providers.items():
        if each.setting == setting:
            return Named("provider", provider)
    return None


READINGS: Final[dict[str, Callable[[Reference, str], Named | None]]] = {
    "mode": _as_mode,
    "exact model": _as_exact_model,
    "tool": _as_tool,
    "provider": _as_provider,
    "setting": _as_setting,
    "provider:model": _as_model_of_provider,
    "mode in any case": _as_mode_in_any_case,
    "model": _as_model,
}
"""What a name may mean, the most exact reading first."""


def _model_of(reference: Reference, provider: ProviderId, name: str) -> Named:
    model = _one_model(name, lookups(reference).models(name, provider))
    return Named("model", provider, model, free_model="" if model else name)


def _provider_called(reference: Reference, name: str) -> ProviderId | None:
    return lookups(reference).providers.get(folded(name))


def _one_model(name: str, found: Sequence[Model]) -> Model | None:
    """The match; the newest of one provider's releases. Raises AmbiguousNameError if several providers have one."""
    if len({m.provider for m in found}) > 1:
        keys = tuple(f"{m.provider}/{m.id}" for m in found)
        raise AmbiguousNameError(f"{name!r} is served by several providers", keys, lead="write one of")
    return max(found, key=lambda m: release_date(m.id), default=None)


def _suggestible(reference: Reference) -> list[str]:
    modes = [m.name for m in reference.agent_modes.values()]
    return [
        *modes,
        *(m.id for m in reference.models.values()),
        *reference.hosted_modes,
        *reference.tools,
        *reference.providers,
    ]


def _near(name: str, names: list[str]) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name, names, n=3, cutoff=0.5))
