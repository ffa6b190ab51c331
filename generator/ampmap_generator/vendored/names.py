"""What a name that a user writes means in a reference: a model, an agent mode, a tool or a provider."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, Literal, TypeAlias

from .base import ProviderId
from .catalogue import AgentMode, HostedMode, Model, Tool
from .name_index import ModelIndex, folded, name_index
from .reference import Reference

NameKind: TypeAlias = Literal["model", "agent_mode", "tool", "provider"]

_DATE: Final = re.compile(r"-(?:\d{2}-\d{4}|\d{4,8})$")


class UnknownNameError(LookupError):
    """No model, agent mode, tool, provider or operation has this name; `suggestions` are near ones.

    The text of the error holds them. A function that gives them is called when they are first read.
    """

    def __init__(
        self,
        message: str,
        suggestions: tuple[str, ...] | Callable[[], tuple[str, ...]] = (),
        *,
        lead: str = "did you mean",
    ) -> None:
        super().__init__(message)
        self._suggestions = suggestions
        self._lead = lead

    @cached_property
    def suggestions(self) -> tuple[str, ...]:
        """What may have been meant, the nearest first."""
        return self._suggestions() if callable(self._suggestions) else self._suggestions

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}; {self._lead} {', '.join(self.suggestions)}" if self.suggestions else message


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


def named(reference: Reference, name: str, provider: str | None = None) -> Named:
    """What `name` means.

    It may be the name or id of an agent mode; a model as `provider/id`, id, wire id, alias or display name, in any
    case, or its id without the date; `provider:model`, as the client's settings write it; the id of a tool or of a
    provider; or a setting with its value, e.g. `amp.anthropic.provider: vertex`. With `provider`, its id or alias,
    the name is that of one of its models, also of one that the reference does not know.

    Raises UnknownNameError when nothing has the name, AmbiguousNameError when models of several providers do, and
    HostedModeError for a mode of which the client does not call the model itself.
    """
    if provider is not None:
        return _model_of(reference, find_provider(reference, provider), name)
    if found := meant(reference, name):
        return found
    raise UnknownNameError(f"no model is called {name!r}", partial(_near, name, partial(_suggestible, reference)))


def meant(reference: Reference, name: str) -> Named | None:
    """What `name` means, as `named` reads it; None where nothing has the name, without a search for similar ones.

    Raises AmbiguousNameError and HostedModeError as `named` does.
    """
    hosted = name_index(reference).hosted_modes.get(name.casefold())
    if hosted is not None:
        raise HostedModeError(hosted)
    return next((found for read in READINGS.values() if (found := read(reference, name))), None)


def find_model(reference: Reference, name: str, provider: str | None = None) -> Model:
    """A model by `provider/id`, id, wire id or alias, then by any case, display name or undated id.

    Raises UnknownNameError when there is none, and AmbiguousNameError when several providers have it and `provider`
    does not tell which.
    """
    index = name_index(reference)
    known = index.models if provider is None else index.models_of(provider)
    if found := _one_model(name, known):
        return found
    raise UnknownNameError(f"no model is called {name!r}", partial(_near, name, partial(_ids, known)))


def find_mode(reference: Reference, name: str) -> AgentMode | None:
    """An agent mode by its name (`bolt:main`) or id (`bolt-main`), or None."""
    return name_index(reference).modes.get(name)


def find_provider(reference: Reference, name: str) -> ProviderId:
    """The id of the provider with this id, display name, or name in the client's settings, in any case.

    Raises UnknownNameError when there is none.
    """
    if found := _provider_called(reference, name):
        return found
    raise UnknownNameError(f"no provider is called {name!r}", partial(_near, name, partial(list, reference.providers)))


# --- the readings of a name, the most exact one first


def _as_mode(reference: Reference, name: str) -> Named | None:
    mode = find_mode(reference, name)
    return _of_mode(reference, mode) if mode else None


def _as_mode_in_any_case(reference: Reference, name: str) -> Named | None:
    wanted = folded(name)
    mode = name_index(reference).folded_modes.get(wanted) if wanted else None
    return _of_mode(reference, mode) if mode else None


def _of_mode(reference: Reference, mode: AgentMode) -> Named:
    model = find_model(reference, mode.model, mode.provider)
    return Named("agent_mode", mode.provider, model, mode=mode)


def _as_exact_model(reference: Reference, name: str) -> Named | None:
    model = _first(name, name_index(reference).models.exact(name))
    return Named("model", model.provider, model) if model else None


def _as_model(reference: Reference, name: str) -> Named | None:
    model = _one_model(name, name_index(reference).models)
    return Named("model", model.provider, model) if model else None


def _as_tool(reference: Reference, name: str) -> Named | None:
    wanted = folded(name)
    tool = name_index(reference).folded_tools.get(wanted) if wanted else None
    if tool is None:
        return None
    model = None
    if tool.default_model not in (None, "unknown"):
        model = find_model(reference, str(tool.default_model), tool.provider)
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
    model = _one_model(name, name_index(reference).models_of(provider))
    return Named("model", provider, model, free_model="" if model else name)


def _provider_called(reference: Reference, name: str) -> ProviderId | None:
    wanted = folded(name)
    if not wanted:
        return name if name in reference.providers else None
    return name_index(reference).folded_providers.get(wanted)


# --- models


def _one_model(name: str, models: ModelIndex) -> Model | None:
    return next((found for matches in models.matches(name) if (found := _first(name, matches))), None)


def _first(name: str, matches: Iterable[Model]) -> Model | None:
    """The match; the newest of one provider's releases. Raises AmbiguousNameError if several providers have one."""
    found = list(matches)
    if len({m.provider for m in found}) > 1:
        keys = tuple(f"{m.provider}/{m.id}" for m in found)
        raise AmbiguousNameError(f"{name!r} is served by several providers", keys, lead="write one of")
    return max(found, key=lambda m: _date(m.id), default=None)


def without_date(model: str) -> str:
    """The id of a model without the date of its release: `claude-sonnet-4-5` for `claude-sonnet-4-5-20250929`."""
    return _DATE.sub("", model)


def _date(model: str) -> str:
    """The date in an id as text that sorts, e.g. `20250929`; empty where it has none."""
    found = _DATE.search(folded(model))
    if found is None:
        return ""
    month, _, year = found.group().strip("-").partition("-")
    return f"{year}{month}"


def _ids(models: ModelIndex) -> list[str]:
    return [model.id for model in models.models]


def _suggestible(reference: Reference) -> list[str]:
    modes = [m.name for m in reference.agent_modes.values()]
    return [
        *modes,
        *(m.id for m in reference.models.values()),
        *reference.hosted_modes,
        *reference.tools,
        *reference.providers,
    ]


def _near(name: str, names: Callable[[], list[str]]) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name, names(), n=3, cutoff=0.5))
