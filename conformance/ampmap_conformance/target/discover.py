"""Writes a starter target file, with the settings that a proxy reveals free of charge.

It sends nothing that can be charged for: bodies that are not valid JSON, calls without a key, and requests for lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlsplit

from ..errors import NoAnswerError, UnreachableError
from ..reference import editions
from ..reference.types import Call, ClaimName, Provider, Reference, calls, find_call
from ..wire.client import ProxyClient
from ..wire.credentials import NO_CREDENTIAL, REFUSED, Credential, as_client_sends, holding
from ..wire.messages import Headers, Request, Response
from .target import CLIENT_KEY_VARIABLE, Secret

NO_JSON = b"{"
"""A body that every upstream refuses before it counts anything."""
NOBODY = "/api/provider/ampmap-no-such-provider/v1/chat/completions"
NOWHERE = "/api/ampmap-no-such-path"


@dataclass(frozen=True)
class Discovery:
    """What a proxy says of itself. None stands for what it does not say."""

    server: str | None = None
    """The `Server` header of its answers."""
    needs_key: bool | None = None
    key_accepted: bool | None = None
    providers: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    """Providers whose routes answer 404."""
    models: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Models of the reference by provider, where the proxy lists some of them and not others."""
    management: bool | None = None
    sent: int = 0


def discovered(url: str, reference: Reference, key: Secret | None) -> Discovery:
    """Asks the proxy at `url`. Raises UnreachableError when it is not there, or serves no route of Amp's."""
    with ProxyClient(url) as client:
        asked = _Asking(client, reference, key)
        try:
            return asked.all()
        except NoAnswerError as error:
            raise UnreachableError(f"{url} is unreachable: {error.failure.value}.") from error


class _Asking:
    """The questions to one proxy, counted."""

    def __init__(self, client: ProxyClient, reference: Reference, key: Secret | None) -> None:
        self._client = client
        self._reference = reference
        self._key = key
        self._sent = 0
        self._served = tuple(p for p in reference.providers.values() if p.via_proxy)

    def all(self) -> Discovery:
        nobody = self._send("POST", NOBODY, NO_CREDENTIAL, NO_JSON)
        closed = {p.id: self._ask(p, NO_CREDENTIAL).status for p in self._served}
        opened = {p.id: self._ask(p, self._credential(p)).status for p in self._served} if self._key else closed
        if set(opened.values()) == {404}:
            raise UnreachableError(f"{self._client.host} has no Amp surface: every provider route answers 404.")
        telling = self._key is not None or nobody.status not in REFUSED
        there = tuple(name for name, status in opened.items() if status not in (404, *REFUSED))
        key_accepted = bool(there) if self._key else None
        known = telling and (key_accepted is not False)
        return Discovery(
            server=nobody.headers.get("server"),
            needs_key=self._needs_key(closed.values()),
            key_accepted=key_accepted,
            providers=tuple(name for name, status in opened.items() if status != 404) if known else None,
            absent=tuple(name for name, status in opened.items() if status == 404),
            models=tuple(self._models(there)) if key_accepted else (),
            management=self._management(),
            sent=self._sent,
        )

    def _ask(self, provider: Provider, credential: Credential) -> Response:
        call = find_call(self._reference, provider)
        return self._send("POST", call.path("example-model"), credential, NO_JSON)

    def _needs_key(self, closed: Iterable[int]) -> bool | None:
        """Whether calls need a key, by the statuses of calls without one.

        Another error than a refusal does not tell, for a proxy may look at a body before it looks for a key: then a
        list is asked for.
        """
        statuses = [status for status in closed if status != 404]
        listing = next(filter(None, (_listing(self._reference, provider) for provider in self._served)), None)
        if listing is not None and not all(status in REFUSED or status < 300 for status in statuses):
            statuses = [self._send("GET", listing.path(), NO_CREDENTIAL).status]
        if all(status in REFUSED for status in statuses):
            return True
        return False if any(status < 300 for status in statuses) else None

    def _credential(self, provider: Provider) -> Credential:
        return as_client_sends(provider, self._key.value) if self._key else NO_CREDENTIAL

    def _models(self, there: Iterable[str]) -> Iterable[tuple[str, tuple[str, ...]]]:
        for provider in self._served:
            listing = _listing(self._reference, provider)
            if provider.id not in there or listing is None:
                continue
            answer = self._send("GET", listing.path(), self._credential(provider))
            listed = _listed(answer)
            known = [m for m in self._reference.models.values() if m.provider == provider.id]
            both = tuple(model.id for model in known if listed & {model.id, model.wire_id})
            if both and len(both) < len(known):
                yield provider.id, both

    def _management(self) -> bool | None:
        """Whether a management path is served that a path beside it is not; asked without a key first."""
        known = self._reference.management.values()
        path = next((route.paths[0] for route in known if route.authentication == "client-key"), None)
        if path is None:
            return None
        bearer = holding("authorization-bearer", self._key.value) if self._key else NO_CREDENTIAL
        for credential in dict.fromkeys((NO_CREDENTIAL, bearer)):
            there, nowhere = (
                self._send("GET", place, credential).status for place in (path.replace("*", "ampmap/probe"), NOWHERE)
            )
            if there == 404 or nowhere == 404:
                return there != 404
        return None

    def _send(self, method: str, target: str, credential: Credential, body: bytes = b"") -> Response:
        for pair in credential.query:
            target += f"{'&' if '?' in target else '?'}{pair}"
        lines = (("Host", self._client.host), *credential.lines)
        if body:
            lines = (*lines, ("content-type", "application/json"))
        self._sent += 1
        return self._client.send(Request(method, target, Headers(lines), body), timeout=10.0)


def _listing(reference: Reference, provider: Provider) -> Call | None:
    lists = ("GET", "none", False)
    known = ((call, call.operation) for call in calls(reference, provider))
    return next((call for call, made in known if (made.method, made.model_in, made.metered) == lists), None)


def _listed(answer: Response) -> set[str | None]:
    try:
        listed = json.loads(answer.body)
    except ValueError:
        return set()
    entries: Any = next((listed[key] for key in ("data", "models") if isinstance(listed, dict) and key in listed), [])
    names = [entry.get("id") or entry.get("name") for entry in entries if isinstance(entry, dict)]
    return {str(name).removeprefix("models/") for name in names if name}


def target_file(url: str, reference: Reference, found: Discovery | None = None) -> str:
    """The text of a target file for the proxy at `url`: what was found, and in comments all else that can be said."""
    discovery = found or Discovery()
    name = urlsplit(url).netloc or "staging"
    others = [name for name in editions() if name != reference.edition.id][:1]
    every = ", ".join(p.id for p in reference.providers.values() if p.via_proxy)
    lines = ["# The proxy under test, for `ampmap-conformance run --target FILE`. Lines in comments are optional."]
    if found:
        lines += [f"# Discovered with {found.sent} requests, free of charge. Check it before you use it."]
    lines += ["", f"name: {name}", f"# version: 2.3.1{_remark(discovery.server, '   # the proxy reports')}"]
    lines += [f"base_url: {url}", f"# edition: {reference.edition.id}   # the client build that the proxy serves"]
    lines += [f"# editions: [{', '.join(others)}]   # further editions", ""]
    lines += ["# Secrets are given by reference: the name of an environment variable, or the path of a file."]
    lines += _key_notes(discovery)
    lines += ["credentials:", f"  client: {{env: {CLIENT_KEY_VARIABLE}}}", "  # second_client: {file: second.key}", ""]
    lines += ["# Optional features that the proxy has, and that are tested; everything else is core and always tested."]
    lines += [f"claims: [{'management' if discovery.management else ''}]"]
    lines += [f"# {', '.join(get_args(ClaimName))}", ""]
    lines += ["# Providers that the proxy serves; default: all that the routing map sends to a proxy."]
    if discovery.providers is None:
        lines += [f"# providers: [{every}]"]
    else:
        lines += [f"providers: [{', '.join(discovery.providers)}]"]
        if discovery.absent:
            lines += [f"# Their routes answer 404: {', '.join(discovery.absent)}"]
    lines += list(PARTICULAR)
    lines += ["# mounts: {openai: /openai/v1}   # base paths that differ from the routing map", ""]
    lines += OPTIONAL
    lines += _model_lines(discovery)
    lines += ["# mappings: [{from: claude-opus-4-5-20251101, to: claude-sonnet-4-20250514, regex: false}]", ""]
    return "\n".join([*lines, *OBSERVED, ""])


PARTICULAR = (
    "# Or what is particular about some of them; all others are served as `policy` states:",
    "# providers:",
    "#   google: {body: translated, upstream_dialects: [openai-chat]}",
    "#   groq: {served_by: amp}     # or shorter: `groq: amp`; with `none`, the proxy does not serve it",
)
OPTIONAL = (
    "# Behaviour of the proxy where the sources leave a choice.",
    "# policy:",
    "#   body: verbatim             # or rewritten: the JSON is written anew; or translated: into another dialect",
    "#   upstream_dialects: []      # the dialects of translated calls; default: any",
    "#   response_model: requested  # or upstream: answers to mapped calls name the upstream's model",
    "#   amp_headers: forwarded     # or stripped; default: not tested",
    "#   carriers: [x-api-key]      # further headers in which the proxy accepts a key on every route",
    "#   lists: relayed             # or own: the proxy answers lists of models itself; or amp: Amp's servers do",
    "#   invalid_data: either       # proxy or upstream: which of them rejects invalid data",
    "#   body_limit: 10485760       # bytes; the proxy answers larger bodies with 413",
    "#   answer_timeout: 300        # seconds that the proxy waits for an upstream",
    "#   abort_timeout: 5           # seconds within which a client sees the end of a broken answer",
    "",
    "# Models that the proxy serves itself, and models that it does not have.",
)
OBSERVED = (
    "# The URL that the proxy's upstreams are set to. Without an observer, only the client's side is tested.",
    "# observer:",
    "#   advertise: http://observer.internal:9100   # the kit listens there during a run",
    "#   control: http://127.0.0.1:9100             # where the kit reaches a remote observer, with its token",
    "#   token: {env: OBSERVER_TOKEN}",
    '#   personas: {groq: "http://observer.internal:9101"}   # personas with a port of their own',
    "",
    "# How the kit changes the proxy's configuration, for the claim hot-reload.",
    '# reload: {command: ["./write-config.sh", "{file}"], restore: ["./restore.sh"], seconds: 5}',
)


def _key_notes(found: Discovery) -> list[str]:
    notes = []
    if found.needs_key is False:
        notes.append("# The proxy answers calls without a key.")
    if found.key_accepted is False:
        notes.append(f"# The proxy rejects the key in ${CLIENT_KEY_VARIABLE} on every route.")
    return notes


def _model_lines(found: Discovery) -> list[str]:
    if not found.models:
        return ["# models: {available: {openai: [gpt-5]}, unavailable: [claude-opus-4-5-20251101]}"]
    lines = ["models:", "  available:   # models of the routing map that the proxy lists"]
    return [*lines, *(f"    {provider}: [{', '.join(names)}]" for provider, names in found.models)]


def _remark(text: str | None, saying: str) -> str:
    clean = "".join(letter for letter in text or "" if letter.isprintable())
    return f"{saying} {clean}" if clean else ""
