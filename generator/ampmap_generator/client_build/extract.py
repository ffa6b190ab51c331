"""Reads the facts of a build out of its text. Pure but for the clock.

A bundler renames variables and leaves names of properties, texts and paths alone, so that these are what is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .facts import BuildFacts, FoundMode, FoundModel
from .literals import arguments, members, number_value, text_value
from .text import BuildText, Clock, UnreadableBuildError

MOST_LITERALS: Final = 20_000
"""Literals that are looked at for rows of the catalogue and for modes."""
MOST_OF_A_KIND: Final = 2_000
"""Facts of one kind that are kept."""
LONGEST_NAME: Final = 100
"""Characters of a display name."""
NEARBY: Final = 400
"""Characters around a model call in which a header belongs to it."""

_ROW = re.compile(r"\b([A-Z][A-Z0-9_]{0,60}):(?=\{)")
_DISPLAYED = re.compile(r"displayName:|key:")
_PROVIDERS = 'ANTHROPIC:"anthropic"'
_CONSTANT = re.compile(r"[\w$]{1,30}\.([A-Z][A-Z0-9_]{0,60})")
_NAMED = re.compile(r"""["'.`]([A-Z][A-Z0-9_]{1,60})\b""")
_BUILD = re.compile(r"\b0\.0\.(\d{10})-g[0-9a-f]{6,12}\b")
_PATH = re.compile(r"""["'`]((?:/api/|/actors/|/auth/)[!#-&(-\[\]-_a-~]{0,200}|/[a-z]{2,20}\.rss)["'`]""")
_SLOT = re.compile(r"\$\{[^{}]{0,100}\}")
_CALLER = re.compile(r"(?<![\w$.])([A-Za-z_$][\w$]{0,30})\.getUserInfo\(")
_HEADER = re.compile(r"""["'`]((?:x|anthropic)-[a-z0-9]{1,30}(?:-[a-z0-9]{1,30}){0,5})["'`]""", re.IGNORECASE)
_HOME = re.compile(r"""["'`](?:X-Amp-Client-Application|amp\.chat|/api/provider/[^"'`]{1,60})["'`]""")
"""Where the client names its own headers, or makes a model call."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")
"""What a name in a build may look like: the text of a build is not trusted."""
_IS_OPTIONS = re.compile(r"\{|[\w$]{1,30}\Z")
_OPTIONS = re.compile(r"\{(?:config|signal)\b")
_CONFIGURED = re.compile(r"(?<=[\w$]\.)([a-z]\w{2,60})(?=\(\{)")
_PROVIDER_PATH = "/api/provider/"


def extract(build: BuildText, clock: Clock) -> BuildFacts:
    """The facts in a build's text.

    Raises UnreadableBuildError where nothing of the client is in it, or the time is over.
    """
    text = build.text
    catalogue: dict[str, FoundModel] = {}
    rows = list(_rows(text, clock))
    providers = _provider_constants(text)
    for constant, row in rows:
        if (model := _model(row, providers)) is not None:
            catalogue.setdefault(constant, model)
    modes: dict[str, FoundMode] = {}
    for _, row in rows:
        if (mode := _mode(row, catalogue)) is not None and (mode.name not in modes or not modes[mode.name].models):
            modes[mode.name] = mode
    paths = _paths(text, clock)
    methods = sorted(set(_methods(text, clock)))
    if not (catalogue or methods or any(path.startswith(_PROVIDER_PATH) for path in paths)):
        raise UnreadableBuildError(
            "nothing of the client was found in it: no model, no method, and no path of a provider"
        )
    quoted = frozenset(_limited(found[1].lower() for found in _HEADER.finditer(text)))
    return BuildFacts(
        build=_newest_build(text),
        is_native=build.is_native,
        models=tuple(_unique(catalogue.values())),
        modes=tuple(sorted(modes.values(), key=lambda mode: mode.name)),
        base_paths=tuple(path for path in paths if path.startswith(_PROVIDER_PATH) and "{" not in path),
        headers=tuple(_own_headers(text, clock)),
        quoted=quoted,
        methods=tuple(methods),
        paths=tuple(path for path in paths if not path.startswith((_PROVIDER_PATH, "/api/internal?"))),
    )


def _rows(text: str, clock: Clock) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Literals under a constant that may be a model or a mode."""
    looked_at = 0
    for found in _ROW.finditer(text):
        if _DISPLAYED.search(text, found.end(), found.end() + NEARBY) is None:
            continue
        clock.check()
        looked_at += 1
        if looked_at > MOST_LITERALS:
            return
        if (row := members(text, found.end())) is not None:
            yield found[1], row


def _provider_constants(text: str) -> Mapping[str, str]:
    """The names of providers by their constants, e.g. `FIREWORKS`: `fireworks`."""
    at = text.find(_PROVIDERS)
    found: dict[str, str] = {}
    while at >= 0:
        start = text.rfind("{", max(0, at - 2000), at)
        for constant, value in ((members(text, start) if start >= 0 else None) or {}).items():
            if (name := text_value(value)) is not None:
                found.setdefault(constant, name)
        at = text.find(_PROVIDERS, at + 2000)
    return found


def _model(row: Mapping[str, str], providers: Mapping[str, str]) -> FoundModel | None:
    name, given = text_value(row.get("name")), row.get("provider")
    if name is None or given is None or not {"displayName", "contextWindow"} & set(row):
        return None
    constant = _CONSTANT.fullmatch(given)
    provider = text_value(given) or (providers.get(constant[1]) if constant else None)
    if provider is None or not (_ID.fullmatch(name) and _ID.fullmatch(provider)):
        return None
    shown = text_value(row.get("displayName"))
    return FoundModel(
        id=name,
        provider=provider,
        display_name=shown if shown and shown.isprintable() and len(shown) <= LONGEST_NAME else None,
        context=number_value(row.get("contextWindow")),
        output=number_value(row.get("maxOutputTokens")),
    )


def _mode(row: Mapping[str, str], catalogue: Mapping[str, FoundModel]) -> FoundMode | None:
    name, led_by = text_value(row.get("key")), row.get("primaryModel") or row.get("model")
    if name is None or _ID.fullmatch(name) is None or led_by is None or "displayName" not in row:
        return None
    named = (catalogue.get(found[1]) for found in _NAMED.finditer(led_by))
    models = dict.fromkeys(model.id for model in named if model is not None)
    return FoundMode(name, tuple(models), is_shown=row.get("visible") in ("!0", "true"))


def _unique(models: Iterable[FoundModel]) -> list[FoundModel]:
    """The rows of the catalogue without those that say the same, sorted."""
    kept: dict[tuple[str, str], FoundModel] = {}
    for model in models:
        kept.setdefault((model.provider, model.id), model)
    return [kept[key] for key in sorted(kept)]


def _paths(text: str, clock: Clock) -> list[str]:
    found: set[str] = set()
    for each in _PATH.finditer(text):
        clock.check()
        path = _SLOT.sub("{}", each[1])
        if len(found) < MOST_OF_A_KIND and "$" not in path:
            found.add(path)
    return sorted(found)


def _methods(text: str, clock: Clock) -> Iterator[str]:
    """What is called with parameters and options on the object that has `getUserInfo`, or with the configuration."""
    for caller in sorted({found[1] for found in _CALLER.finditer(text)})[:20]:
        call = re.compile(rf"(?<![\w$.]){re.escape(caller)}\.([a-z]\w{{2,60}})(?=\([{{\w$])")
        for found in call.finditer(text):
            clock.check()
            given = arguments(text, found.end()) or []
            if len(given) == 2 and (_OPTIONS.match(given[1]) or (given[0][:1] == "{" and _IS_OPTIONS.match(given[1]))):
                yield found[1]
    for found in _CONFIGURED.finditer(text):
        clock.check()
        given = arguments(text, found.end()) or []
        if len(given) == 2 and given[1].startswith("{config"):
            yield found[1]


def _own_headers(text: str, clock: Clock) -> list[str]:
    """Names beside the place where the client names its headers, or beside a model call."""
    found: dict[str, str] = {}
    for home in _HOME.finditer(text):
        clock.check()
        for each in _HEADER.finditer(text, max(0, home.start() - NEARBY), home.end() + NEARBY):
            found.setdefault(each[1].lower(), each[1])
        if len(found) >= MOST_OF_A_KIND:
            break
    return [found[name] for name in sorted(found)]


def _limited(names: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name
            if len(seen) >= MOST_OF_A_KIND:
                return


def _newest_build(text: str) -> str | None:
    builds = {(found[1], found[0]) for found in _BUILD.finditer(text)}
    return max(builds)[1] if builds else None
