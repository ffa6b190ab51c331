"""What came and went in a build, as a layer on the edition that it was compared with. Pure.

Each file has what a person must still look at in notes; what a build does not tell is left out and named.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from ..vendored.base import Fact
from ..vendored.catalogue import ManagementRoute
from ..vendored.reference import Reference
from .compare import Change, Difference, Kind, provider_of
from .facts import BuildFacts, FoundModel
from .recorded import RecordedCall, Recording

INTERNAL: Final = "/api/internal"
RECORDED_RUN: Final = "the recorded run"
NOT_KNOWN_WHEN: Final = "Not known: the build's text names it."
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,80}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,80}")


@dataclass
class Draft:
    """The files of a layer by path, and what must be written by hand."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


class Drafter:
    """Collects what a layer states, file by file."""

    def __init__(self, facts: BuildFacts, reference: Reference, recording: Recording | None, day: str) -> None:
        self._facts = facts
        self._reference = reference
        self._recording = recording
        self._day = day
        build = facts.build or (recording.build if recording else None) or "unknown"
        self._build = build
        self._source = f"amp-client-{build.split('-')[0].removeprefix('0.0.')}"
        self._files: dict[str, dict[str, Any] | None] = defaultdict(dict)
        self._left_out: list[str] = []

    def draft(self, differences: Iterable[Difference]) -> Draft:
        """The layer."""
        by_kind: dict[Kind, list[Difference]] = defaultdict(list)
        for each in differences:
            by_kind[each.kind].append(each)
        self._models(by_kind[Kind.MODEL])
        self._limits(by_kind[Kind.LIMITS])
        self._modes(by_kind[Kind.MODE])
        self._headers(by_kind[Kind.HEADER])
        self._methods(by_kind[Kind.METHOD])
        for each in (*by_kind[Kind.BASE_PATH], *by_kind[Kind.PATH]):
            self._left_out.append(
                f"{each.kind} {each.name} {each.change}: what is behind it is not in the build's text"
            )
        if self._recording is not None:
            for call in self._recording.calls:
                self._seen(call)
        if self._files:
            self._files[f"sources/{self._source}.yaml"] = {
                "title": f"A build of the Amp client, {self._build}",
                "kind": "measurement",
                "version": self._build,
                "date": self._day,
                "read": self._day,
                "note": "Its text was read" + (" and it was run." if self._recording else "."),
            }
        return Draft({name: _as_yaml(content) for name, content in sorted(self._files.items())}, self._left_out)

    def _cited(self, at: str, evidence: str = "read", states: Iterable[str] = ()) -> dict[str, Any]:
        told = {"states": list(states)} if states else {}
        return {"id": self._source, "at": at, **told, "evidence": evidence}

    def _put(self, file: str, content: Mapping[str, Any]) -> None:
        """Lays `content` over what the file states so far."""
        present = self._files[file] or {}
        self._files[file] = _merged(present, content)

    def _models(self, differences: Iterable[Difference]) -> None:
        found = self._found
        for each in differences:
            provider, _, model = each.name.partition("/")
            if each.change is Change.WENT:
                self._model_gone(each)
                continue
            read = found[each.name]
            if provider not in self._reference.providers:
                self._left_out.append(f"model {each.name} came: the edition has no provider {provider}")
                continue
            limits = {"limits": stated} if (stated := _limits_of(read)) else {}
            self._put(
                f"models/{provider}.yaml",
                {
                    model: {
                        "display_name": read.display_name or model,
                        **limits,
                        "sources": [self._cited("the catalogue")],
                    }
                },
            )

    @property
    def _found(self) -> dict[str, FoundModel]:
        """The rows of the build's catalogue, as the edition's models are named."""
        rows = self._facts.models
        return {f"{provider_of(each, self._reference) or each.provider}/{each.id}": each for each in rows}

    def _limits(self, differences: Iterable[Difference]) -> None:
        for each in differences:
            provider, _, model = each.name.partition("/")
            if limits := _limits_of(self._found[each.name]):
                self._put(f"models/{provider}.yaml", {model: {"limits": limits}})
            else:
                self._left_out.append(f"limits of {each.name}: {each.after}, but the window is not in the build's text")

    def _model_gone(self, gone: Difference) -> None:
        provider, _, model = gone.name.partition("/")
        users = [tool.id for tool in self._reference.tools.values() if tool.default_model == model]
        if gone.name not in self._reference.models:
            self._only_named(gone)
        elif users:
            self._left_out.append(f"model {gone.name} went: the edition states that it answers {', '.join(users)}")
        else:
            self._put(f"models/{provider}.yaml", {model: None})

    def _only_named(self, gone: Difference) -> None:
        self._left_out.append(f"{gone.kind} {gone.name} went: no fact describes it; remove it from the edition's names")

    def _leads(self, mode: str, leader: str | None) -> None:
        """States at the models which of them leads a mode: that with the key `leader`, or none."""
        known = {key: (model.id, model.default_for) for key, model in self._reference.models.items()}
        came = {
            f"{provider}/{id_}": (id_, ())
            for provider in self._reference.providers
            for id_ in self._files.get(f"models/{provider}.yaml") or {}
        }
        if leader is not None and leader not in known and leader not in came:
            self._left_out.append(f"mode {mode}: it is led by {leader}, which no fact of the edition describes")
        for key, (id_, default_for) in {**came, **known}.items():
            file = f"models/{key.partition('/')[0]}.yaml"
            content = (self._files.get(file) or {}).get(id_, {})
            if content is None:
                continue
            stated = tuple(content.get("default_for", default_for) or ())
            wanted = tuple(name for name in stated if name != mode) + ((mode,) if key == leader else ())
            if set(wanted) != set(stated):
                self._put(file, {id_: {"default_for": list(wanted) or None}})

    def _modes(self, differences: Iterable[Difference]) -> None:
        files = {mode.name: mode.id for mode in self._reference.agent_modes.values()}
        led = {mode.name: mode.models for mode in self._facts.modes}
        hidden = {mode.name for mode in self._facts.modes if not mode.is_shown} - set(files)
        for each in differences:
            if each.name in self._reference.edition.names.get("modes", ()) and each.name not in files:
                self._only_named(each)
                continue
            file = files.get(each.name, each.name.replace(":", "-"))
            if each.name in hidden or not _FILE_NAME.fullmatch(file) or not self._reference.providers:
                models = ", ".join(led.get(each.name, ())) or "no model"
                self._left_out.append(f"mode {each.name} {each.change}: it is led by {models}")
            elif each.change is Change.WENT:
                self._files[f"agent_modes/{file}.yaml"] = None
                self._leads(each.name, None)
            else:
                self._mode(each.name, file, led[each.name])

    def _mode(self, name: str, file: str, models: tuple[str, ...]) -> None:
        rows = [each for each in self._facts.models if models and each.id == models[0]]
        provider = provider_of(rows[0], self._reference) if rows else None
        if provider is None:
            self._left_out.append(f"mode {name}: which model leads it is not in the build's text")
            return
        served = self._reference.providers[provider]
        self._leads(name, f"{provider}/{models[0]}")
        self._put(
            f"agent_modes/{file}.yaml",
            {
                "name": name,
                "model": models[0],
                "provider": provider,
                "endpoint": served.base_path or served.base_url,
                "sources": [self._cited(f"the mode `{name}`")],
            },
        )

    def _headers(self, differences: Iterable[Difference]) -> None:
        went = {each.name for each in differences if each.change is Change.WENT}
        came = [each.name for each in differences if each.change is Change.CAME]
        known = self._reference.headers.get("proxied-requests")
        for name in sorted(went):
            self._gone(name)
        if came and known is None:
            self._left_out += [f"header {name} came: on which calls is not in the build's text" for name in came]
        elif came:
            rows = [{"name": name, "presence": "conditional", "condition": NOT_KNOWN_WHEN} for name in came]
            self._header_rows("proxied-requests", rows, self._cited("names of headers"))

    def _gone(self, name: str) -> None:
        for known in self._reference.headers.values():
            if known.role == "client-sends" and any(header.name.lower() == name for header in known.headers):
                self._header_rows(known.id, [], self._cited("names of headers"), without=name)

    def _header_rows(self, id_: str, rows: list[dict[str, Any]], cited: dict[str, Any], without: str = "") -> None:
        """Adds rows to a set of headers, whose list a layer replaces whole."""
        file = f"headers/{id_}.yaml"
        stated = (self._files[file] or {}).get("headers")
        if stated is None:
            headers = self._reference.headers[id_].headers
            stated = [
                header.model_dump(mode="json", exclude_unset=True, exclude={"renamed_from"}) for header in headers
            ]
        named = {row["name"].lower() for row in rows} | {without}
        kept = [row for row in stated if row["name"].lower() not in named]
        self._put(
            file, {"headers": [*kept, *rows], "sources": self._sources(file, self._reference.headers[id_], cited)}
        )

    def _sources(self, file: str, known: Fact, cited: dict[str, Any]) -> list[dict[str, Any]]:
        """The sources of a fact and one more; a layer replaces the list whole."""
        stated = (self._files[file] or {}).get("sources")
        if stated is None:
            stated = [source.model_dump(mode="json", exclude_unset=True) for source in known.sources]
        return stated if cited in stated else [*stated, cited]

    def _methods(self, differences: Iterable[Difference]) -> None:
        route = self._internal
        stated = {call.path: name for name, call in route.calls.items()} if route else {}
        calls: dict[str, Any] = {}
        for each in differences:
            path = f"{INTERNAL}?{each.name}"
            if each.change is Change.WENT and path in stated:
                calls[stated[path]] = None
            elif each.change is Change.WENT:
                self._only_named(each)
            elif self._is_draftable(each.name):
                sources = [self._cited("names of methods")]
                calls[each.name] = {"method": "POST", "path": path, "when": NOT_KNOWN_WHEN, "sources": sources}
        if route and calls:
            self._put("management/routes.yaml", {route.id: {"calls": calls}})

    def _is_draftable(self, method: str) -> bool:
        """Whether a new method can be a call of the edition; says why where it cannot."""
        if self._internal is None:
            self._left_out.append(f"method {method!r} came: the edition has no management route {INTERNAL}")
        elif not _METHOD.fullmatch(method):
            self._left_out.append(f"method {method!r} came: a call cannot have that name")
        else:
            return True
        return False

    @property
    def _internal(self) -> ManagementRoute | None:
        return next((each for each in self._reference.management.values() if INTERNAL in each.paths), None)

    def _seen(self, call: RecordedCall) -> None:
        """What a recorded call tells beyond the edition."""
        if call.management is not None:
            self._seen_method(call, call.management)
        provider = self._reference.providers.get(call.provider or "")
        if provider is None or call.tool is not None or call.operation != provider.default_operation:
            return
        stated = provider.client_call
        if stated is None or stated.streamed != call.streamed or (stated.body and set(stated.body) != set(call.body)):
            file = f"providers/{provider.id}.yaml"
            cited = self._cited(RECORDED_RUN, "seen", ["client_call"])
            self._put(
                file,
                {
                    "client_call": {"streamed": call.streamed, "body": list(call.body)},
                    "sources": self._sources(file, provider, cited),
                },
            )
        rows = []
        for name in call.unstated_headers:
            if _HEADER_NAME.fullmatch(name) and "proxied-requests" in self._reference.headers:
                rows.append({"name": name, "providers": [provider.id], "presence": "when-available"})
            else:
                self._left_out.append(f"header {name!r} was seen in calls of {provider.id}")
        if rows:
            self._header_rows("proxied-requests", rows, self._cited(RECORDED_RUN, "seen"))

    def _seen_method(self, call: RecordedCall, method: str) -> None:
        path = f"{INTERNAL}?{method}"
        route = self._internal
        if route and any(known.path == path for known in route.calls.values()):
            return
        if not self._is_draftable(method) or route is None:
            return
        told = {
            "method": call.method,
            "path": path,
            "when": "In the recorded run.",
            "sources": [self._cited(RECORDED_RUN, "seen")],
        }
        self._put("management/routes.yaml", {route.id: {"calls": {method: told}}})


def _limits_of(model: FoundModel) -> dict[str, Any] | None:
    """The limits as a model states them; None where the window is not known."""
    output = {"output": model.output} if model.output else {}
    return {"context": model.context, **output} if model.context else None


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        present = merged.get(name)
        merged[name] = _merged(present, value) if isinstance(present, dict) and isinstance(value, dict) else value
    return merged


def _as_yaml(content: Mapping[str, Any] | None) -> bytes:
    if content is None:
        return b"null\n"
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110).encode()
