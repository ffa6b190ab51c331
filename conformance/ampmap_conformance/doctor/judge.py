"""What the answers of a proxy mean, topic by topic. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ..errors import Failure
from ..reference.types import CORE_CLAIM, ClaimName
from ..target.discover import Answered, Discovery
from ..target.left_out import LeftOut, left_out
from ..target.target import CLIENT_KEY_VARIABLE, Target
from ..wire.address import Address
from ..wire.credentials import REFUSED
from ..wire.foreign_peer import is_loopback
from ..wire.redaction import SecretBook
from .findings import Finding, State, Topic

LONGEST_NAME = 60
"""Characters of a server's name for itself."""
NO_CONNECTION: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.REFUSED: "start the proxy, or correct host and port of the URL",
        Failure.NO_ADDRESS: "correct the host name, or use a machine that can resolve it",
        Failure.UNREACHABLE: "check the network, the firewall and the URL",
        Failure.TIMEOUT: "look into the proxy's log: it takes the connection and does not answer",
        Failure.DROPPED: "look into the proxy's log; a server that speaks https alone needs a URL with https://",
        Failure.MALFORMED: "check the port: what listens there does not speak HTTP/1.1",
        Failure.TOO_MUCH: "check the port: what listens there does not answer like an HTTP server",
    }
)
"""What to do where no answer came."""
HANDSHAKES: Sequence[tuple[str, str]] = (
    ("wrong version number", "the server speaks plain http on this port: use http://, or its port for https"),
    ("record layer failure", "the server speaks plain http on this port: use http://, or its port for https"),
    ("hostname mismatch", "use the name for which the certificate was made, or have it made for this one"),
    ("ip address mismatch", "use the name for which the certificate was made, or have it made for this address"),
    ("expired", "have the certificate renewed"),
    ("certificate required", "name the kit's own certificate under `tls.client_certificate` in the target file"),
)
"""What to do by what OpenSSL says, in lower case."""
UNTRUSTED = "name the authority under `tls.ca_file` in the target file, or in the variable SSL_CERT_FILE"
DEAD = (
    "start `ampmap-conformance observe` and point the upstreams to it (`ampmap-conformance target init` prints the"
    " lines), or start the upstreams"
)
"""What to do where every route fails as that of a proxy without upstreams."""
NO_SURFACE = (
    "serve `/api/provider/PROVIDER/...` (`ampmap export-config PROXY` writes a configuration);"
    " a proxy that is mounted at a path needs this path in its URL"
)


def unreachable(failure: Failure, why: str, url: str) -> tuple[Finding, ...]:
    """Why there was no answer at all; a handshake that failed is a matter of TLS."""
    if failure is Failure.TLS:
        said = next((remedy for words, remedy in HANDSHAKES if words in why.lower()), UNTRUSTED)
        return (
            Finding(Topic.REACHABLE, State.OK, f"a server listens at {Address.of(url).netloc}"),
            Finding(Topic.TLS, State.WRONG, f"the TLS handshake failed{f': {why}' if why else ''}", said, ends=True),
        )
    return (Finding(Topic.REACHABLE, State.WRONG, failure.value, NO_CONNECTION.get(failure, ""), ends=True),)


def judged(found: Discovery, target: Target) -> tuple[Finding, ...]:
    """What the answers of a proxy tell of it, without an observer."""
    if found.wants_tls:
        return reachable(found, target), tls(target.file.base_url, found, private=False)
    lacking = [one for one in left_out(as_seen(target, found)) if not one.management]
    return (
        reachable(found, target),
        tls(target.file.base_url, found, private=target.file.tls.ca_file is not None),
        key(found, target),
        providers(found, target, lacking),
        management(found, target),
    )


def as_seen(target: Target, found: Discovery) -> Target:
    """The target as its answers show it: with the providers that are there, and Amp's own calls if they are served."""
    there = tuple(provider for provider in target.providers if provider.id in (found.providers or ()))
    others: list[ClaimName] = [claim for claim in target.file.claims if claim != CORE_CLAIM]
    claims = [*others, CORE_CLAIM] if found.management is not False else others
    return replace(target, providers=there, file=target.file.model_copy(update={"claims": tuple(claims)}))


def reachable(found: Discovery, target: Target) -> Finding:
    """That there is an answer, and of what server; what the server says of itself may hold the key that it got."""
    told = SecretBook(*(secret.value for secret in target.secrets)).hide_piece(found.server or "", LONGEST_NAME)
    server = "".join(letter for letter in told if letter.isprintable())
    named = f"; the server calls itself {server}" if server else ""
    return Finding(Topic.REACHABLE, State.OK, f"answers within {found.seconds * 1000:.0f} ms{named}")


def tls(url: str, found: Discovery, *, private: bool) -> Finding:
    """Whether keys travel safely, and whether the server wants to be called by https."""
    address = Address.of(url)
    if address.scheme == "https":
        how = "the authorities of `tls.ca_file`" if private else "an authority that this machine trusts"
        return Finding(Topic.TLS, State.OK, f"the certificate is signed by {how}")
    if found.wants_tls:
        return Finding(Topic.TLS, State.WRONG, "the server speaks https alone on this port", "use https://", ends=True)
    leads = next((answer.location for answer in found.opened.values() if answer.location.startswith("https://")), "")
    if leads:
        host = f"[{address.host}]" if ":" in address.host else address.host
        seen = "the server redirects calls to https, which clients do not follow"
        return Finding(Topic.TLS, State.WRONG, seen, f"use https://{host}")
    if is_loopback(address.host):
        return Finding(Topic.TLS, State.OK, "plain http, which does not leave this machine")
    return Finding(
        Topic.TLS, State.NOTE, "plain http: keys travel unencrypted", "serve https where this network is not safe"
    )


def key(found: Discovery, target: Target) -> Finding:
    """Whether keys are asked for, and whether the one that is known is taken."""
    label = target.client.label if target.client else ""
    if not found.has_routes:
        return Finding(Topic.KEY, State.UNKNOWN, "no route is there that could ask for one", "see providers")
    statuses = _statuses(answer for answer in found.closed.values() if answer.is_there)
    if found.key_accepted is False:
        remedy = f"use a key that the proxy accepts in place of {label}"
        return Finding(Topic.KEY, State.WRONG, f"every route refuses the key in {label} ({_refusals(found)})", remedy)
    if found.needs_key is None:
        seen = f"calls without a key are answered {statuses}, which does not tell whether a key is needed"
        return Finding(Topic.KEY, State.UNKNOWN, seen, "" if label else _set_key(target))
    if not found.needs_key:
        taken = f"; the key in {label} is accepted" if label else ""
        return Finding(
            Topic.KEY,
            State.NOTE,
            f"calls without a key are served{taken}",
            "have the proxy refuse them with 401 if other people can reach it",
        )
    if not label:
        seen = f"calls without a key are refused ({_refusals(found)}), and no key is set"
        return Finding(Topic.KEY, State.WRONG, seen, _set_key(target))
    return Finding(Topic.KEY, State.OK, f"calls without a key are refused, the key in {label} is accepted")


def providers(found: Discovery, target: Target, lacking: Iterable[LeftOut]) -> Finding:
    """Which providers' routes are there, and what the others break."""
    asked = {one.id: found.opened[one.id] for one in target.providers if one.id in found.opened}
    served = [name for name, answer in asked.items() if answer.is_there]
    if not asked:
        return Finding(Topic.PROVIDERS, State.NOTE, "no model call of this edition passes a proxy")
    if not found.has_routes:
        seen = f"no Amp surface: every provider route answers {_statuses(asked.values())}"
        return Finding(Topic.PROVIDERS, State.WRONG, seen, NO_SURFACE, ends=True)
    if not any(answer.status for answer in asked.values()):
        seen = "no route answered in time"
        return Finding(Topic.PROVIDERS, State.UNKNOWN, seen, NO_CONNECTION[Failure.TIMEOUT])
    if found.is_down:
        seen = f"no upstream: every route answers {_statuses(asked[name] for name in served)}"
        return Finding(Topic.PROVIDERS, State.WRONG, seen, DEAD)
    if found.providers is None:
        seen = f"every route refuses the calls ({_refusals(found)}), so that they do not tell which are served"
        return Finding(Topic.PROVIDERS, State.UNKNOWN, seen, "see key")
    return _served(asked, served, target, lacking)


def _served(
    asked: Mapping[str, Answered], served: Collection[str], target: Target, lacking: Iterable[LeftOut]
) -> Finding:
    absent = [name for name in asked if name not in served]
    failing = [name for name in served if asked[name].is_down]
    seen = f"{', '.join(served)} (an invalid body is answered {_statuses(asked[name] for name in served)})"
    if absent:
        seen += f"; not {', '.join(absent)} ({_statuses(asked[name] for name in absent)})"
    if failing:
        remedy = f"check the upstreams of {', '.join(failing)}, whose routes fail"
        return Finding(Topic.PROVIDERS, State.WRONG, seen, remedy)
    if absent and target.file.providers is not None:
        remedy = "serve them, or take them out of `providers` in the target file"
        return Finding(Topic.PROVIDERS, State.WRONG, seen, remedy)
    breaks = "; ".join(one.text for one in lacking) if absent else ""
    remedy = f"serve them where this is not meant: {breaks}" if breaks else ""
    return Finding(Topic.PROVIDERS, State.NOTE if absent else State.OK, seen, remedy)


def management(found: Discovery, target: Target) -> Finding:
    """Whether Amp's own calls are served."""
    told = ", ".join(f"{path} {answer}" for path, answer in found.management_asked)
    claimed = target.claims(CORE_CLAIM)
    if found.management is None:
        return Finding(Topic.MANAGEMENT, State.UNKNOWN, f"the answers do not tell: {told or 'none was asked for'}")
    if not found.management:
        remedy = "forward Amp's own calls (`/api/...`) to Amp's servers: without them a client does not start"
        return Finding(Topic.MANAGEMENT, State.WRONG if claimed else State.NOTE, f"not served: {told}", remedy)
    if target.is_file and not claimed:
        remedy = "add `management` to `claims` in the target file, so that a run tests it"
        return Finding(Topic.MANAGEMENT, State.NOTE, f"served: {told}", remedy)
    return Finding(Topic.MANAGEMENT, State.OK, f"served: {told}")


def edition(found: Discovery, target: Target, needs: Mapping[str, Collection[str]]) -> Finding:
    """Of which editions all calls fit; `needs` are the providers of each edition's calls, in the order of builds."""
    if found.providers is None or found.is_down or not found.has_routes:
        return Finding(
            Topic.EDITION, State.UNKNOWN, "the routes do not tell which edition's calls fit", "see providers"
        )
    there = set(found.providers)
    proxied = {name: set(wanted) for name, wanted in needs.items() if wanted}
    fitting = [name for name, wanted in proxied.items() if wanted <= there]
    own = target.reference.edition.id
    missing = sorted(proxied.get(own, set()) - there)
    if fitting:
        seen = f"the calls of {fitting[-1]} fit" + (f", and of {len(fitting) - 1} more" if len(fitting) > 1 else "")
    else:
        nearest = min(proxied, key=lambda name: len(proxied[name] - there))
        lacks = ", ".join(sorted(proxied[nearest] - there))
        seen = f"no edition's calls fit in full; nearest is {nearest}, which also calls {lacks}"
    if own in fitting or not missing:
        return Finding(Topic.EDITION, State.OK if fitting else State.NOTE, seen)
    remedy = f"{own} also calls {', '.join(missing)}: serve them"
    return Finding(
        Topic.EDITION, State.NOTE, seen, f"{remedy}, or test {fitting[-1]} (`edition`)" if fitting else remedy
    )


def _set_key(target: Target) -> str:
    if target.is_file:
        return "name the variable with a key under `credentials.client` in the target file"
    return f"set {CLIENT_KEY_VARIABLE} to a key that the proxy accepts"


def _refusals(found: Discovery) -> str:
    return _statuses(answer for answer in found.opened.values() if answer.status in REFUSED)


def _statuses(answers: Iterable[Answered]) -> str:
    """The different answers in words, the most frequent first."""
    told = [str(answer) for answer in answers]
    return " or ".join(sorted(dict.fromkeys(told), key=lambda text: -told.count(text))) or "nothing"
