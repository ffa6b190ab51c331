"""The text of a starter target file: what was found out of a proxy, and in comments all else that can be said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from ..reference import editions
from ..reference.types import BodyPolicy, ClaimName, Reference
from ..wire.address import Address
from .discover import Discovery
from .file import ListPolicy
from .sightings import Seen, SeenBody, most_common, usual_body
from .target import CLIENT_KEY_VARIABLE

POLICY = (
    ("body", "verbatim", "or rewritten: the JSON is written anew; or translated: into another dialect"),
    ("upstream_dialects", "[]", "the dialects of translated calls; default: any"),
    ("response_model", "requested", "or upstream: answers to mapped calls name the upstream's model"),
    ("amp_headers", "forwarded", "or stripped; default: not tested"),
    ("carriers", "[x-api-key]", "further headers in which the proxy accepts a key on every route"),
    ("lists", "relayed", "or own: the proxy answers lists of models itself; or amp: Amp's servers do"),
    ("counts", "relayed", "or own: the proxy counts tokens itself; or none: such calls are not served"),
    ("routing", "path", "or model: the model chooses the provider, whatever provider the path names"),
    ("client_key", "proxy", "or amp: clients send their Amp keys, which the proxy forwards to Amp"),
    ("browser_pages", "forwarded", "or redirected: pages for browsers are answered by a redirect to Amp's own host"),
    ("features", "[oauth-2025-04-20]", "features in anthropic-beta that the proxy's own credential needs"),
    ("invalid_data", "either", "proxy or upstream: which of them rejects invalid data"),
    ("body_limit", "10485760", "bytes; the proxy answers larger bodies with 413"),
    ("answer_timeout", "300", "seconds that the proxy waits for an upstream"),
    ("stream_idle_timeout", "300", "seconds of silence after which the proxy breaks off a stream"),
    ("abort_timeout", "5", "seconds within which a client sees the end of a broken answer"),
)
"""Each key of `policy` with an example and what else there is to say."""
PARTICULAR = (
    "# Or what is particular about some of them; all others are served as `policy` states:",
    "# providers:",
    "#   google: {body: translated, upstream_dialects: [openai-chat]}",
    "#   groq: {served_by: amp}     # or shorter: `groq: amp`; with `none`, the proxy does not serve it",
)
OBSERVED = (
    "# The URL that the proxy's upstreams are set to. Without an observer, only the client's side is tested.",
    "# observer:",
    "#   advertise: http://observer.internal:9100   # the kit listens there during a run",
    "#   control: http://127.0.0.1:9100             # where the kit reaches a remote observer, with its token",
    "#   token: {env: OBSERVER_TOKEN}",
    '#   personas: {groq: "http://observer.internal:9101"}   # personas with a port of their own',
)
RELOADED = (
    "",
    "# How the kit changes the proxy's configuration, for the claim hot-reload.",
    '# reload: {command: ["./write-config.sh", "{file}"], restore: ["./restore.sh"], seconds: 5}',
)
SAYS: Mapping[BodyPolicy, str] = {
    "verbatim": "the same bytes arrived",
    "rewritten": "JSON written anew arrived",
    "translated": "a call of another dialect arrived",
}


def target_file(
    url: str,
    reference: Reference,
    found: Discovery | None = None,
    seen: Seen | None = None,
    observer: Iterable[str] = (),
) -> str:
    """The text of a target file for the proxy at `url`.

    `seen` is what its calls showed at an observer, and `observer` are the lines that name this.
    """
    discovery, shown = found or Discovery(), seen or Seen()
    name = Address.of(url).netloc
    others = [name for name in reversed(editions()) if name != reference.edition.id][:1]
    lines = ["# The proxy under test, for `ampmap-conformance run --target FILE`. Lines in comments are optional."]
    if found:
        cost = "" if shown.lost else ", free of charge"
        lines += [f"# Discovered with {found.sent + shown.sent} requests{cost}. Check it before you use it."]
    if shown.lost:
        lines += [f"# {shown.lost} succeeded and did not reach the observer,"]
        lines += ["# so that it may have been charged for. Set the proxy's upstreams to the observer, and repeat."]
    lines += ["", f"name: {name}", f"# version: 2.3.1{_remark(discovery.server, '   # the proxy reports')}"]
    lines += [f"base_url: {url}"]
    lines += [
        "# tls: {ca_file: company-ca.pem, client_certificate: client.pem}   # for a private certificate authority",
        "",
    ]
    lines += [f"# The client build that the proxy serves, of {reference.edition.built}; `ampmap editions` lists them."]
    lines += [f"edition: {reference.edition.id}", f"# editions: [{', '.join(others)}]   # further editions", ""]
    lines += ["# Secrets are given by reference: the name of an environment variable, or the path of a file."]
    lines += _key_notes(discovery)
    lines += ["credentials:", f"  client: {{env: {CLIENT_KEY_VARIABLE}}}", "  # second_client: {file: second.key}", ""]
    lines += ["# Optional features that the proxy has, and that are tested; everything else is core and always tested."]
    lines += [f"claims: [{', '.join(_claims(discovery, shown))}]", f"# {', '.join(get_args(ClaimName))}", ""]
    lines += _provider_lines(discovery, shown, reference)
    lines += ["# mounts: {openai: /openai/v1}   # base paths that differ from the routing map", ""]
    lines += _policy_lines(shown)
    lines += ["", "# Models that the proxy serves itself, and models that it does not have."]
    lines += _model_lines(discovery, shown)
    lines += [*_mapping_lines(shown), "", *(observer or OBSERVED), *RELOADED]
    return "\n".join([*lines, ""])


def _claims(found: Discovery, seen: Seen) -> Iterator[str]:
    if seen.mappings:
        yield "mapping"
    if seen.unavailable:
        yield "upstream-fallback"
    if found.management:
        yield "management"


def _provider_lines(found: Discovery, seen: Seen, reference: Reference) -> list[str]:
    about = "# Providers that the proxy serves; default: all that the routing map sends to a proxy."
    entries = dict(_particular(seen))
    if found.providers is None:
        every = ", ".join(p.id for p in reference.providers.values() if p.via_proxy)
        return [about, f"# providers: [{every}]", *PARTICULAR]
    absent = [f"# Their routes answer 404: {', '.join(found.absent)}"] if found.absent else []
    if not entries:
        return [about, f"providers: [{', '.join(found.providers)}]", *absent, *PARTICULAR]
    lines = ["# What is particular about some providers; all others are served as `policy` states.", "providers:"]
    lines += [f"  {name}: {entry}" for name, entry in entries.items()]
    return [*lines, *(f"  {name}: none   # its routes answer 404" for name in found.absent)]


def _particular(seen: Seen) -> Iterator[tuple[str, str]]:
    """What differs for single providers, each with a comment that says how that is known."""
    usual, lists = usual_body(seen.bodies.values()), _usual_lists(seen)
    for provider in dict.fromkeys((*(name for name, _ in seen.bodies), *seen.lists)):
        if provider in seen.at_amp:
            yield provider, "amp   # seen at the observer: every call arrived at Amp's servers"
            continue
        own = {dialect: body for (name, dialect), body in seen.bodies.items() if name == provider}
        parts = list(_body_parts(own, usual))
        if seen.lists.get(provider, lists) != lists:
            parts.append(f"lists: {seen.lists[provider]}")
        if parts:
            told = next((body.example for body in own.values() if body.policy != usual), "a list of models")
            yield provider, f"{{{', '.join(parts)}}}   # seen at the observer: {told}"


def _body_parts(own: Mapping[str, SeenBody], usual: BodyPolicy | None) -> Iterator[str]:
    differing = {dialect: body.policy for dialect, body in own.items() if body.policy != usual}
    if differing and len(differing) == len(own) and len(set(differing.values())) == 1:
        yield f"body: {next(iter(differing.values()))}"
    elif differing:
        yield f"body: {_by_name(differing)}"
    called = sorted({dialect for body in own.values() for dialect in body.dialects})
    if called:
        yield f"upstream_dialects: [{', '.join(called)}]"


def _policy_lines(seen: Seen) -> list[str]:
    known = dict(_known_policy(seen))
    lines = ["# Behaviour of the proxy where the sources leave a choice.", "policy:" if known else "# policy:"]
    for key, example, others in POLICY:
        if key in known:
            value, how = known[key]
            lines.append(f"  {key}: {value}   # seen at the observer: {how}")
        else:
            lines.append(f"#   {f'{key}: {example}':<26} # {others}")
    return lines


def _known_policy(seen: Seen) -> Iterator[tuple[str, tuple[str, str]]]:
    usual, lists = usual_body(seen.bodies.values()), _usual_lists(seen)
    if usual is not None:
        calls = sum(body.calls for body in seen.bodies.values() if body.policy == usual)
        yield "body", (usual, f"{SAYS[usual]} in {calls} calls")
    if seen.amp_headers is not None:
        yield "amp_headers", (seen.amp_headers, "all calls" if seen.amp_headers == "forwarded" else "no call had one")
    if lists is not None:
        yield "lists", (lists, f"{sum(one == lists for one in seen.lists.values())} lists")
    if seen.routing is not None:
        said = "the path" if seen.routing == "path" else "the model"
        yield "routing", (seen.routing, f"{said} of a call with another provider's model chose the provider")

    if seen.client_key is not None:
        said = "had" if seen.client_key == "amp" else "did not have"
        yield "client_key", (seen.client_key, f"calls to Amp's servers {said} the client's key")
    if seen.pages:
        value = next(iter(set(seen.pages.values()))) if len(set(seen.pages.values())) == 1 else _by_name(seen.pages)
        yield "browser_pages", (value, f"calls of {', '.join(seen.pages)}")


def _by_name(values: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in values.items())}}}"


def _usual_lists(seen: Seen) -> ListPolicy | None:
    own: list[ListPolicy] = [policy for provider, policy in seen.lists.items() if provider not in seen.at_amp]
    return most_common(own)


def _model_lines(found: Discovery, seen: Seen) -> list[str]:
    listed = found.models and not seen.bodies
    if not listed and not seen.unavailable:
        return ["# models: {available: {openai: [gpt-5]}, unavailable: [claude-opus-4-5-20251101]}"]
    lines = ["models:"]
    if listed:
        lines.append("  available:   # models of the routing map that the proxy lists")
        lines += [f"    {provider}: [{', '.join(names)}]" for provider, names in found.models]
    if seen.unavailable:
        told = "seen at the observer: their calls arrived at Amp's servers"
        lines.append(f"  unavailable: [{', '.join(seen.unavailable)}]   # {told}")
    return lines


def _mapping_lines(seen: Seen) -> list[str]:
    if not seen.mappings:
        return ["# mappings: [{from: claude-opus-4-5-20251101, to: claude-sonnet-4-20250514, regex: false}]"]
    rules = [f'  - {{from: "{asked}", to: "{served}"}}' for asked, served in seen.mappings]
    return ["mappings:   # seen at the observer: the upstream was asked for another model", *rules]


def _key_notes(found: Discovery) -> list[str]:
    notes = []
    if found.needs_key is False:
        notes.append("# The proxy answers calls without a key.")
    if found.key_accepted is False:
        notes.append(f"# The proxy rejects the key in ${CLIENT_KEY_VARIABLE} on every route.")
    return notes


def _remark(text: str | None, saying: str) -> str:
    clean = "".join(letter for letter in text or "" if letter.isprintable())
    return f"{saying} {clean}" if clean else ""
