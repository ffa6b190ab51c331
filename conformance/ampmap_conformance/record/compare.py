"""Where the requests of a client are not as the reference states: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from ..reference.types import Header, HeaderSet, Reference
from ..wire.websocket import is_offer
from .calls import INTERNAL, ManagementCall, Meaning, ModelCall, UnknownCall
from .tap import Sent

TRANSPORT: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "cache-control", "content-encoding", "content-length"}
    | {"content-type", "host", "origin", "pragma", "referer", "user-agent"}
)
"""Headers of HTTP itself, which every client may send."""
FETCH: Final = "sec-"
"""How the names of headers begin that the fetch of a runtime adds by itself."""


@unique
class Kind(StrEnum):
    """What differs, in the order in which it is shown."""

    PATH = "path"
    METHOD = "management method"
    MODEL = "model"
    HEADER = "header"
    MISSING_HEADER = "missing header"
    BODY_KEY = "body key"
    STREAMING = "streaming"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a request has and the reference does not, or the other way round."""

    kind: Kind
    name: str
    where: str
    """The call, e.g. `POST /api/provider/openai/v1/responses`."""

    @property
    def text(self) -> str:
        """In one line."""
        return f"{self.kind.value:18} {self.name}  ({self.where})"


class Comparer:
    """Compares with one reference."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        sets = reference.headers.values()
        self._any = {h.name.lower() for s in sets if s.role == "hop-by-hop" for h in s.headers} | TRANSPORT
        self._sent_by_client = [s for s in sets if s.role in ("client-sends", "sdk-telemetry")]

    def differences(self, sent: Sent, meaning: Meaning) -> Iterator[Difference]:
        """What differs in one request."""
        where = f"{sent.method} {sent.path}"
        match meaning:
            case UnknownCall():
                yield Difference(Kind.PATH, sent.path, where)
            case ManagementCall(_, method):
                if method is not None:
                    where = f"{sent.method} {sent.path}?{method}"
                    yield from self._method(method, where)
                yield from self._headers(sent, "management", None, where)
            case ModelCall():
                where = f"{sent.method} {_with_slot(sent.path, meaning.model)}"
                yield from self._headers(sent, "via-proxy", meaning, where)
                yield from self._body(meaning, where)

    def _method(self, method: str, where: str) -> Iterator[Difference]:
        paths = {call.path for route in self._reference.management.values() for call in route.calls.values()}
        if f"{INTERNAL}?{method}" not in paths and method not in self._reference.edition.names.get("methods", ()):
            yield Difference(Kind.METHOD, method, where)

    def _headers(self, sent: Sent, place: str, call: ModelCall | None, where: str) -> Iterator[Difference]:
        stated = dict(self._stated(place, call))
        named = {name.lower() for name in self._reference.edition.names.get("headers", ())}
        present = {name.lower() for name, _ in sent.headers}
        for name in sorted(name for name in present - set(stated) - self._any - named if not name.startswith(FETCH)):
            yield Difference(Kind.HEADER, name, where)
        if is_offer(sent.method, sent.headers) or (call is not None and call.call.operation.model_in == "none"):
            return
        for name, (header, group) in sorted(stated.items()):
            due = header.presence == "always" and group.applies_to != "all" and group.role == "client-sends"
            if due and name not in present and not _is_excused(header, call):
                yield Difference(Kind.MISSING_HEADER, name, where)

    def _stated(self, place: str, call: ModelCall | None) -> Iterator[tuple[str, tuple[Header, HeaderSet]]]:
        for group in self._sent_by_client:
            if group.applies_to not in (place, "all"):
                continue
            for header in group.headers:
                providers = header.providers or group.providers
                if call is None or not providers or call.provider.id in providers:
                    yield header.name.lower(), (header, group)

    def _body(self, call: ModelCall, where: str) -> Iterator[Difference]:
        if call.model and not self._knows(call):
            yield Difference(Kind.MODEL, f"{call.provider.id}/{call.model}", where)
        is_model_call = call.call.operation.model_in != "none" and call.provider.client_call is not None
        if is_model_call and not (call.is_main or call.tools):
            yield Difference(Kind.STREAMING, "streamed" if call.streamed else "not streamed", where)
        own = [call.provider.client_call] if call.is_main else []
        forms = [*own, *(tool.client_call for tool in call.tools)]
        if not forms or any(form is None or not form.body for form in forms):
            return  # of one of the calls that it may be, the reference does not state the keys
        for key in sorted(set(call.body) - {key for form in forms if form for key in form.body}):
            yield Difference(Kind.BODY_KEY, key, where)

    def _knows(self, call: ModelCall) -> bool:
        return any(
            model.provider == call.provider.id and call.model in (model.id, model.wire_id, *model.aliases)
            for model in self._reference.models.values()
        )


def _is_excused(header: Header, call: ModelCall | None) -> bool:
    """Whether the call may be that of a tool that does not carry the header."""
    return call is not None and any(tool.id in header.absent_on for tool in call.tools)


def _with_slot(path: str, model: str) -> str:
    return path.replace(model, "{model}") if model else path


def distinct(differences: Iterable[Difference]) -> tuple[tuple[Difference, int], ...]:
    """Each difference once, with how often it was seen, by kind and name."""
    counted: dict[Difference, int] = {}
    for each in differences:
        counted[each] = counted.get(each, 0) + 1
    order = list(Kind)
    return tuple(sorted(counted.items(), key=lambda item: (order.index(item[0].kind), item[0].name, item[0].where)))
